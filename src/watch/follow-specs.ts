import { type SpecsBefore, type SpecsDecided, type SpecsFound, specChanges } from '../decide/spec-changes.ts'
import { Failure } from '../model/failure.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import type { ActiveSpec, KeptSpecs, SpecFault } from '../model/watched-specs.ts'
import { fingerprint } from '../reconcile/fingerprint.ts'

export interface FollowPorts {
  /** Reads the specs. Null: there is no time for it. Throws a Failure where they cannot be read. */
  readonly find: () => Promise<(SpecsFound & { readonly revision: string | null }) | null>
  /** Ids of the holds that a person has released, and to use one up. */
  readonly released: () => Promise<ReadonlySet<string>>
  readonly consume: (id: string) => Promise<void>
  /** Remembers, durably, what is gone by from now on. */
  readonly keep: (kept: KeptSpecs) => Promise<void>
  readonly now: () => Instant
  readonly emit: (event: WatchEvent) => void
}

export interface FollowedSpecs extends Pick<SpecsDecided, 'active' | 'orphans' | 'broken' | 'holds'> {
  readonly revision: string | null
}

/** Looks at the specs again and again, tells what changed since the last look, and keeps it. */
export function followSpecs(
  before: SpecsBefore,
  ports: FollowPorts,
): {
  look(): Promise<SpecsDecided | null>
  now(): FollowedSpecs
} {
  const { emit } = ports
  let known: FollowedSpecs = { ...before, broken: [], holds: [], revision: null }
  let unread: string | null = null
  let kept = ''

  return {
    now: () => known,
    async look() {
      let found: Awaited<ReturnType<FollowPorts['find']>>
      try {
        found = await ports.find()
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        const { message, hint } = error
        if (unread !== message) emit({ type: 'specs-unreadable', message, hint })
        unread = message
        return null
      }
      if (found === null) return null
      unread = null
      const at = isoTime(ports.now())
      const decided = specChanges(known, found, { at, released: await ports.released(), fingerprint })
      const { active, orphans, holds, broken } = decided
      // What is told to have changed is what a restart goes by.
      const word = { specs: active.map(toKeep), orphans, holds }
      if (JSON.stringify(word) !== kept) await ports.keep(word)
      kept = JSON.stringify(word)
      for (const id of decided.passed) await ports.consume(id)
      tell(decided, known, found.revision, emit)
      known = { active, orphans, holds, broken, revision: found.revision }
      return decided
    },
  }
}

const toKeep = ({ spec, document }: ActiveSpec) => ({ file: spec.file, line: spec.line, document })

function tell(
  decided: SpecsDecided,
  before: FollowedSpecs,
  revision: string | null,
  emit: FollowPorts['emit'],
): void {
  for (const { spec, place } of decided.added)
    emit({ type: 'spec-added', backup: spec.name, destination: place, revision })
  for (const { from, to } of [...decided.changed, ...decided.renamed])
    emit({ type: 'spec-changed', backup: to.spec.name, was: from.spec.name, revision, from, to })
  for (const { spec, place } of decided.removed) {
    const orphan = decided.orphans.find(({ destination }) => destination === place)
    if (orphan !== undefined) emit({ type: 'spec-removed', backup: spec.name, orphan, revision })
  }
  const names = new Set<string>(decided.active.map(({ spec }) => spec.name))
  const said = new Set(before.broken.map(wordOf))
  for (const fault of decided.broken) {
    if (!said.has(wordOf(fault)))
      emit({ type: 'spec-broken', backup: fault.backup, fault, lastGood: names.has(fault.backup) })
  }
  const broken = new Set(decided.broken.map(({ backup }) => backup))
  for (const { backup } of before.broken)
    if (!broken.has(backup) && names.has(backup)) emit({ type: 'spec-mended', backup })
  const held = new Set(before.holds.map(({ id }) => id))
  for (const hold of decided.holds) if (!held.has(hold.id)) emit({ type: 'specs-held', hold })
}

const wordOf = ({ backup, file, line, column, code, message }: SpecFault): string =>
  [backup, file, line, column, code, message].join('\0')

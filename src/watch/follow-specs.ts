import { type SpecsBefore, type SpecsDecided, type SpecsFound, specChanges } from '../decide/specs/changes.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import { failureFrom } from '../model/system-error.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import type { ActiveSpec, KeptSpecs, SpecFault } from '../model/watched-specs.ts'
import { withoutRepeats } from './without-repeats.ts'

export interface FollowPorts {
  /** Reads the specs. Throws a Failure if they cannot be read. */
  readonly find: () => Promise<SpecsFound>
  /** Ids of released holds, and how to use one up. */
  readonly released: () => Promise<ReadonlySet<string>>
  readonly consume: (id: string) => Promise<void>
  /** Records what else was found when nothing was held. */
  readonly settle: () => Promise<void>
  /** Saves durably what is obeyed from now on. */
  readonly keep: (kept: KeptSpecs) => Promise<void>
  readonly now: () => Instant
  readonly emit: (event: WatchEvent) => void
}

export interface FollowedSpecs extends Pick<SpecsDecided, 'active' | 'orphans' | 'broken' | 'holds'> {
  readonly revision: string | null
}

/** Each `look` reads the specs, emits what changed since the last one, and saves it. */
export function followSpecs(
  before: SpecsBefore,
  ports: FollowPorts,
): {
  look(): Promise<SpecsDecided | null>
  now(): FollowedSpecs
  /** False: the last result could not be saved; the next look tries again. */
  isKept(): boolean
} {
  const { emit } = ports
  let known: FollowedSpecs = { ...before, broken: [], holds: [], revision: null }
  let unread: string | null = null
  let kept = ''
  let isKept = true
  const spent = new Set<string>()
  const repeats = withoutRepeats((message) => emit({ type: 'warning', message }))

  /** A full, read-only or damaged state folder stops nothing. Warns once, until it works again. */
  async function attempt<T>(what: keyof typeof TROUBLES, act: () => Promise<T>): Promise<T | null> {
    const done = await repeats.attempt(what, act, `${TROUBLES[what]}: `)
    if (done === null) isKept = false
    return done
  }

  return {
    now: () => known,
    isKept: () => isKept,
    async look() {
      let found: Awaited<ReturnType<FollowPorts['find']>>
      try {
        found = await ports.find()
      } catch (error) {
        const { message, hint } = failureFrom(error)
        if (unread !== message) emit({ type: 'specs-unreadable', message, hint })
        unread = message
        return null
      }
      unread = null
      const at = isoTime(ports.now())
      isKept = true
      const released = (await attempt('released', ports.released)) ?? new Set<string>()
      const decided = specChanges(known, found, { at, released })
      const { active, orphans, holds, broken } = decided
      // Saved before the events: a restart obeys what was reported.
      const word = { specs: active.map(toKeep), orphans, holds }
      const text = JSON.stringify(word)
      if (text !== kept) {
        await attempt('keep', async () => {
          await ports.keep(word)
          kept = text
        })
      }
      if (found.hold === null) await attempt('settle', ports.settle)
      for (const id of decided.passed) spent.add(id)
      for (const id of spent) {
        await attempt('consume', async () => {
          await ports.consume(id)
          spent.delete(id)
        })
      }
      emitChanges(decided, known, found.revision, emit)
      known = { active, orphans, holds, broken, revision: found.revision }
      return decided
    },
  }
}

const TROUBLES = {
  released: 'cannot read the releases, so every hold stays',
  keep: 'cannot save the specs in force, so a restart would not know them',
  settle: 'cannot record whether there are a _defaults.yaml and a _hosts.yaml',
  consume: 'a release was used, but cannot be marked as used',
}

const toKeep = ({ spec, document }: ActiveSpec) => ({ file: spec.file, line: spec.line, document })

function emitChanges(
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
  for (const fault of newIn(decided.broken, before.broken, wordOf))
    emit({ type: 'spec-broken', backup: fault.backup, fault, lastGood: names.has(fault.backup) })
  for (const { backup } of newIn(before.broken, decided.broken, (one) => one.backup))
    if (names.has(backup)) emit({ type: 'spec-mended', backup })
  for (const hold of newIn(decided.holds, before.holds, ({ id }) => id)) emit({ type: 'specs-held', hold })
  for (const hold of newIn(before.holds, decided.holds, ({ id }) => id))
    emit({ type: 'specs-hold-over', hold })
}

/** What is in the first list alone. */
function newIn<T>(some: readonly T[], others: readonly T[], keyOf: (one: T) => string): readonly T[] {
  const known = new Set(others.map(keyOf))
  return some.filter((one) => !known.has(keyOf(one)))
}

const wordOf = ({ backup, file, line, column, code, message }: SpecFault): string =>
  [backup, file, line, column, code, message].join('\0')

import { isWithin } from '../../model/is-within.ts'
import type { Diagnostic, Hold } from '../../model/trouble.ts'
import type { ActiveSpec, KnownSpec, Orphan, SpecFault } from '../../model/watched-specs.ts'
import { holdId } from '../documents/fingerprint.ts'
import { specFaults } from './faults.ts'

/** What one look at the specs found. */
export interface SpecsFound {
  /** The folder or repository they come from, for people. */
  readonly label: string
  /** The commit they come from; null: a folder. */
  readonly revision: string | null
  readonly sound: readonly KnownSpec[]
  /** Declared, and not without a fault. */
  readonly faulty: readonly { readonly name: string; readonly file: string }[]
  readonly faults: readonly Diagnostic[]
  /** A hold over all backups that is open: nothing of what was found counts until it is released. */
  readonly hold: Hold | null
  /** Holds under which an older commit is obeyed: backups go on under them. */
  readonly policyHolds: readonly Hold[]
}

export interface SpecsBefore {
  readonly active: readonly ActiveSpec[]
  readonly orphans: readonly Orphan[]
}

export interface SpecsDecided {
  readonly active: readonly ActiveSpec[]
  readonly added: readonly KnownSpec[]
  readonly changed: readonly { readonly from: KnownSpec; readonly to: KnownSpec }[]
  readonly removed: readonly KnownSpec[]
  /** Another name, the same destination: the same backup. */
  readonly renamed: readonly { readonly from: KnownSpec; readonly to: KnownSpec }[]
  readonly orphans: readonly Orphan[]
  /** Specs whose newest word does not count, whether a last good one stands in or not. */
  readonly broken: readonly SpecFault[]
  readonly holds: readonly Hold[]
  /** Ids of the releases that this went past. */
  readonly passed: readonly string[]
}

/**
 * What is in force from now on. A broken spec never stops the others and never replaces the last good one, which goes on standing for
 * its backup, also against others that would take its name or destination. Where more than half of the specs are gone from a folder at once, they
 * stay until a person has released that. `at`: now, as ISO text.
 */
export function specChanges(
  before: SpecsBefore,
  found: SpecsFound,
  context: {
    readonly at: string
    readonly released: ReadonlySet<string>
  },
): SpecsDecided {
  const { hold } = found
  if (hold !== null) {
    const active = before.active.map((one) => ({ ...one, instead: hold }))
    return {
      ...NOTHING,
      active,
      orphans: before.orphans,
      broken: faultsOf(found).filter(({ code }) => code !== hold.code),
      holds: [hold, ...found.policyHolds],
    }
  }
  const broken = faultsOf(found)
  const settled = settle(before.active, found, broken)
  const { gone, renamed } = missing(before.active, settled)
  // A commit was judged as a whole before it was taken.
  const isWide = found.revision === null && gone.length * 2 > before.active.length
  const wide = isWide ? goneHold(found.label, gone) : null
  const isHeld = wide !== null && !context.released.has(wide.id)
  const kept: readonly ActiveSpec[] = isHeld ? gone.map((one) => ({ ...one, instead: wide })) : []
  const active = [...settled.active, ...kept].sort(byName)
  const removed = isHeld ? [] : gone
  const known = new Map(before.active.map((one) => [one.spec.name, one]))
  const movedTo = new Set(renamed.map(({ to }) => to.spec.name))
  const fresh = settled.active.filter(({ instead }) => instead === null)
  return {
    active,
    added: fresh.filter(({ spec }) => !known.has(spec.name) && !movedTo.has(spec.name)),
    changed: fresh.flatMap((to) => {
      const from = known.get(to.spec.name)
      return from === undefined || from.spec.digest === to.spec.digest ? [] : [{ from, to }]
    }),
    removed,
    renamed,
    orphans: orphansOf(before, active, removed, context.at),
    broken: [...broken, ...settled.refused],
    holds: [...(isHeld ? [wide] : []), ...found.policyHolds],
    passed: wide !== null && !isHeld ? [wide.id] : [],
  }
}

const NOTHING = { added: [], changed: [], removed: [], renamed: [], passed: [] } as const

const byName = (a: KnownSpec, b: KnownSpec): number => (a.spec.name < b.spec.name ? -1 : 1)

/** The first error of each faulty spec. */
const faultsOf = ({ faulty, faults }: SpecsFound): readonly SpecFault[] =>
  faulty.map(({ name, file }) => {
    const first = specFaults([file], faults)[0]
    const { line, column, code, message } = first ?? NO_WORD
    return { backup: name, file: first?.file ?? file, line, column, code, message }
  })

const NO_WORD = { line: 1, column: 1, code: 'unreadable', message: 'the spec is faulty' } as const

interface Settled {
  readonly active: readonly ActiveSpec[]
  readonly refused: readonly SpecFault[]
}

/**
 * Sound specs, and last good ones in the place of faulty ones. What a last good one has, no other may take: a sound spec that would is
 * refused, and its own last good one stands in for it, which may cost another one its place in turn. Each round refuses one more.
 */
function settle(
  before: readonly ActiveSpec[],
  { sound, faulty }: SpecsFound,
  broken: readonly SpecFault[],
): Settled {
  const lastGood = new Map<string, ActiveSpec>()
  for (const [i, { name, file }] of faulty.entries()) {
    const last =
      before.find(({ spec }) => spec.file === file) ??
      // A newcomer that took a name is not the newest word of the one that has it.
      before.find(({ spec }) => spec.name === name && !sound.some((one) => one.spec.file === spec.file))
    if (last !== undefined) lastGood.set(last.spec.name, { ...last, instead: broken[i]! })
  }
  let fresh = sound.filter(({ spec }) => !lastGood.has(spec.name))
  const refused: SpecFault[] = sound.flatMap((one) => (fresh.includes(one) ? [] : nameTaken(one.spec)))
  for (;;) {
    const clash = firstClash(fresh, [...lastGood.values()])
    if (clash === null) break
    const { loser, holder } = clash
    const fault = refusal(
      loser.spec,
      'destination-clash',
      `destination ${loser.spec.destination.path} is that of ${holder.spec.name} (${holder.spec.file}), or nested with it, whose last good spec is in force because its newest is faulty`,
    )
    refused.push(fault)
    fresh = fresh.filter((one) => one !== loser)
    const last = before.find(({ spec }) => spec.name === loser.spec.name)
    if (last !== undefined) lastGood.set(last.spec.name, { ...last, instead: fault })
  }
  const active = [...fresh.map((one) => ({ ...one, instead: null })), ...lastGood.values()]
  return { active: active.sort(byName), refused }
}

const nameTaken = (spec: KnownSpec['spec']): SpecFault =>
  refusal(
    spec,
    'duplicate-name',
    `the name "${spec.name}" is that of a backup whose last good spec is in force because its newest is faulty`,
  )

const refusal = ({ name, file, line }: KnownSpec['spec'], code: string, message: string): SpecFault => ({
  backup: name,
  file,
  line,
  column: 1,
  code,
  message,
})

function firstClash(fresh: readonly KnownSpec[], lastGood: readonly ActiveSpec[]) {
  for (const holder of lastGood) {
    const loser = fresh.find(({ place }) => isWithin(place, holder.place) || isWithin(holder.place, place))
    if (loser !== undefined) return { loser, holder }
  }
  return null
}

/** What was there and is no more, but for what goes on under another name. */
function missing(before: readonly ActiveSpec[], { active }: Settled) {
  const names = new Set(active.map(({ spec }) => spec.name))
  const known = new Set(before.map(({ spec }) => spec.name))
  const comers = new Map(
    active.filter(({ spec }) => !known.has(spec.name)).map((one) => [one.place, one] as const),
  )
  const gone: ActiveSpec[] = []
  const renamed: { readonly from: KnownSpec; readonly to: KnownSpec }[] = []
  for (const one of before) {
    if (names.has(one.spec.name)) continue
    const to = comers.get(one.place)
    if (to === undefined) gone.push(one)
    else renamed.push({ from: one, to })
  }
  return { gone, renamed }
}

function goneHold(label: string, gone: readonly KnownSpec[]): Hold {
  const names = gone.map(({ spec }) => spec.name).sort()
  const some =
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
  return {
    id: holdId('specs-gone', [label, ...names]),
    code: 'specs-gone',
    message: `more than half of the specs are gone from ${label} at once (${some}): they stay in force as before. Restore them, or release if their removal is intended; their data stays either way`,
  }
}

function orphansOf(
  before: SpecsBefore,
  active: readonly ActiveSpec[],
  removed: readonly KnownSpec[],
  at: string,
): readonly Orphan[] {
  const places = new Set(active.map(({ place }) => place))
  // A backup that was sent elsewhere leaves its old place behind as well.
  const moved = before.active.filter((one) => !places.has(one.place) && !removed.includes(one))
  const left = [...removed, ...moved]
  const fresh = left.map(({ spec, place }) => ({ backup: spec.name, destination: place, since: at }))
  const old = before.orphans.filter(
    ({ destination }) => !fresh.some((one) => one.destination === destination),
  )
  return [...old, ...fresh].filter(({ destination }) => !places.has(destination))
}

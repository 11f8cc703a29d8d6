import type { Instant } from '../../src/model/instant.ts'
import { instant } from '../../src/model/instant.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile } from '../../src/model/source-file.ts'
import type { Spec } from '../../src/model/spec.ts'
import { rulesOf } from './points.ts'
import { every, nameAt, pruned } from './producer.ts'
import { DAY, digestFor, HOUR, listing, offered, simulate } from './simulated-backup.ts'

const START = Date.UTC(2026, 0, 5)
/** On this day it begins: all that the policy wanted before has settled, but for the last week's. */
const BEGINS = 40
const DAYS = 60

/** What the source shows, and what is declared, `day` days after it began: 0 is the first. */
export interface Attack {
  readonly retain: string
  /** Times of more points that it shows from that day on. */
  readonly adds?: (day: number, now: number) => readonly number[]
  /** As which time an honest point is shown from then on; null: not at all. */
  readonly renames?: (day: number, time: number, now: number) => number | null
  readonly edits?: (day: number, spec: Spec) => Spec
  /** Points are dated by the listing, which shows them so much later from then on, milliseconds. */
  readonly moves?: number
}

const midnight = (now: number) => Math.floor(now / DAY) * DAY

/** A minute before the midnight that ended the day so many days ago. */
export const lateOn = (now: number, ago: number): number => midnight(now) - ago * DAY - 60_000

export interface Outcome {
  /** Good settled copies that are left on every tenth day, and those of the last week before. */
  readonly left: readonly number[]
  readonly young: readonly number[]
  /** Good settled copies, and those of the last week, that are missing where they are held without it, at most. */
  readonly lost: number
  readonly youngLost: number
  /** Days on which it is first said, and on which each hold first stands. */
  readonly said: number | null
  readonly holds: Readonly<Record<string, number>>
}

/** A point a day, a pass half an hour later, and the attack on the twentieth day and after. */
export function outcomeOf(attack: Attack): Outcome {
  const calm = live({
    retain: attack.retain,
    ...(attack.edits && { edits: attack.edits }),
    ...(attack.moves && { moves: 0 }),
  })
  const there = live(attack)
  const { settled, young } = calm
  const lostOf = (names: readonly string[]) =>
    Math.max(
      ...there.held.map(
        (held, day) => names.filter((name) => calm.held[day]!.has(name) && !held.has(name)).length,
      ),
    )
  const leftOf = (names: readonly string[]) =>
    there.held.filter((_, day) => day % 10 === 9).map((held) => names.filter((name) => held.has(name)).length)
  const { said, holds } = there
  return {
    left: leftOf(settled),
    young: leftOf(young),
    lost: lostOf(settled),
    youngLost: lostOf(young),
    said,
    holds,
  }
}

function live({ retain, adds, renames, edits, moves }: Attack) {
  const expect = every(36 * HOUR, 12 * HOUR)
  const byName = pruned(retain, expect)
  const declared: Spec =
    moves === undefined
      ? byName
      : { ...byName, series: { patterns: ['{series}.{part}.tar'], timezone: 'UTC' } }
  const backup = simulate(declared, instant(START))
  const nameOf = (time: number) => (moves === undefined ? nameAt(time) : `db.${Math.round(time / DAY)}.tar`)
  const made: number[] = []
  const more = new Set<number>()
  const held: ReadonlySet<string>[] = []
  const holds: Record<string, number> = {}
  let settled: readonly string[] = []
  let young: readonly string[] = []
  let said: number | null = null
  for (let n = 0; n < BEGINS + DAYS; n++) {
    const now = instant(START + n * DAY + 3 * HOUR)
    const day = n - BEGINS
    made.push(now - 0.5 * HOUR)
    if (day === 0) {
      const { files, records, surplus } = backup.destination
      const wanted = [...files.keys()].filter((path) => !surplus.has(path))
      const isSettled = (path: RelPath) => records.get(path)!.since + declared.prune.minAge * 1000 <= now
      settled = wanted.filter(isSettled)
      young = wanted.filter((path) => !isSettled(path))
    }
    if (day >= 0) for (const time of adds?.(day, now) ?? []) more.add(time)
    if (day >= 0 && edits !== undefined) backup.spec = edits(day, declared)
    const shown = made.slice(-40).flatMap((time): [RelPath, SourceFile][] => {
      const as = day >= 0 && renames !== undefined ? renames(day, time, now) : time
      const moved = day >= 0 ? (moves ?? 0) : 0
      return as === null ? [] : [offered(nameOf(as), instant(as + moved), digestFor(time / 1000))]
    })
    const junk = [...more].map((time) => offered(nameAt(time), instant(time), digestFor(time / 1000 + 7)))
    const pass = backup.pass(listing([...shown, ...junk]), now as Instant)
    if (day < 0) continue
    held.push(new Set(backup.destination.files.keys()))
    if (pass.pushed.length > 0) said ??= day
    for (const code of pass.holds) holds[code] ??= day
  }
  return { held, settled, young, said, holds }
}

/** The same with other rules from a day on. */
export const retainFrom =
  (from: number, rules: string) =>
  (day: number, spec: Spec): Spec =>
    day < from ? spec : { ...spec, retain: rulesOf(rules) }

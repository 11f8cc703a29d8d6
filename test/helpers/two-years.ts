import { retain } from '../../src/decide/retention/retain.ts'
import { zoneOf } from '../../src/decide/time/zone.ts'
import type { Holding } from '../../src/model/holding.ts'
import { instant } from '../../src/model/instant.ts'
import type { Spec } from '../../src/model/spec.ts'
import { nameAt, timeIn } from './producer.ts'
import {
  DAY,
  digestFor,
  everything,
  type Line,
  listing,
  offered,
  type Simulated,
  simulate,
  UNREACHABLE,
} from './simulated-backup.ts'

const START = Date.UTC(2024, 0, 1)
const YEARS = 731 * DAY

/** A stretch of days from the start in which one of them does nothing. */
export interface Outage {
  readonly from: number
  readonly days: number
  readonly of: 'producer' | 'line' | 'box'
}

export interface Life {
  readonly spec: Spec
  readonly period: number
  /** The source keeps its points for so many days. */
  readonly keeps: number
  /** How long after a pass the next one is made. */
  readonly every: (now: number) => number
  readonly outages: readonly Outage[]
  /** So many files come in a pass, the newest first. */
  readonly perPass: number
}

const slow =
  (perPass: number): Line =>
  (plan) => ({
    done: everything(plan)
      .done.toSorted((a, b) => timeIn(b.path) - timeIn(a.path))
      .slice(0, perPass),
  })

/** Two years of passes. An outage lasts until all that is wanted of what the source shows has come. */
export function twoYears({ spec, period, keeps, every, outages, perPass }: Life) {
  const isOut = (what: Outage['of'], at: number) =>
    outages.some(
      ({ from, days, of }) => of === what && at >= START + from * DAY && at < START + (from + days) * DAY,
    )
  const backup = simulate(spec, instant(START), slow(perPass))
  const made: number[] = []
  const seen = { passes: 0, calm: 0, held: 0, heldCalm: 0, pushed: 0, pushedCalm: 0, removed: 0 }
  const alarms: string[] = []
  const sizes: { readonly now: number; readonly files: number }[] = []
  let next = START + period / 2
  let isBehind = true
  let wasPushed = false
  let catching = 0
  let longest = 0
  for (let now = START + 3 * period; now < START + YEARS; now += every(now)) {
    for (; next <= now; next += period) if (!isOut('producer', next)) made.push(next)
    if (isOut('box', now)) {
      isBehind = true
      continue
    }
    const isCut = isOut('line', now)
    const shown = made.filter((time) => time > now - keeps * DAY)
    const view = isCut
      ? UNREACHABLE
      : listing(shown.map((time) => offered(nameAt(time), instant(time), digestFor(time / 1000))))
    const pass = backup.pass(view, instant(now))
    const { pull, resume } = pass.plan.summary
    if (isCut || isOut('producer', now)) isBehind = true
    else if (isBehind) {
      catching++
      isBehind = pull + resume > 0 || now - (made.at(-1) ?? 0) > 2 * period
      if (!isBehind) {
        longest = Math.max(longest, catching)
        catching = 0
      }
    }
    seen.passes++
    seen.removed += pass.removed.length
    if (pass.holds.length > 0) seen.held++
    if (pass.pushed.length > 0) seen.pushed++
    if (!isBehind) {
      seen.calm++
      if (pass.holds.length > 0) seen.heldCalm++
      if (pass.pushed.length > 0) {
        seen.pushedCalm++
        if (!wasPushed) alarms.push(new Date(now).toISOString())
      }
    }
    wasPushed = pass.pushed.length > 0
    sizes.push({ now, files: backup.destination.files.size })
    if (seen.passes % 10 === 0) forget(backup)
    if (made.length > 2000) made.splice(0, made.length - 1200)
  }
  const held = [...backup.destination.files.keys()].sort()
  const sizeOn = (day: number) => sizes.findLast(({ now }) => now < START + day * DAY)!.files
  return { ...seen, alarms, longest, held, sizeOn, made }
}

/** What is older than all that is held counts for nothing any more, and would only take time. */
function forget(backup: Simulated): void {
  const { destination } = backup
  const oldest = Math.min(...[...destination.files.keys()].map(timeIn))
  const keep = <V>(map: ReadonlyMap<string, V>) =>
    new Map([...map].filter(([path]) => timeIn(path) >= oldest)) as never
  backup.destination = {
    ...destination,
    records: keep(destination.records),
    pruned: keep(destination.pruned),
  } satisfies Holding
}

/** What the policy alone would keep of these. */
export const byPolicy = (spec: Spec, times: readonly number[]): readonly string[] =>
  [
    ...retain(
      times.map((time) => ({ name: nameAt(time), time: instant(time), pinned: false })),
      spec.retain!,
      zoneOf('UTC'),
    ).keys(),
  ]
    .map(({ name }) => name)
    .sort()

export const OUTAGES: readonly Outage[] = [
  { from: 100, days: 3, of: 'producer' },
  { from: 150.3, days: 3, of: 'line' },
  { from: 200.6, days: 3, of: 'box' },
  { from: 300.1, days: 21, of: 'producer' },
  { from: 420.5, days: 21, of: 'line' },
  { from: 550.9, days: 21, of: 'box' },
  { from: 640.2, days: 1, of: 'line' },
]

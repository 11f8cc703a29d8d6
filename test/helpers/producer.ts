import type { Expectation, Spec } from '../../src/model/spec.ts'
import { spec } from './picture.ts'
import { rulesOf } from './points.ts'
import { DAY } from './simulated-backup.ts'

export const WEEK = 7 * DAY

/** `db-2026-11-23T023000.tar`. */
export const nameAt = (time: number, series = 'db'): string =>
  `${series}-${new Date(time).toISOString().slice(0, 19).replaceAll(':', '')}.tar`

const NAME = /^\w+-(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)\.tar$/

/** Many ask again and again. */
const times = new Map<string, number>()

/** Of a name that {@link nameAt} made. */
export function timeIn(name: string): number {
  const known = times.get(name)
  if (known !== undefined) return known
  const [, day, hh, mm, ss] = NAME.exec(name) ?? []
  const time = Date.parse(`${day}T${hh}:${mm}:${ss}Z`)
  times.set(name, time)
  return time
}

/** Milliseconds. */
export const every = (period: number, grace: number): readonly Expectation[] => [
  { series: null, rhythm: { kind: 'every', seconds: period / 1000 }, grace: grace / 1000, until: null },
]

/** Prunes by itself, with its defaults, what such a producer makes. */
export const pruned = (retain: string, expect: readonly Expectation[], over: Partial<Spec> = {}): Spec =>
  spec({
    series: { patterns: ['{series}-{YYYY}-{MM}-{DD}T{hh}{mm}{ss}.tar'], timezone: 'UTC' },
    retain: rulesOf(retain),
    expect,
    prune: { mode: 'auto', keepAtLeast: 3, minAge: 7 * 86_400, trashFor: 7 * 86_400 },
    verifyEvery: 1000 * 86_400,
    ...over,
  })

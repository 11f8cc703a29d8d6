import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/model/instant.ts'
import { type Attack, lateOn, type Outcome, outcomeOf, retainFrom } from '../../helpers/numbered-attacks.ts'
import { every, nameAt, pruned } from '../../helpers/producer.ts'
import { DAY, digestFor, HOUR, listing, offered, simulate } from '../../helpers/simulated-backup.ts'

const MINUTE = 60_000

/** So many in that time before a pass, the same distance apart. */
const spread = (now: number, count: number, apart: number) =>
  Array.from({ length: count }, (_, i) => now - apart * (i + 1))

const floodOn =
  (first: number): NonNullable<Attack['adds']> =>
  (day, now) =>
    day === first ? spread(now, 100, MINUTE) : []

/**
 * 24 good copies had settled when it began and six had not: of a daily producer of which one is expected every 36 h, pace holds 30 where
 * the policy names 20. They are left on days 10, 20 … 60 as the calendar has it: each falls after 30 days, and goes a week later.
 */
const LEFT = [21, 11, 1, 0, 0, 0]
const CALM: Outcome = { left: LEFT, young: [6, 6, 6, 0, 0, 0], lost: 0, youngLost: 0, said: null, holds: {} }
/** All of them stay while something holds. */
const HELD: Outcome = { ...CALM, left: Array(6).fill(24), young: Array(6).fill(6) }
/** What had not settled stays too, for something pushed it; said from the first pass on. */
const FLOODED: Outcome = { ...CALM, said: 0 }

const ATTACKS: readonly [string, Attack, Outcome][] = [
  ['nothing, under last', { retain: 'last=20 within=3d' }, CALM],
  ['nothing, under daily', { retain: 'daily=20' }, CALM],
  ['100 points a minute apart', { retain: 'last=20 within=3d', adds: floodOn(0) }, FLOODED],
  [
    'a point at 23:59 of each of the 20 days, at once',
    {
      retain: 'daily=20',
      adds: (day, now) => (day === 0 ? Array.from({ length: 20 }, (_, i) => lateOn(now, i)) : []),
    },
    { ...CALM, said: 0 },
  ],
  [
    'a point at 23:59 of a day long ago, one a pass',
    { retain: 'daily=20', adds: (_, now) => [lateOn(now, 10)] },
    // Of each of them order keeps the good one, and by then those are more than a fifth.
    { ...CALM, said: 2 },
  ],
  [
    'all renamed at once',
    { retain: 'last=20', renames: (_, time, now) => (time > now - DAY ? time : time + 5 * MINUTE) },
    { ...CALM, said: 0 },
  ],
  [
    'renamed one a pass',
    {
      retain: 'last=20',
      renames: (day, time, now) => (now - time > (20 - day) * DAY ? time + 5 * MINUTE : time),
    },
    { ...CALM, said: 5 },
  ],
  [
    'a listing whose times have moved by six hours',
    { retain: 'last=20', moves: 6 * HOUR }, // Points that come later are later by so much, and so is each fall.
    { ...CALM, left: [22, 12, 2, 0, 0, 0] },
  ],
  [
    'another producer, hourly, in the same series',
    { retain: 'last=20', adds: (_, now) => spread(now, 24, HOUR) },
    FLOODED,
  ],
  [
    'three points more a day',
    { retain: 'last=20', adds: (_, now) => spread(now, 3, 6 * HOUR) },
    { ...CALM, said: 0 },
  ],
  [
    'retain tightened a little, then the flood',
    { retain: 'last=20', adds: floodOn(1), edits: retainFrom(0, 'last=17') },
    { ...HELD, said: 1, holds: { 'prune-cliff': 0 } },
  ],
  [
    'the flood, then expect edited away',
    {
      retain: 'last=20',
      adds: floodOn(0),
      edits: (day, spec) => (day < 1 ? spec : { ...spec, expect: [] }),
    },
    { ...HELD, said: 0, holds: { 'prune-cliff': 1, 'prune-late': 1 } },
  ],
  [
    '100 points dated ahead of now, a minute apart',
    {
      retain: 'last=20',
      adds: (day, now) => (day === 0 ? spread(now + 101 * MINUTE, 100, MINUTE) : []),
    },
    FLOODED,
  ],
  [
    'a point dated 23:59 of each of the next 60 days',
    {
      retain: 'daily=20',
      adds: (day, now) => (day === 0 ? Array.from({ length: 60 }, (_, i) => lateOn(now, -i - 1)) : []),
    },
    // Good ones that come after them are late, and push out nothing.
    { ...CALM, left: [21, 12, 1, 0, 0, 0] },
  ],
]

describe('I9: of the copies that had settled none goes before the calendar would take it', () => {
  test.each(ATTACKS)('%s', (_, attack, wanted) => {
    expect(outcomeOf(attack)).toEqual(wanted)
  })
})

test('I9: a catch-up, newest first, then points at 23:59 of each of its days: what came late is pushed out by nothing later', () => {
  const spec = pruned('daily=20', every(DAY, 12 * HOUR))
  const start = Date.UTC(2026, 0, 5)
  let perPass = 4
  const backup = simulate(spec, instant(start), ({ steps }) => ({
    done: steps
      .filter(({ action }) => action === 'pull')
      .sort((a, b) => (a.path < b.path ? 1 : -1))
      .slice(0, perPass),
  }))
  const days = (from: number, until: number, at: number) =>
    Array.from({ length: until - from }, (_, i) => start + (from + i) * DAY + at)
  const shown = (times: readonly number[]) =>
    listing(times.map((time) => offered(nameAt(time), instant(time), digestFor(time / 1000))))
  // Twenty days come in five passes an hour apart, settle, and then get their doubles.
  const good = days(0, 20, 2.5 * HOUR)
  const pass = (times: readonly number[], at: number) => backup.pass(shown(times), instant(start + at))
  for (let n = 0; n < 6; n++) pass(good, 19 * DAY + (3 + n) * HOUR)
  for (let day = 20; day < 28; day++) pass([...good, ...days(20, day + 1, 2.5 * HOUR)], day * DAY + 3 * HOUR)
  const doubles = days(9, 19, DAY - MINUTE)
  perPass = 20
  for (let day = 28; day < 36; day++)
    pass([...good, ...days(20, day + 1, 2.5 * HOUR), ...doubles], day * DAY + 3 * HOUR)
  const held = [...backup.destination.files.keys()] as readonly string[]
  expect(good.filter((time) => time >= start + 9 * DAY && !held.includes(nameAt(time)))).toEqual([])
})

test('I9: a trashFor of a second empties nothing that went while it was a week', () => {
  const spec = pruned('daily=3', every(DAY, 12 * HOUR))
  const start = Date.UTC(2026, 0, 5)
  const backup = simulate(spec, instant(start))
  const removedAt = new Map<string, number>()
  const ages: number[] = []
  for (let day = 0; day < 60; day++) {
    const now = start + day * DAY + 3 * HOUR
    if (day >= 30) backup.spec = { ...spec, prune: { ...spec.prune, trashFor: 1 } }
    const made = Array.from({ length: Math.min(day, 20) + 1 }, (_, i) => now - 0.5 * HOUR - i * DAY)
    const { plan } = backup.pass(
      listing(made.map((time) => offered(nameAt(time), instant(time), digestFor(time / 1000)))),
      instant(now),
    )
    for (const { action, path } of plan.steps) {
      if (action === 'prune') removedAt.set(path, day)
      if (action === 'expire' && removedAt.get(path)! < 30) ages.push(day - removedAt.get(path)!)
    }
  }
  expect(ages.length).toBeGreaterThan(15)
  expect(Math.min(...ages)).toBe(7)
})

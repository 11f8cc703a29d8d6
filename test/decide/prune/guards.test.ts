import { describe, expect, test } from 'vitest'
import { nextListed } from '../../../src/decide/prune/guards.ts'
import { instant } from '../../../src/model/instant.ts'
import { NOON } from '../../helpers/picture.ts'
import { rulesOf } from '../../helpers/points.ts'
import { days, decided, drawn, plan, shortOf, type Told, termsOf } from '../../helpers/told-plan.ts'

const HELD = 'held 22, held 21, held 20'
const ago = (time: number) => instant(NOON - time)

const holds = (text: string, told: Told = {}) => decided(text, told).plan.holds
const codes = (text: string, told: Told = {}) => holds(text, told).map(({ code }) => code)
const removed = (text: string, told: Told = {}) =>
  decided(text, told).plan.steps.flatMap(({ action, path }) => (action === 'prune' ? [shortOf(path)] : []))

/** The same, where these holds were released. */
const releasing = (told: Told, ids: readonly string[]): Told => ({
  ...told,
  context: { ...told.context, released: new Set(ids) },
})

/** The terms of a spec that was otherwise. */
const termsBefore = (told: Told): Told['holding'] & object => ({ lastPrune: termsOf(told) })

const local = (path: string) => ({ spec: { source: { kind: 'local', path, listing: null } as const } })

/** One guard after the other: what it holds, in words. */
const GUARDED: readonly [string, string, Told, string, string][] = [
  [
    'a listing that is not known',
    HELD,
    { look: 'unknown' },
    'prune-listing-unknown',
    '1 point is due to be removed, and what the source contains is unknown',
  ],
  [
    'a listing that is incomplete',
    HELD,
    { look: 'incomplete' },
    'prune-listing-unknown',
    '1 point is due to be removed, and what the source contains is unknown',
  ],
  [
    'a listing that has shrunk by half',
    `${HELD}, remote 22, remote 21`,
    { holding: { listedBefore: 4 } },
    'prune-listing-shrank',
    '1 point is due to be removed, and the source lists 2 files; it listed 4 before',
  ],
  [
    'a clock that went back',
    HELD,
    { holding: { lastTime: ago(-3_600_000) } },
    'prune-clock-back',
    '1 point is due to be removed, and the clock went back: it shows 2026-11-23T12:00:00Z, and 2026-11-23T13:00:00Z was already recorded here',
  ],
  [
    'a conflict',
    `${HELD}, remote 21 B`,
    {},
    'prune-conflict',
    '1 point is due to be removed, and db-2026-11-21.tar is in conflict with the source',
  ],
  [
    'a policy that is the last good one',
    HELD,
    {
      context: {
        policy: {
          holds: [],
          lastGood: { obeyed: 'a'.repeat(40), newer: 'b'.repeat(40), message: 'a newer one is broken' },
        },
      },
    },
    'prune-policy-last-good',
    '1 point is due to be removed, and a newer one is broken',
  ],
  [
    'another source',
    HELD,
    { ...local('/other'), holding: termsBefore(local('/src')) },
    'prune-source-changed',
    '1 point is due to be removed, and source, series, checksum, finished or select.as in the spec has changed since the last prune',
  ],
  [
    'a policy that keeps much less',
    days('held', 13, 22),
    { surplus: 'none', holding: termsBefore({ retain: 'daily=30' }) },
    'prune-cliff',
    'retain, keepAtLeast or expect has changed, and 8 of 10 points of db that were wanted would no longer be',
  ],
  [
    'a floor that is lowered',
    days('held', 13, 22),
    {
      holding: {
        ...termsBefore({ prune: { keepAtLeast: 30 } }),
        terms: [{ at: instant(0), keepAtLeast: 30, minAge: 7 * 86_400, trashFor: 7 * 86_400 }],
      },
    },
    'prune-cliff',
    'retain, keepAtLeast or expect has changed, and 8 of 10 points of db that were wanted would no longer be',
  ],
  [
    'an expectation that is gone',
    days('held', 13, 22),
    {
      surplus: 'none',
      spec: { expect: [] },
      prune: { mode: 'manual' },
      context: { asked: true },
      holding: termsBefore({
        spec: {
          expect: [{ series: null, rhythm: { kind: 'every', seconds: 3 * 86_400 }, grace: 0, until: null }],
        },
      }),
    },
    'prune-cliff',
    'retain, keepAtLeast or expect has changed, and 8 of 10 points of db that were wanted would no longer be',
  ],
  [
    'a series that is late',
    'held 20, held 19, held 18',
    {},
    'prune-late',
    'points of db are due to be removed, and the series is late: its newest point is from 2026-11-20T23:59:59.999Z, expected every 24h',
  ],
  [
    'a series of which nothing is expected',
    HELD,
    { spec: { expect: [] } },
    'prune-late',
    'points of db are due to be removed, and how often new ones are expected is unknown: no entry of expect matches the series',
  ],
]

describe('what holds a prune', () => {
  test.each(GUARDED)('%s', (_, text, told, code, message) => {
    expect(holds(text, told)).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{8}$/), code, message }])
    expect(removed(text, told)).toEqual([])
  })

  test.each(GUARDED)('%s: released, it goes, and the hold is passed', (_, text, told, code) => {
    const free = releasing(
      told,
      holds(text, told).map(({ id }) => id),
    )
    expect(holds(text, free)).toEqual([])
    // What a cliff held has been surplus from now on.
    const begun = decided(text, free).prune?.news?.surplus ?? []
    expect(removed(text, free).length + begun.length).toBeGreaterThan(0)
    const { prune, clock } = decided(text, free)
    expect(
      [...(prune?.passed ?? []), ...(clock.passed === null ? [] : [clock.passed])].map((hold) => hold.code),
    ).toEqual([code])
  })

  test.each(GUARDED)('%s: the same question has the same id a moment later', (_, text, told) => {
    const ids = (one: Told) => holds(text, one).map(({ id }) => id)
    const asOf = instant(NOON + 500)
    expect(ids({ ...told, context: { ...told.context, asOf } })).toEqual(ids(told))
  })

  test.each(GUARDED)('%s: holds nothing where nothing would go', (_, text, told) => {
    const keeps = { retain: 'daily=99' }
    const before = told.holding?.lastPrune === undefined ? termsBefore({ ...told, ...keeps }) : {}
    expect(codes(text, { ...told, ...keeps, holding: { ...before, ...told.holding } })).toEqual([])
  })

  test('a listing that shrinks on is another question once it has halved again, or is empty', () => {
    const idOf = (...days: readonly number[]) => {
      const text = [HELD, ...days.map((day) => `remote ${day}`)].join(', ')
      const asked = holds(text, { holding: { listedBefore: 6 } })
      return asked.find(({ code }) => code === 'prune-listing-shrank')?.id
    }
    const three = idOf(22, 21, 20)
    expect(three).toMatch(/^[0-9a-f]{8}$/)
    expect(idOf(22, 21)).toBe(three)
    expect(new Set([three, idOf(22), idOf()]).size).toBe(3)
  })

  test('each question has an id of its own, and another place has others', () => {
    const ids = GUARDED.flatMap(([, text, told]) => holds(text, told).map(({ id }) => id))
    // Unknown and incomplete are one question.
    expect(new Set(ids).size).toBe(GUARDED.length - 1)
    const elsewhere = {
      destination: { path: '/else', mount: null, rotate: false, minFree: 0, maxSize: null },
    }
    const [one] = holds(HELD, { look: 'unknown' })
    expect(holds(HELD, { look: 'unknown', spec: elsewhere })[0]?.id).not.toBe(one?.id)
  })

  test('what is held says by what', () => {
    expect(plan('held 20, held 19, held 18')).toContain(
      'surplus 18: outside last=1 daily=2, held: prune-late',
    )
  })
})

describe('what does not hold', () => {
  test.each<[string, string, Told]>([
    [
      'a listing that shrank by less than half',
      `${HELD}, remote 22, remote 21`,
      { holding: { listedBefore: 3 } },
    ],
    ['one file less', `${HELD}, remote 22`, { holding: { listedBefore: 2 } }],
    ['a listing of which nothing is known from before', `${HELD}, remote 22`, {}],
    ['a conflict that is acknowledged', `${HELD}, remote 21 B`, acknowledging('B')],
    [
      'other bytes under the name of what was removed',
      `${HELD}, gone 10, remote 10 B`,
      { pruned: { 10: {} } },
    ],
    ['a changed policy that takes little', HELD, { holding: termsBefore({ retain: 'daily=30' }) }],
    ['a policy that is the same, in another order', HELD, reordered()],
    ['a series that is late, and its next point is coming', 'held 20, held 19, held 18, remote 22', {}],
    [
      'a series of which nothing is expected, in a prune that was asked for',
      HELD,
      asked({ spec: { expect: [] } }),
    ],
    ['a series that has ended', HELD, { spec: { expect: [ended()] } }],
  ])('%s', (_, text, told) => {
    expect(codes(text, told)).toEqual([])
    expect(removed(text, told).length).toBeGreaterThan(0)
  })

  test('a series that is late holds no other', () => {
    const lines = 'held x-20, held x-19, held x-18'
      .replaceAll('x-', 'web-2026-11-')
      .replaceAll(/(\d\d)(?=,|$)/g, '$1.tar')
    const [, ...rest] = [HELD, lines]
    expect(removed(`${HELD}, ${rest.join()}`)).toEqual(['20'])
    expect(codes(`${HELD}, ${rest.join()}`)).toEqual(['prune-late'])
  })

  test('conflicts listed in another order are the same question', () => {
    const listed = (...days: readonly number[]) => days.map((day) => `remote ${day} B`).join(', ')
    expect(holds(`${HELD}, ${listed(21, 22)}`)).toEqual(holds(`${HELD}, ${listed(22, 21)}`))
  })

  test.each<[string, string, Told]>([
    ['a day of which the fifth has gone', days('held', 15, 22), { pruned: { '09': { at: ago(1) } } }],
    ['one on which some may still go', days('held', 15, 22), {}],
  ])('a cliff is told on %s', (_, text, told) => {
    const changed: Told = { ...told, surplus: 'none', holding: termsBefore({ retain: 'daily=30' }) }
    expect(codes(text, changed)).toEqual(['prune-cliff'])
    expect(codes(text, told)).toEqual([])
  })

  test('a cliff in one series holds all', () => {
    const web = [22, 21, 20, 19, 18].map((day) => `web-2026-11-${day}.tar`)
    const text = `${HELD}, ${web.map((name) => `held ${name}`).join(', ')}`
    const unrecorded = Object.fromEntries(web.map((name) => [name, null]))
    const told = { surplus: unrecorded, holding: termsBefore({ retain: 'daily=30' }) }
    expect(codes(text, told)).toEqual(['prune-cliff'])
    expect(removed(text, told)).toEqual([])
    expect(removed(text, { surplus: unrecorded })).toEqual(['20'])
  })
})

function acknowledging(letter: string): Told {
  const digest = letter.toLowerCase().repeat(32)
  return { spec: { acknowledge: [{ path: 'db-2026-11-21.tar', digest, reason: '' }] } }
}

function reordered(): Told {
  const rules = Object.fromEntries(Object.entries(rulesOf('daily=2')).reverse())
  return { spec: { retain: rules as never }, holding: termsBefore({}) }
}

const asked = (told: Told): Told => ({ ...told, prune: { mode: 'manual' }, context: { asked: true } })

const ended = () => ({ series: null, rhythm: { kind: 'never' } as const, grace: 0, until: null })

describe('what a listing is measured against from now on', () => {
  const shrunk = [{ id: '', code: 'prune-listing-shrank', message: '' }]
  test.each<[string, string, Told, typeof shrunk, number | null, number | null]>([
    ['the first', 'remote 22', {}, [], null, 1],
    ['what it shows now', 'remote 22, remote 21', {}, [], 3, 2],
    ['what it showed, where it shrank', 'remote 22', {}, [], 3, 3],
    ['what it shows now, where that was released', 'remote 22', {}, shrunk, 3, 1],
    ['what it showed, where it is not known to be whole', 'remote 22', { look: 'incomplete' }, shrunk, 3, 3],
  ])('%s', (_, text, told, passed, before, wanted) => {
    expect(nextListed(drawn(text, told), passed)(before)).toBe(wanted)
  })
})

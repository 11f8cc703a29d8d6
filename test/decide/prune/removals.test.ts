import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/model/instant.ts'
import { NOON } from '../../helpers/picture.ts'
import { DAYS, days, decided, plan, shortOf, type Told } from '../../helpers/told-plan.ts'

const HELD = 'held 22, held 21, held 20'
const ago = (time: number) => instant(NOON - time)

/** What is said of 20, where daily=2 keeps 22 and 21. */
const of20 = (text: string, told: Told = {}) => plan(text, told).filter((line) => line.includes(' 20'))

const removed = (text: string, told: Told = {}) =>
  decided(text, told).plan.steps.flatMap(({ action, path }) => (action === 'prune' ? [shortOf(path)] : []))

describe('what goes', () => {
  test.each<[string, string, Told, string]>([
    ['nothing wants it', HELD, {}, 'prune 20: outside last=1 daily=2'],
    [
      'prune is off',
      HELD,
      { prune: { mode: 'never' } },
      'surplus 20: outside last=1 daily=2, kept (prune: never)',
    ],
    [
      'nobody asked',
      HELD,
      { prune: { mode: 'manual' } },
      'surplus 20: outside last=1 daily=2, kept (prune: manual)',
    ],
    [
      'somebody asked',
      HELD,
      { prune: { mode: 'manual' }, context: { asked: true } },
      'prune 20: outside last=1 daily=2',
    ],
    [
      'it is of the floor',
      HELD,
      { prune: { keepAtLeast: 3 } },
      'surplus 20: outside last=1 daily=2, stays: one of the newest 3 points here',
    ],
    [
      'it came less than minAge ago',
      HELD,
      { records: { 20: { since: ago(7 * DAYS - 1) } } },
      'surplus 20: outside last=1 daily=2, waits: only at 2026-11-23T12:00:00Z has it been surplus for prune.minAge',
    ],
    [
      'it came minAge ago',
      HELD,
      { records: { 20: { since: ago(7 * DAYS) } } },
      'prune 20: outside last=1 daily=2',
    ],
    [
      'it came with this pass',
      HELD,
      { prune: { minAge: 0 }, records: { 20: { since: NOON } } },
      'surplus 20: outside last=1 daily=2, waits: only at 2026-11-23T12:00:00Z has it been surplus for prune.minAge',
    ],
    ['it is pinned', HELD, { spec: { retain: { ...pinned('*-20*') } } }, 'keep 20: complete, pin'],
    [
      'a newer point is on its way, and not here',
      'held 21, held 20, remote 22',
      {},
      'surplus 20: outside last=1 daily=2, stays: among the copies held here it is daily 2',
    ],
    [
      'a newer point is rotten, and comes anew',
      'held 22, remote 22, held 21, held 20',
      { records: { 22: { isRotten: true } } },
      'surplus 20: outside last=1 daily=2, stays: among the copies held here it is daily 2',
    ],
    [
      'a newer point is rotten for good: it counts no more',
      HELD,
      { records: { 22: { isRotten: true } } },
      'keep 20: complete, daily 2',
    ],
    [
      'a newer point is dated ahead: it counts not',
      'held 28, held 22, held 20',
      {},
      'keep 20: complete, daily 2',
    ],
    [
      'the one it would be the floor for is rotten',
      'held 22, remote 22, held 21, remote 21, held 20, held 19',
      { prune: { keepAtLeast: 2 }, records: { 22: { isRotten: true }, 21: { isRotten: true } } },
      'surplus 20: outside last=1 daily=2, stays: among the copies held here it is last 1, daily 1',
    ],
    [
      'a volume of it was removed by name',
      `${HELD}.p1, gone 20.p2`,
      { pruned: { '20.p2': { by: 'person', point: instant(Date.UTC(2026, 10, 21) - 1) } } },
      'keep 20.p1: complete, its point is not whole',
    ],
    ['a volume of it is lost', `${HELD}.p1, gone 20.p2`, {}, 'keep 20.p1: complete, its point is not whole'],
  ])('%s', (_, text, told, wanted) => {
    expect(of20(text, told)[0]).toBe(wanted)
  })

  test('all volumes of a point go together, or none', () => {
    const volumes = 'held 22, held 21, held 20.p1, held 20.p2'
    expect(removed(volumes)).toEqual(['20.p1', '20.p2'])
    expect(removed(volumes, { records: { '20.p2': { since: NOON } } })).toEqual([])
  })

  test('the one point of a series stays', () => {
    expect(
      removed('held 02', { prune: { mode: 'manual', keepAtLeast: 1 }, context: { asked: true } }),
    ).toEqual([])
  })

  test('what matches no pattern stays', () => {
    expect(removed(`${HELD}, held x, held y`)).toEqual(['20'])
  })

  test('a file in conflict stays, also where the hold is released', () => {
    const told: Told = { context: { released: { has: () => true } as unknown as ReadonlySet<string> } }
    expect(removed(`held 22, held 21, held 20, remote 20 B, held 19`, told)).toEqual(['19'])
  })

  test('the rest of a point of which a file is in conflict says so', () => {
    const told: Told = { context: { released: { has: () => true } as unknown as ReadonlySet<string> } }
    expect(plan('held 22, held 21, held 20.p1, remote 20.p1 B, held 20.p2', told)).toContain(
      'surplus 20.p2: outside last=1 daily=2, stays: a file of its point is in conflict',
    )
  })
})

function pinned(glob: string) {
  return {
    last: null,
    hourly: null,
    daily: 2,
    weekly: null,
    monthly: null,
    yearly: null,
    within: null,
    pick: 'newest' as const,
    pin: [glob],
  }
}

describe('a fifth of a series in a day, and one at least, the oldest first', () => {
  // The policy of before, so that there is no cliff.
  test.each<[string, string, Told, readonly string[]]>([
    ['of 3 points', HELD.concat(', held 19'), {}, ['19']],
    ['of 9 points', days('held', 14, 22), {}, ['14']],
    ['of 10 points', days('held', 13, 22), {}, ['13', '14']],
    [
      'of 9, one having gone a day ago',
      days('held', 14, 22),
      { pruned: { '09': { at: ago(DAYS) } } },
      ['14'],
    ],
    [
      'of 9, one having gone within the day',
      days('held', 14, 22),
      { pruned: { '09': { at: ago(DAYS - 1) } } },
      ['14'],
    ],
    [
      'of 8, one having gone within the day',
      days('held', 15, 22),
      { pruned: { '09': { at: ago(DAYS - 1) } } },
      [],
    ],
    [
      'of 8, one removed by a person',
      days('held', 15, 22),
      { pruned: { '09': { by: 'person', at: ago(1) } } },
      ['15'],
    ],
    [
      'of 8, one of another series',
      days('held', 15, 22),
      { pruned: { '09': { series: 'x', at: ago(1) } } },
      ['15'],
    ],
    [
      'of 8, one having gone and come again within the day',
      days('held', 15, 22),
      { records: { 22: { removedBefore: { at: ago(1), series: 'db', point: instant(0) } } } },
      [],
    ],
    [
      'of 9, one of them having gone and come again within the day',
      days('held', 14, 22),
      {
        records: {
          22: { removedBefore: { at: ago(1), series: 'db', point: instant(Date.UTC(2026, 10, 23) - 1) } },
        },
      },
      [],
    ],
    [
      'volumes of one point count once',
      days('held', 13, 22),
      { pruned: { '09.p1': { at: ago(1), point: instant(0) }, '09.p2': { at: ago(1), point: instant(0) } } },
      ['13'],
    ],
    [
      'by a clock that is behind the last one',
      days('held', 15, 22),
      { pruned: { '09': { at: ago(-DAYS) } } },
      [],
    ],
  ])('%s', (_, text, told, wanted) => {
    expect(removed(text, told)).toEqual(wanted)
  })

  test('what waits says so', () => {
    expect(plan(days('held', 18, 22))).toContain(
      'surplus 20: outside last=1 daily=2, waits: at most 1 of its series are removed in a day',
    )
  })
})

describe('the floor is read again', () => {
  const stale = { records: { 22: { readAt: ago(30 * DAYS + 1) } } }
  const toRead = (text: string, told: Told) => decided(text, told).prune?.toRead.map(shortOf)

  test.each<[string, string, Told, readonly string[]]>([
    ['not where it was read within verify.every', HELD, { records: { 22: { readAt: ago(30 * DAYS) } } }, []],
    ['where that is longer ago', HELD, stale, ['22']],
    [
      'where it is said to have been read in time to come',
      HELD,
      { records: { 22: { readAt: ago(-1) } } },
      ['22'],
    ],
    ['not what is beyond the floor', HELD, { records: { 21: { readAt: ago(90 * DAYS) } } }, []],
    ['not where nothing would go', 'held 22, held 21', stale, []],
    ['not where something holds', HELD, { ...stale, look: 'unknown' }, []],
  ])('%s', (_, text, told, wanted) => {
    expect(toRead(text, told)).toEqual(wanted)
  })

  test('a plan takes it that it will be sound, and says so', () => {
    expect(of20(HELD, stale)).toEqual([
      'prune 20: outside last=1 daily=2, once the newest 1 points have been read again',
    ])
  })

  test('a prune takes nothing for granted', () => {
    expect(of20(HELD, { ...stale, context: { when: 'now' } })).toEqual([
      'surplus 20: outside last=1 daily=2, waits: the newest points could not be read again',
    ])
  })
})

describe('what the ledger learns before anything goes', () => {
  const news = (text: string, told: Told = {}) => {
    const { news: found } = decided(text, told).prune ?? {}
    if (found == null) return found
    const { surplus, wanted, terms } = found
    const learnt = terms === null ? [] : ['terms']
    return [
      ...learnt,
      ...surplus.map((path) => `surplus ${shortOf(path)}`),
      ...wanted.map((path) => `wanted ${shortOf(path)}`),
    ]
  }
  const OFF: Told = { surplus: { 22: null, 21: null } }

  test.each<[string, string, Told, readonly string[] | null]>([
    ['nothing, where all is on record', HELD, OFF, null],
    ['what is wanted no more', HELD, { surplus: 'none' }, ['surplus 20']],
    ['what is wanted again', HELD, {}, ['wanted 22', 'wanted 21']],
    [
      'nothing of a look that did not see the whole source',
      HELD,
      { surplus: 'none', look: 'incomplete' },
      null,
    ],
    [
      'nothing by a clock behind the last one',
      HELD,
      { surplus: 'none', holding: { lastTime: ago(-DAYS) } },
      null,
    ],
    ['nothing where prune is off', HELD, { surplus: 'none', prune: { mode: 'never' } }, null],
    [
      'that all is wanted again where prune is off, so that time as surplus begins anew after it',
      HELD,
      { prune: { mode: 'never' } },
      ['wanted 22', 'wanted 21', 'wanted 20'],
    ],
    [
      'that what fits no pattern any more is wanted again',
      `${HELD}, held x`,
      { surplus: { 22: null, 21: null } },
      ['wanted x'],
    ],
    ['also where nobody asked', HELD, { surplus: 'none', prune: { mode: 'manual' } }, ['surplus 20']],
    ['the first terms', HELD, { ...OFF, holding: { terms: [] } }, ['terms']],
    [
      'the first surplus, however much it is',
      days('held', 18, 22),
      { surplus: 'none', holding: { terms: [], lastPrune: null } },
      ['terms', 'surplus 20', 'surplus 19', 'surplus 18'],
    ],
    [
      'a shorter minAge',
      HELD,
      {
        ...OFF,
        holding: { terms: [{ at: instant(0), keepAtLeast: 1, minAge: 8 * 86_400, trashFor: 7 * 86_400 }] },
      },
      ['terms'],
    ],
  ])('%s', (_, text, told, wanted) => {
    expect(news(text, told)).toEqual(wanted)
  })

  test('I9: what has just stopped being wanted waits for minAge from then on', () => {
    expect(of20(HELD, { surplus: 'none' })).toEqual([
      'surplus 20: outside last=1 daily=2, waits: only at 2026-11-30T12:00:00Z has it been surplus for prune.minAge',
    ])
  })

  test('I9: of a series of which nothing more is expected nothing falls for what comes all the same', () => {
    const never: Told['spec'] = {
      expect: [{ series: null, rhythm: { kind: 'never' }, grace: 0, until: null }],
    }
    expect(of20(HELD, { spec: never, surplus: 'none' })).toEqual([
      'surplus 20: outside last=1 daily=2, stays: no more points are expected in its series, so new ones do not make it surplus',
    ])
    // What fell before goes.
    expect(removed(HELD, { spec: never })).toEqual(['20'])
  })

  test.each<[string, number, boolean]>([
    ['not before the old span has passed', 7 * DAYS - 1, false],
    ['and once it has', 7 * DAYS, true],
  ])('I9: a shortened minAge counts %s', (_, seen, goes) => {
    const span = { keepAtLeast: 1, trashFor: 7 * 86_400 }
    const terms = [
      { at: instant(0), minAge: 7 * 86_400, ...span },
      { at: ago(seen), minAge: 1, ...span },
    ]
    const told: Told = { prune: { minAge: 1 }, surplus: { 20: ago(2 * DAYS) }, holding: { terms } }
    expect(removed(HELD, told)).toEqual(goes ? ['20'] : [])
  })
})

describe('the trash', () => {
  const told = (over: NonNullable<Told['holding']>, at = 7 * DAYS): Told => ({
    pruned: { 10: { at: ago(at) } },
    holding: over,
  })
  const expired = (one: Told) => plan('held 22, gone 10', one).filter((line) => line.startsWith('expire'))

  test.each<[string, Told, readonly string[]]>([
    ['is emptied after trashFor', told({}), ['expire 10: in the trash since 2026-11-16T12:00:00Z']],
    ['not before', told({}, 7 * DAYS - 1), []],
    ['not by a clock behind what was written down', told({ lastTime: ago(-DAYS) }), []],
    ['not by a clock over 48 hours past it', told({ lastTime: ago(2 * DAYS + 1) }), []],
    [
      'but by one 48 hours past it',
      told({ lastTime: ago(2 * DAYS) }),
      ['expire 10: in the trash since 2026-11-16T12:00:00Z'],
    ],
    ['not where nothing was ever written down', told({ lastTime: null }), []],
  ])('%s', (_, one, wanted) => {
    expect(expired(one)).toEqual(wanted)
  })

  test('what has left it for good is not emptied again', () => {
    expect(expired({ pruned: { 10: { at: ago(9 * DAYS), trash: null } } })).toEqual([])
  })
})

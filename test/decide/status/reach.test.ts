import { expect, test } from 'vitest'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { reachWarnings } from '../../../src/decide/retention/retained.ts'
import { backupStatus } from '../../../src/decide/status/backup.ts'
import { isUnwell } from '../../../src/decide/status/exit-code.ts'
import type { LedgerRecord } from '../../../src/model/holding.ts'
import { DAY, instant } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Expectation, PruneRules } from '../../../src/model/spec.ts'
import { context, NOON, picture, spec, statusFacts } from '../../helpers/picture.ts'
import { rulesOf } from '../../helpers/points.ts'

const YEAR = 365
const every = (days: number, reach?: number): Expectation => ({
  series: null,
  rhythm: { kind: 'every', seconds: days * 86_400 },
  grace: 0,
  until: null,
  ...(reach === undefined ? {} : { reach: reach * 86_400 }),
})
const day = (ago: number): string => new Date(NOON - ago * DAY).toISOString().slice(0, 10)
const held = (...ago: readonly number[]): string =>
  ago.map((one) => `held db-${day(one)}.tar 10 A\nremote db-${day(one)}.tar 10 A`).join('\n')

/** The same with everything first published so many days ago, as the destination was. */
function since(days: number, { destination, source }: Observation): Observation {
  const at = instant(NOON - days * DAY)
  const records = new Map<RelPath, LedgerRecord>(
    [...destination.records].map(([path, record]) => [path, { ...record, since: at }]),
  )
  return { source, destination: { ...destination, created: at, records } }
}

/** What is said of a backup whose oldest point is so many days old, and which began so many days ago. */
function look(expect: readonly Expectation[], observation: Observation) {
  const series = { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' }
  const declared = spec({ expect, series })
  const plan = planBackup(declared, observation, context())
  const status = backupStatus(statusFacts({ spec: declared, holding: observation.destination }), NOON)
  return {
    problems: plan.problems.filter(({ code }) => code === 'reach-short').map(({ message }) => message),
    exit: Number(isUnwell(plan)),
    reach: status.series[0]!.reach?.state,
    fresh: status.conditions.find(({ type }) => type === 'Fresh')!.reason,
  }
}

const FINE: ReturnType<typeof look> = { problems: [], exit: 0, reach: 'ok', fresh: 'fresh' }

test.each<[string, Observation, ReturnType<typeof look>]>([
  ['old enough', since(500, picture(held(1, 400))), FINE],
  ['old enough, and the backup is young', since(3, picture(held(1, 400))), FINE],
  ['too young, and so is the backup', since(300, picture(held(1, 300))), { ...FINE, reach: 'young' }],
  ['a day that ends later', since(YEAR, picture(held(1, YEAR - 1))), { ...FINE, reach: 'young' }],
  [
    'too young',
    since(YEAR + 1, picture(held(1, 30))),
    {
      problems: [`db goes back to ${day(30)}, and expect.reach asks for 365d`],
      exit: 1,
      reach: 'short',
      fresh: 'reach-short',
    },
  ],
])('the oldest point is %s', (_, observation, says) => {
  expect(look([every(2, YEAR)], observation)).toEqual(says)
})

test('nothing is asked where no reach is, or no more points are expected', () => {
  const short = since(500, picture(held(1, 30)))
  expect(look([every(2)], short)).toMatchObject({ problems: [], exit: 0 })
  const over = { ...every(2, YEAR), until: instant(NOON - DAY) }
  expect(look([over], short)).toMatchObject({ problems: [], exit: 0 })
  const other = { ...every(2, YEAR), series: 'web-*' }
  expect(look([other, every(2)], short)).toMatchObject({ problems: [], exit: 0 })
})

test('a series that began later than its backup has as long from then', () => {
  const { source, destination } = since(30, picture(held(1, 30)))
  const late = { source, destination: { ...destination, created: instant(NOON - 900 * DAY) } }
  expect(look([every(2, YEAR)], late)).toMatchObject({ exit: 0, reach: 'young' })
  // What a prune removed shows that it began long ago.
  const path = `db-${day(800)}.tar` as RelPath
  const record = { ...[...destination.records.values()][0]!, path, since: instant(NOON - 800 * DAY) }
  const removed = {
    at: instant(NOON - DAY),
    trash: null,
    by: 'policy',
    reason: '',
    planId: null,
    series: 'db',
    point: instant(NOON - 800 * DAY),
  } as const
  const pruned = {
    source,
    destination: {
      ...late.destination,
      records: new Map([...destination.records, [path, record]]),
      pruned: new Map([[path, removed]]),
    },
  }
  expect(look([every(2, YEAR)], pruned)).toMatchObject({ exit: 1, reach: 'short' })
})

test.each<[string, string | null, PruneRules['mode'], number, boolean]>([
  ['a year of months, and a year', 'monthly=12', 'auto', 365, true],
  ['two months more', 'monthly=14', 'auto', 365, false],
  ['a week of days, and a week', 'daily=7', 'auto', 12, false],
  ['a week of days, and a month', 'daily=7', 'manual', 30, true],
  ['years', 'daily=7 yearly=3', 'auto', 365, false],
  ['the first of each period', 'monthly=13 pick=oldest', 'auto', 365, false],
  ['nothing that removes', 'daily=7', 'never', 365, false],
  ['no rules', null, 'auto', 365, false],
])('reach beside retain: %s', (_, rules, mode, days, isWarned) => {
  const retain = rules === null ? null : rulesOf(rules)
  const found = reachWarnings(spec({ retain, expect: [every(1, days)], prune: { ...spec().prune, mode } }))
  expect(found.map(({ code }) => code)).toEqual(isWarned ? ['reach-beyond-retain'] : [])
})

import { describe, expect, test } from 'vitest'
import { explainBackup } from '../../../src/decide/explain/backup.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { dated, lookAt } from '../../helpers/explained.ts'
import { md5, NOON, picture } from '../../helpers/picture.ts'

const explain = (spec: Spec, drawn: string | Observation) =>
  explainBackup(spec, lookAt(typeof drawn === 'string' ? picture(drawn) : drawn))

const day = (number: number, name = 'db') => `${name}-2026-11-${number}.tar`
const sides = (name: string, letter = 'A') => `held ${name} 10 ${letter}\nremote ${name} 10 ${letter}`

/** `kept db-…: last 1`, newest first. */
const pointsOf = (spec: Spec, drawn: string, series = 0) =>
  explain(spec, drawn).series[series]!.points.map(
    ({ mark, files, why }) => `${mark} ${files.join('+')}: ${why.join(', ')}`,
  )

describe('the points of a series', () => {
  test('are kept, surplus, coming or waiting, each with why, newest first', () => {
    const drawn = [
      sides(day(19)),
      sides(day(20)),
      sides(day(21)),
      `remote ${day(22)} 10 A`,
      `remote ${day(23)} 10 -`,
    ]
    expect(pointsOf(dated('last=2'), drawn.join('\n'))).toEqual([
      `waiting ${day(23)}: last 1`,
      `coming ${day(22)}: last 1`,
      `kept ${day(21)}: last 2`,
      `surplus ${day(20)}: outside last=2, kept (prune: never)`,
      `surplus ${day(19)}: outside last=2, kept (prune: never)`,
    ])
  })

  test('that are only at the source and not wanted are only counted', () => {
    const { counts, points } = explain(dated('last=1'), `${sides(day(22))}\nremote ${day(10)} 10 A`)
      .series[0]!
    expect(points).toHaveLength(1)
    expect(counts).toEqual({ kept: 1, surplus: 0, coming: 0, waiting: 0, notWanted: 1 })
  })

  test.each([
    ['rotten here, and no longer at the source', `held ${day(22)} 10!11 A`, /lost: the copy here is rotten/],
    ['gone here, and no longer at the source', `gone ${day(22)} 10 A`, /lost: the ledger says we had it/],
    [
      'rotten here, and other at the source',
      `held ${day(22)} 10!11 A\nremote ${day(22)} 10 B`,
      /rot: the copy here is not what was published.*other bytes/,
    ],
  ])('that are %s say so and what to do', (_, drawn, why) => {
    const told = pointsOf(dated('last=2'), `${sides(day(21))}\n${drawn}`)
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^waiting .*: last 1, ${why.source}.*from another copy`)),
      `kept ${day(21)}: last 1`,
    ])
  })

  test.each([
    ['rotten', `held ${day(22)} 10!11 A`],
    ['gone', `gone ${day(22)} 10 A`],
  ])('of which the only file is %s, and that is accepted, wait for nothing', (_, drawn) => {
    const spec = dated('last=2', {
      acknowledge: [{ path: day(22), digest: md5('A'), reason: 'not needed' }],
    })
    expect(pointsOf(spec, `${sides(day(21))}\n${drawn}`)).toEqual([
      `waiting ${day(22)}: last 1, lost: acknowledge in the spec accepts that, and nothing is waited for`,
      `kept ${day(21)}: last 1`,
    ])
  })

  test('that a prune takes or spares say so', () => {
    const spec = dated('last=1 daily=2', {
      prune: { mode: 'auto', keepAtLeast: 1, minAge: 0, trashFor: 0 },
      expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 8 * 86_400, until: null }],
    })
    const drawn = [18, 19, 20].map((one) => sides(day(one))).join('\n')
    const coming = `remote ${day(21)} 10 A\nremote ${day(22)} 10 A`
    expect(pointsOf(spec, `${drawn}\n${coming}`).slice(2)).toEqual([
      `surplus ${day(20)}: outside last=1 daily=2, stays: among the copies held here it is last 1, daily 1`,
      `surplus ${day(19)}: outside last=1 daily=2, stays: among the copies held here it is daily 2`,
      `surplus ${day(18)}: outside last=1 daily=2, is removed by the next pass`,
    ])
  })

  test('of one date are one', () => {
    const spec = dated('last=1', { series: { patterns: ['{part}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' } })
    const drawn = `${sides(day(22, 'a'))}\n${sides(day(22, 'b'))}`
    expect(explain(spec, drawn).series[0]!.points[0]!.files).toEqual([day(22, 'a'), day(22, 'b')])
  })
})

test('a day is marked with what weighs most of its points, in the zone of the series', () => {
  const spec = dated('last=1', {
    series: { patterns: ['{series}-{epoch}.tar'], timezone: 'Europe/Oslo' },
  })
  const at = (time: string) => sides(`db-${Date.parse(time) / 1000}.tar`)
  const drawn = [at('2026-11-22T22:30Z'), at('2026-11-22T23:30Z'), at('2026-11-23T09:00Z')].join('\n')
  expect(explain(spec, drawn).series[0]!.days).toEqual([
    { day: '2026-11-23', mark: 'kept', points: 2 },
    { day: '2026-11-22', mark: 'surplus', points: 1 },
  ])
})

test('series are told apart, in the order of their names, and files that fit no pattern are counted', () => {
  const drawn = `${sides(day(22, 'wiki'))}\n${sides(day(22))}\n${sides('odd.tar')}`
  const told = explain(dated('last=1'), drawn)
  expect(told.series.map(({ series }) => series)).toEqual(['db', 'wiki'])
  expect(told.unmatched).toBe(1)
})

test('what is expected of a series, and when its next point is due', () => {
  const expected = {
    series: null,
    rhythm: { kind: 'every', seconds: 86_400 },
    grace: 0,
    until: null,
  } as const
  const [series] = explain(dated('last=1', { expect: [expected] }), sides(day(22))).series
  expect(series).toMatchObject({
    newest: { local: '2026-11-22' },
    state: 'ok',
    expect: 'every 24h',
    due: { local: '2026-11-23' },
  })
})

test('the trash says what goes first, and until when it can be put back', () => {
  const removed = (hoursAgo: number, trash: string | null) => ({
    at: instant(NOON - hoursAgo * 3_600_000),
    trash,
    by: 'policy' as const,
    reason: 'outside',
    series: 'db',
    point: NOON,
    planId: null,
  })
  const { source, destination } = picture(sides(day(22)))
  const pruned = new Map([
    ['late' as RelPath, removed(1, 'e')],
    ['early' as RelPath, removed(24, 'e')],
    ['gone' as RelPath, removed(24, null)],
  ])
  const { trash } = explain(dated('last=1'), { source, destination: { ...destination, pruned } })
  expect(trash.map(({ path, until }) => [path, until])).toEqual([
    ['early', '2026-11-29T12:00:00Z'],
    ['late', '2026-11-30T11:00:00Z'],
  ])
})

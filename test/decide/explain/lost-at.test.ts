import { describe, expect, test } from 'vitest'
import { explainLostAt, momentsAt } from '../../../src/decide/explain/lost-at.ts'
import { plainRate } from '../../../src/decide/time/timetable.ts'
import type { Rate, Spec } from '../../../src/model/spec.ts'
import { renderLostAt } from '../../../src/view/render-lost.ts'
import { dated } from '../../helpers/explained.ts'
import { at, ledger } from '../../helpers/ledger-lines.ts'

const SPEC = dated('last=9', {
  expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 7200, until: null }],
} as Partial<Spec>)

function lost(text: string, moment: string, rate: Rate = null, spec = SPEC) {
  const moments = momentsAt(at(moment))
  for (const line of ledger(text)) moments.enter(line)
  return explainLostAt(spec, moments.found(), {
    lostAt: at(moment),
    asOf: at('2026-12-01T00:00:00Z'),
    bandwidth: plainRate(rate),
  })
}

const WEEK = `
  2026-11-20T01:00:00Z published db-2026-11-19.tar 1000
  2026-11-21T01:00:00Z published db-2026-11-20.tar 2000
  2026-11-22T01:00:00Z published db-2026-11-21.tar 3000 2026-11-21T20:00:00Z
  2026-11-22T01:00:00Z prune-done db-2026-11-19.tar`

describe('had the source died then', () => {
  test('what was held then is here, as old as it was then; what came later and was made by then would be gone', () => {
    const found = lost(WEEK, '2026-11-21T21:00:00Z')
    expect(found).toMatchObject({
      files: 2,
      bytes: 3000,
      missed: { files: 1, bytes: 3000, paths: ['db-2026-11-21.tar'] },
    })
    expect(found.series).toMatchObject([
      { series: 'db', points: 2, state: 'ok', newest: { files: ['db-2026-11-20.tar'], bytes: 2000 } },
    ])
    expect(found.series[0]!.newest!.age).toBe(
      Math.round((at('2026-11-21T21:00:00Z') - at(found.series[0]!.newest!.time)) / 1000),
    )
  })

  test('what a prune took before is not; after an undo it is again; a prune that failed took nothing', () => {
    expect(lost(WEEK, '2026-11-23T00:00:00Z')).toMatchObject({ files: 2, bytes: 5000, missed: { files: 0 } })
    const undone = `${WEEK}\n2026-11-22T03:00:00Z undo-done db-2026-11-19.tar`
    expect(lost(undone, '2026-11-23T00:00:00Z')).toMatchObject({ files: 3, bytes: 6000 })
    const failed = `${WEEK}\n2026-11-22T03:00:00Z prune-done db-2026-11-20.tar failed`
    expect(lost(failed, '2026-11-23T00:00:00Z')).toMatchObject({ files: 2 })
  })

  test('a rotten copy is of no use until it is read again and sound, or repaired', () => {
    const rotten = `${WEEK}\n2026-11-22T03:00:00Z rotten db-2026-11-21.tar`
    const found = lost(rotten, '2026-11-22T04:00:00Z')
    expect(found.rotten).toEqual(['db-2026-11-21.tar'])
    expect(found.series).toMatchObject([{ newest: { files: ['db-2026-11-20.tar'] } }])
    const sound = `${rotten}\n2026-11-22T03:30:00Z verified db-2026-11-21.tar`
    expect(lost(sound, '2026-11-22T04:00:00Z').series).toMatchObject([
      { newest: { files: ['db-2026-11-21.tar'] } },
    ])
  })

  test('before the first line nothing is here, and a series that came later is named with nothing', () => {
    expect(lost(WEEK, '2026-11-01T00:00:00Z')).toMatchObject({
      files: 0,
      series: [],
      bring: { all: { bytes: 0 } },
    })
    const made = WEEK.replace('1000', '1000 2026-10-30T00:00:00Z')
    expect(lost(made, '2026-11-01T00:00:00Z').series).toEqual([
      { series: 'db', points: 0, state: expect.any(String), newest: null },
    ])
  })
})

describe('how long to bring it back', () => {
  // 60 MB came in the 60 s after the first write.
  const MEASURED = `
    2026-11-20T01:00:00Z published db-2026-11-17.tar 500000000
    2026-11-20T01:00:30Z published db-2026-11-18.tar 30000000
    2026-11-20T01:01:00Z published db-2026-11-19.tar 30000000`
  const NOW = '2026-11-21T00:00:00Z'
  const paceOf = (text: string, rate: Rate) => {
    const { seconds, rate: at, by } = lost(text, NOW, rate).bring.newest
    return [seconds, at, by]
  }

  test('the slower of what the spec allows and what was measured; said which', () => {
    expect(paceOf(MEASURED, null)).toEqual([30, 1_000_000, 'measured'])
    expect(paceOf(MEASURED, 100_000)).toEqual([300, 100_000, 'bandwidth'])
    expect(paceOf(MEASURED, 9_000_000)).toEqual([30, 1_000_000, 'measured'])
    expect(paceOf(WEEK, 100)).toEqual([10, 100, 'bandwidth'])
    expect(paceOf(MEASURED, 'off')).toEqual([null, 0, 'bandwidth'])
  })

  test('nothing limits it and nothing was measured: that is said, and no number', () => {
    expect(paceOf(WEEK, null)).toEqual([null, null, null])
    const text = renderLostAt(lost(WEEK, NOW), { color: false, width: 80 })
    expect(text.replace(/\s+/g, ' ')).toContain(
      '1000 B: how long is not known, as transfer.bandwidth sets no limit',
    )
  })

  test('one write a pass measures nothing', () => {
    const one = MEASURED.replaceAll('2026-11-20T01:00:30Z', '2026-11-20T01:00:00Z').replace(
      '2026-11-20T01:01:00Z',
      '2026-11-20T01:00:00Z',
    )
    expect(lost(one, NOW).measured).toBeNull()
  })
})

test('in text: local times with their zone, names, sizes, and lines of 80 columns at most', () => {
  const text = renderLostAt(lost(WEEK, '2026-11-21T21:00:00Z', 100), { color: false, width: 80 })
  expect(text).toMatch(
    /^postgres {2}had the source died at 2026-11-2\d \d\d:\d\d (?:UTC|[+-]\d\d:\d\d)\n {2}# newest +db-2026-11-20\.tar/,
  )
  expect(text.replace(/\s+/g, ' ')).toContain(
    '1 file (2.9 KiB), made at the source by then, came here only later and would be gone: db-2026-11-21.tar.',
  )
  expect(text.replace(/\s+/g, ' ')).toContain(
    'To bring back the newest of each series, 2.0 KiB: about 20 s at 100 B/s, which is transfer.bandwidth.',
  )
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

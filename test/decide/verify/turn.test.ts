import { describe, expect, test } from 'vitest'
import { bytesOf, chooseToRead, shareOf } from '../../../src/decide/verify/turn.ts'
import type { LedgerRecord } from '../../../src/model/holding.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = instant(Date.parse('2026-01-01T00:00:00Z'))
const at = (milliseconds: number): Instant => instant(START + milliseconds)

const file = (name: string, facts: Partial<LedgerRecord> = {}): LedgerRecord =>
  ({ path: name as RelPath, size: 100, since: at(-DAY), readAt: START, ...facts }) as LedgerRecord

const holding = (records: readonly LedgerRecord[], lastTime: Instant | null = null) => ({
  files: new Map(records.map(({ path, size }) => [path, { size, marker: null }])),
  records: new Map(records.map((one) => [one.path, one])),
  lastTime,
})
const names = (records: readonly LedgerRecord[]) => records.map(({ path }) => path).join(' ')

describe('at a person’s word', () => {
  const all = holding([
    file('new', { readAt: at(3 * DAY) }),
    file('old', { readAt: at(1 * DAY) }),
    file('mid', { readAt: at(2 * DAY) }),
  ])
  const chosen = (olderThan: number, limit: number) => {
    const found = chooseToRead(all, { olderThan, limit }, at(4 * DAY))
    return [names(found.chosen), names(found.left)]
  }
  test('all of it, the longest unread first; or what is older; or as much as fits, and one at least', () => {
    expect(chosen(0, Number.POSITIVE_INFINITY)).toEqual(['old mid new', ''])
    expect(chosen(2 * 86400, Number.POSITIVE_INFINITY)).toEqual(['old mid', 'new'])
    expect(chosen(0, 250)).toEqual(['old mid', 'new'])
    expect(chosen(0, 1)).toEqual(['old', 'mid new'])
  })
  test('what is known to be rotten is looked at again, whatever its age', () => {
    const rotten = holding([file('a', { readAt: at(4 * DAY), isRotten: true })])
    expect(names(chooseToRead(rotten, { olderThan: 86400, limit: 1e9 }, at(4 * DAY)).chosen)).toBe('a')
  })
})

describe('a pass’s share', () => {
  /** Lives through passes of this period and returns how much each read, and the greatest age that a file reached. */
  function live(records: LedgerRecord[], every: number, period: number, until: number) {
    let now = [...records]
    const reads: number[] = []
    let oldest = 0
    for (let time = 0; time <= until; time += period) {
      const share = new Set(shareOf(holding(now), every, at(time)).map(({ path }) => path))
      reads.push(bytesOf(now.filter(({ path }) => share.has(path))))
      now = now.map((one) => (share.has(one.path) ? { ...one, readAt: at(time) } : one))
      oldest = Math.max(oldest, ...now.map(({ readAt }) => at(time) - readAt))
    }
    return { reads, oldest, now }
  }

  test('each file is read within verify.every, spread over it, also where all came at once and passes are hourly or daily', () => {
    const records = Array.from({ length: 300 }, (_, i) => file(`f${i}`, { since: START, readAt: START }))
    for (const period of [HOUR, DAY]) {
      const { reads, oldest } = live(records, 30 * 86400, period, 120 * DAY)
      expect(oldest).toBeLessThanOrEqual(30 * DAY)
      // New files within a day of the first pass; from then on no pass reads more than its part and one file.
      expect(bytesOf(records)).toBe(Math.max(...reads.slice(0, (2 * DAY) / period)))
      const part = (bytesOf(records) * period) / (27 * DAY)
      expect(Math.max(...reads.slice((2 * DAY) / period))).toBeLessThanOrEqual(part + 101)
    }
  })

  test('a few files of any size are read once in that time, and not by every pass', () => {
    const records = [1, 1000, 10].map((size, i) => file(`f${i}`, { size, since: START, readAt: START }))
    for (const few of [records.slice(0, 1), records]) {
      const { reads, oldest } = live(few, 30 * 86400, HOUR, 300 * DAY)
      expect(oldest).toBeLessThanOrEqual(30 * DAY)
      // Once when they were new, and then once in 27 days each.
      const total = reads.reduce((sum, read) => sum + read, 0)
      expect(total / bytesOf(few)).toBeGreaterThan(10)
      expect(total / bytesOf(few)).toBeLessThan(14)
    }
  })

  test('new files are read within a day, and not before half of it has passed', () => {
    const fresh = holding([file('a', { since: START, readAt: START })])
    expect(names(shareOf(fresh, 30 * 86400, at(11 * HOUR)))).toBe('')
    expect(names(shareOf(fresh, 30 * 86400, at(12 * HOUR)))).toBe('a')
  })

  test('a box that was off catches up with what is overdue', () => {
    const records = ['a', 'b', 'c'].map((name, i) => file(name, { readAt: at(i * DAY) }))
    expect(names(shareOf(holding(records), 30 * 86400, at(40 * DAY)))).toBe('a b c')
  })

  test('nothing by a clock that is behind; what is rotten waits for its repair', () => {
    const records = [file('a', { isRotten: true }), file('b')]
    expect(names(shareOf(holding(records), 30 * 86400, at(40 * DAY)))).toBe('b')
    expect(names(shareOf(holding(records, at(90 * DAY)), 30 * 86400, at(40 * DAY)))).toBe('')
  })
})

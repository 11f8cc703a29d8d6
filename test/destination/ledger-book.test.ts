import { expect, test } from 'vitest'
import { emptyBook, enter } from '../../src/destination/ledger-book.ts'
import { byPoints } from '../../src/destination/prune.ts'
import type { LedgerEvent } from '../../src/model/ledger-event.ts'
import { toPrune } from '../contract/destination.ts'
import { published } from '../helpers/disk-folder.ts'

/** A book of these events, each written at its hour of one day. */
function bookOf(...events: readonly (readonly [hour: number, event: LedgerEvent])[]) {
  const book = emptyBook()
  for (const [i, [hour, event]] of events.entries()) {
    const time = new Date(Date.UTC(2026, 10, 23, hour)).toISOString()
    const line = { ...event, seq: i + 1, append: i + 1, time, prev: '', hash: '' }
    enter(book, line, { offset: 0, length: 0 })
  }
  return book
}

const hourOf = (at: number): number => new Date(at).getUTCHours()
const released = (code: string): LedgerEvent => ({
  event: 'released',
  hold: 'h',
  code,
  reason: 'r',
  by: 'ann',
})

test('I9: a clock that went back stays behind the latest time ever written, whatever is written by it', () => {
  const book = bookOf([12, published('a')], [9, published('b')])
  expect(hourOf(book.lastTime)).toBe(12)
  expect([...book.records.values()].map(({ since }) => hourOf(since))).toEqual([12, 12])
})

test('until a person lets it count', () => {
  expect(hourOf(bookOf([12, published('a')], [9, released('prune-clock-back')]).lastTime)).toBe(9)
  expect(hourOf(bookOf([12, published('a')], [9, released('prune-cliff')]).lastTime)).toBe(12)
})

test('I7: no batch of a prune ends within a point', () => {
  const of = (day: number) =>
    ['a', 'b', 'c'].map((part) => ({ ...toPrune(`${day}.${part}`), point: `2026-01-01T00:00:${day}Z` }))
  const batches = byPoints(Array.from({ length: 200 }, (_, day) => of(day)).flat())
  expect(batches.map((batch) => batch.length)).toEqual([501, 99])
})

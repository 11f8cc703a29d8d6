import { describe, expect, test } from 'vitest'
import { emptyBook, enter } from '../../../src/destination/ledger/book.ts'
import { byPoints } from '../../../src/destination/trash/prune.ts'
import { firstPublished } from '../../../src/model/holding.ts'
import type { LedgerEvent } from '../../../src/model/ledger-event.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { toPrune } from '../../contract/destination.ts'
import { published, rel } from '../../helpers/disk-folder.ts'

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

describe('I9: what the ledger knows of surplus', () => {
  const paths = (...of: readonly string[]) => ({ paths: of })
  const surplusIn = (...events: readonly (readonly [hour: number, event: LedgerEvent])[]) =>
    [...bookOf([1, published('a')], [1, published('b')], ...events).surplus].map(
      ([path, since]) => `${path} since ${hourOf(since)}`,
    )
  const gone = (path: string, trash = 'prune-1'): readonly (readonly [number, LedgerEvent])[] => [
    [4, { event: 'prune-begin', trash, ...toPrune(path) }],
    [4, { event: 'prune-done', path, trash }],
  ]

  test.each<[string, readonly (readonly [number, LedgerEvent])[], readonly string[]]>([
    [
      'since the line that says so',
      [[2, { event: 'surplus', ...paths('a', 'b') }]],
      ['a since 2', 'b since 2'],
    ],
    [
      'not once it is wanted again',
      [
        [2, { event: 'surplus', ...paths('a', 'b') }],
        [3, { event: 'wanted', ...paths('a') }],
      ],
      ['b since 2'],
    ],
    [
      'from the last line on',
      [
        [2, { event: 'surplus', ...paths('a') }],
        [3, { event: 'wanted', ...paths('a') }],
        [5, { event: 'surplus', ...paths('a') }],
      ],
      ['a since 5'],
    ],
    ['nothing of a path that was never published', [[2, { event: 'surplus', ...paths('../x', 'c') }]], []],
    ['nothing of what is gone', [[2, { event: 'surplus', ...paths('a') }], ...gone('a')], []],
    [
      'nothing of what came back',
      [
        [2, { event: 'surplus', ...paths('a') }],
        ...gone('a'),
        [5, { event: 'undo-begin', path: 'a', trash: 'prune-1', reason: '', by: 'ann' }],
        [5, { event: 'undo-done', path: 'a', trash: 'prune-1' }],
      ],
      [],
    ],
  ])('%s', (_, events, wanted) => {
    expect(surplusIn(...events)).toEqual(wanted)
  })

  test('a file keeps its first coming, through repair, prune and undo', () => {
    const came = (...events: readonly (readonly [number, LedgerEvent])[]) => {
      const { at, planId } = firstPublished(
        bookOf([1, { ...published('a'), planId: 'p1' }], ...events).records.get('a' as RelPath)!,
      )
      return `${hourOf(at)} ${planId}`
    }
    const again: LedgerEvent = { ...published('a'), event: 'repaired', planId: 'p2' }
    expect(came()).toBe('1 p1')
    expect(came([3, again])).toBe('1 p1')
    expect(came(...gone('a'), [5, { ...published('a'), planId: 'p3' }])).toBe('1 p1')
    expect(
      came(
        ...gone('a'),
        [5, { event: 'undo-begin', path: 'a', trash: 'prune-1', reason: '', by: 'ann' }],
        [5, { event: 'undo-done', path: 'a', trash: 'prune-1' }],
        [6, again],
      ),
    ).toBe('1 p1')
  })
})

test('I9: what was written by a clock that was not believed happened by the next time that is, at the latest', () => {
  const trash = { path: 'c', trash: '20261123T120000Z-1' }
  const lines = [
    [12, published('a')],
    [12, published('c')],
    // 1970, or merely an hour ago.
    [-1_000_000, published('b')],
    [11, { event: 'verified', path: 'b' }],
    [11, { event: 'staging-abandoned', path: 's', why: 'gone' }],
    [11, { ...toPrune('c'), event: 'prune-begin', ...trash }],
    [11, { event: 'prune-done', ...trash }],
  ] as const satisfies readonly (readonly [number, LedgerEvent])[]
  const timesOf = ({ records, pruned, abandoned }: ReturnType<typeof bookOf>) =>
    [
      records.get(rel('b'))!.since,
      records.get(rel('b'))!.readAt,
      abandoned.get(rel('s'))!,
      pruned.get(rel('c'))!.at,
    ].map(hourOf)
  expect(timesOf(bookOf(...lines))).toEqual([12, 12, 12, 12])
  // When it was last read stays as long ago as it can be.
  for (const event of [published('d'), { event: 'clock-believed' } as const])
    expect(timesOf(bookOf(...lines, [15, event]))).toEqual([15, 12, 15, 15])
})

test('I9: what a clock that leapt has written moves no time on, until that clock is believed', () => {
  const leapt = { ...published('b'), clock: 'leapt' } as LedgerEvent
  expect(hourOf(bookOf([12, published('a')], [20, leapt], [21, leapt]).lastTime)).toBe(12)
  const believed = { event: 'clock-believed', clock: 'leapt' } as unknown as LedgerEvent
  const book = bookOf([12, published('a')], [20, leapt], [21, believed])
  expect([book.lastTime, book.records.get(rel('b'))!.since].map(hourOf)).toEqual([21, 21])
})

test('I9: what another clock dated later than the time that a person let count is no older for it', () => {
  const book = bookOf([12, published('a')], [20, published('b')], [13, released('clock-leap')])
  expect(hourOf(book.lastTime)).toBe(13)
  expect([...book.records.values()].map(({ since }) => hourOf(since))).toEqual([12, 13])
})

test('I7: no batch of a prune ends within a point', () => {
  const of = (day: number) =>
    ['a', 'b', 'c'].map((part) => ({ ...toPrune(`${day}.${part}`), point: `2026-01-01T00:00:${day}Z` }))
  const batches = byPoints(Array.from({ length: 200 }, (_, day) => of(day)).flat())
  expect(batches.map((batch) => batch.length)).toEqual([501, 99])
})

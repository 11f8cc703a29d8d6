import { describe, expect, test } from 'vitest'
import {
  type BatchItem,
  inOrder,
  nextBatch,
  paceOf,
  quickPart,
} from '../../../src/decide/transfer/batches.ts'
import { fitting } from '../../../src/decide/transfer/room-halt.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

const item = (path: string, over: Partial<BatchItem> = {}): BatchItem => ({
  path: path as RelPath,
  size: 10,
  stagedBytes: 0,
  mode: 'append',
  time: 0,
  begun: false,
  newest: false,
  failedBefore: false,
  ...over,
})
const names = (items: readonly BatchItem[]) => items.map((one) => one.path).join(' ')
/** A fast line, unless its pace is another or not known yet. */
function batches(
  items: readonly BatchItem[],
  rate: number | null,
  pace: number | null = GIB,
): readonly (readonly BatchItem[])[] {
  if (items.length === 0) return []
  const first = nextBatch(items, rate, pace)
  return [first, ...batches(items.slice(first.length), rate, pace)]
}
const cut = (items: readonly BatchItem[], rate: number | null = null, pace: number | null = GIB) =>
  batches(items, rate, pace).map(names)

describe('the order of transfers', () => {
  const files = [
    item('old', { time: 1 }),
    item('new', { time: 3 }),
    item('begun', { time: 2, stagedBytes: 4 }),
    item('part', { time: 0, begun: true }),
    item('failed', { time: 9, failedBefore: true }),
  ]
  test('I13: what is begun comes first, then the rest of its point, then the newest, what failed last', () => {
    expect(names(inOrder(files, 'newest'))).toBe('begun part new old failed')
  })
  test('before older points of any series comes the newest of each', () => {
    const two = [
      item('logs-3', { time: 30 }),
      item('logs-4', { time: 40, newest: true }),
      item('full-1', { time: 1 }),
      item('full-2', { time: 2, newest: true }),
    ]
    expect(names(inOrder(two, 'newest'))).toBe('logs-4 full-2 logs-3 full-1')
  })
  test('or the oldest', () => {
    expect(names(inOrder(files, 'oldest'))).toBe('begun part old new failed')
  })
  test('ties go by name', () => {
    expect(names(inOrder([item('b'), item('a')], 'newest'))).toBe('a b')
  })
})

describe('batches', () => {
  test('hold at most 2,000 names', () => {
    const many = Array.from({ length: 4001 }, (_, i) => item(`f${i}`))
    expect(batches(many, null).map((batch) => batch.length)).toEqual([2000, 2000, 1])
  })
  test('hold at most a gibibyte, or one file', () => {
    expect(cut([item('a', { size: GIB / 2 }), item('b', { size: GIB / 2 }), item('c', { size: 1 })])).toEqual(
      ['a b', 'c'],
    )
    expect(cut([item('a'), item('big', { size: 9 * GIB }), item('c')])).toEqual(['a', 'big', 'c'])
  })
  test('hold at most two minutes at the allowed rate, or at the pace of the line', () => {
    const three = [item('a', { size: 70 }), item('b', { size: 50 }), item('c', { size: 1 })]
    expect(cut(three, 1)).toEqual(['a b', 'c'])
    expect(cut(three, null, 1)).toEqual(['a b', 'c'])
    expect(cut(three, 1, 2)).toEqual(['a b', 'c'])
    expect(cut(three, 2, 1)).toEqual(['a b', 'c'])
    expect(cut(three, null, 0)).toEqual(['a', 'b', 'c'])
  })
  test('count only what is still to come', () => {
    expect(cut([item('a', { size: 120, stagedBytes: 120 }), item('b', { size: 120 })], 1)).toEqual(['a b'])
  })
  test('of a line that is not known take many small files at once, and little else', () => {
    const small = Array.from({ length: 2000 }, (_, i) => item(`f${i}`, { size: 16 * 1024 }))
    expect(batches(small, null, null)).toHaveLength(1)
    expect(cut([item('a', { size: 50 * MIB }), item('b', { size: 50 * MIB })], null, null)).toEqual([
      'a',
      'b',
    ])
  })
  test('let what is newest wait for nothing older', () => {
    const files = inOrder(
      [
        item('db-1', { time: 1 }),
        item('db-2', { time: 2, stagedBytes: 1 }),
        item('db-3', { time: 3 }),
        item('db-4', { time: 4, newest: true }),
        item('log-9', { time: 9, newest: true }),
      ],
      'newest',
    )
    expect(cut(files)).toEqual(['db-2 log-9 db-4', 'db-3 db-1'])
    expect(cut(files, null, null)).toEqual(['db-2 log-9 db-4', 'db-3 db-1'])
  })
  test('are of one mode each', () => {
    expect(cut([item('a'), item('b', { mode: 'mend' }), item('c', { mode: 'mend' }), item('d')])).toEqual([
      'a',
      'b c',
      'd',
    ])
  })
})

test('the pace is what a session brought; one of seconds makes no line slow', () => {
  expect(paceOf(3000, 30)).toBe(100)
  expect(paceOf(0, 30)).toBe(0)
  expect(paceOf(0, 0)).toBe(512 * 1024)
  expect(paceOf(10 * MIB, 1)).toBe(10 * MIB)
})

test('a stop waits for little: the first hundred files, of 64 MiB together', () => {
  expect(names(quickPart([item('a', { size: 64 * MIB }), item('b', { size: 1 })]))).toBe('a')
  expect(quickPart([item('a', { size: GIB }), item('b')])).toEqual([])
  expect(quickPart(Array.from({ length: 101 }, () => item('a')))).toHaveLength(100)
})

describe('room', () => {
  const place = { path: '/d', mount: null, rotate: false, minFree: 100, maxSize: null }
  test('what fits is brought, the rest halts', () => {
    const { fit, halt } = fitting(
      [item('a', { size: 60 }), item('b', { size: 60 }), item('c', { size: 30 })],
      place,
      { free: 200, used: 0 },
    )
    expect(names(fit)).toBe('a c')
    expect(halt?.code).toBe('min-free')
  })
  test('bytes that are staged already take no more room', () => {
    const { fit, halt } = fitting([item('a', { size: 600, stagedBytes: 600 })], place, { free: 100, used: 0 })
    expect(names(fit)).toBe('a')
    expect(halt).toBeNull()
  })
})

import { describe, expect, test } from 'vitest'
import { type BatchItem, inOrder, nextBatch } from '../../../src/decide/transfer/batches.ts'
import { fitting } from '../../../src/decide/transfer/room-halt.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const GIB = 1024 ** 3

const item = (path: string, over: Partial<BatchItem> = {}): BatchItem => ({
  path: path as RelPath,
  size: 10,
  stagedBytes: 0,
  mode: 'append',
  time: 0,
  begun: false,
  failedBefore: false,
  ...over,
})
const names = (items: readonly BatchItem[]) => items.map((one) => one.path).join(' ')
function batches(items: readonly BatchItem[], rate: number | null): readonly (readonly BatchItem[])[] {
  if (items.length === 0) return []
  const first = nextBatch(items, rate)
  return [first, ...batches(items.slice(first.length), rate)]
}
const cut = (items: readonly BatchItem[], rate: number | null = null) => batches(items, rate).map(names)

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
  test('hold at most a quarter of an hour at the allowed rate', () => {
    expect(cut([item('a', { size: 500 }), item('b', { size: 400 }), item('c', { size: 1 })], 1)).toEqual([
      'a b',
      'c',
    ])
  })
  test('count only what is still to come', () => {
    expect(cut([item('a', { size: 900, stagedBytes: 900 }), item('b', { size: 900 })], 1)).toEqual(['a b'])
  })
  test('are of one mode each', () => {
    expect(cut([item('a'), item('b', { mode: 'mend' }), item('c', { mode: 'mend' }), item('d')])).toEqual([
      'a',
      'b c',
      'd',
    ])
  })
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

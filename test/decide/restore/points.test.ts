import { expect, test } from 'vitest'
import { chooseToRestore, type RestorePoint } from '../../../src/decide/restore/points.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const at = (text: string): Instant => instant(Date.parse(text))

/** A point dated by a day alone, and when it came. */
const day = (date: string, published: string | null): RestorePoint => ({
  series: 'db',
  time: at(`${date}T23:59:59Z`),
  proven: null,
  files: [
    {
      path: `db-${date}.tar` as RelPath,
      size: 1,
      digests: {},
      mtime: null,
      published: published === null ? null : at(published),
      verified: null,
      isRotten: false,
      isGone: false,
    },
  ],
})

const chosen = (points: readonly RestorePoint[], moment: string): readonly string[] =>
  chooseToRestore(points, [], { series: null, at: at(moment), publishedBefore: null }).files.map(
    ({ path }) => path,
  )

test('of a day without a time, what was here by then counts before the day is over', () => {
  const points = [day('2026-11-28', '2026-11-28T02:20:00Z'), day('2026-11-29', '2026-11-29T02:20:00Z')]
  expect(chosen(points, '2026-11-29T15:20:00Z')).toEqual(['db-2026-11-29.tar'])
  expect(chosen(points, '2026-11-29T01:00:00Z')).toEqual(['db-2026-11-28.tar'])
  // What came later, or nobody knows when, counts by its date.
  expect(chosen([day('2026-11-28', '2026-12-03T00:00:00Z')], '2026-11-29T00:00:00Z')).toHaveLength(1)
  expect(chosen([day('2026-11-29', null)], '2026-11-29T15:20:00Z')).toEqual([])
})

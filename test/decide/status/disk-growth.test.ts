import { expect, test } from 'vitest'
import { type DiskUse, fillingDisks, growthOf } from '../../../src/decide/status/disk-growth.ts'
import type { Holding, LedgerRecord, PrunedFile } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import { NOON } from '../../helpers/disk-folder.ts'

const DAY = 24 * 3600 * 1000
const ago = (days: number) => instant(NOON - days * DAY)

/** `name: [size, days since it was published, days since it was made at the source, days since it was pruned]` */
type Drawn = Readonly<Record<string, readonly [number, number, number?, number?]>>

function growth(created: number | null, drawn: Drawn): number | null {
  const records = new Map<string, Pick<LedgerRecord, 'size' | 'since' | 'mtime'>>()
  const pruned = new Map<string, Pick<PrunedFile, 'at'>>()
  for (const [name, [size, since, made = since, gone]] of Object.entries(drawn)) {
    records.set(name, { size, since: ago(since), mtime: Math.floor(ago(made) / 1000) })
    if (gone !== undefined) pruned.set(name, { at: ago(gone) })
  }
  const held = { records, pruned, created: created === null ? null : ago(created) }
  return growthOf(held as unknown as Holding, NOON)
}

test.each<[why: string, created: number | null, drawn: Drawn, perDay: number | null]>([
  ['no ledger yet', null, {}, null],
  ['under three days of history', 2.9, { a: [100, 1] }, null],
  ['what was published in 30 days, by the day', 90, { old: [999, 31], a: [100, 29], b: [200, 1] }, 10],
  ['a younger destination: since it was made', 10, { a: [100, 8], b: [100, 1] }, 20],
  ['a first import is no rate', 10, { a: [5000, 9.9, 400], b: [100, 1] }, 10],
  ['less what was pruned', 90, { old: [90, 60, 60, 5], a: [300, 3] }, 7],
  ['what came and went meanwhile is nothing', 90, { a: [300, 9, 9, 1] }, 0],
  ['it shrinks', 90, { old: [300, 60, 60, 5] }, -10],
])('%s', (_, created, drawn, perDay) => {
  const found = growth(created, drawn)
  if (perDay === null) expect(found).toBeNull()
  else expect(found).toBeCloseTo(perDay)
})

const use = (over: Partial<DiskUse>): DiskUse => ({
  backup: 'pg',
  path: '/srv/pg',
  disk: '1',
  free: 1000,
  minFree: 0,
  growth: 0,
  ...over,
})

test('all backups on one disk are summed, its free space is counted once', () => {
  expect(fillingDisks([use({ growth: 50 }), use({ backup: 'wiki', growth: 20 })])).toEqual([])
  const [problem, ...more] = fillingDisks([
    use({ growth: 50 }),
    use({ backup: 'wiki', growth: 50 }),
    use({ backup: 'new', growth: null }),
    use({ disk: '2', growth: 50 }),
  ])
  expect(more).toEqual([])
  expect(problem).toMatchObject({
    code: 'disk-filling',
    message: expect.stringMatching(
      /^the disk of \/srv\/pg \(new and 2 more\) will be full in about 10 days: 1000 B free.* 100 B a day/,
    ),
  })
})

test.each([
  [71, 0],
  [72, 1],
  [0, 0],
  [-5, 0],
])('at %i bytes a day with 1000 free: %i', (growth, count) => {
  expect(fillingDisks([use({ growth })])).toHaveLength(count)
})

test('what is not known fills nothing; a full disk is full at once', () => {
  expect(
    fillingDisks([use({ growth: 50, free: null }), use({ growth: null }), use({ disk: null, growth: 999 })]),
  ).toEqual([])
  expect(fillingDisks([use({ growth: 50, free: 0 })])[0]?.message).toContain('full within a day')
})

test('what minFree reserves is no room: the largest counts, since that backup stops first', () => {
  const uses = [use({ growth: 20, minFree: 100 }), use({ backup: 'wiki', growth: 20, minFree: 600 })]
  expect(fillingDisks(uses)[0]?.message).toMatch(
    /full in about 10 days: 1000 B free, of which destination.minFree reserves 600 B,/,
  )
  expect(fillingDisks([use({ growth: 40, minFree: 100 })])).toEqual([])
})

test('a disk below minFree is a warning before anything is to come, once, with those that stop', () => {
  const uses = [
    use({ minFree: 2000 }),
    use({ backup: 'web' }),
    use({ backup: 'wiki', minFree: 3000, growth: 9 }),
  ]
  expect(fillingDisks(uses)).toMatchObject([
    {
      code: 'min-free',
      message: expect.stringMatching(
        /1000 B free, .* reserves 2.9 KiB: nothing more is pulled for pg, wiki$/,
      ),
    },
  ])
})

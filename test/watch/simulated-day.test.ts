import { expect, test } from 'vitest'
import { type DayReport, simulateDay } from '../helpers/simulated-day.ts'

/** `SIMULATED_SEED` makes other days of it. */
const seed = Number(process.env['SIMULATED_SEED'] ?? 1)

function expectGood(day: DayReport): void {
  console.log({ ...day, heap: `${megabytes(day, 1)} MB after 2 h, ${megabytes(day, -1)} MB at the end` })
  expect(day.crashes).toEqual([])
  expect(day.astray).toEqual([])
  expect(day.unheeded).toEqual([])
  expect(day.disturbed).toEqual([])
  expect(day.halves).toEqual([])
  expect(day.overlaps).toEqual([])
  // No backup waited for much longer than its schedule says, whatever the clock showed, but for a clock that goes back just before a
  // restart, which has nothing else to go by; and none ran again and again.
  expect(day.longestGap).toBeLessThan(2.1)
}
const megabytes = ({ heap }: DayReport, hour: number): number => Math.round(heap.at(hour)! / 1e5) / 10

test('24 hours of edits, checkouts, outages, clock leaps, restarts and kills over 50 backups', async () => {
  const day = await simulateDay({
    ...{ backups: 50, hours: 24, seed, pace: 2, every: 8 },
    ...{ specs: 'folder', kills: 5 },
  })
  expectGood(day)
  // It was met where it hurts: rsync at work, and some of it still there when the next daemon came.
  expect(day.kills.kills).toBeGreaterThan(5)
  expect(day.kills.amidRsync).toBeGreaterThan(0)
  expect(day.kills.leftBehind).toBeGreaterThan(0)
  expect(day.passes).toBeGreaterThan(100)
  expect(day.passes).toBeLessThan(900)
}, 600_000)

test('24 hours of pushes, broken commits, rewritten histories and an unreachable repository', async () => {
  // Memory is told of a process that lives through the day; on days with an even seed it is killed as well.
  const isLivedThrough = seed % 2 === 1
  const day = await simulateDay({
    ...{ backups: 8, hours: 24, seed, pace: 2, every: 6 },
    ...{ specs: 'git', kills: isLivedThrough ? null : 5 },
  })
  expectGood(day)
  if (isLivedThrough) expect(megabytes(day, -1) - megabytes(day, 1)).toBeLessThan(10)
}, 600_000)

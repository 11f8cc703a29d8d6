import { expect, test } from 'vitest'
import { expectGood, SEED } from '../helpers/good-day.ts'
import { simulateDay } from '../helpers/simulated-day.ts'

test('24 hours of edits, checkouts, outages, clock leaps, restarts and kills over 50 backups', async () => {
  const day = await simulateDay({
    ...{ backups: 50, hours: 24, seed: SEED, pace: 2, every: 12 },
    ...{ specs: 'folder', kills: 5 },
  })
  expectGood(day)
  // It was met where it hurts: rsync at work, and some of it still there when the next daemon came.
  expect(day.kills.kills).toBeGreaterThan(5)
  expect(day.kills.amidRsync).toBeGreaterThan(0)
  expect(day.kills.leftBehind).toBeGreaterThan(0)
  expect(day.passes).toBeGreaterThan(100)
  expect(day.passes).toBeLessThan(900)
}, 1_800_000)

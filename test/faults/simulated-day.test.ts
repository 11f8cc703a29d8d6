import { expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { expectGood, SEED } from '../helpers/good-day.ts'
import { simulateDay } from '../helpers/simulated-day.ts'

// Long enough that each thing that can happen does, and each moment of a kill.
const { hours, backups, every, kills } = inFull(
  { hours: 24, backups: 50, every: 12, kills: 5 },
  { hours: 10, backups: 16, every: 6, kills: 3 },
)

test(`${hours} hours of edits, checkouts, outages, clock leaps, restarts and kills over ${backups} backups`, async () => {
  const day = await simulateDay({
    ...{ backups, hours, seed: SEED, pace: 2, every },
    ...{ specs: 'folder', kills },
  })
  expectGood(day)
  // It was met where it hurts: rsync at work, and some of it still there when the next daemon came.
  expect(day.kills.kills).toBeGreaterThanOrEqual(5)
  expect(day.kills.amidRsync).toBeGreaterThan(0)
  expect(day.kills.leftBehind).toBeGreaterThan(0)
  expect(day.passes).toBeGreaterThan(inFull(100, 40))
  expect(day.passes).toBeLessThan(inFull(900, 300))
}, 1_800_000)

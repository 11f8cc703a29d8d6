import { expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { expectGood, megabytes, SEED } from '../helpers/good-day.ts'
import { simulateDay } from '../helpers/simulated-day.ts'

const HOURS = inFull(24, 10)

test(`${HOURS} hours of pushes, broken commits, rewritten histories and an unreachable repository`, async () => {
  // Memory is told of a process that lives through the day; on days with an even seed it is killed as well.
  const isLivedThrough = SEED % 2 === 1
  const day = await simulateDay({
    ...{ backups: 8, hours: HOURS, seed: SEED, pace: 2, every: 6 },
    ...{ specs: 'git', kills: isLivedThrough ? null : 5 },
  })
  expectGood(day)
  if (isLivedThrough) expect(megabytes(day, -1) - megabytes(day, 1)).toBeLessThan(10)
})

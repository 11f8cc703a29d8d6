import { expect, test } from 'vitest'
import { simulateDay } from '../helpers/simulated-day.ts'

/** `SIMULATED_SEED` makes another day of it. */
test('24 hours of edits, checkouts, outages, restarts and clock leaps over 50 backups', async () => {
  const seed = Number(process.env['SIMULATED_SEED'] ?? 1)
  const day = await simulateDay({ backups: 50, hours: 24, seed, pace: 3, every: 6 })
  const megabytes = day.heap.map((bytes) => Math.round(bytes / 1e5) / 10)
  console.log({ ...day, heap: `${megabytes[1]} MB after 2 h, ${megabytes.at(-1)} MB after 24 h` })
  expect(day.crashes).toEqual([])
  expect(day.astray).toEqual([])
  expect(day.disturbed).toEqual([])
  expect(day.overlaps).toEqual([])
  // No backup waited for much longer than its schedule says, whatever the clock showed, but for a clock that goes back just before a
  // restart, which has nothing else to go by; and none ran again and again.
  expect(day.longestGap).toBeLessThan(2.1)
  expect(day.passes).toBeGreaterThan(100)
  expect(day.passes).toBeLessThan(900)
  expect(megabytes.at(-1)! - megabytes[1]!).toBeLessThan(10)
}, 600_000)

import { expect } from 'vitest'
import type { DayReport } from './simulated-day.ts'

/** `SIMULATED_SEED` makes other days of it. */
export const SEED = Number(process.env['SIMULATED_SEED'] ?? 1)

export function expectGood(day: DayReport): void {
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

export const megabytes = ({ heap }: DayReport, hour: number): number => Math.round(heap.at(hour)! / 1e5) / 10

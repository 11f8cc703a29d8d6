import { instant } from '../../../src/model/instant.ts'

/** The moment from which these sources are looked at: a Sunday, 10:00 UTC. */
export const NOW = instant(Date.UTC(2026, 10, 29, 10))
export const DAY = 86_400
const HOUR = 3600

type Files = Map<string, { readonly size: number; readonly mtime: number }>

export const MB = 1_000_000

/** Days of the last `count`, each so many days before the one after it, newest first: its date at so many hours UTC. */
export function daysBack(count: number, step = 1, hour = 2): readonly Date[] {
  const last = new Date(Date.UTC(2026, 10, 29, hour))
  return Array.from({ length: count }, (_, i) => new Date(last.getTime() - i * step * DAY * 1000))
}

export const ymd = (date: Date, between = '-'): string =>
  date.toISOString().slice(0, 10).replaceAll('-', between)

/** A file's name, when it was made, and its size. */
export type Part = readonly [name: string, at: Date, size?: number]

export const listing = (parts: readonly Part[]): Files =>
  new Map(
    parts.map(([name, at, size = 700 * MB]) => [name, { size, mtime: Math.floor(at.getTime() / 1000) }]),
  )

/** So many hours before now. */
export const ago = (hours: number): Date => new Date(NOW - hours * HOUR * 1000)

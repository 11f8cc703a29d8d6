import type { Brand } from './brand.ts'

/** A point in time: milliseconds since 1970 in UTC. */
export type Instant = Brand<number, 'Instant'>

export const instant = (milliseconds: number): Instant => milliseconds as Instant

/** `2026-11-23T18:09:18Z`, with milliseconds only where there are any. */
export const isoTime = (at: Instant): string => new Date(at).toISOString().replace('.000Z', 'Z')

/** The same for a whole number of seconds since 1970, the unit in which rsync lists modification times. */
export const isoSeconds = (seconds: number): string => isoTime(instant(seconds * 1000))

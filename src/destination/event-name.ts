import { randomBytes } from 'node:crypto'
import type { Instant } from '../model/instant.ts'

/** A name for quarantine/EVENT and trash/EVENT that is never used again: its time, then chance. */
export function eventName(at: Instant): string {
  const time = new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')
  return `${time}-${randomBytes(6).toString('hex')}`
}

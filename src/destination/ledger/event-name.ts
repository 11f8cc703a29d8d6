import { randomBytes } from 'node:crypto'
import type { Instant } from '../../model/instant.ts'

/** A name for quarantine/EVENT and trash/EVENT that is never used again: its time, then chance. */
export function eventName(at: Instant): string {
  const time = new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')
  return `${time}-${randomBytes(6).toString('hex')}`
}

/** I6: whether a name that a ledger's line holds is one folder's, and no way out of the folder of all events. */
export const isEventName = (name: string): boolean => /^[A-Za-z0-9+][A-Za-z0-9+._-]{0,99}$/.test(name)

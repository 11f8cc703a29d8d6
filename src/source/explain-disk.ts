import type { Failure } from '../model/failure.ts'
import { errnoIn, failureOf } from '../model/system-error.ts'

/** Whether the line comes from the rsync on this machine, not the far one. */
export const saidHere = (line: string): boolean => /^rsync: \[(?:[Rr]eceiver|[Gg]enerator)\]/.test(line)

/**
 * A complaint of the receiving rsync about this machine's disk, worded like the disk's own errors; null: it is not one.
 * `place`: completes "cannot write to ...". `lacksInodes`: where the disk is full, that is what it has no more of.
 */
export function diskSaid(line: string, place: string, lacksInodes: boolean): Failure | null {
  const code = saidHere(line) ? errnoIn(line) : null
  if (code === null) return null
  return failureOf(Object.assign(new Error(line), { code }), { doing: `write to ${place}`, lacksInodes })
}

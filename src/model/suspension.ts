import { type Checked, flag, integer, millis, nullable, object, text } from './check-json.ts'
import type { Suspension } from './spec.ts'
import { RELEASE } from './trouble.ts'

/** A suspension by command, as the box remembers it. `until` null: until it is resumed. */
export const storedSuspension = object({ ...RELEASE, until: nullable(millis) })
export type StoredSuspension = Checked<typeof storedSuspension>

/** Suspensions by command: of single backups by name, and of all that there are or will be. */
export interface StoredSuspensions {
  readonly all: StoredSuspension | null
  readonly backups: ReadonlyMap<string, StoredSuspension>
}

/** Why a backup does not run now. */
export type SuspendedNow =
  | ({ readonly from: 'spec' } & Suspension)
  | ({ readonly from: 'command'; readonly of: 'backup' | 'all' } & StoredSuspension)

/** The same in documents: times as text, and `by` or `spec` as it was said by a person's command or in a spec. */
export const suspended = object({
  reason: nullable(text),
  until: nullable(text),
  /** Null: the spec says so. `all`: of every backup. */
  by: nullable(object({ user: text, at: text, all: flag })),
  /** Null: somebody's command did. */
  spec: nullable(object({ file: text, line: integer })),
})
export type Suspended = Checked<typeof suspended>

import { type Checked, integer, list, moment, object, text, unseen } from './check-json.ts'
import type { Spec } from './spec.ts'
import { checkedHold, type Hold } from './trouble.ts'

/** A spec that was read without a fault. */
export interface KnownSpec {
  readonly spec: Spec
  /** The merged document with defaults written out: plain JSON data. */
  readonly document: unknown
  /** Its destination by real path. */
  readonly place: string
}

/** Why the newest word of a spec does not count. It points where the fault was written. */
export const specFault = object({
  backup: text,
  file: text,
  line: integer,
  column: integer,
  code: text,
  message: text,
})
export type SpecFault = Checked<typeof specFault>

/** A spec that `watch` obeys. */
export interface ActiveSpec extends KnownSpec {
  /** Why this is the last good one instead of the newest; null: it is the newest. */
  readonly instead: SpecFault | Hold | null
}

/** Data whose spec is gone: never touched again, and remembered so that somebody can decide about it. */
export const orphan = object({
  backup: text,
  /** By real path. */
  destination: text,
  since: moment,
})
export type Orphan = Checked<typeof orphan>

const keptSpec = object({ file: text, line: integer, document: unseen<unknown>() })
export type KeptSpec = Checked<typeof keptSpec>

/** What `watch` keeps across restarts, for one folder or repository of specs. */
export const keptSpecs = object({
  specs: list(keptSpec),
  orphans: list(orphan),
  /** Holds over the specs as a whole that wait for a person. */
  holds: list(checkedHold),
})
export type KeptSpecs = Checked<typeof keptSpecs>

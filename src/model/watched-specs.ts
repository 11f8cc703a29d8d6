import type { Spec } from './spec.ts'
import type { Diagnostic, Hold } from './trouble.ts'

/** A spec that was read without a fault. */
export interface KnownSpec {
  readonly spec: Spec
  /** The merged document with defaults written out: plain JSON data. */
  readonly document: unknown
  /** Its destination by real path. */
  readonly place: string
}

/** Why the newest word of a spec does not count. It points where the fault was written. */
export interface SpecFault extends Pick<Diagnostic, 'file' | 'line' | 'column' | 'code' | 'message'> {
  readonly backup: string
}

/** A spec that `watch` obeys. */
export interface ActiveSpec extends KnownSpec {
  /** Why this is the last good one instead of the newest; null: it is the newest. */
  readonly instead: SpecFault | Hold | null
}

/** Data whose spec is gone: never touched again, and remembered so that somebody can decide about it. */
export interface Orphan {
  readonly backup: string
  /** By real path. */
  readonly destination: string
  readonly since: string
}

/** What `watch` keeps across restarts, for one folder or repository of specs. */
export interface KeptSpecs {
  readonly specs: readonly KeptSpec[]
  readonly orphans: readonly Orphan[]
  /** Holds over the specs as a whole that wait for a person. */
  readonly holds: readonly Hold[]
}

export interface KeptSpec {
  readonly file: string
  readonly line: number
  readonly document: unknown
}

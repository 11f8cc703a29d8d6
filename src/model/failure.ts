import type { Problem } from './trouble.ts'

/**
 * The one thrown class: what stopped a backup, or the whole command, for a reason outside the program. Everything else
 * that is thrown is a bug. Spec faults, problems, conflicts, halts and holds are data and are never thrown.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  /** Stable: scripts may match it. */
  readonly code: string
  /** What to do next, in one sentence. */
  readonly hint: string
  /** Whether the same thing may go through later without anyone's help. */
  readonly retryable: boolean
  /** The file it is about: relative to the backup where it is one of its files, else absolute. */
  readonly path: string | null

  constructor(facts: {
    readonly code: string
    readonly message: string
    readonly hint: string
    /** Left out: false. */
    readonly retryable?: boolean
    readonly path?: string
    readonly cause?: unknown
  }) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = facts.code
    this.hint = facts.hint
    this.retryable = facts.retryable ?? false
    this.path = facts.path ?? null
  }
}

/**
 * Why a run was told to stop: the `reason` of its AbortSignal. `superseded`: its spec has changed by now, and it starts over.
 */
export class Stop extends Error {
  override readonly name = 'Stop'
  readonly why: 'interrupt' | 'terminate' | 'max-time' | 'superseded'

  constructor(why: Stop['why']) {
    super(`stopped: ${why}`)
    this.why = why
  }
}

/** A failure as a problem of the backup: the pass goes on with what it knows. */
export const problemOf = (failure: Failure): Problem => ({
  code: failure.code,
  ...(failure.path === null ? {} : { path: failure.path }),
  message: failure.message,
  hint: failure.hint,
  ...(failure.retryable ? {} : { retryable: false as const }),
})

import { type Check, type Checked, millis, object, optional, text } from './check-json.ts'

/** Trouble as data. Codes are stable and kebab-case; messages and hints are prose and may change. */

/** Trouble with one path, or with one part of a backup: the run goes on, the exit code is 1 or worse. */
export interface Problem extends Halt {
  readonly path?: string
  /** Set where trying again does not help: somebody has to do something first. */
  readonly retryable?: false
  /** The id by which a person may let it pass: `reconcile release ID --reason R`. */
  readonly release?: string
  /** Of many backups at once: the code of the document's own problem that reports it. */
  readonly shared?: string
}

/** A message and what to do about it, as sentences of one line. */
export const withHint = ({ message, hint }: Pick<Problem, 'message' | 'hint'>): string =>
  hint === '' ? message : `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${hint}`

/** A hold and how to let it pass, as sentences of one line. */
export const withRelease = ({ id, message }: Pick<Hold, 'id' | 'message'>): string =>
  withHint({ message, hint: `To release it: reconcile release ${id} --reason "…"` })

/** Stops this backup (or its pulls) until somebody has fixed the cause. */
export interface Halt {
  readonly code: string
  readonly message: string
  readonly hint: string
  /** Nothing is mounted where disks take turns: that alone is no news, and lateness says when it matters. */
  readonly away?: true
}

/** What is not wrong yet, and will not go well. It changes no exit code. */
export type Warning = Halt

/** A guard that asks a person: `reconcile release ID --reason R` passes it once. */
export interface Hold {
  readonly id: string
  readonly code: string
  readonly message: string
  /** Of a destination that this box's state has never heard of, at this path or another. */
  readonly neverSeen?: true
  /** As of a problem. */
  readonly shared?: string
}

/** Who decided something on the record, when and why: a release, a suspension. */
export const RELEASE = { reason: text, by: text, at: millis }
const release = object(RELEASE)
export type Release = Checked<typeof release>

/** The same name with another digest at the source than the one held, or once held, here. Neither is touched. */
export interface Conflict {
  readonly path: string
  /** Digests in lower-case hex, of the kind the source's marker has. Of what is held '' where nothing is: the source's own files differ. */
  readonly held: string
  readonly source: string
  /** What to do, where more is known of it. */
  readonly hint?: string
}

/** Where a fault was written. */
export type SpecPlace = Pick<Diagnostic, 'file' | 'line' | 'column'>

/** A fault in a spec or a setting, pointing where it was written. */
export interface Diagnostic {
  readonly file: string
  /** Both count from 1; 1:1 where the fault is the file's own. */
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** The lines around the place, ready to print. */
  readonly frame?: string
}

/** As they are read again, from documents that others may have written. */
export const checkedHold: Check<Hold> = object({ id: text, code: text, message: text })
export const checkedHalt: Check<Halt> = object({ code: text, message: text, hint: text })
export const checkedProblem: Check<Problem> = object({
  code: text,
  path: optional(text),
  message: text,
  hint: text,
})

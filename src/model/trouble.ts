import { type Checked, integer, millis, object, oneOf, optional, text, unseen } from './check-json.ts'

/** Trouble as data. Codes are stable and kebab-case; messages and hints are prose and may change. */

/** Stops this backup (or its pulls) until somebody has fixed the cause. */
const HALT = {
  code: text,
  message: text,
  hint: text,
  /** Of a damaged ledger, how: bytes were changed, lines are missing, or lines were moved. */
  damage: unseen<'edited' | 'cut' | 'reordered' | undefined>(),
  /** Nothing is mounted where disks take turns: that alone is no news, and lateness says when it matters. */
  away: unseen<true | undefined>(),
}
export const checkedHalt = object(HALT)
export type Halt = Checked<typeof checkedHalt>
export type LedgerDamage = NonNullable<Halt['damage']>

/** Trouble with one path, or with one part of a backup: the run goes on, the exit code is 1 or worse. */
export const checkedProblem = object({
  ...HALT,
  path: optional(text),
  /** Set where trying again does not help: somebody has to do something first. */
  retryable: unseen<false | undefined>(),
  /** The id by which a person may let it pass: `reconcile release ID --reason R`. */
  release: unseen<string | undefined>(),
  /** Of many backups at once: the code of the document's own problem that reports it. */
  shared: unseen<string | undefined>(),
})
export type Problem = Checked<typeof checkedProblem>

/** A message and what to do about it, as sentences of one line. */
export const withHint = ({ message, hint }: Pick<Problem, 'message' | 'hint'>): string =>
  hint === '' ? message : `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${hint}`

/** A hold and how to let it pass, as sentences of one line. */
export const withRelease = ({ id, message }: Pick<Hold, 'id' | 'message'>): string =>
  withHint({ message, hint: `To release it: reconcile release ${id} --reason "…"` })

/** What is not wrong yet, and will not go well. It changes no exit code. */
export type Warning = Halt

/** A guard that asks a person: `reconcile release ID --reason R` passes it once. */
export const checkedHold = object({
  id: text,
  code: text,
  message: text,
  /** Of a destination that this box's state has never heard of, at this path or another. */
  neverSeen: unseen<true | undefined>(),
  /** As of a problem. */
  shared: unseen<string | undefined>(),
})
export type Hold = Checked<typeof checkedHold>

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
export const checkedDiagnostic = object({
  file: text,
  /** Both count from 1; 1:1 where the fault is the file's own. */
  line: integer,
  column: integer,
  severity: oneOf('error', 'warning'),
  code: text,
  message: text,
  hint: unseen<string | undefined>(),
  /** The lines around the place, ready to print. */
  frame: unseen<string | undefined>(),
})
export type Diagnostic = Checked<typeof checkedDiagnostic>

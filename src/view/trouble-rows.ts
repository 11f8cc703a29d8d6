import { describeSuspended, resumeHint } from '../decide/status/suspended.ts'
import type { Warning } from '../model/plan.ts'
import type { Suspended } from '../model/suspension.ts'
import type { Conflict, Halt, Hold, Problem } from '../model/trouble.ts'
import type { Row } from './lay-rows.ts'

/** How much of a digest people compare by eye. */
const SHORT = 8

export const haltRow = (halt: Halt): Row => ({
  mark: '!',
  word: 'halted',
  tone: 'red',
  detail: halt.message,
  hints: [{ prose: halt.hint }],
})

export const holdRow = (hold: Hold): Row => ({
  mark: '!',
  word: 'held',
  tone: 'yellow',
  detail: hold.message,
  hints: [{ command: `reconcile release ${hold.id} --reason "…"` }],
})

export function problemRow(problem: Problem): Row {
  const row = {
    mark: '!',
    word: 'problem',
    tone: 'red',
    detail: problem.message,
    hints: [{ prose: problem.hint }],
  } as const
  return problem.path === undefined || names(problem.message, problem.path)
    ? row
    : { ...row, path: problem.path }
}

export const suspendedRow = (backup: string, suspended: Suspended): Row => ({
  mark: '.',
  word: 'suspended',
  tone: 'yellow',
  detail: describeSuspended(suspended),
  hints: [{ prose: resumeHint(backup, suspended) }],
})

export const warningRow = (warning: Warning): Row => ({
  mark: '!',
  word: 'warning',
  tone: 'yellow',
  detail: warning.message,
  hints: [{ prose: warning.hint }],
})

/** The message names its file itself, so it is said once. */
const names = (message: string, path: string): boolean =>
  message.startsWith(`${path} `) ||
  [`"${path}"`, `'${path}'`, `\`${path}\``].some((name) => message.includes(name))

/** Both digests, short: the two that a person must compare; then why. */
export const conflictDetail = (
  conflict: { readonly held: string; readonly source: string },
  because: string,
): string => `held ${conflict.held.slice(0, SHORT)}, source ${conflict.source.slice(0, SHORT)}; ${because}`

export const conflictRow = (conflict: Conflict): Row => ({
  mark: '!',
  word: 'conflict',
  tone: 'red',
  path: conflict.path,
  detail: conflictDetail(conflict, 'same name, other bytes; neither is touched'),
})

/** What a person does about conflicts, once for all of them; the spec's line is for the first. */
export const conflictHints = (first: Conflict): Row['hints'] => [
  {
    prose:
      'The copies here stand. Mend the file at the source, or give it another name there. ' +
      'If it was changed on purpose, silence the conflict in the spec:',
  },
  { command: `acknowledge: [{ path: ${yaml(first.path)}, digest: ${first.source}, reason: "…" }]` },
]

/** A double-quoted scalar where a plain one could be read as something else. */
const yaml = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z_/-]$/.test(text) ? text : JSON.stringify(text)

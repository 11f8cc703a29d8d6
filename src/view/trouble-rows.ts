import { describeSuspended, resumeHint } from '../decide/status/suspended.ts'
import type { Warning } from '../model/plan.ts'
import type { Suspended } from '../model/suspension.ts'
import type { Conflict, Halt, Hold, Problem } from '../model/trouble.ts'
import type { Row } from './lay-rows.ts'
import type { Tone } from './paint.ts'

/** Digits of a digest that people compare by eye. */
const SHORT = 8

/** A row that needs attention. */
export const alertRow = (word: string, tone: Tone, detail: string, more: Partial<Row> = {}): Row => ({
  mark: '!',
  word,
  tone,
  detail,
  ...more,
})

const advice = (prose: string): Pick<Row, 'hints'> => ({ hints: [{ prose }] })

export const haltRow = ({ message, hint }: Halt): Row => alertRow('halted', 'red', message, advice(hint))

export const holdRow = ({ id, message }: Hold): Row =>
  alertRow('held', 'yellow', message, { hints: [{ command: `reconcile release ${id} --reason "…"` }] })

export function problemRow({ path, message, hint }: Problem): Row {
  const isNamed = path === undefined || names(message, path)
  return alertRow('problem', 'red', message, { ...advice(hint), ...(isNamed ? {} : { path }) })
}

export const suspendedRow = (backup: string, suspended: Suspended): Row => ({
  ...alertRow('suspended', 'yellow', describeSuspended(suspended), advice(resumeHint(backup, suspended))),
  mark: '.',
})

export const warningRow = ({ message, hint }: Warning): Row =>
  alertRow('warning', 'yellow', message, advice(hint))

/** Whether the message names its file itself. */
const names = (message: string, path: string): boolean =>
  message.startsWith(`${path} `) ||
  [`"${path}"`, `'${path}'`, `\`${path}\``].some((name) => message.includes(name))

/** Both digests, shortened for comparison; then why. */
export const conflictDetail = (
  conflict: { readonly held: string; readonly source: string },
  because: string,
): string => `held ${conflict.held.slice(0, SHORT)}, source ${conflict.source.slice(0, SHORT)}; ${because}`

export const conflictRow = (conflict: Conflict): Row =>
  alertRow('conflict', 'red', conflictDetail(conflict, 'same name, bytes differ; neither is touched'), {
    path: conflict.path,
  })

/** What to do about conflicts, once for all of them; the spec line is for the first. */
export const conflictHints = (first: Conflict): Row['hints'] => [
  {
    prose:
      'The copies here are kept. Fix the file at the source, or rename it there. ' +
      'If the change was intended, silence the conflict in the spec:',
  },
  { command: `acknowledge: [{ path: ${yaml(first.path)}, digest: ${first.source}, reason: "…" }]` },
]

/** A double-quoted scalar where a plain one could be read as something else. */
const yaml = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z_/-]$/.test(text) ? text : JSON.stringify(text)

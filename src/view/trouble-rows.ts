import { diskQuestion } from '../decide/specs/identity-hold.ts'
import { isOfWhole } from '../decide/status/exit-code.ts'
import { describeSuspended, resumeHint } from '../decide/status/suspended.ts'
import { groupBy } from '../model/group-by.ts'
import { markerOf } from '../model/marker-name.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import { baseName } from '../model/rel-path.ts'
import type { Suspended } from '../model/suspension.ts'
import {
  type Conflict,
  type Halt,
  type Hold,
  type Problem,
  type Warning,
  withHint,
} from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { type Hint, layRows, type Row } from './lay-rows.ts'
import type { Paint, Tone } from './paint.ts'
import { wrapText } from './wrap-text.ts'

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

/** A release at the end is a command by itself, to be copied. */
export function splitHint(hint: string): { readonly prose: string; readonly command: string | null } {
  const [, prose = hint, command = null] = /^(.*:) (reconcile release [^.]*"…")$/s.exec(hint) ?? []
  return { prose, command }
}

export function advice(hint: string): Pick<Row, 'hints'> {
  const { prose, command } = splitHint(hint)
  return { hints: [...(prose === '' ? [] : [{ prose }]), ...(command === null ? [] : [{ command }])] }
}

export const haltRow = ({ message, hint }: Halt): Row => alertRow('halted', 'red', message, advice(hint))

/** What stops a backup, but for what is reported once for many. */
export const stopRows = ({
  suspended,
  backup,
  halt,
  holds,
}: Pick<BackupOutcome, 'suspended' | 'backup' | 'halt' | 'holds'>): readonly Row[] => [
  ...(suspended === null ? [] : [suspendedRow(backup, suspended)]),
  ...(halt === null ? [] : [haltRow(halt)]),
  ...holds.filter(({ shared }) => shared === undefined).map(holdRow),
]

export const holdRow = ({ id, message }: Hold): Row =>
  alertRow('held', 'yellow', message, { hints: [{ command: `reconcile release ${id} --reason "…"` }] })

/** Several backups that one disk stops: its row says why, with one command where one answers it for all. */
interface Asked {
  readonly backups: readonly string[]
  readonly row: Row
}

/** What one disk asks of several backups, or how it halts them, once. `own`: all backups, without that. */
export function askedOnce<T extends Pick<BackupOutcome, 'backup' | 'halt' | 'holds'>>(
  backups: readonly T[],
): { readonly own: readonly T[]; readonly asked: readonly Asked[] } {
  const all = backups.flatMap(({ backup, halt, holds }) => [
    // Word for word the same: a mount is named, and where the message names a folder instead, its hint is for that one alone.
    ...(halt === null || !isOfWhole(halt.code)
      ? []
      : [{ backup, stop: halt, key: `${halt.code} ${withHint(halt)}` }]),
    ...holds.flatMap((hold) => {
      const key = hold.shared === undefined ? diskQuestion(hold) : null
      return key === null ? [] : { backup, stop: hold, key }
    }),
  ])
  const many = [...groupBy(all, ({ key }) => key).values()].filter((these) => these.length > 1)
  const folded = new Set<Halt | Hold>(many.flat().map(({ stop }) => stop))
  return {
    own: backups.map((one) => ({
      ...one,
      halt: one.halt !== null && folded.has(one.halt) ? null : one.halt,
      holds: one.holds.filter((hold) => !folded.has(hold)),
    })),
    asked: many.map((these) => ({
      backups: these.map(({ backup }) => backup),
      row: askedRow(these.map(({ stop }) => stop)),
    })),
  }
}

function askedRow(stops: readonly (Halt | Hold)[]): Row {
  const [first] = stops
  if ('hint' in first!) return haltRow(first)
  const ids = stops.flatMap((one) => ('id' in one ? one.id : []))
  const hints = releaseLines(ids).map((command) => ({ command }))
  return alertRow('held', 'yellow', first!.message, { hints })
}

export const askedLines = (asked: readonly Asked[], brush: Paint, width: number): readonly string[] =>
  asked.flatMap(({ backups, row }) => {
    const names = backups.map(escapeText).join(', ')
    const head = wrapText(`${counted(backups.length, 'backup')} halted, by one disk: ${names}`, width)
    return [...head.map((line) => brush('red', line)), ...layRows([row], brush, width)]
  })

/** Ids that fit in one line. */
const IDS = 4

/** One command, which a shell takes as it is pasted. */
function releaseLines(ids: readonly string[]): readonly string[] {
  const words = Array.from({ length: Math.ceil(ids.length / IDS) }, (_, i) =>
    ids.slice(i * IDS, (i + 1) * IDS).join(' '),
  )
  return words.map((some, i) => {
    const lead = i === 0 ? 'reconcile release ' : '  '
    return `${lead}${some}${i === words.length - 1 ? ' --reason "…"' : ' \\'}`
  })
}

/** One that many backups have in common counts once. */
export const problemCount = (backups: readonly { readonly problems: readonly Problem[] }[]): number =>
  new Set(backups.flatMap(({ problems }) => problems.map((one) => one.shared ?? one))).size

/** Backups that are stopped by what is reported once for all. */
export function sharedLine(
  shared: readonly { readonly backup: string }[],
  brush: Paint,
  width: number,
): readonly string[] {
  if (shared.length < 2) return []
  const names = shared.map(({ backup }) => escapeText(backup)).join(', ')
  const lines = wrapText(`${counted(shared.length, 'backup')} stopped for one cause: ${names}`, width)
  return lines.map((line) => brush('red', line))
}

/** Of many, only the first few are named. */
export const NAMED = 3

/** One of several troubles of one code. */
interface Item {
  readonly path?: string | undefined
  /** What is true of this one alone. */
  readonly detail?: string
}

/** Several troubles of one code: how many there are, then the first few. `noun`: what each is, as in `48 files`. */
export function countedRow(
  items: readonly Item[],
  { noun, more, ...row }: Row & { readonly noun: string; readonly more: string },
): Row {
  const first = items.slice(0, NAMED)
  const left = items.length - first.length
  const rest = left === 0 ? '' : `and ${humanCount(left)} more (${more})`
  const lines = first.map(({ path, detail }) =>
    [path, detail].filter((part) => part !== undefined).join(': '),
  )
  const named = first.every(({ detail }) => detail === undefined)
    ? [`${lines.join(', ')}${rest === '' ? '' : ` ${rest}`}`]
    : [...lines, rest]
  const notes = named.flatMap((prose) => (prose.trim() === '' ? [] : { prose }))
  return {
    ...row,
    path: counted(items.length, noun, noun === 'series' ? noun : undefined),
    hints: [...notes, ...(row.hints ?? [])],
  }
}

/** Problems, those of one code with one way out in one row. `more`: what shows the ones that are not named. */
export function problemRows(problems: readonly Problem[], more: string): readonly Row[] {
  const own = problems.filter(({ shared }) => shared === undefined)
  return [...groupBy(own, (one) => `${one.code} ${hintForAny(one)}`).values()].map((these) => {
    const [first] = these as [Problem]
    if (these.length === 1) return problemRow(first)
    const noun = these.every(({ path }) => path !== undefined) ? 'file' : 'problem'
    const isSame = these.every(({ message }) => message === first.message)
    const items = these.map(({ path, message }): Item => {
      if (isSame) return { path }
      return { path: isNamed(message, path) ? undefined : path, detail: message }
    })
    const hint = these.every((one) => one.hint === first.hint) ? first.hint : hintForAny(first)
    const row = alertRow('problem', 'red', isSame ? first.message : '', advice(hint))
    return countedRow(items, { ...row, noun, more })
  })
}

/**
 * The same backups, in their order: what keeps one from its source or its disk is explained with the first of those that it keeps from theirs,
 * and the others refer to it.
 */
export function explainedOnce<T extends { readonly backup: string; readonly problems: readonly Problem[] }>(
  backups: readonly T[],
): readonly T[] {
  const first = new Map<string, string>()
  return backups.map((one) => ({
    ...one,
    problems: one.problems.map((problem) => {
      const { path, code, message, hint, shared } = problem
      // Of a place on this machine, which is each one's own; a file has a relative path.
      const place = path?.startsWith('/') === true ? path : undefined
      if (path !== place || shared !== undefined) return problem
      const text = place === undefined ? message : message.replaceAll(place, '')
      const key = [code, text, hint].join('\0')
      const before = first.get(key) ?? one.backup
      first.set(key, before)
      if (before === one.backup) return problem
      const { path: _, ...rest } = problem
      return { ...rest, message: `${code}, as with ${before}`, hint: '' }
    }),
  }))
}

/** The same problems: what to do about a clock that jumped is left to the hold that asks about it, where there is one. */
export function besideHolds(problems: readonly Problem[], holds: readonly Hold[]): readonly Problem[] {
  const isAsked = holds.some(({ code }) => code === 'clock-leap')
  return isAsked ? problems.map((one) => (one.code === 'box-clock' ? { ...one, hint: '' } : one)) : problems
}

/** A hint without the name of its own file, as it holds for others too. */
function hintForAny({ path, hint }: Problem): string {
  if (path === undefined) return hint
  const data = markerOf(path)?.data ?? path
  const [whole, name] = [data, baseName(data)].map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return hint.replace(new RegExp(`(?<![\\w/.-])(?:${whole}|${name})(?![\\w-])`, 'g'), 'FILE')
}

const isNamed = (message: string, path: string | undefined): boolean =>
  path === undefined || names(message, path)

export function problemRow({ path, message, hint }: Problem): Row {
  const named = path === undefined || isNamed(message, path) ? {} : { path }
  return alertRow('problem', 'red', message, { ...advice(hint), ...named })
}

const suspendedRow = (backup: string, suspended: Suspended): Row => ({
  ...alertRow('suspended', 'yellow', describeSuspended(suspended), advice(resumeHint(backup, suspended))),
  mark: '.',
})

export const warningRow = ({ message, hint }: Warning): Row =>
  alertRow('warning', 'yellow', message, advice(hint))

/** Whether the message names its file itself. */
const names = (message: string, path: string): boolean =>
  message.startsWith(`${path} `) ||
  (path.startsWith('/') && message.includes(path)) ||
  [`"${path}"`, `'${path}'`, `\`${path}\``].some((name) => message.includes(name))

/** Both digests, shortened for comparison. */
export const bothDigests = ({ held, source }: { readonly held: string; readonly source: string }): string =>
  `held ${held === '' ? 'nothing' : held.slice(0, SHORT)}, source ${source.slice(0, SHORT)}`

/** One row, with what to do; none if there are none. */
export function conflictRows(conflicts: readonly Conflict[], more: string): readonly Row[] {
  const [first] = conflicts
  if (first === undefined) return []
  const what = 'same name, bytes differ; neither is touched'
  const row = alertRow('conflict', 'red', what, { hints: conflictHints(first) })
  if (conflicts.length === 1) return [{ ...row, path: first.path, detail: `${bothDigests(first)}; ${what}` }]
  const items = conflicts.map((one) => ({ path: one.path, detail: bothDigests(one) }))
  return [countedRow(items, { ...row, noun: 'file', more })]
}

/** What to do about conflicts; the spec line is for the first. */
export const conflictHints = (first: Conflict): readonly Hint[] => [
  ...(first.hint === undefined ? [] : [{ prose: first.hint }]),
  {
    prose:
      'The copies here are kept. Fix the file at the source, or rename it there. ' +
      'If the change was intended, silence the conflict in the spec:',
  },
  { command: 'acknowledge:' },
  { command: `  - path: ${yaml(first.path)}` },
  { command: `    digest: ${yaml(first.source)}` },
  { command: '    reason: "…"' },
]

/** A double-quoted scalar where a plain one could be read as something else. */
const yaml = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z_/-]$/.test(text) ? text : JSON.stringify(text)

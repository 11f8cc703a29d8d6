import { createLogUpdate } from 'log-update'
import { codeOfFailure, firstOf } from '../decide/status/exit-code.ts'
import type { Failure } from '../model/failure.ts'
import { problemOf } from '../model/failure.ts'
import { groupBy } from '../model/group-by.ts'
import { humanPart, humanSize } from '../model/human-size.ts'
import type { Instant } from '../model/instant.ts'
import { type Problem, withHint } from '../model/trouble.ts'
import type { VerifiedBackup, VerifyReport } from '../model/verified.ts'
import { escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { humanAge } from './human-time.ts'
import { cutText, foldText, indentText, wrapText } from './wrap-text.ts'

/** What was found, backup by backup: damage first, then one line of what is right. */
export function renderVerified(
  { backups }: VerifyReport,
  { width, quiet, now }: { readonly width: number; readonly quiet: boolean; readonly now: Instant },
): string {
  if (backups.length === 0) return quiet ? '' : foldText('No backup to verify.', width)
  return [...groupBy(backups, whatKept).values()]
    .map((these) => {
      const [one] = these as [VerifiedBackup]
      const rows = [...one.findings, ...one.problems].flatMap((problem) => troubleLines(problem, width))
      const all = rows.length === 0 ? '' : `${rows.join('\n')}\n`
      const names = these.map(({ backup }) => escapeText(backup)).join(', ')
      return quiet ? all : all + foldText(`${names}: ${sumUp(one, now)}`, width)
    })
    .join('')
}

/** Backups of which nothing could be verified are shown once, if one cause in the same words kept them from it; all else is each one's own. */
const whatKept = (one: VerifiedBackup): VerifiedBackup | string =>
  isUnread(one) ? JSON.stringify(one.problems) : one

const isUnread = ({ head, files, left, findings, problems }: VerifiedBackup): boolean =>
  head === undefined &&
  files + left.files + findings.length === 0 &&
  problems.some(({ code }) => !LOOKED.has(code))

function troubleLines(problem: Problem, width: number): readonly string[] {
  const { code, path } = problem
  const name = path === undefined ? code : `${code}  ${escapeText(path)}`
  return [...wrapText(`! ${name}`, width), ...indentText(withHint(problem), width)]
}

/** Problems next to which what is here was looked at all the same. */
const LOOKED: ReadonlySet<string> = new Set(['not-recorded', 'not-regular', 'folder-unreadable', 'no-ledger'])

function sumUp(one: VerifiedBackup, now: Instant): string {
  const { files, bytes, left, oldest, findings, recorded, head } = one
  if (head !== undefined) return headText(head, findings.length)
  if (isUnread(one)) return 'nothing could be verified.'
  const read = `${counted(files, 'file')} (${humanSize(bytes)}) verified`
  const damage = findings.length === 0 ? 'no damage found' : `${counted(findings.length, 'finding')}`
  const rest =
    left.files === 0 ? '' : `, ${counted(left.files, 'file')} (${humanSize(left.bytes)}) left for later`
  const age = oldest === null ? '' : ` Oldest verification: ${humanAge(oldest, now)}.`
  return `${read}, ${damage}${rest}.${age}${recorded ? '' : ' Nothing was recorded in the ledger.'}`
}

function headText({ seq, found, last, torn }: NonNullable<VerifiedBackup['head']>, findings: number): string {
  if (found !== 'held') return `the ledger does not hold that head, ${counted(findings, 'finding')}.`
  const rest = findings === 0 ? `sound up to line ${humanCount(last!.seq)}, its last` : 'damaged after it'
  const part =
    torn === 0 || findings > 0
      ? ''
      : ` ${counted(torn, 'byte')} after that are no whole line: a pass is writing, or was cut off.`
  return `the ledger holds line ${humanCount(seq)} with that hash, and is ${rest}.${part}`
}

/** A backup that could not be looked at. */
export const failedVerify = (backup: string, destination: string, failure: Failure): VerifiedBackup => ({
  backup,
  destination,
  files: 0,
  bytes: 0,
  left: { files: 0, bytes: 0 },
  oldest: null,
  findings: [],
  problems: [problemOf(failure)],
  recorded: false,
  news: false,
  // Of one among several it is no fault of the command line.
  exitCode: firstOf([codeOfFailure(failure.code), 1]),
})

/** One line on a terminal, redrawn in place; elsewhere nothing. */
export function verifyProgress(out: NodeJS.WriteStream | null) {
  const picture = out?.isTTY === true ? createLogUpdate(out, { showCursor: true }) : null
  let done = 0
  return {
    add(bytes: number, path: string, total: number): void {
      done += bytes
      const amount = humanPart(Math.min(done, total), total)
      const room = Math.max(20, (out?.columns ?? 80) - amount.length - 4)
      picture?.(`${amount}  ${cutText(escapeText(path), room)}`)
    },
    end: (): void => picture?.clear(),
  }
}

import type { Problem } from '../model/trouble.ts'
import { diskSaid, saidHere } from './explain-disk.ts'
import { collectProblems } from './problems.ts'
import { printable, quote } from './quote.ts'
import { unescapeName } from './unescape-name.ts'

// `rsync: [sender] send_files failed to open "/srv/db/a.tar": Permission denied (13)`, `file has vanished: "/srv/db/a.tar"`
const LINE =
  /^(?:rsync: (?:\[[^\]]*\] )?)?(?:\w+: )?(\w[\w ]*?)(?: failed)?(?: to open)?(?::? |\()"(.*)"\)?(?: failed)?(?:: (.*?))?(?: \(\d+\))?$/
/** What rsync begins its complaints with, of every version. */
const OF_RSYNC =
  /^(?:rsync: |rsync warning: |rsync error: |(?:file|directory) has vanished: |IO error |ERROR: |WARNING: .* failed verification|skipping |symlink |cannot )/
const NO_MATTER =
  /^(rsync error: |IO error encountered|cannot delete|\*\*\* Skipping any contents|\s*$|rsync warning: )/

/**
 * Rsync's complaints about single files and folders, when it ended with 23 or 24. A complaint names a path as the source has
 * it, absolute; `pathOf` finds which of ours that is.
 */
export function explainLines(
  stderr: string,
  pathOf: (absolute: string) => string | null,
  lacksInodes = false,
): readonly Problem[] {
  const problems = collectProblems()
  for (const complaint of readComplaints(stderr))
    problems.add(explainComplaint(complaint, pathOf, lacksInodes))
  return problems.all()
}

/** One line of rsync's about a file or folder; only `said` if we cannot parse it. */
export interface Complaint {
  readonly said: string
  readonly what?: string
  /** Absolute, escaped as rsync prints names. */
  readonly printed?: string
  readonly why?: string
}

/** If there are lines of rsync's own, those of a login script or of ssh do not count; if there are none, all count. */
export function readComplaints(stderr: string): readonly Complaint[] {
  const complaints: Complaint[] = []
  const lines = stderr.split('\n').filter((line) => !NO_MATTER.test(line))
  const own = lines.filter((line) => OF_RSYNC.test(line))
  for (const said of own.length > 0 ? own : lines) {
    const [, what, printed, why] = LINE.exec(said.trimEnd()) ?? []
    complaints.push(
      what === undefined || printed === undefined ? { said } : { said, what, printed, why: why ?? '' },
    )
  }
  return complaints
}

export const isAboutFolder = ({ what = '' }: Complaint): boolean => /opendir|readdir/.test(what)

export function explainComplaint(
  complaint: Complaint,
  pathOf: (absolute: string) => string | null,
  lacksInodes = false,
): Problem {
  const { said, what, printed, why = '' } = complaint
  if (what === undefined || printed === undefined) {
    const { code, message, hint } = diskSaid(said, 'staging', lacksInodes) ?? {
      code: 'source-complaint',
      message: `rsync says: ${printable(said)}.`,
      hint: 'Check the file it names, at the source.',
    }
    return { code, message, hint }
  }
  const absolute = unescapeName(printed) ?? printed
  const path = pathOf(absolute)
  const name = quote(path ?? absolute.replace(/^\/proc\/self\/fd\/\d+\//, ''))
  const { code, message, hint } =
    diskSaid(said, name, lacksInodes) ??
    (saidHere(said) ? notWritten(what, why, name) : null) ??
    problemOf(complaint, what, why, name)
  return { code, message, hint, ...(path === null ? {} : { path }) }
}

/** What rsync's own half could not make or write, for a cause that has no words of its own; null: it is about something else. */
const notWritten = (what: string, why: string, name: string): Omit<Problem, 'path'> | null =>
  /open|mkdir|mkstemp|write|rename/.test(what)
    ? {
        code: 'write-failed',
        message: `rsync could not write ${name} on this machine: ${printable(`${what}: ${why}`)}.`,
        hint: "Check that the destination's disk is healthy, mounted read-write, and writable by this user.",
      }
    : null

function problemOf(complaint: Complaint, what: string, why: string, name: string): Omit<Problem, 'path'> {
  if (/vanished/.test(what) || /No such file/.test(why))
    return {
      code: 'vanished',
      message: `${name} disappeared at the source before it could be read.`,
      hint: 'If it was renamed or rotated, nothing is wrong. Write backups under a temporary name and rename them when done.',
    }
  if (isAboutFolder(complaint))
    return {
      code: 'folder-unreadable',
      message: `The folder ${name} cannot be read at the source: ${printable(why)}.`,
      hint: 'Give the account read and search permission on it, or exclude it: add its path and "/**" to select.exclude.',
    }
  if (/Permission denied/.test(why))
    return {
      code: 'unreadable',
      message: `The account at the source may not read ${name}.`,
      hint: 'Give the account read permission on it.',
    }
  return {
    code: 'source-complaint',
    message: `rsync could not ${/recv|receive|mkstemp|rename|write|mkdir/.test(what) ? 'write' : 'read'} ${name}: ${printable(`${what}: ${why}`)}.`,
    hint: 'Check the disk that it is on.',
  }
}

import type { Problem } from '../model/trouble.ts'
import { diskSaid, saidHere } from './explain-disk.ts'
import { collectProblems } from './problems.ts'
import { printable, quote } from './quote.ts'
import { unescapeName } from './unescape-name.ts'

// `rsync: [sender] send_files failed to open "/srv/db/a.tar": Permission denied (13)`, `file has vanished: "/srv/db/a.tar"`
const LINE =
  /^(?:rsync: (?:\[[^\]]*\] )?)?(?:\w+: )?(\w[\w ]*?)(?: failed)?(?: to open)?:? "(.*)"(?: failed)?(?:: (.*?))?(?: \(\d+\))?$/
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
  for (const line of stderr.split('\n')) {
    if (NO_MATTER.test(line)) continue
    const [, what, printed, why] = LINE.exec(line.trimEnd()) ?? []
    if (what === undefined || printed === undefined) {
      const { code, message, hint } = diskSaid(line, 'staging', lacksInodes) ?? {
        code: 'source-complaint',
        message: `rsync says: ${printable(line)}.`,
        hint: 'See the file that it names, at the source.',
      }
      problems.add({ code, message, hint })
      continue
    }
    const absolute = unescapeName(printed) ?? printed
    const path = pathOf(absolute)
    const name = quote(path ?? absolute.replace(/^\/proc\/self\/fd\/\d+\//, ''))
    const { code, message, hint } =
      diskSaid(line, name, lacksInodes) ??
      (saidHere(line) ? notWritten(what, why ?? '', name) : null) ??
      problemOf(what, why ?? '', name)
    problems.add({ code, message, hint, ...(path === null ? {} : { path }) })
  }
  return problems.all()
}

/** What rsync's own half could not make or write, for a cause that has no words of its own; null: it is about something else. */
const notWritten = (what: string, why: string, name: string): Omit<Problem, 'path'> | null =>
  /open|mkdir|mkstemp|write|rename/.test(what)
    ? {
        code: 'write-failed',
        message: `rsync could not write ${name} on this machine: ${printable(`${what}: ${why}`)}.`,
        hint: "See whether the destination's disk is sound, mounted writable, and ours to write.",
      }
    : null

function problemOf(what: string, why: string, name: string): Omit<Problem, 'path'> {
  if (/vanished/.test(what) || /No such file/.test(why))
    return {
      code: 'vanished',
      message: `${name} was gone at the source when it was to be read.`,
      hint: 'If it was renamed or rotated, nothing is wrong. Write backups under a temporary name and rename them when done.',
    }
  if (/opendir|readdir/.test(what))
    return {
      code: 'folder-unreadable',
      message: `The folder ${name} cannot be read at the source: ${printable(why)}.`,
      hint: 'Give the account read and search permission on it, or keep it out of the folder.',
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
    hint: 'See the disk that it lies on.',
  }
}

import { DAY } from '../../model/instant.ts'
import { patternFault } from '../retention/series-pattern.ts'
import { isPlainText } from './sort-files.ts'

/** 2026/11/db-29.gz, where the file is of that day. */
export function dayInFolders(
  path: string,
  files: ReadonlyMap<string, { readonly mtime: number }>,
): string | null {
  const found = DAY_IN_FOLDERS.exec(path)
  if (found === null) return null
  const [, before = '', year, month, head, separator = '', day, tail = ''] = found
  const dated = Date.UTC(Number(year), Number(month) - 1, Number(day))
  if (Math.abs((files.get(path)?.mtime ?? 0) * 1000 - dated) > 2 * DAY) return null
  const pattern = `${before}{YYYY}/{MM}/${head === '' ? '' : '{series}'}${separator}{DD}${tail}`
  return patternFault(pattern) === null && isPlainText(pattern) ? pattern : null
}

const DAY_IN_FOLDERS =
  /^((?:[^/{}]+\/)*)(199\d|20\d\d)\/(0[1-9]|1[0-2])\/([^/{}]*?)([-_. ]*)(?<!\d)(0[1-9]|[12]\d|3[01])(?![\d])([^/{}\d]*)$/

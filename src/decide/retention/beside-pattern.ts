import { distance } from 'fastest-levenshtein'
import { DAY, type Instant } from '../../model/instant.ts'
import { comparePaths, type RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { BesideCount } from '../../model/status.ts'
import type { Problem, Warning } from '../../model/trouble.ts'
import { patternFor } from '../files/as-and-pattern.ts'
import type { FileFacts } from '../files/facts.ts'
import { fileTime } from './file-time.ts'
import { guessSeries } from './guess-series.ts'
import { dateFiles } from './series-pattern.ts'
import type { Point } from './series-points.ts'
import { suggestPattern } from './suggest-pattern.ts'

/** Selected files that fit no pattern, and how many do. */
export interface Beside {
  readonly files: number
  /** The newest of them first. */
  readonly names: readonly RelPath[]
  /** Some of them, to be held against the patterns. */
  readonly sample: readonly RelPath[]
  /** Of those that the source lists: the newest time by mtime or date. */
  readonly newestAtSource: Instant | null
  /** The newest of those that carry a date; it speaks of files that were meant to be points. */
  readonly newestDated: { readonly path: RelPath; readonly time: Instant } | null
  /** What the source lists of them, and of those that fit. */
  readonly listed: { readonly beside: number; readonly fits: number }
  /** Files that fit, on either side. */
  readonly fits: number
}

const NAMED = 3
/** Names, and their characters, that are looked at for the one that comes nearest to a pattern. */
const NEAR = 200
const LONGEST = 300

/** Sums up the files that fit no pattern; `fits`: how many do, on either side and at the source. */
export function sumBeside(
  files: ReadonlyMap<RelPath, FileFacts>,
  fits: { readonly all: number; readonly listed: number },
  timezone: string,
): Beside {
  const dated = guessSeries(timezone)
  const newest: { path: RelPath; time: number }[] = []
  let newestAtSource: Instant | null = null
  let newestDated: Beside['newestDated'] = null
  let listed = 0
  for (const [path, file] of files) {
    const { time } = dated(path)
    const made = fileTime(file)
    const latest = (made ?? 0) > (time ?? 0) ? made : (time ?? made)
    if (file.source?.listed != null) {
      listed++
      if (latest !== null && (newestAtSource === null || latest > newestAtSource)) newestAtSource = latest
    }
    if (time !== null && (newestDated === null || time > newestDated.time)) newestDated = { path, time }
    const last = newest.at(-1)
    const one = { path, time: latest ?? 0 }
    if (newest.length < NAMED || later(one, last!) < 0) {
      newest.push(one)
      newest.sort(later)
      newest.length = Math.min(newest.length, NAMED)
    }
  }
  const names = newest.map(({ path }) => path)
  return {
    files: files.size,
    names,
    sample: [...names, ...firstOf(files.keys(), NEAR)],
    newestAtSource,
    newestDated,
    listed: { beside: listed, fits: fits.listed },
    fits: fits.all,
  }
}

function firstOf<T>(all: Iterable<T>, count: number): readonly T[] {
  const first: T[] = []
  for (const one of all) if (first.push(one) === count) break
  return first
}

interface Timed {
  readonly path: RelPath
  readonly time: number
}

const later = (a: Timed, b: Timed): number => b.time - a.time || comparePaths(a.path, b.path)

/** As a field of a plan or a status; empty where there are no such files. */
export function besideOf(wants: { readonly beside: Beside } | null): { readonly beside?: BesideCount } {
  if (wants === null || wants.beside.files === 0) return {}
  const { files, names } = wants.beside
  return { beside: { files, names } }
}

/**
 * Files are selected and no pattern fits one of them: no retention, and nothing that comes would ever be counted. The same holds where the source
 * shows only such files by now, whatever older ones fit. Null: it is not so.
 */
export function patternFitsNothing(
  { series: { patterns }, select }: Pick<Spec, 'series' | 'select'>,
  beside: Beside,
  isComplete: boolean,
): Problem | null {
  const isAll = beside.files > 0 && beside.fits === 0
  // A note that stays there for good is not a dump under another name.
  const isAllListed =
    isComplete && beside.listed.beside > 0 && beside.listed.fits === 0 && beside.newestDated !== null
  if (!isAll && !isAllListed) return null
  const files = isAll ? beside.files : beside.listed.beside
  const which = files === 1 ? 'the one selected file' : `any of ${files} selected files`
  const where = isAll ? '' : ' that the source shows'
  const { text, pattern } = nearest(patterns, beside.sample, select)
  return {
    code: 'pattern-fits-nothing',
    message: `series.pattern does not match ${which}${where}; ${text}`,
    hint:
      pattern === null
        ? 'Write series.pattern to match the names, or select only the files that are meant. Until then they are kept, and no rule counts them.'
        : `Write ${JSON.stringify(pattern)} as series.pattern, or add it to the list of patterns. Until then they are kept, and no rule counts them.`,
  }
}

/** Files that carry a newer date than any that fits: the source seems to name them in another way now. Null: there are none. */
export function newNaming(
  { series: { patterns }, select }: Pick<Spec, 'series' | 'select'>,
  { beside, series }: { readonly beside: Beside; readonly series: ReadonlyMap<string, readonly Point[]> },
  asOf: Instant,
): Warning | null {
  const { newestDated, files, sample } = beside
  if (newestDated === null || newestDated.time - asOf > DAY || beside.fits === 0) return null
  for (const points of series.values())
    if (points.some(({ time, isAhead }) => !isAhead && time >= newestDated.time)) return null
  const { text, pattern } = nearest(patterns, [newestDated.path, ...sample], select)
  return {
    code: 'beside-pattern',
    message: `${files === 1 ? '1 selected file matches no series.pattern and is newer' : `${files} selected files match no series.pattern, and some are newer`} than all that match; ${text}`,
    hint:
      pattern === null
        ? 'They are kept, and no rule counts them. If the source has changed its names, add their pattern to series.pattern, which may be a list.'
        : `They are kept, and no rule counts them. If the source has changed its names, add ${JSON.stringify(pattern)} to series.pattern, which may be a list.`,
  }
}

/** The name that comes nearest to one of the patterns, and what differs. `pattern`: the one that it would fit; null: none is known. */
function nearest(
  patterns: readonly string[],
  names: readonly string[],
  select: Spec['select'],
): { readonly text: string; readonly pattern: string | null } {
  const made = patternFor(select, names)
  // Without patterns it guesses.
  const reads = dateFiles({ patterns: made === null ? [] : [made], timezone: 'UTC' })
  let best: { name: string; own: string; pattern: string; apart: number } | null = null
  for (const name of names) {
    const own =
      name.length > LONGEST ? null : made !== null && reads(name) !== null ? made : suggestPattern(name)
    if (own === null) continue
    for (const pattern of patterns) {
      const apart = distance(own, pattern)
      if (best === null || apart < best.apart) best = { name, own, pattern, apart }
    }
  }
  if (best === null)
    return {
      text: `${names[0]} has no date that can be read, and the pattern is ${patterns[0]}`,
      pattern: null,
    }
  const [has, wants] = difference(best.own, best.pattern)
  return { text: `${best.name} is closest: it has ${has} where the pattern has ${wants}`, pattern: best.own }
}

/** What is left of both where they begin and end alike, whole tokens only. */
function difference(own: string, pattern: string): readonly [string, string] {
  const piecesOf = (text: string): readonly string[] => text.match(/\{[^}]*\}|[-_.]?[^-_.{]+|[^{]/g) ?? []
  const a = piecesOf(own)
  const b = piecesOf(pattern)
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const rest = (pieces: readonly string[]) => {
    const text = pieces.slice(start, pieces.length - end).join('')
    return text === '' ? 'nothing' : JSON.stringify(text)
  }
  return [rest(a), rest(b)]
}

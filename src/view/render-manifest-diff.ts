import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatchHunk } from 'diff'
import type { ManifestLine } from '../decide/plan/manifest.ts'
import { comparePaths } from '../model/rel-path.ts'
import { escapeText } from './escape-text.ts'
import { type Paint, paint } from './paint.ts'

/** Unchanged lines shown on either side of a change. */
const CONTEXT = 2
/** Wide enough for the size of any file up to 999 GB, so that paths begin in one column. */
const SIZE = 12

/**
 * A unified diff of a destination's manifest, now against after the plan: lines of `md5  size  path`, sorted by path, one for each
 * path. Empty where nothing would change.
 */
export function renderManifestDiff(
  backup: string,
  now: readonly ManifestLine[],
  after: readonly ManifestLine[],
  color: boolean,
): string {
  const hunks = cutHunks(merge(now, after))
  if (hunks.length === 0) return ''
  const name = escapeText(backup)
  const patch = formatPatch(
    {
      oldFileName: `${name} now`,
      newFileName: `${name} after`,
      oldHeader: undefined,
      newHeader: undefined,
      hunks,
    },
    FILE_HEADERS_ONLY,
  )
  return patch
    .split('\n')
    .map(tinted(paint(color)))
    .join('\n')
}

/**
 * Both manifests as one list of ` `, `-` and `+` lines. Paths are unique and sorted, so one walk finds the least difference; a general
 * diff takes a minute where 50,000 files are new among 50,000 others.
 */
function merge(now: readonly ManifestLine[], after: readonly ManifestLine[]): string[] {
  const old = sorted(now)
  const then = sorted(after)
  const merged: string[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < then.length) {
    const a = old[i]
    const b = then[j]
    const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path)
    if (order === 0 && text(a!) === text(b!)) merged.push(` ${text(a!)}`)
    else {
      if (order <= 0) merged.push(`-${text(a!)}`)
      if (order >= 0) merged.push(`+${text(b!)}`)
    }
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return merged
}

/** Changes with their context; those that would share context share a hunk. */
function cutHunks(merged: readonly string[]): StructuredPatchHunk[] {
  const hunks: StructuredPatchHunk[] = []
  let end = 0
  let oldStart = 1
  let newStart = 1
  while (end < merged.length) {
    let change = end
    while (change < merged.length && isQuiet(merged[change])) change++
    if (change === merged.length) break
    const start = Math.max(end, change - CONTEXT)
    let last = change
    for (let at = change; at < merged.length && at - last <= 2 * CONTEXT; at++)
      if (!isQuiet(merged[at])) last = at
    const skipped = start - end
    end = Math.min(merged.length, last + 1 + CONTEXT)
    const lines = merged.slice(start, end)
    const oldLines = lines.filter((line) => line[0] !== '+').length
    const newLines = lines.filter((line) => line[0] !== '-').length
    oldStart += skipped
    newStart += skipped
    hunks.push({ oldStart, oldLines, newStart, newLines, lines })
    oldStart += oldLines
    newStart += newLines
  }
  return hunks
}

const isQuiet = (line: string | undefined): boolean => line?.[0] === ' '

const sorted = (lines: readonly ManifestLine[]): readonly ManifestLine[] =>
  [...lines].sort((a, b) => comparePaths(a.path, b.path))

const text = ({ digest, size, path }: ManifestLine): string =>
  `${(digest ?? '?').padEnd(32)}  ${String(size).padStart(SIZE)}  ${escapeText(path)}`

const tinted =
  (brush: Paint) =>
  (line: string): string =>
    line.startsWith('+++') || line.startsWith('---')
      ? brush('bold', line)
      : line.startsWith('@@')
        ? brush('cyan', line)
        : line.startsWith('+')
          ? brush('green', line)
          : line.startsWith('-')
            ? brush('red', line)
            : line

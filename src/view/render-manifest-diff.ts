import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import type { ManifestLine } from '../model/manifest.ts'
import { comparePaths } from '../model/rel-path.ts'
import { escapeText } from './escape-text.ts'
import { type Paint, paint } from './paint.ts'

/** Wide enough for the size of any file up to 999 GB, so that paths begin in one column. */
const SIZE = 12

/**
 * A unified diff of a destination's manifest, now against after the plan: lines of `md5  size  path`, sorted by path. Empty where
 * nothing would change.
 */
export function renderManifestDiff(
  backup: string,
  now: readonly ManifestLine[],
  after: readonly ManifestLine[],
  color: boolean,
): string {
  const before = manifest(now)
  const then = manifest(after)
  if (before === then) return ''
  const name = escapeText(backup)
  const patch = createTwoFilesPatch(`${name} now`, `${name} after`, before, then, undefined, undefined, {
    context: 2,
    headerOptions: FILE_HEADERS_ONLY,
  })
  return patch
    .split('\n')
    .map(tinted(paint(color)))
    .join('\n')
}

const manifest = (lines: readonly ManifestLine[]): string =>
  [...lines]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(
      ({ digest, size, path }) =>
        `${(digest ?? '?').padEnd(32)}  ${String(size).padStart(SIZE)}  ${escapeText(path)}\n`,
    )
    .join('')

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

import picomatch from 'picomatch'
import type { Selected } from '../model/explanation.ts'
import { isSidecar } from '../model/marker-name.ts'
import { baseName, type RelPath } from '../model/rel-path.ts'
import type { Selection } from '../model/spec.ts'

const LOST_AND_FOUND = 'lost+found'

/**
 * Whether a path is data that the spec selects. Patterns are picomatch's; one without `/` matches the base name, one with `/` the
 * whole path. Sidecars, the list file, dotfiles and `lost+found` are never data, whatever the patterns say.
 */
export function selector(selection: Selection, listing: RelPath | null): (path: string) => boolean {
  const included = anyOf(selection.include)
  const excluded = anyOf(selection.exclude)
  return (path) => isData(path, listing) && included(path) && !excluded(path)
}

/** Why a path is selected or not: the first pattern that fits it decides. */
export function explainSelection(selection: Selection, listing: RelPath | null, path: string): Selected {
  const first = (patterns: readonly string[]) => patterns.find((pattern) => anyOf([pattern])(path)) ?? null
  const never = notData(path, listing)
  const include = first(selection.include)
  const exclude = first(selection.exclude)
  return { selected: never === null && include !== null && exclude === null, include, exclude, never }
}

const isData = (path: string, listing: RelPath | null): boolean => notData(path, listing) === null

/** Why a path is never data, whatever the patterns say; null: it may be data. */
function notData(path: string, listing: RelPath | null): Selected['never'] {
  if (path === listing) return 'list-file'
  if (isSidecar(path)) return 'sidecar'
  if (path.startsWith('.') || path.includes('/.')) return 'hidden'
  return path.startsWith(`${LOST_AND_FOUND}/`) ? 'lost-and-found' : null
}

/** Whether a name fits one of the patterns; one without `/` is held against the base name. */
export function anyOf(patterns: readonly string[]): (path: string) => boolean {
  // `**` alone is the common case, and matching it must cost nothing for a hundred thousand names.
  if (patterns.includes('**')) return () => true
  const tests = patterns.map((pattern) => {
    const matches = picomatch(pattern, { nonegate: true })
    return pattern.includes('/') ? matches : (path: string) => matches(baseName(path))
  })
  return (path) => tests.some((matches) => matches(path))
}

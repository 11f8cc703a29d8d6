import picomatch from 'picomatch'
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

/** Whether a path may be data at all. */
function isData(path: string, listing: RelPath | null): boolean {
  if (path === listing || isSidecar(path)) return false
  if (path.startsWith('.') || path.includes('/.')) return false
  return !path.startsWith(`${LOST_AND_FOUND}/`)
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

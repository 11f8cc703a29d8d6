import picomatch from 'picomatch'
import type { Selected } from '../../model/explanation.ts'
import { isSidecar } from '../../model/marker-name.ts'
import { baseName } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'

const LOST_AND_FOUND = 'lost+found'

/**
 * Whether a path is data that the spec selects. Patterns are picomatch's; one without `/` matches the base name, one with `/` the
 * whole path. Sidecars, the list file, dotfiles and `lost+found` are never data, whatever the patterns say.
 */
export function selectorOf(spec: Selecting): (path: string) => boolean {
  const known = selectors.get(spec)
  if (known !== undefined) return known
  const isExcept = exceptData(spec)
  const included = anyOf(spec.select.include)
  const excluded = anyOf(spec.select.exclude)
  const selects = (path: string): boolean => isExcept(path) === null && included(path) && !excluded(path)
  selectors.set(spec, selects)
  return selects
}

/** What of a spec says which paths it selects. `finished` left out: by markers. */
export type Selecting = Pick<Spec, 'select'> &
  Partial<Pick<Spec, 'finished'>> & { readonly source: Pick<Spec['source'], 'listing'> }

/** Globs are compiled once for each spec. */
const selectors = new WeakMap<Selecting, (path: string) => boolean>()

/** Why a path is selected or not: the first pattern that fits it decides. */
export function explainSelection(spec: Selecting, path: string): Selected {
  const { select } = spec
  const first = (patterns: readonly string[]) => patterns.find((pattern) => anyOf([pattern])(path)) ?? null
  const never = exceptData(spec)(path)
  const include = first(select.include)
  const exclude = first(select.exclude)
  return { selected: never === null && include !== null && exclude === null, include, exclude, never }
}

/** Why a path is never data, whatever the patterns say; null: it may be data. */
export function exceptData({
  source: { listing },
  finished,
}: Selecting): (path: string) => Selected['never'] {
  const isSums = sumsFilesOf(finished)
  return (path) => {
    if (path === listing) return 'list-file'
    if (isSidecar(path)) return 'sidecar'
    if (isSums(path)) return 'sums-file'
    if (path.startsWith('.') || path.includes('/.')) return 'hidden'
    return path.startsWith(`${LOST_AND_FOUND}/`) ? 'lost-and-found' : null
  }
}

/** Whether a path is that of a sums file, which a spec names by a glob on the base name. */
export const sumsFilesOf = (finished: Selecting['finished']): ((path: string) => boolean) =>
  finished?.kind === 'sums' ? anyOf([finished.name]) : () => false

/** Whether a name fits one of the patterns; one without `/` is held against the base name. */
export function anyOf(patterns: readonly string[]): (path: string) => boolean {
  // `**` alone is the common case, and matching it must cost nothing for a hundred thousand names.
  if (patterns.includes('**')) return () => true
  const tests = patterns.map((pattern) => {
    const matches = matcherOf(pattern)
    return pattern.includes('/') ? matches : (path: string) => matches(baseName(path))
  })
  return (path) => tests.some((matches) => matches(path))
}

/**
 * A name may be chosen to make a regular expression with many stars go on for years before it says no. Where nothing but stars and text is
 * in a glob, what is between the stars must come in its order: that is soon seen, and where it is so, it fits at the first try.
 */
function matcherOf(glob: string): (name: string) => boolean {
  const matches = picomatch(glob, { nonegate: true })
  // Of one star a part nothing is slow, and most globs are so.
  if (!isPlain(glob) || !/\*[^/]*\*/.test(glob)) return matches
  const wanted = glob.split('/').map((part) => part.split('*'))
  return (name) => {
    const parts = name.split('/')
    const mayFit = parts.length === wanted.length && wanted.every((texts, at) => inOrder(parts[at]!, texts))
    return mayFit && matches(name)
  }
}

/** Whether it is made of nothing but text, `/`, and stars that stay within a folder. */
const isPlain = (glob: string): boolean => !/\*\*|[?[\](){}!+@\\|^$]/.test(glob)

function inOrder(name: string, texts: readonly string[]): boolean {
  const [first = '', ...rest] = texts
  if (!name.startsWith(first)) return false
  let from = first.length
  for (const text of rest.slice(0, -1)) {
    const at = name.indexOf(text, from)
    if (at === -1) return false
    from = at + text.length
  }
  const last = rest.at(-1)
  return last === undefined ? name === first : name.length - last.length >= from && name.endsWith(last)
}

/** Parts of a glob that may each stand for any number of characters, beside something else than text: what {@link anyOf} takes long for. */
export const repeatsBesideOthers = (glob: string): number =>
  isPlain(glob) ? 0 : (glob.match(/\*+|\+\(/g)?.length ?? 0)

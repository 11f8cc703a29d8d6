/** A file's text, and the name by which people know it. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

/** A stretch of a file's text. */
export interface Place {
  readonly source: SourceText
  readonly start: number
  readonly end: number
}

export type Scalar = string | number | boolean | null

/** A YAML value that remembers where it was written, also when it came from `_defaults.yaml`. */
export type Located = LocatedMap | LocatedList | LocatedScalar

export interface LocatedMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, Entry>
  /** Keys that were written with no value: they remove what lies under them. */
  readonly removed: ReadonlyMap<string, Place>
}

export interface Entry {
  /** The key itself. */
  readonly key: Place
  readonly value: Located
}

interface LocatedList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Located[]
}

interface LocatedScalar {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: Scalar
}

export type KeyPath = readonly (string | number)[]

/** A fault before it is turned into lines and columns. */
export interface Fault {
  readonly place: Place
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** Of a host without a user: ssh's own configuration may know it, and is asked for a better hint. */
  readonly host?: string
}

/** An error by default. */
export const faultAt = (
  place: Place,
  code: string,
  message: string,
  hint?: string,
  severity: Fault['severity'] = 'error',
): Fault => ({ place, severity, code, message, ...(hint === undefined ? {} : { hint }) })

/** Both count from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** Counted from 1. */
export const lineOf = ({ source, start }: Place): number => lineAndColumn(source.text, start).line

/** The start of a file: for a fault that is the file's own. */
export const startOf = (source: SourceText): Place => ({ source, start: 0, end: 0 })

/**
 * `over` on top of `under`: maps merge by key, everything else replaces whole, and an empty value removes. The keys in `whole`
 * replace even where both are maps.
 */
export function mergeMaps(
  under: LocatedMap | null,
  over: LocatedMap,
  whole: ReadonlySet<string> = new Set(),
): LocatedMap {
  const entries = new Map(under?.entries)
  const removed = new Map([...(under?.removed ?? []), ...over.removed])
  for (const key of over.removed.keys()) entries.delete(key)
  for (const [key, entry] of over.entries) {
    const below = entries.get(key)
    const value =
      entry.value.kind === 'map'
        ? mergeMaps(below?.value.kind === 'map' && !whole.has(key) ? below.value : null, entry.value)
        : entry.value
    entries.set(key, { key: entry.key, value })
    removed.delete(key)
  }
  return { kind: 'map', place: over.place, entries, removed }
}

/** The value as plain JSON data. */
export function plainValue(located: Located): unknown {
  if (located.kind === 'scalar') return located.value
  if (located.kind === 'list') return located.items.map(plainValue)
  return Object.fromEntries([...located.entries].map(([key, entry]) => [key, plainValue(entry.value)]))
}

/** The value under `path`, or null where there is none. */
export function valueAt(root: Located, path: KeyPath): Located | null {
  let here: Located | null = root
  for (const part of path) {
    if (here?.kind === 'map') here = here.entries.get(String(part))?.value ?? null
    else if (here?.kind === 'list') here = here.items[Number(part)] ?? null
    else return null
  }
  return here
}

/** The text under `path`; null where there is none, or something else. */
export function textAt(root: Located, path: KeyPath): string | null {
  const value = valueAt(root, path)
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : null
}

/** Where the value under `path` was written, or the nearest value around it. */
export function placeOf(root: Located, path: KeyPath): Place {
  for (let length = path.length; length > 0; length--) {
    const found = valueAt(root, path.slice(0, length))
    if (found !== null) return found.place
  }
  return root.place
}

/** Where the key at the end of `path` was written; for a list's item and the root, the value's own place. */
export function keyPlaceOf(root: Located, path: KeyPath): Place {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  const entry = parent?.kind === 'map' ? parent.entries.get(String(last)) : undefined
  return entry?.key ?? placeOf(root, path)
}

/** `source.jump[0]`, as people write it. */
export const keyPathText = (path: KeyPath): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )

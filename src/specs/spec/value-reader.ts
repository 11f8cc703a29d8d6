import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPathText,
  type LocatedMap,
  placeOf,
  valueAt,
} from '../yaml/located.ts'
import { no, type Parsed } from './units.ts'

export type ValueReader = ReturnType<typeof valueReader>

/**
 * Reads the values of a map, each with a check that no schema can make, and collects their faults, each at its value. `document`: the same
 * with defaults written out. Values in whose `shape` there is a fault already are passed over.
 */
export function valueReader(root: LocatedMap, document: unknown, shape: readonly Fault[]) {
  const faults: Fault[] = []
  const faulty = new Set(shape.map(({ place }) => place))
  const isFaulty = (path: KeyPath): boolean => faulty.has(placeOf(root, path))

  /** As it is in the document: of what type, the schema vouches for. */
  function plain<T>(path: KeyPath): T {
    let here: unknown = document
    for (const part of path) {
      // What is written alone where a list may stand is a list of one there.
      if (Array.isArray(here) && typeof part === 'string') [here] = here
      here = (here as Readonly<Record<string, unknown>> | null | undefined)?.[part]
    }
    return here as T
  }

  /** Undefined where there is no text, or a faulty one: nothing is made of a document with faults. */
  function read<T>(path: KeyPath, code: string, parse: (text: string) => Parsed<T>): T {
    const text: unknown = plain(path)
    if (typeof text !== 'string' || isFaulty(path)) return undefined as T
    const parsed = parse(text)
    if (parsed.ok) return parsed.value
    const message = `${keyPathText(path)}: ${JSON.stringify(text)} ${parsed.fault}`
    faults.push(faultAt(placeOf(root, path), code, message))
    return undefined as T
  }

  /** What is made of each item of a list; empty where there is none. */
  function each<T>(path: KeyPath, make: (item: KeyPath) => T): readonly T[] {
    const items: unknown = plain(path)
    return Array.isArray(items) ? items.map((_, index) => make([...path, index])) : []
  }

  return {
    root,
    faults,
    isFaulty,
    plain,
    read,
    each,
    /** A text as it is; undefined where there is none, or a faulty one. */
    text: (path: KeyPath): string | undefined => read(path, '', (value) => ({ ok: true, value })),
    isWritten: (path: KeyPath): boolean => valueAt(root, path) !== null,
    fault: (path: KeyPath, code: string, message: string, hint?: string, severity?: Fault['severity']) =>
      void faults.push(faultAt(placeOf(root, path), code, message, hint, severity)),
  }
}

/** A text that counts as it is, where nothing is wrong with it. */
export const faultless =
  (fault: (text: string) => string | null) =>
  (text: string): Parsed<string> => {
    const found = fault(text)
    return found === null ? { ok: true, value: text } : no(found)
  }

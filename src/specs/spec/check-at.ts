import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPathText,
  type LocatedMap,
  type Place,
  placeOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import type { TextFault } from './text-faults.ts'

/** The fault of the text at a path, none where there is no text. */
export type CheckAt = (path: KeyPath, code: string, fault: TextFault) => readonly Fault[]

/** Checks texts, each at its value. Values at the places in `faulty` are passed over. */
export const checkAt =
  (root: LocatedMap, faulty: ReadonlySet<Place>): CheckAt =>
  (path, code, fault) => {
    const text = textAt(root, path)
    const place = placeOf(root, path)
    const found = text === null || faulty.has(place) ? null : fault(text)
    return found === null
      ? []
      : [faultAt(place, code, `${keyPathText(path)}: ${JSON.stringify(text)} ${found}`)]
  }

/** The paths of a list's items; empty if it is not a list. */
export function itemPaths(root: LocatedMap, path: KeyPath): readonly KeyPath[] {
  const value = valueAt(root, path)
  return value?.kind === 'list' ? value.items.map((_, index) => [...path, index]) : []
}

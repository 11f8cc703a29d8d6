import type { PathFault } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { printable, quote } from './quote.ts'

const LIMIT = 1_000

/** Keeps the first thousand and counts the rest: a source cannot drown the report. */
export function collectProblems(): {
  add(problem: Problem): void
  /** The same, put into words only where there is room for it. */
  addLater(problem: () => Problem): void
  all(): readonly Problem[]
} {
  const kept: Problem[] = []
  let more = 0
  const addLater = (problem: () => Problem): void => {
    if (kept.length < LIMIT) kept.push(problem())
    else more++
  }
  return {
    add: (problem) => addLater(() => problem),
    addLater,
    all: () =>
      more === 0
        ? kept
        : [
            ...kept,
            {
              code: 'more-problems',
              message: `${more} more problems of this kind are not shown.`,
              hint: 'Fix the ones that are shown first; the others show then.',
            },
          ],
  }
}

const WHY: Record<PathFault, string> = {
  empty: 'it has an empty part',
  absolute: 'it is absolute',
  'dot-part': 'it has a part "." or ".."',
  'control-character': 'it holds a control character, or one that hides or reorders text',
  'not-utf-8': 'it is not UTF-8',
  'too-long': 'it is too long to leave room for its marker',
  reserved: 'the name .reconcile is ours',
}

/** A name that is refused before any byte of it is fetched (I6). */
export const refusedName = (name: string, fault: PathFault): Problem => ({
  code: `name-${fault}`,
  path: printable(name),
  message: `The source's name ${quote(name)} is refused: ${WHY[fault]}.`,
  hint: 'Rename it at the source, or keep it out of the folder.',
})

/** The same for a name in a list file: the list needs fixing, and there may be no such file. */
export const refusedInList = (list: string, name: string, fault: PathFault): Problem => ({
  code: `name-${fault}`,
  path: list,
  message: `${quote(list)} names ${quote(name)}, which is refused: ${WHY[fault]}.`,
  hint: 'Have the list written again: plain names of files in its own folder, one per line.',
})

/** I6: names that fold together are refused as well. `others` is empty where the very name came twice. */
export const collision = (path: string, others: readonly string[]): Problem => ({
  code: 'name-collision',
  path,
  message:
    others.length === 0
      ? `The source lists ${quote(path)} twice; it is refused.`
      : `The source's name ${quote(path)} is refused: a file system may confuse it with ${others.map((one) => quote(one)).join(', ')}.`,
  hint: 'Rename all but one of them at the source.',
})

import type { Concern } from '../../model/listing.ts'
import { markerOf } from '../../model/marker-name.ts'
import { anyOf, exceptData, type Selecting, sumsFilesOf } from './select.ts'

/** What of a source a spec could select, and so may be trouble: what `select` rules out is nobody's, whatever it is. */
export function concernOf(spec: Selecting): Concern {
  const { select, source, finished } = spec
  const never = exceptData(spec)
  const isSums = sumsFilesOf(finished)
  const included = anyOf(select.include)
  const excluded = anyOf(select.exclude)
  const mayBeBelow = select.include.map(reach)
  const wholly = select.exclude.flatMap(whole)
  return {
    path: (...readings) => {
      const data = readings.map((one) => plain(markerOf(one)?.data ?? one))
      if (source.listing !== null && data.includes(source.listing)) return true
      if (readings.some(isSums)) return true
      return data.every((one) => never(one) === null) && data.some(included) && !data.some(excluded)
    },
    below: (...readings) => {
      const folders = readings.map(plain)
      return (
        folders.every((folder) => never(`${folder}/x`) === null) &&
        folders.some((folder) => mayBeBelow.some((reaches) => reaches(folder))) &&
        !folders.some((folder) => wholly.some((excludes) => excludes(folder)))
      )
    },
  }
}

/** A glob's stars fit no line break, though a name that has one is as good as selected. */
const plain = (path: string): string => path.replace(/[\n\r\u2028\u2029]/g, '\u0001')

/** Signs that may stand for a `/`, or mean nothing without what follows: no folder's part of such a glob can be looked at alone. */
const COMPOSED = /[[\](){}|\\!]|(?:^|\/)\.?(?:\/|$)/

/** Whether a glob could fit anything below a folder. In doubt it could. */
function reach(glob: string): (folder: string) => boolean {
  const parts = glob.split('/')
  // Without `/` it is held against the base name, and fits in any folder.
  if (parts.length === 1 || COMPOSED.test(glob)) return () => true
  const fits = parts.map((part) => anyOf([part]))
  const open = parts.findIndex((part) => part.includes('**'))
  return (folder) => {
    const names = folder.split('/')
    if (open === -1 && names.length >= parts.length) return false
    const fixed = names.slice(0, open === -1 ? names.length : open)
    return fixed.every((name, at) => fits[at]!(name))
  }
}

/** Whether a glob fits all that is below a folder; none where it cannot be one that does. */
function whole(glob: string): readonly ((folder: string) => boolean)[] {
  if (glob === '**') return [() => true]
  if (!glob.endsWith('/**') || COMPOSED.test(glob)) return []
  const top = glob.slice(0, -'/**'.length)
  // A base name alone would be looked for in every folder.
  const fits = top.includes('/') ? anyOf([top]) : (path: string) => !path.includes('/') && anyOf([top])(path)
  return [
    (folder) => {
      const names = folder.split('/')
      return names.some((_, at) => fits(names.slice(0, at + 1).join('/')))
    },
  ]
}

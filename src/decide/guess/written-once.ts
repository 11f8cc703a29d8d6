import { DAY } from '../../model/instant.ts'

/** Of a name. */
interface Stretch {
  readonly start: number
  readonly end: number
}

const WORDS =
  '(?:(?<![a-z])(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?|[ap]m)(?![a-z])|\\d+)'
const RUN = new RegExp(`${WORDS}(?:[-_., :]*${WORDS})*`, 'gi')
const MONTH_NAME = /(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i

/**
 * Names that one run of digits and months tells apart, and that were made one after the other: each is written once. By path, where
 * that run is in the name.
 */
export function writtenOnce(
  paths: readonly string[],
  files: ReadonlyMap<string, { readonly mtime: number }>,
): ReadonlyMap<string, Stretch> {
  const shapes = new Map<string, { readonly path: string; readonly runs: readonly RegExpExecArray[] }[]>()
  for (const path of paths) {
    const from = path.lastIndexOf('/') + 1
    const name = path.slice(from)
    const shape = path.slice(0, from) + name.replace(RUN, '#')
    const alike = shapes.get(shape) ?? []
    shapes.set(shape, alike)
    alike.push({ path, runs: [...name.matchAll(RUN)] })
  }
  const found = new Map<string, Stretch>()
  for (const alike of shapes.values()) {
    const [first] = alike
    const differing = first!.runs.flatMap((run, i) =>
      alike.some(({ runs }) => runs[i]![0] !== run[0]) ? [i] : [],
    )
    const [at] = differing
    if (alike.length < 4 || differing.length !== 1 || at === undefined) continue
    const times = alike.map(({ path }) => files.get(path)!.mtime).sort((a, b) => a - b)
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    const typical = gaps.sort((a, b) => a - b)[gaps.length >> 1]!
    if (typical < 1800 || times.at(-1)! - times[0]! < (2 * DAY) / 1000) continue
    const byNumber = alike.toSorted((a, b) => Number(a.runs[at]![0]) - Number(b.runs[at]![0]))
    const isInOrder = byNumber.every(
      ({ path }, i) => i === 0 || files.get(path)!.mtime >= files.get(byNumber[i - 1]!.path)!.mtime,
    )
    const text = first!.runs[at]![0]
    if (!(MONTH_NAME.test(text) || (/^\d{5,}$/.test(text) && isInOrder))) continue
    for (const { path, runs } of alike) {
      const { 0: run, index } = runs[at]!
      found.set(path, { start: index, end: index + run.length })
    }
  }
  return found
}

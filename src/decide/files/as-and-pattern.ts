import { baseName } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Piece } from '../retention/parse-pattern.ts'
import { finestOf, patternFault, patternPrecision, piecesOf } from '../retention/series-pattern.ts'
import type { TimeWarning } from '../time/warnings.ts'
import { splitName, templatePieces } from './dated-name.ts'

type Names = { readonly select: Pick<Spec['select'], 'as' | 'include'> } & Pick<Spec, 'series'>

/** What `select.as` writes and `series.pattern` cannot read, whatever the source has: by their texts alone. */
export function nameWarnings({ select, series: { patterns } }: Names): readonly TimeWarning[] {
  const { as, include } = select
  if (as === undefined || patterns.length === 0) return []
  const key = ['series', 'pattern']
  const better = patternFor(select)
  const hint =
    better === null
      ? 'Write series.pattern as select.as is.'
      : `Write ${JSON.stringify(better)} as series.pattern.`
  const made = include.flatMap(partsOf).map((parts) => atomsOf(templatePieces(as), parts))
  const read = patterns.map(baseAtoms)
  if (!made.some((one) => read.some((other) => haveCommon(one, other)))) {
    const message = `series.pattern fits no name that select.as can make, such as ${exampleOf(select)}: no rule of retain would count one`
    return [{ key, code: 'pattern-never-fits', message, hint }]
  }
  const written = finestOf(templatePieces(as))
  const finest = finestOf(patterns.flatMap(piecesOf))
  // What is dated by its modification time alone has it whole.
  const isRead = patterns.some((one) => patternPrecision(one) === 'none') || finest.rank >= written.rank
  if (isRead) return []
  const message = `select.as dates names to the ${written.precision}, and series.pattern reads the ${finest.precision} only: all versions of one ${finest.precision} are one point, kept and dropped together`
  return [{ key, code: 'pattern-drops-time', message, hint }]
}

/**
 * The pattern that reads what `select.as` writes; null: none does, or there is no `as`. `shown`: names that it has made, where what is
 * included does not say how they end.
 */
export function patternFor({ as, include }: Names['select'], shown: readonly string[] = []): string | null {
  if (as === undefined) return null
  const common = (all: readonly (string | null)[]) => (new Set(all).size === 1 ? all[0]! : null)
  const ending = common(include.map(endingOf)) ?? (common(shown.map((name) => splitName(name).ext)) || null)
  let pattern = ''
  for (const piece of templatePieces(as)) {
    if (piece.kind === 'literal') pattern += piece.text
    else if (piece.kind === 'date') pattern += `{${piece.token}}`
    else if (piece.token === 'stem') pattern += '{series}'
    // Nothing shows where one ends and the next begins.
    else pattern += ending ?? (/\{(?:series|part)\}$/.test(pattern) ? '' : '{part}')
  }
  return patternFault(pattern) === null ? pattern : null
}

const GLOB = /[*?[\]{}()!+@|\\]/

/** What every name that is included so ends with, as `{ext}` has it; null: not known. */
function endingOf(include: string): string | null {
  const name = baseName(include)
  if (!GLOB.test(name)) return splitName(name).ext
  const [, ending = ''] = /^[^*]*\*(\.[A-Za-z0-9.]+)$/.exec(name) ?? []
  return ending !== '' && splitName(`x${ending}`).ext === ending ? ending : null
}

const exampleOf = ({ as, include }: Names['select']): string => {
  const [first = '*'] = include
  const name = baseName(first)
  const { stem, ext } = GLOB.test(name) ? { stem: 'NAME', ext: endingOf(first) ?? '' } : splitName(name)
  const sample = { YYYY: '2026', MM: '11', DD: '24', hh: '02', mm: '10', ss: '00' }
  return templatePieces(as!)
    .map((piece) =>
      piece.kind === 'literal'
        ? piece.text
        : piece.kind === 'date'
          ? sample[piece.token]
          : piece.token === 'stem'
            ? stem
            : ext,
    )
    .join('')
}

/** One character, or (`many`) any number of them: this one, a digit, one of an extension, or any. */
interface Atom {
  readonly is: string
  readonly many: boolean
}

const ANY = 'any'
const DIGIT = 'digit'
const EXTENSION = 'extension'
const one = (is: string): Atom => ({ is, many: false })
const textAtoms = (text: string): readonly Atom[] => text.split('').map(one)
const some = (is: string): readonly Atom[] => [one(is), { is, many: true }]

interface Parts {
  readonly stem: readonly Atom[]
  readonly ext: readonly Atom[]
}

/** What `{stem}` and `{ext}` may be of what is included so. */
function partsOf(include: string): readonly Parts[] {
  const name = baseName(include)
  if (!GLOB.test(name)) {
    const { stem, ext } = splitName(name)
    return [{ stem: textAtoms(stem), ext: textAtoms(ext) }]
  }
  const ending = textAtoms(endingOf(include) ?? '')
  const longer: readonly Atom[] = [one('.'), { is: EXTENSION, many: true }, ...ending]
  return [ending, longer].map((ext) => ({ stem: some(ANY), ext }))
}

const atomsOf = (pieces: readonly Piece[], parts: Parts): readonly Atom[] =>
  pieces.flatMap((piece) => {
    if (piece.kind === 'literal') return textAtoms(piece.text)
    if (piece.kind === 'date') return Array.from({ length: piece.width }, () => one(DIGIT))
    if (piece.token === 'stem' || piece.token === 'ext') return parts[piece.token]
    return some(piece.token === 'epoch' ? DIGIT : ANY)
  })

/** Of a pattern with folders, what it says of the file's own name. */
function baseAtoms(pattern: string): readonly Atom[] {
  const atoms = atomsOf(piecesOf(pattern), { stem: [], ext: [] })
  return atoms.slice(atoms.findLastIndex(({ is }) => is === '/') + 1)
}

/** The characters that each may be; of another one, itself. */
const MAY_BE: Readonly<Record<string, RegExp>> = {
  [ANY]: /^/,
  [DIGIT]: /^(?:\d|digit|extension)$/,
  [EXTENSION]: /^(?:[A-Za-z0-9.]|digit|extension)$/,
}

const mayBeSame = (a: string, b: string): boolean =>
  a === b || MAY_BE[a]?.test(b) === true || MAY_BE[b]?.test(a) === true

/** Whether some text is made of both. That a token given twice has the same text twice is left out: it could only make them fewer. */
function haveCommon(a: readonly Atom[], b: readonly Atom[]): boolean {
  // From here on, by the place in `b`.
  let next: boolean[] = []
  for (let i = a.length; i >= 0; i--) {
    const here: boolean[] = []
    for (let j = b.length; j >= 0; j--) {
      const [x, y] = [a[i], b[j]]
      const isBoth = x !== undefined && y !== undefined && mayBeSame(x.is, y.is)
      here[j] =
        (x === undefined && y === undefined) ||
        (x?.many === true && next[j] === true) ||
        (y?.many === true && here[j + 1] === true) ||
        (isBoth && x.many && !y.many && here[j + 1] === true) ||
        (isBoth && !x.many && y.many && next[j] === true) ||
        (isBoth && !x.many && !y.many && next[j + 1] === true)
    }
    next = here
  }
  return next[0] === true
}

import type { Holding } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import { isSidecar } from '../../model/marker-name.ts'
import { baseName, folderOf, type RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { type Match, matcher } from '../retention/match-pieces.ts'
import {
  DATE_TOKENS,
  type DateToken,
  type FreeToken,
  isPatternFault,
  type PatternFault,
  type Piece,
  tokenPiece,
} from '../retention/parse-pattern.ts'
import { isPossible } from '../retention/point-time.ts'
import { zoneOf } from '../time/zone.ts'
import { type Selecting, selectorOf } from './select.ts'

/** `select.as`: under which dated name each version of a file is kept here, where its source writes the same name anew. */

const PARTS = ['stem', 'ext'] as const
const TOKENS = ['{stem}', '{ext}', '{name}', ...DATE_TOKENS.map((token) => `{${token}}`)]
/** What else people call them, in lower case. */
const MEANT: Readonly<Record<string, string>> = {
  ...{ date: '{YYYY}-{MM}-{DD}', time: '{hh}{mm}', datetime: '{YYYY}-{MM}-{DD}-{hh}{mm}' },
  ...{ base: '{name}', basename: '{name}', file: '{name}', filename: '{name}', series: '{stem}' },
  ...{ extension: '{ext}', suffix: '{ext}', year: '{YYYY}', yyyy: '{YYYY}', month: '{MM}', day: '{DD}' },
  ...{ dd: '{DD}', hour: '{hh}', hh: '{hh}', minute: '{mm}', min: '{mm}', second: '{ss}', ss: '{ss}' },
  ...{ stem: '{stem}', ext: '{ext}', name: '{name}' },
}

/** The pieces of a template, or the first thing that is wrong with it. */
function parseTemplate(template: string): readonly Piece[] | PatternFault {
  const pieces: Piece[] = []
  for (const { 0: text, index: at } of template.matchAll(/\{[^{}]*\}|[{}]|[^{}]+/g)) {
    const wrong = (message: string): PatternFault => ({ at, length: text.length, message })
    if (text === '{' || text === '}') return wrong(`"${text}" is on its own: braces are only for tokens`)
    const tokens = text === '{name}' ? PARTS : [text.slice(1, -1)]
    const found = text.startsWith('{')
      ? tokens.map((token) => tokenPiece(token, PARTS))
      : [{ kind: 'literal', text } as const]
    for (const piece of found) {
      if (piece === null) return wrong(unknownToken(text))
      pieces.push(piece)
    }
  }
  return faultOf(template, pieces) ?? pieces
}

function unknownToken(text: string): string {
  const asked = text.slice(1, -1).trim().toLowerCase().replace(/^%/, '')
  const meant = Object.hasOwn(MEANT, asked)
    ? `did you mean ${MEANT[asked]}?`
    : `there are ${TOKENS.join(' ')}`
  return `there is no token ${text}; ${meant}`
}

function faultOf(template: string, pieces: readonly Piece[]): PatternFault | null {
  const whole = (message: string): PatternFault => ({ at: 0, length: template.length, message })
  const has = (token: DateToken) => pieces.some((piece) => piece.kind === 'date' && piece.token === token)
  const missing = (['YYYY', 'MM', 'DD'] as const).filter((token) => !has(token))
  const slash = template.indexOf('/')
  const odd = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.exec(template)
  if (slash !== -1)
    return { at: slash, length: 1, message: '"/" in it: each version stays in the folder of its file' }
  if (odd !== null)
    return { at: odd.index, length: odd[0].length, message: 'a control or invisible character' }
  if (missing.length > 0)
    return whole(
      `no whole date: ${missing.map((token) => `{${token}}`).join(' ')} is missing, so two versions would have one name`,
    )
  if (has('mm') && !has('hh')) return whole('{mm} without {hh}')
  if (has('ss') && !has('mm')) return whole('{ss} without {mm}')
  const sample = render(pieces, { stem: 'x', ext: '.y' }, () => '00')
  if (sample.startsWith('.')) return whole('a full stop at the beginning: hidden files are never data')
  return isSidecar(sample) ? whole('the ending of a checksum file, which is never data') : null
}

/** The first thing that is wrong with the text of `select.as`; null: nothing. */
export function templateFault(template: string): PatternFault | null {
  const parsed = parseTemplate(template)
  return isPatternFault(parsed) ? parsed : null
}

const templates = new Map<string, readonly Piece[]>()

/** Of a template that was checked when its spec was read. */
export function templatePieces(template: string): readonly Piece[] {
  const known = templates.get(template) ?? parseTemplate(template)
  if (isPatternFault(known)) throw new Error(`a checked template: ${known.message}`)
  templates.set(template, known)
  return known
}

const render = (
  pieces: readonly Piece[],
  parts: Readonly<Partial<Record<FreeToken, string>>>,
  date: (token: DateToken) => string,
): string =>
  pieces
    .map((piece) =>
      piece.kind === 'literal' ? piece.text : piece.kind === 'date' ? date(piece.token) : parts[piece.token],
    )
    .join('')

/** `ext` is the longest run of `.x` at the end, x of 1 to 5 letters or digits with a letter among them. */
export function splitName(name: string): { readonly stem: string; readonly ext: string } {
  const parts = name.split('.')
  let from = parts.length
  while (from > 1 && isExtension(parts[from - 1]!)) from--
  const stem = parts.slice(0, from).join('.')
  return { stem, ext: name.slice(stem.length) }
}

const isExtension = (text: string): boolean => /^[A-Za-z0-9]{1,5}$/.test(text) && /[A-Za-z]/.test(text)

/** How a spec names the versions of files. */
export interface DatedNames {
  /** The path here of what the source has under this name, by its mtime (seconds since 1970). It may be no safe one. */
  readonly nameOf: (from: RelPath, mtime: number) => string
  /** The same for every version of a file. */
  readonly familyOf: (from: RelPath) => string
  /** The source's names do not tell its files apart: it rotates them. */
  readonly isRotated: boolean
  /** Whether a file here may be a version of something that the spec selects. */
  readonly couldBe: (path: RelPath) => boolean
}

const known = new WeakMap<NamesVersions, DatedNames>()

type NamesVersions = Selecting & Pick<Spec, 'series'>

/** Null: files keep their names. */
export function datedNames(spec: NamesVersions): DatedNames | null {
  const { as } = spec.select
  if (as === undefined) return null
  const made = known.get(spec) ?? makeNames(as, spec)
  known.set(spec, made)
  return made
}

function makeNames(template: string, spec: NamesVersions): DatedNames {
  const pieces = templatePieces(template)
  const zone = zoneOf(spec.series.timezone)
  const selects = selectorOf(spec)
  const named = (from: string, date: (token: DateToken) => string): string =>
    from.slice(0, from.lastIndexOf('/') + 1) + render(pieces, splitName(baseName(from)), date)
  const match = matcher(pieces)
  const hasPart = (token: FreeToken) => pieces.some((piece) => piece.kind === 'free' && piece.token === token)
  const isWhole = hasPart('stem') && hasPart('ext')
  return {
    nameOf(from, mtime) {
      const local = new Date(zone.toLocal((mtime * 1000) as Instant)).toISOString()
      // 2026-11-23T02:10:00.000Z; a year beyond 9999 or before 0 has a sign and six digits.
      const found = /^(.+)-(..)-(..)T(..):(..):(..)/.exec(local)!
      return named(from, (token) => found[1 + DATE_TOKENS.indexOf(token)]!)
    },
    // No name has a NUL.
    familyOf: (from) => named(from, () => '\0'),
    isRotated: !hasPart('stem'),
    couldBe(path) {
      const folder = folderOf(path)
      const isOurs = ({ date, stem, ext }: Match): boolean => {
        if (!isPossible(date) || splitName(`x${ext ?? ''}`).ext !== (ext ?? '')) return false
        // Without one of them the name at the source is not known.
        if (!isWhole) return true
        const name = `${stem}${ext}`
        return splitName(name).ext === ext && selects(folder === '' ? name : `${folder}/${name}`)
      }
      return match(baseName(path), isOurs) !== null
    },
  }
}

/**
 * Whether what is here belongs to what a spec selects. Of a version the name that it had at the source says so; of what the ledger does
 * not know, whether it could be one.
 */
export function heldSelectorOf(spec: NamesVersions, records: Holding['records']): (path: RelPath) => boolean {
  const selects = selectorOf(spec)
  const names = datedNames(spec)
  if (names === null) return selects
  return (path) => {
    const record = records.get(path)
    if (record?.from !== undefined) return selects(record.from)
    return (record !== undefined && selects(path)) || names.couldBe(path)
  }
}

/** What would keep two versions of one file apart that have one name now, and whose times are so many seconds apart. */
export function finerName(template: string, apart = 0): string {
  const tokens = templatePieces(template).flatMap((piece) => (piece.kind === 'date' ? [piece.token] : []))
  if (!tokens.includes('hh')) return 'add {hh}{mm} to select.as'
  if (tokens.includes('mm') && apart > 60 && apart < 7200)
    return 'the clock repeats this hour once a year, and only series.timezone: UTC keeps them apart'
  if (!tokens.includes('mm')) return 'add {mm} to select.as'
  return tokens.includes('ss')
    ? 'two versions of one second, or of the hour that the clock repeats, cannot be told apart: have the source write them under names of their own'
    : 'add {ss} to select.as'
}

import { type Instant, instant } from '../../model/instant.ts'
import { baseName } from '../../model/rel-path.ts'
import type { SeriesRules } from '../../model/spec.ts'
import { type Dated, guessSeries } from './guess-series.ts'
import { type Match, matcher } from './match-pieces.ts'
import { DATE_TOKENS, isPatternFault, type PatternFault, type Piece, parsePattern } from './parse-pattern.ts'
import { isPossible, pointTimes } from './point-time.ts'

export type Precision = 'none' | 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'

const PRECISIONS: readonly Precision[] = ['none', 'year', 'month', 'day', 'hour', 'minute', 'second']

/** The first thing that is wrong with a pattern's text; null: nothing. */
export function patternFault(pattern: string): PatternFault | null {
  const parsed = parsePattern(pattern)
  return isPatternFault(parsed) ? parsed : null
}

/** How exactly a pattern without a fault dates a file; `none`: not at all. */
export const patternPrecision = (pattern: string): Precision => finestOf(piecesOf(pattern)).precision

/** The finest part of a date among these pieces; those of a greater `rank` are finer. */
export function finestOf(pieces: readonly Piece[]): { readonly rank: number; readonly precision: Precision } {
  const tokens = pieces.map((piece) => (piece.kind === 'literal' ? null : piece.token))
  // Each needs the one before it, so their number gives the last.
  const rank = tokens.includes('epoch')
    ? DATE_TOKENS.length
    : DATE_TOKENS.filter((token) => tokens.includes(token)).length
  return { rank, precision: PRECISIONS[rank] ?? 'none' }
}

/** Without a pattern series are guessed by the dates in names. */
export const isGuessed = ({ patterns }: Pick<SeriesRules, 'patterns'>): boolean => patterns.length === 0

/**
 * Reads series and date from paths by the first pattern that fits the whole name; null where none does. Without patterns it guesses. A pattern without `/` is about the base name, and each folder has series of its own;
 * one with `/` is about the whole path. Dates that no calendar has do not fit.
 */
export function dateFiles({ patterns, timezone }: SeriesRules): (path: string) => Dated | null {
  if (patterns.length === 0) return guessSeries(timezone)
  const timeOf = pointTimes(timezone)
  const readers = patterns.map((pattern) => readerOf(pattern, timeOf))
  return (path) => {
    for (const read of readers) {
      const found = read(path)
      if (found !== null) return found
    }
    return null
  }
}

function readerOf(pattern: string, timeOf: (date: Int32Array) => Instant): (path: string) => Dated | null {
  const pieces = piecesOf(pattern)
  const match = matcher(pieces)
  const ofPath = pattern.includes('/')
  const implied = impliedName(pieces)
  const isDated = patternPrecision(pattern) !== 'none'
  return (path) => {
    const start = ofPath ? 0 : path.lastIndexOf('/') + 1
    const found = match(start === 0 ? path : path.slice(start), isReal)
    if (found === null) return null
    const { date, epoch, part } = found
    const name = found.series ?? implied
    return {
      series: start === 0 ? name : path.slice(0, start) + name,
      time: epoch !== null ? instant(Number(epoch) * 1000) : isDated ? timeOf(date) : null,
      part,
    }
  }
}

/** A date that no calendar has is none. */
const isReal = ({ date }: Match): boolean => isPossible(date)

/** A pattern was checked when its spec was read. */
export function piecesOf(pattern: string): readonly Piece[] {
  const parsed = parsePattern(pattern)
  if (isPatternFault(parsed)) throw new Error(`a checked pattern: ${parsed.message}`)
  return parsed
}

/**
 * The series' name where no token gives it: the text before the file name's first token; else the last folder that is all text
 * and stands before every token; else all text that there is, and `*` where there is none.
 */
function impliedName(pieces: readonly Piece[]): string {
  const plain = pieces.map((piece) => (piece.kind === 'literal' ? piece.text : '\0')).join('')
  const first = (text: string) => trimEnd(text.slice(0, text.indexOf('\0')))
  const file = baseName(plain)
  const beforeFile = file.includes('\0') ? first(file) : trimEnd(file)
  if (beforeFile !== '') return beforeFile
  const beforeAll = baseName(first(plain).replace(/\/+$/, ''))
  if (beforeAll !== '') return beforeAll
  const words = plain.split(/[\0/]/).map((text) => trimEnd(text).replace(/^[-_.]+/, ''))
  return words.filter((text) => text !== '').join('-') || '*'
}

const trimEnd = (text: string): string => text.replace(/[-_.]+$/, '')

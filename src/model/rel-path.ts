import type { Brand } from './brand.ts'

/**
 * A file's path relative to a source's or a destination's folder, known to be safe (I6): parts joined by `/`, no
 * empty part, no `.` or `..`, not absolute, valid UTF-8, no control character, no part that folds to `.reconcile`,
 * and short enough that its marker's name still fits NAME_MAX.
 */
export type RelPath = Brand<string, 'RelPath'>

export type PathFault =
  | 'empty'
  | 'absolute'
  | 'dot-part'
  | 'control-character'
  | 'not-utf-8'
  | 'too-long'
  | 'reserved'

/** Our own folder in a destination. */
export const PRIVATE_FOLDER = '.reconcile'

const NAME_MAX = 255
const PATH_MAX = 4096 - 1024
/** Room for `.sha256`. Of a marker with a longer suffix the whole name has to fit. */
const SUFFIX_ROOM = '.sha256'.length
const MARKER_SUFFIX = /\.(?:md5|sha256)(?:sum)?$/i
/** UTF-16 units; no name of so few comes near NAME_MAX. */
const SHORT = (NAME_MAX - SUFFIX_ROOM) / 4
// C0, DEL, C1, and the characters that reorder, hide or break a line of text.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u
const utf8 = new TextEncoder()

/** What two names are compared by where a file system might take them for one: NFC, then case folded. */
export const foldName = (name: string): string => name.normalize('NFC').toLowerCase().normalize('NFC')

/** What is wrong with `text` as a path, or null where it is a RelPath. */
export function pathFault(text: string): PathFault | null {
  if (text === '') return 'empty'
  if (text.startsWith('/')) return 'absolute'
  // A lone surrogate or the replacement character: the bytes were not UTF-8.
  if (!text.isWellFormed() || text.includes('\ufffd')) return 'not-utf-8'
  if (CONTROL.test(text)) return 'control-character'
  if (exceeds(text, PATH_MAX)) return 'too-long'
  for (const part of text.split('/')) {
    if (part === '') return 'empty'
    if (part === '.' || part === '..') return 'dot-part'
    // Nothing but a full stop folds to one, which spares most names the folding.
    if (part.startsWith('.') && foldName(part) === PRIVATE_FOLDER) return 'reserved'
    // Of a marker its data is measured: the suffix is there already.
    if (part.length > SHORT && isLong(part)) return 'too-long'
  }
  return null
}

const isLong = (part: string): boolean =>
  exceeds(part.replace(MARKER_SUFFIX, ''), NAME_MAX - SUFFIX_ROOM) || exceeds(part, NAME_MAX)

/** Whether a text takes more than `limit` bytes. One UTF-16 unit takes at most three: short texts need no encoding. */
const exceeds = (text: string, limit: number): boolean =>
  text.length * 3 > limit && utf8.encode(text).length > limit

/** The path, or null where it is not safe; {@link pathFault} says why. */
export const toRelPath = (text: string): RelPath | null =>
  pathFault(text) === null ? (text as RelPath) : null

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The folder's path, '' at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** What UTF-16 ranks otherwise than UTF-8, if only among themselves. */
const HIGH = /[\ud800-\uffff]/

/** Byte order of UTF-8, which is code point order: the order of every listing we print or hash. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  if (HIGH.test(a) && HIGH.test(b)) return compareCodePoints(a, b)
  return a < b ? -1 : 1
}

function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const apart = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i))
    if (apart !== 0) return apart
  }
  return a.length - b.length
}

/** A surrogate stands for a code point above every single unit. */
const rankOf = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

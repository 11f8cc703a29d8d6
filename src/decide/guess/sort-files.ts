import type { DigestKind } from '../../model/digest.ts'
import { isSidecar, isSumsFile, markerOf, otherChecksum } from '../../model/marker-name.ts'
import { type FaultyMarker, parseLine, parseMarker } from '../../model/parse-marker.ts'
import { baseName, folderOf } from '../../model/rel-path.ts'
import { anyOf } from '../files/select.ts'
import { guessSeries } from '../retention/guess-series.ts'
import { dateOf } from '../retention/name-date.ts'

/** What a listing's files are, as far as their names and the small texts that were fetched say. */
export interface SortedFiles {
  readonly backups: readonly string[]
  readonly sidecars: readonly string[]
  readonly sums: readonly string[]
  readonly others: readonly string[]
  /** Globs for those of the others that a spec would select. */
  readonly exclude: readonly string[]
}

type Sizes = ReadonlyMap<string, { readonly size: number }>
type Texts = ReadonlyMap<string, string>

/** What the file systems of NAS boxes, and of people's desks, leave in every folder. */
const SERVICE_FOLDER = /(?:^|\/)(@eaDir|#recycle|#snapshot|\$RECYCLE\.BIN|System Volume Information)\//
const UNFINISHED =
  /(\.(?:part|partial|tmp|temp|lock|lck|pid|swp|filepart|crdownload|incomplete|inprogress|writing|uploading|dat\.tmp))$|^(?:tmp|temp)[-_.]|^~\$|~$/i
const JUNK = /^(?:thumbs\.db|desktop\.ini|icon\r)$/i
const NOTE =
  /^(?:readme|licen[cs]e|copying|changelog|notes?|index|list|filelist|contents|ls-lr(?:\.gz)?|done|ready|ok|status|latest)(?:\.(?:txt|md|html?))?$/i
/** Bytes: no note about a backup is so large. */
const LARGE = 64 * 2 ** 20
/** Another name, or a copy, of the newest. */
const ALIAS = /(?:^|[-_.])(?:latest|current|newest)(?=[-_.]|$)/i
const LOG = /\.(?:log|err|out|notes|nfo)$/i
/** A backup by itself, or a note about one: what is called like a backup, or has no date. */
const TEXT = /\.(?:txt|html?|json|xml|csv|lst|list|md)$/i
/** The same, but no note even without a date. */
const EXPORT = /\.(?:json|xml|csv|html?)$/i
const MEDIA =
  /\.(?:jpe?g|heic|png|gif|tiff?|webp|raw|raf|cr[23]|nef|arw|dng|orf|rw2|mov|mp4|m4v|avi|mkv|mts|mp3|flac|m4a|wav|aae|xmp)$/i

export const isMedia = (path: string): boolean => MEDIA.test(path)

export function sortFiles(files: Sizes, texts: Texts): SortedFiles {
  const backups: string[] = []
  const sidecars: string[] = []
  const sums: string[] = []
  const others: string[] = []
  const notes: string[] = []
  const folders = new Set<string>()
  const aside: string[] = []
  const aliases: string[] = []
  for (const [path, { size }] of files) {
    const name = baseName(path)
    const text = texts.get(path)
    const isHidden = path.startsWith('.') || path.includes('/.') || path.startsWith('lost+found/')
    const service = isHidden ? null : SERVICE_FOLDER.exec(path)
    if (isHidden || service !== null) {
      others.push(path)
      if (service !== null) folders.add(`**/${literalGlob(service[1]!)}/**`)
    } else if (isSidecar(path)) sidecars.push(path)
    else if (isSumsFile(path) || (text !== undefined && isSums(text, path, files))) sums.push(path)
    else if (UNFINISHED.test(name) || JUNK.test(name)) aside.push(path)
    else if (ALIAS.test(name)) aliases.push(path)
    else if (size < LARGE && (NOTE.test(name) || LOG.test(name) || TEXT.test(name))) notes.push(path)
    else if (size === 0 && dateOf(path) === null) aside.push(path)
    else backups.push(path)
  }
  const sizes = new Set(aliases.length === 0 ? [] : backups.map((path) => files.get(path)!.size))
  for (const path of aliases) (sizes.has(files.get(path)!.size) ? aside : backups).push(path)
  for (const path of besideBackups(notes, backups)) aside.push(path)
  const isAside = new Set(aside)
  for (const path of notes) if (!isAside.has(path)) backups.push(path)
  const exclude = [...folders, ...globsOf(aside, backups)].slice(0, MOST_GLOBS)
  return { backups, sidecars, sums, others: [...others, ...aside], exclude }
}

/** Of texts and logs, those that are only about the backups next to them. Where there is nothing else, they are what is to be kept. */
function besideBackups(notes: readonly string[], backups: readonly string[]): readonly string[] {
  if (backups.length === 0) {
    const plain = notes.filter((path) => NOTE.test(baseName(path)))
    return plain.length < notes.length ? plain : []
  }
  if (isPersonal([...backups, ...notes])) return []
  const texts = notes.filter(
    (path) => !NOTE.test(baseName(path)) && (EXPORT.test(path) || (TEXT.test(path) && dateOf(path) !== null)),
  )
  const stems = new Set(texts.length === 0 ? [] : backups.flatMap(stemsOf))
  const own = new Set(texts.filter((path) => !stems.has(path.replace(TEXT, ''))))
  return notes.filter((path) => NOTE.test(baseName(path)) || LOG.test(path) || !own.has(path))
}

/** Texts in a tree of photos or documents belong to it. */
function isPersonal(paths: readonly string[]): boolean {
  const step = Math.ceil(paths.length / 500)
  const some = paths.filter((_, i) => i % step === 0)
  if (some.filter(isMedia).length * 2 > some.length) return true
  return isTree(paths) && some.filter((path) => dateOf(path) === null).length * 2 > some.length
}

/** The path without its last extensions. */
function stemsOf(path: string): readonly string[] {
  const stems = [path]
  for (let i = 0; i < 4; i++) {
    const dot = stems.at(-1)!.lastIndexOf('.')
    if (dot <= path.lastIndexOf('/')) break
    stems.push(path.slice(0, dot))
  }
  return stems
}

const MOST_GLOBS = 100

/** Globs that match these files and none of the backups: by extension where it says that a file is none, by what they are called else. */
function globsOf(aside: readonly string[], backups: readonly string[]): readonly string[] {
  const kept = new Set(backups.map(extensionOf))
  const guess = guessSeries('UTC')
  const globs = new Set<string>()
  const matchesAny = (glob: string): boolean => {
    const matches = anyOf([glob])
    return backups.some((path) => path.endsWith(extensionOf(glob)) && matches(path))
  }
  for (const path of aside) {
    if (globs.size > MOST_GLOBS) break
    const name = baseName(path)
    const extension = extensionOf(path)
    const leading = /^(?:tmp|temp)[-_.]/i.exec(name)?.[0]
    const isTelling = (UNFINISHED.test(name) || LOG.test(name)) && /^\.[a-z]{2,12}$/i.test(extension)
    // The next one will have another date.
    const series = dateOf(name) === null ? name : guess(name).series
    if (leading !== undefined) globs.add(`${leading}*`)
    else if (isTelling && !kept.has(extension)) globs.add(`*${extension}`)
    else if (isPlainText(series) && isPlainText(name)) {
      const glob = series === name ? literalGlob(name) : starredGlob(series)
      if (!globs.has(glob)) globs.add(series !== name && matchesAny(glob) ? literalGlob(name) : glob)
    }
  }
  return [...globs]
}

const extensionOf = (path: string): string => /\.[^./]+$/.exec(path)?.[0] ?? ''

/** What a spec may hold: no glob or pattern has a control or invisible character. */
export const isPlainText = (text: string): boolean => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)

/** A glob that matches this text alone. */
export const literalGlob = (text: string): string => text.replace(/[\\*?[\](){}!+@|^$]/g, '\\$&')

/** The name of a guessed series as a glob: it has stars where its dates are. */
export const starredGlob = (series: string): string => literalGlob(series).replaceAll('\\*', '*')

/** Whether a text is checksum lines about files that are listed. */
const isSums = (text: string, path: string, files: Sizes): boolean => {
  const { named, lines } = claimsIn(text, path, files)
  return named.length > 0 && named.length * 2 >= lines
}

const MOST_LINES = 500_000

/** The listed files that a text names with a checksum, each with its number of digits, and how many lines it has at all. */
function claimsIn(
  text: string,
  path: string,
  files: Sizes,
): { readonly named: readonly (readonly [path: string, digits: number])[]; readonly lines: number } {
  const folder = folderOf(path)
  const named: [string, number][] = []
  const lines = text.split(/\r\n?|\n/, MOST_LINES).filter((line) => line.trim() !== '')
  for (const line of lines) {
    const claim = parseLine(line)
    if (claim?.name == null) continue
    const name = claim.name
      .trimEnd()
      .replaceAll('\\', '/')
      .replace(/^(?:\.\/+)+/, '')
    const found = [name, baseName(name)]
      .map((one) => (folder === '' ? one : `${folder}/${one}`))
      .find((one) => files.has(one))
    if (found !== undefined) named.push([found, claim.hex.length])
  }
  return { named, lines: lines.length }
}

/** Where the claims of a source's backups could come from. Counts are of backups. */
export interface Vouchers {
  /** With a sidecar of their own. */
  readonly marked: Readonly<Record<DigestKind, ReadonlySet<string>>>
  /** Why the sidecars that were read say nothing; null: most of them do. */
  readonly unreadable: { readonly path: string; readonly fault: FaultyMarker } | null
  /** Null: none was seen. */
  readonly sums: Sums | null
}

export interface Sums {
  /** A name, or a glob on names. */
  readonly name: string
  readonly kind: DigestKind
  /** Backups that are named; null: no text was read. */
  readonly named: ReadonlySet<string> | null
}

export function findVouchers(
  { backups, sidecars, sums }: Pick<SortedFiles, 'backups' | 'sidecars' | 'sums'>,
  files: Sizes,
  texts: Texts,
): Vouchers {
  const marked = { md5: new Set<string>(), sha256: new Set<string>() }
  const ofMany: string[] = []
  const faulty: NonNullable<Vouchers['unreadable']>[] = []
  let sound = 0
  // Only checksum files that belong to no one file need it.
  const isOrphan = (path: string): boolean => !files.has(markerOf(path)?.data ?? path)
  const heads = new Set(sidecars.some(isOrphan) ? backups.flatMap(stemsOf) : [])
  for (const path of sidecars) {
    const marker = markerOf(path)
    if (marker === null) continue
    const text = texts.get(path)
    const isOwn = files.has(marker.data)
    const isOfMany =
      text === undefined
        ? !isOwn && heads.has(marker.data)
        : claimsIn(text, path, files).named.some(([name]) => name !== marker.data)
    if (isOfMany) ofMany.push(path)
    else if (isOwn) {
      marked[marker.kind].add(marker.data)
      if (text === undefined) continue
      const parsed = parseMarker(new TextEncoder().encode(text), marker.data, marker.kind)
      if ('digest' in parsed) sound++
      else faulty.push({ path, fault: parsed })
    }
  }
  const unreadable = faulty.length > sound ? faulty[0]! : null
  return { marked, unreadable, sums: bestSums([...sums, ...ofMany], new Set(backups), files, texts) }
}

/** The name, or the ending, of the sums files that name the most backups. */
function bestSums(
  paths: readonly string[],
  backups: ReadonlySet<string>,
  files: Sizes,
  texts: Texts,
): Sums | null {
  const byName = new Map<string, { kinds: Record<DigestKind, number>; named: Set<string> | null }>()
  for (const path of paths) {
    const name = baseName(path)
    const ending = isSidecar(path) && markerOf(path) !== null && !isSumsFile(path) ? extensionOf(path) : ''
    const key = ending === '' ? literalGlob(name) : `*${ending}`
    if (!isPlainText(key) || key.length > 200) continue
    const one = byName.get(key) ?? { kinds: { md5: 0, sha256: 0 }, named: null }
    byName.set(key, one)
    const text = texts.get(path)
    if (text === undefined) {
      if (/md5/i.test(name)) one.kinds.md5++
      else if (/sha-?256|checksum/i.test(name)) one.kinds.sha256++
      continue
    }
    one.named ??= new Set()
    for (const [file, digits] of claimsIn(text, path, files).named) {
      one.kinds[digits === 32 ? 'md5' : 'sha256']++
      if (backups.has(file)) one.named.add(file)
    }
  }
  const all = [...byName].flatMap(([name, { kinds, named }]): Sums[] => {
    const kind = kinds.sha256 >= kinds.md5 ? 'sha256' : 'md5'
    // Of SHA1SUMS, SHA512SUMS and their like no line counts.
    return kinds[kind] === 0 ? [] : [{ name, kind, named }]
  })
  const rank = ({ kind, named }: Sums): number => (named?.size ?? 0) * 2 + (kind === 'sha256' ? 1 : 0)
  return all.sort((a, b) => rank(b) - rank(a))[0] ?? null
}

/** The checksum files that were seen and are of no kind that can be used; none: a few names. */
export const uselessChecksums = ({ sidecars, sums }: SortedFiles): readonly string[] =>
  [...sidecars, ...sums].filter((path) =>
    isSumsFile(path)
      ? /sha-?(?:1|512)|b2/i.test(baseName(path))
      : otherChecksum(path) !== null && markerOf(path) === null,
  )

/** A tree of a person's files rather than backups that were made: many names, in many folders or of many kinds. */
export function isTree(paths: readonly string[]): boolean {
  if (paths.length <= 50) return false
  const folders = new Set<string>()
  const kinds = new Set<string>()
  for (const path of paths) {
    folders.add(folderOf(path))
    kinds.add(/\.[^./]{1,5}$/.exec(path)?.[0].toLowerCase() ?? '')
    if (folders.size > 10 || kinds.size > 5) return true
  }
  return false
}

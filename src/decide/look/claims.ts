import { type Digest, type DigestKind, digestKind } from '../../model/digest.ts'
import type { Holding, LedgerRecord } from '../../model/holding.ts'
import type { Fetched, ListedFile, Listing } from '../../model/listing.ts'
import {
  isSidecar,
  isSumsFile,
  markerOf,
  markerText,
  otherChecksum,
  suffixOf,
  usualSuffixes,
} from '../../model/marker-name.ts'
import type { Instead } from '../../model/observation.ts'
import type { Shown } from '../../model/ports.ts'
import { comparePaths, folderOf, type RelPath } from '../../model/rel-path.ts'
import {
  type MarkerClaim,
  NO_MARKER,
  type QuietLook,
  type SourceFile,
  type SourceMarker,
} from '../../model/source-file.ts'
import type { Finished, Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { isWhole } from '../files/facts.ts'
import { sumsFilesOf } from '../files/select.ts'

/** What names and times show of a claim that was not read yet. */
export interface Evidence extends ListedFile {
  /** What the marker's path has beyond the data's, at the destination. */
  readonly suffix: string
  /** It stands in several places, which have to agree: all are read at every look. */
  readonly mayDiffer: boolean
}

/** Where the claims of a source's files come from: one maker for each kind of `finished`. Pure. */
export interface ClaimMaker {
  /** What is known of a file without reading anything, where evidence alone would not show it; null: go by that. */
  readonly known?: (path: RelPath, listed: ListedFile) => SourceMarker | null
  /** Null: nothing claims that it is finished. */
  readonly evidence: (path: RelPath) => Evidence | null
  /** What to fetch to know the claims of these files. */
  readonly request: (paths: readonly RelPath[]) => ClaimRequest
  /** A file's claim, after that was fetched. */
  readonly read: (path: RelPath, fetched: Fetched, problems: Problem[]) => SourceMarker
  readonly instead?: Instead
}

export interface ClaimRequest {
  readonly markers: readonly RelPath[]
  readonly sums: readonly RelPath[]
}

type HeldOf = (path: RelPath, listed: ListedFile) => LedgerRecord | undefined

/** `holding`, `now` and what is held of a file (`heldOf`) are what `quiet` goes by. */
export function claimMaker(
  { finished, checksum }: Pick<Spec, 'finished' | 'checksum'>,
  listing: Listing,
  holding: Pick<Holding, 'files' | 'records' | 'seen'>,
  now: Omit<QuietLook, 'stops'>,
  heldOf: HeldOf = (path) => holding.records.get(path),
): ClaimMaker {
  switch (finished.kind) {
    case 'marker':
      return byMarkers(checksum, listing)
    case 'sums':
      return bySums(finished, checksum, listing)
    case 'quiet':
      return byQuiet(finished.seconds, holding, heldOf, { ...now, stops: 0 })
    default:
      return finished satisfies never
  }
}

/**
 * A marker next to each file. Markers are looked up by name: nothing is kept for each of a hundred thousand files, except for mixed cases
 * and for checksums that do not count.
 */
function byMarkers(kind: DigestKind, { files }: Listing): ClaimMaker {
  const usual = usualSuffixes(kind)
  const has = (path: string): boolean => files.has(path as RelPath)
  const isUnmarked = (data: string): boolean => has(data) && !usual.some((suffix) => has(data + suffix))
  const present = new Set<string>()
  const odd = new Map<string, RelPath[]>()
  const other: [data: RelPath, suffix: string][] = []
  let sums: RelPath | null = null
  for (const path of files.keys()) {
    const suffix = usual.find((one) => path.endsWith(one))
    if (suffix !== undefined) present.add(suffix)
    if (sums === null && isSumsFile(path)) sums = path
    if (suffix !== undefined || !isSidecar(path)) continue
    const of = markerOf(path)
    if (of?.kind === kind) odd.set(of.data, [...(odd.get(of.data) ?? []), path])
    const data = of?.kind === kind ? null : otherChecksum(path)
    if (data !== null && isUnmarked(data)) other.push([data as RelPath, path.slice(data.length)])
  }
  const looked = usual.filter((suffix) => present.has(suffix))
  /** As the source spells them, the lower-case ones first. */
  const spellings = (path: RelPath): readonly RelPath[] => {
    const found = looked.map((suffix) => `${path}${suffix}` as RelPath).filter(has)
    return odd.size === 0 ? found : [...found, ...(odd.get(path) ?? [])]
  }
  const evidence = (path: RelPath): Evidence | null => {
    const [first, ...others] = spellings(path)
    if (first === undefined) return null
    const { size, mtime } = files.get(first)!
    return { suffix: suffixOf(path, first), size, mtime, mayDiffer: others.length > 0 }
  }
  return {
    evidence,
    request: (paths) => ({ markers: paths.flatMap(spellings), sums: [] }),
    read(path, { markers, unreadable }, problems) {
      const names = spellings(path)
      const read = names.map((marker) => markers.get(marker))
      const [first] = read
      if (first === undefined || read.includes(undefined))
        // Listed a moment ago and gone now: not finished any more.
        return names.some((marker) => unreadable?.has(marker)) ? { state: 'unreadable' } : NO_MARKER
      if (new Set(read.map((marker) => marker?.digest)).size > 1) return disagree(path, names, problems)
      const { suffix, size, mtime } = evidence(path)!
      return { state: 'claimed', suffix, digest: first.digest, size, mtime, text: first.text }
    },
    instead: { suffixes: new Map(other.filter(([data]) => !odd.has(data))), sums },
  }
}

/** Files that name others with their digests, each in a folder of the data or above it. The marker is ours. */
function bySums(finished: Finished, kind: DigestKind, { files }: Listing): ClaimMaker {
  const isSums = sumsFilesOf(finished)
  const inFolder = new Map<string, RelPath[]>()
  for (const path of files.keys()) {
    if (!isSums(path)) continue
    const folder = folderOf(path)
    inFolder.set(folder, [...(inFolder.get(folder) ?? []), path])
  }
  const [suffix] = usualSuffixes(kind)
  const covers = new Map<string, readonly RelPath[]>()
  const coverOf = (folder: string): readonly RelPath[] => {
    const known = covers.get(folder)
    if (known !== undefined) return known
    const above = folder === '' ? [] : coverOf(folderOf(folder))
    const cover = [...(inFolder.get(folder) ?? []), ...above]
    covers.set(folder, cover)
    return cover
  }
  const cover = (path: RelPath): readonly RelPath[] => coverOf(folderOf(path))
  const evidence = (path: RelPath): Evidence | null => {
    const sums = cover(path)
    if (sums.length === 0) return null
    let [size, mtime] = [0, 0]
    for (const one of sums) {
      const listed = files.get(one)!
      size += listed.size
      mtime = Math.max(mtime, listed.mtime)
    }
    return { suffix: suffix!, size, mtime, mayDiffer: false }
  }
  return {
    evidence,
    request: (paths) => ({ markers: [], sums: [...new Set(paths.flatMap(cover))] }),
    read(path, { sums, unreadable }, problems) {
      const claims = new Set<Digest | null>()
      let isRefused = false
      for (const one of cover(path)) {
        isRefused ||= unreadable?.has(one) === true
        const digest = sums?.get(one)?.get(path)
        if (digest !== undefined && (digest === null || digestKind(digest) === kind)) claims.add(digest)
      }
      const [digest] = claims
      if (claims.size > 1 || digest === null) return disagree(path, cover(path), problems)
      if (digest === undefined) return isRefused ? { state: 'unreadable' } : NO_MARKER
      const { size, mtime } = evidence(path)!
      const text = markerText(digest, path)
      return { state: 'claimed', by: 'sums', from: cover(path), suffix: suffix!, digest, size, mtime, text }
    },
  }
}

/**
 * No claim is at the source: its rsync is asked for one, of a file that has not changed between two looks so many seconds apart. What was
 * asked stays known until size or time change. A file that is published and as it was then is not asked about.
 */
function byQuiet(
  seconds: number,
  { files, seen }: Pick<Holding, 'files' | 'seen'>,
  heldOf: HeldOf,
  now: QuietLook,
): ClaimMaker {
  return {
    known(path, listed) {
      const record = heldOf(path, listed)
      const before = seen.get(path)
      if (before !== undefined && sameFile(before.listed, listed) && before.marker.state === 'claimed') {
        const { marker } = before
        if (marker.by === 'source') return { ...marker, text: markerText(marker.digest, path) }
      }
      if (record !== undefined && isWhole(files.get(record.path), record) && sameFile(record, listed))
        return claimBySource(path, listed, record.md5)
      const first =
        before !== undefined && sameFile(before.listed, listed) && before.marker.state === 'none'
          ? before.marker.quiet
          : undefined
      const look = first === undefined || elapsed(first, now) < 0 ? now : first
      return elapsed(look, now) >= seconds
        ? { state: 'unread', suffix: MD5, ...listed, quiet: look }
        : { state: 'none', quiet: look }
    },
    evidence: () => null,
    request: () => ({ markers: [], sums: [] }),
    read: () => NO_MARKER,
  }
}

const MD5 = '.md5'

/** What the source's own rsync says of a file. */
export const claimBySource = (path: RelPath, { size, mtime }: ListedFile, digest: Digest): MarkerClaim => ({
  state: 'claimed',
  by: 'source',
  suffix: MD5,
  digest,
  size,
  mtime,
  text: markerText(digest, path),
})

const sameFile = (a: { readonly size: number; readonly mtime: number | null }, b: ListedFile): boolean =>
  a.size === b.size && a.mtime === b.mtime

/** Seconds between two looks; negative where the clock went back, which proves nothing. */
const elapsed = (first: QuietLook, now: QuietLook): number =>
  first.boot !== null && first.boot === now.boot ? now.up - first.up : (now.at - first.at) / 1000

/** Bytes that a source's rsync is asked to read before what is known so far is transferred. */
const ASKED_BYTES = 4 * 1024 ** 3
const ASKED_NAMES = 2_000

/** Of the files whose claims are to be asked, those that are asked next: the newest. One is always among them. */
export function nextToAsk(
  paths: readonly RelPath[],
  files: ReadonlyMap<RelPath, SourceFile>,
): readonly RelPath[] {
  const listed = (path: RelPath): ListedFile => files.get(path)!.listed!
  const ordered = paths.toSorted((a, b) => listed(b).mtime - listed(a).mtime || comparePaths(a, b))
  let bytes = 0
  let count = 0
  for (const path of ordered) {
    bytes += listed(path).size
    if (count > 0 && (bytes > ASKED_BYTES || count === ASKED_NAMES)) break
    count++
  }
  return ordered.slice(0, count)
}

/**
 * A source's files after its rsync was asked about some of them (`shown`: what it said). One that is not as it was listed begins to be
 * waited for anew. `shown` is null where it was stopped while it read them: the next time it gets longer.
 */
export function withAnswers(
  files: ReadonlyMap<RelPath, SourceFile>,
  asked: readonly RelPath[],
  shown: ReadonlyMap<RelPath, Shown> | null,
  now: Omit<QuietLook, 'stops'>,
): ReadonlyMap<RelPath, SourceFile> {
  const after = new Map(files)
  for (const path of asked) {
    const { listed, marker } = files.get(path)!
    if (listed === null || marker.state !== 'unread') continue
    const answer = shown?.get(path)
    const { quiet = { ...now, stops: 0 } } = marker
    if (shown === null)
      after.set(path, { listed, marker: { ...marker, quiet: { ...quiet, stops: quiet.stops + 1 } } })
    else if (answer === undefined || !sameFile(answer, listed) || answer.digest === null)
      after.set(path, { listed, marker: { state: 'none', quiet: { ...now, stops: 0 } } })
    else after.set(path, { listed, marker: claimBySource(path, listed, answer.digest) })
  }
  return after
}

function disagree(path: RelPath, names: readonly RelPath[], problems: Problem[]): SourceMarker {
  const [first] = names
  problems.push(
    names.length === 1
      ? {
          code: 'markers-disagree',
          path,
          message: `is named twice in ${first}, with different digests`,
          hint: 'Write it again at the source, each file once.',
        }
      : {
          code: 'markers-disagree',
          path,
          message: `has the markers ${names.join(' and ')}, which disagree`,
          hint: 'Remove the wrong one at the source.',
        },
  )
  return { state: 'unreadable' }
}

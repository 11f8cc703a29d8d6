import { concernOf } from '../decide/files/concern.ts'
import { claimOf } from '../decide/files/facts.ts'
import { judgeList } from '../decide/files/judge-list.ts'
import { selectorOf } from '../decide/files/select.ts'
import { neededMarkers, rememberedClaim } from '../decide/look/markers-to-read.ts'
import { type DigestKind, digestKind } from '../model/digest.ts'
import type { Failure } from '../model/failure.ts'
import type { Holding } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Fetched, ListedFile, Listing } from '../model/listing.ts'
import {
  isSidecar,
  isSumsFile,
  markerOf,
  otherChecksum,
  suffixOf,
  usualSuffixes,
} from '../model/marker-name.ts'
import type { Instead, SourceView } from '../model/observation.ts'
import type { Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { NO_MARKER, type SourceFile, type SourceMarker } from '../model/source-file.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'

/** A failure as a problem of the backup: the pass goes on with what it knows. */
export const problemOf = (failure: Failure): Problem => ({
  code: failure.code,
  ...(failure.path === null ? {} : { path: failure.path }),
  message: failure.message,
  hint: failure.hint,
  ...(failure.retryable ? {} : { retryable: false as const }),
})

/**
 * Looks at the source: one connection that lists, and one that reads the list file and those markers that are new or have changed and
 * that somebody wants; a third only where the second has shown that others are wanted. A look that failed is `unknown`, never empty.
 * The markers of `mustRead` are read whatever is remembered of them.
 */
export async function observeSource(
  source: Source,
  spec: Spec,
  looking: Promise<Holding>,
  { asOf, mustRead }: { readonly asOf: Instant; readonly mustRead: ReadonlySet<RelPath> },
  run: Run,
): Promise<SourceView> {
  try {
    // Both sides are looked at side by side; what we hold only decides which markers are read.
    const concern = concernOf(spec)
    const [listing, holding] = await Promise.all([source.list(run, concern), looking])
    const { spellings, instead } = besideData(listing, spec.checksum)
    const remembered = (path: RelPath, data: ListedFile, marker: RelPath) => {
      const file = { path, data, suffix: suffixOf(path, marker), marker: listing.files.get(marker)! }
      return rememberedClaim(file, holding, spec.verifyEvery, asOf)
    }
    const read = new Set<RelPath>()
    const assembled = (fetched: Fetched): SourceView =>
      assemble(spec, { listing, fetched, instead }, holding, (path, listed, problems) => {
        const markers = listed === null ? [] : spellings(path)
        const [first] = markers
        if (listed === null || first === undefined) return { listed, marker: NO_MARKER }
        if (read.has(first)) return { listed, marker: markerRead(path, markers, listing, fetched, problems) }
        // Two spellings of one marker have to agree, so both are read.
        const seen = markers.length > 1 || mustRead.has(path) ? null : remembered(path, listed, first)
        if (seen !== null) return seen
        const marker = {
          state: 'unread',
          suffix: suffixOf(path, first),
          ...listing.files.get(first)!,
        } as const
        return { listed, marker }
      })
    const fetch = async (list: boolean, paths: readonly RelPath[]): Promise<Fetched> => {
      const markers = paths.flatMap(spellings)
      for (const marker of markers) read.add(marker)
      return source.fetch({ list, markers, listed: listing, concern }, run)
    }
    const needed = (view: SourceView) =>
      neededMarkers(spec, { source: view, destination: holding }, mustRead, asOf)
    // Before the list file is read every file counts as named: of very many, those that it names are worth a session of their own.
    const hasList = spec.source.listing !== null
    const asked = hasList && listing.files.size > MOST_LISTED ? [] : needed(assembled(NOTHING))
    const first = await fetch(hasList, hasList && asked.length > MOST_UNNAMED ? [] : asked)
    const view = assembled(first)
    if (needed(view).length === 0) return view
    // The list, or a marker that says nothing, has made others wanted: now all of them are read, and that is the end of it.
    const rest: RelPath[] = []
    for (const [path, { marker }] of view.files) if (marker.state === 'unread') rest.push(path)
    const second = await fetch(false, rest)
    return assembled({
      list: first.list,
      markers: new Map([...first.markers, ...second.markers]),
      unreadable: new Set([...(first.unreadable ?? []), ...(second.unreadable ?? [])]),
      problems: [...first.problems, ...second.problems],
    })
  } catch (error) {
    run.signal.throwIfAborted()
    const failure = failureFrom(error)
    const problems = [problemOf(failure)]
    return { completeness: 'unknown', files: new Map(), problems, retryable: failure.retryable }
  }
}

/** Markers that are read before it is known whether the list names their files. */
const MOST_UNNAMED = 2_000
/** Files of a listing that are gone through before it is known which of them the list names. */
const MOST_LISTED = 100_000
const NOTHING: Fetched = { list: null, markers: new Map(), problems: [] }

/** The markers next to data at the source, by the names in a listing. */
interface BesideData {
  /** A file's markers of the spec's kind as the source spells them, the lower-case ones first. */
  readonly spellings: (path: RelPath) => readonly RelPath[]
  readonly instead: Instead
}

/**
 * Looks markers up by name: nothing is kept for each of a hundred thousand files, except for mixed cases and for checksums that do not
 * count.
 */
function besideData(listing: Listing, kind: DigestKind): BesideData {
  const usual = usualSuffixes(kind)
  const has = (path: string): boolean => listing.files.has(path as RelPath)
  const isUnmarked = (data: string): boolean => has(data) && !usual.some((suffix) => has(data + suffix))
  const present = new Set<string>()
  const odd = new Map<string, RelPath[]>()
  const other: [data: RelPath, suffix: string][] = []
  let sums: RelPath | null = null
  for (const path of listing.files.keys()) {
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
  const spellings = (path: RelPath): readonly RelPath[] => {
    const found = looked.map((suffix) => `${path}${suffix}` as RelPath).filter(has)
    return odd.size === 0 ? found : [...found, ...(odd.get(path) ?? [])]
  }
  const suffixes = new Map(other.filter(([data]) => !odd.has(data)))
  return { spellings, instead: { suffixes, sums } }
}

function assemble(
  spec: Spec,
  { listing, fetched, instead }: { listing: Listing; fetched: Fetched; instead: Instead },
  holding: Holding,
  fileOf: (path: RelPath, listed: ListedFile | null, problems: Problem[]) => SourceFile,
): SourceView {
  const wanted = selectorOf(spec)
  const list = spec.source.listing
  const { records } = holding
  const names = fetched.list?.names ?? null
  // What the list does not name is not there, whatever it is.
  const isNamed = (path: string) => {
    const data = markerOf(path)?.data ?? path
    return names === null || data === list || names.has(data as RelPath)
  }
  const problems: Problem[] = [
    ...fetched.problems.filter(({ path = '' }) => markerOf(path) === null || isNamed(path)),
    ...listing.problems.filter(({ path }) => path === undefined || isNamed(path)),
  ]
  const links = [...(listing.links ?? [])].filter((path) => isNamed(path) && path !== list)
  const files = new Map<RelPath, SourceFile>()
  const add = (path: RelPath, listed: ListedFile | null) => {
    files.set(records.get(path)?.path ?? path, fileOf(path, listed, problems))
  }
  const someLinks = links.length === 0 ? {} : { links }
  const seen = { completeness: listing.completeness, files, problems, instead, ...someLinks }
  if (fetched.list === null || list === null) {
    for (const [path, listed] of listing.files) if (wanted(path)) add(path, listed)
    return seen
  }
  const fit = judgeList(list, fetched.list, listing)
  if (fit.problem !== null) problems.push(fit.problem)
  const refused = new Set<string>([...links, ...problems.flatMap(({ path }) => path ?? [])])
  const isKnown = (path: RelPath) => records.has(path) || holding.files.has(path) || holding.staged.has(path)
  const missing: RelPath[] = []
  for (const [path, hint] of fetched.list.names) {
    if (!wanted(path) || fit.odd.has(path)) continue
    const listed = listing.files.get(path) ?? null
    if (listed === null && refused.has(path)) continue
    if (listed === null && !isKnown(path)) {
      missing.push(path)
      continue
    }
    add(path, listed)
    // The list's sums are hints: only a marker finishes a file.
    const claim = claimOf(files.get(path))
    if (hint !== null && claim !== null && digestKind(hint) === digestKind(claim) && hint !== claim)
      problems.push(listDisagrees(path, hint, claim))
  }
  if (missing.length <= MOST_AWAITED) for (const path of missing) add(path, null)
  // If it fits nothing at all, that is already reported.
  else if (fit.problem?.code !== 'list-fits-nothing') problems.push(listedMissing(missing, list))
  return fit.isBelieved ? seen : { ...seen, completeness: 'incomplete' }
}

/** Names in a list whose files may still come, each a step that waits. More at once are no files that are being written. */
const MOST_AWAITED = 20
const NAMED = 3

const listedMissing = (missing: readonly RelPath[], list: RelPath): Problem => ({
  code: 'listed-missing',
  path: list,
  message: `names ${missing.length} files that are not there: ${missing.slice(0, NAMED).join(', ')}, …`,
  hint: 'Write it again at the source from the files in its folder, and check what writes it.',
})

function markerRead(
  path: RelPath,
  markers: readonly RelPath[],
  listing: Listing,
  fetched: Fetched,
  problems: Problem[],
): SourceMarker {
  const read = markers.map((marker) => fetched.markers.get(marker))
  if (read.some((marker) => marker === undefined)) {
    const refused = markers.some((marker) => fetched.unreadable?.has(marker))
    // Listed a moment ago and gone now: not finished any more.
    return refused ? { state: 'unreadable' } : NO_MARKER
  }
  if (new Set(read.map((marker) => marker?.digest)).size > 1) {
    problems.push({
      code: 'markers-disagree',
      path,
      message: `has the markers ${markers.join(' and ')}, which disagree`,
      hint: 'Remove the wrong one at the source.',
    })
    return { state: 'unreadable' }
  }
  const first = markers[0]!
  const { size, mtime } = listing.files.get(first)!
  const { digest, text } = read[0]!
  return { state: 'claimed', suffix: suffixOf(path, first), digest, size, mtime, text }
}

const listDisagrees = (path: string, hint: string, digest: string): Problem => ({
  code: 'list-disagrees',
  path,
  message: `the list file says ${hint}, its marker says ${digest}`,
  hint: 'The marker counts. Write the list file again at the source.',
})

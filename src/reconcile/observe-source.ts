import { claimOf } from '../decide/judge-file.ts'
import { type MarkedFile, rememberedClaim } from '../decide/markers-to-read.ts'
import { selector } from '../decide/select.ts'
import { type DigestKind, digestKind } from '../model/digest.ts'
import { Failure } from '../model/failure.ts'
import type { Holding, Seen } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Fetched, ListedFile, Listing } from '../model/listing.ts'
import { markerOf } from '../model/marker-name.ts'
import type { SourceFile, SourceMarker, SourceView } from '../model/observation.ts'
import type { Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'

/** A failure told as a problem of the backup: the pass goes on with what it knows. */
export const problemOf = (failure: Failure): Problem => ({
  code: failure.code,
  ...(failure.path === null ? {} : { path: failure.path }),
  message: failure.message,
  hint: failure.hint,
})

/**
 * Looks at the source: one connection that lists, and one that reads the list file and those markers that are new or have changed;
 * none of the second kind where nothing is to be read. A look that failed is `unknown`, never empty.
 */
export async function observeSource(
  source: Source,
  spec: Spec,
  looking: Promise<Holding>,
  asOf: Instant,
  run: Run,
): Promise<SourceView> {
  try {
    // Both sides are looked at side by side; what we hold only decides which markers are read.
    const [listing, holding] = await Promise.all([source.list(run), looking])
    const wanted = selector(spec.select, spec.source.listing)
    const marked = markedFiles(listing, spec.checksum, wanted)
    const remembered = new Map<RelPath, Seen>()
    const toRead: RelPath[] = []
    for (const [path, files] of marked) {
      // Two spellings of one marker have to agree, so both are read.
      const seen = files.length === 1 ? rememberedClaim(files[0]!, holding, asOf) : null
      if (seen !== null) remembered.set(path, seen)
      else for (const file of files) toRead.push(file.marker.path)
    }
    const fetched = await source.fetch(
      { list: spec.source.listing !== null, markers: toRead, listed: listing },
      run,
    )
    return assemble(listing, fetched, wanted, (path, problems) =>
      markerOfFile(marked.get(path), remembered.get(path), fetched, problems),
    )
  } catch (error) {
    run.signal.throwIfAborted()
    if (!(error instanceof Failure)) throw error
    return { completeness: 'unknown', files: new Map(), problems: [problemOf(error)] }
  }
}

type MarkedFiles = ReadonlyMap<RelPath, readonly MarkedFile[]>

/** The wanted data files that have a marker of the spec's kind, with each spelling of its suffix; the lower-case one first. */
function markedFiles(listing: Listing, kind: DigestKind, wanted: (path: string) => boolean): MarkedFiles {
  const marked = new Map<RelPath, MarkedFile[]>()
  for (const [path, marker] of listing.files) {
    const of = markerOf(path)
    if (of === null || of.kind !== kind || !wanted(of.data)) continue
    const data = listing.files.get(of.data as RelPath)
    if (data === undefined) continue
    const file: MarkedFile = { path: of.data as RelPath, data, marker: { ...marker, path, kind } }
    const others = marked.get(file.path)
    if (others === undefined) marked.set(file.path, [file])
    else if (path.endsWith(`.${kind}`)) others.unshift(file)
    else others.push(file)
  }
  return marked
}

function assemble(
  listing: Listing,
  fetched: Fetched,
  wanted: (path: string) => boolean,
  marker: (path: RelPath, problems: Problem[]) => SourceMarker,
): SourceView {
  const problems: Problem[] = [...fetched.problems]
  for (const problem of listing.problems) {
    // A link or a device that the spec does not select is nobody's trouble.
    if (problem.code === 'not-regular' && problem.path !== undefined && !wanted(problem.path)) continue
    problems.push(problem)
  }
  const files = new Map<RelPath, SourceFile>()
  const add = (path: RelPath, listed: ListedFile | null) => {
    files.set(path, { listed, marker: marker(path, problems) })
  }
  if (fetched.list === null) {
    for (const [path, listed] of listing.files) if (wanted(path)) add(path, listed)
  } else {
    for (const [path, hint] of fetched.list.names) {
      if (!wanted(path)) continue
      add(path, listing.files.get(path) ?? null)
      // The list's sums are hints: only a marker finishes a file.
      const claim = claimOf(files.get(path))
      if (hint !== null && claim !== null && digestKind(hint) === digestKind(claim) && hint !== claim) {
        problems.push(listDisagrees(path, hint, claim))
      }
    }
  }
  return { completeness: listing.completeness, files, problems }
}

function markerOfFile(
  files: readonly MarkedFile[] | undefined,
  seen: Seen | undefined,
  fetched: Fetched,
  problems: Problem[],
): SourceMarker {
  const first = files?.[0]
  if (files === undefined || first === undefined) return { state: 'none' }
  const { path, size, mtime } = first.marker
  if (seen !== undefined && seen.digest !== null) {
    return { state: 'claimed', path, digest: seen.digest, size, mtime, text: null }
  }
  const read = files.map((file) => fetched.markers.get(file.marker.path))
  if (read.some((marker) => marker === undefined)) {
    const refused = fetched.problems.some((problem) =>
      files.some((file) => file.marker.path === problem.path),
    )
    // Listed a moment ago and gone now: not finished any more.
    return { state: refused ? 'unreadable' : 'none' }
  }
  const digests = new Set(read.map((marker) => marker?.digest))
  if (digests.size > 1) {
    problems.push({
      code: 'markers-disagree',
      path: first.path,
      message: `has ${files.map((file) => file.marker.path).join(' and ')} beside it, and they do not say the same`,
      hint: 'Remove the wrong one at the source.',
    })
    return { state: 'unreadable' }
  }
  return { state: 'claimed', path, digest: read[0]!.digest, size, mtime, text: read[0]!.text }
}

const listDisagrees = (path: string, hint: string, digest: string): Problem => ({
  code: 'list-disagrees',
  path,
  message: `the list file says ${hint}, its marker says ${digest}`,
  hint: 'The marker is believed. Write the list file anew at the source.',
})

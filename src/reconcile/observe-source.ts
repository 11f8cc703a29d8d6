import { concernOf } from '../decide/files/concern.ts'
import { datedNames } from '../decide/files/dated-name.ts'
import { claimOf } from '../decide/files/facts.ts'
import { judgeList } from '../decide/files/judge-list.ts'
import { selectorOf } from '../decide/files/select.ts'
import { versionsOf } from '../decide/files/versions.ts'
import { claimMaker } from '../decide/look/claims.ts'
import { neededMarkers, rememberedClaim, unreadNames } from '../decide/look/markers-to-read.ts'
import { type Digest, digestKind } from '../model/digest.ts'
import { problemOf } from '../model/failure.ts'
import type { Holding } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import { type Fetched, type ListedFile, type Listing, UNKNOWN_BOOT } from '../model/listing.ts'
import { markerOf, markerPath, USUAL_SUFFIXES } from '../model/marker-name.ts'
import type { Instead, SourceView } from '../model/observation.ts'
import type { Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { NO_MARKER, type SourceFile } from '../model/source-file.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'
import { askClaims, claimsToAsk } from './ask-claims.ts'

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
    const now = { at: run.now(), ...(listing.booted ?? UNKNOWN_BOOT) }
    const versions = versionsOf(spec, holding)
    const anyName = datedNames(spec)?.isRotated === true
    const maker = claimMaker(spec, listing, holding, now, versions?.heldOf)
    const read = new Set<RelPath>()
    const assembled = (fetched: Fetched): SourceView => {
      const instead = maker.instead
      const view = assemble(spec, { listing, fetched, instead }, holding, (path, listed, problems) => {
        const marker = listed === null ? NO_MARKER : (maker.known?.(path, listed) ?? null)
        if (marker !== null) return { listed, marker }
        const evidence = maker.evidence(path)
        if (listed === null || evidence === null) return { listed, marker: NO_MARKER }
        if (read.has(path)) return { listed, marker: maker.read(path, fetched, problems) }
        const pathOf = (claim: Digest | null) => versions?.pathOf(path, listed, claim) ?? path
        const isAsked = evidence.mayDiffer || mustRead.has(pathOf(null))
        const seen = isAsked
          ? null
          : rememberedClaim(path, listed, evidence, holding, spec.verifyEvery, asOf, pathOf)
        if (seen !== null) return seen
        const { suffix, size, mtime } = evidence
        return { listed, marker: { state: 'unread', suffix, size, mtime } }
      })
      return versions?.viewOf(view) ?? view
    }
    const fetch = async (list: boolean, paths: readonly RelPath[]): Promise<Fetched> => {
      for (const path of paths) read.add(path)
      return source.fetch(
        { list, ...maker.request(paths), anyName, checksum: spec.checksum, listed: listing, concern },
        run,
      )
    }
    const needed = (view: SourceView) =>
      unreadNames(neededMarkers(spec, { source: view, destination: holding }, mustRead, asOf), view.files)
    // Before the list file is read every file counts as named: of very many, those that it names are worth a session of their own.
    const hasList = spec.source.listing !== null
    const asked =
      spec.finished.kind === 'quiet' || (hasList && listing.files.size > MOST_LISTED)
        ? []
        : needed(assembled(NOTHING))
    const first = await fetch(hasList, hasList && asked.length > MOST_UNNAMED ? [] : asked)
    const view = assembled(first)
    if (spec.finished.kind === 'quiet') {
      const observation = { source: view, destination: holding }
      return askClaims(source, spec, observation, claimsToAsk(spec, observation, mustRead, asOf), run)
    }
    if (needed(view).length === 0) return view
    // The list, or a marker that says nothing, has made others wanted: now all of them are read, and that is the end of it.
    const rest = unreadNames([...view.files.keys()], view.files)
    const second = await fetch(false, rest)
    return assembled({
      list: first.list,
      markers: new Map([...first.markers, ...second.markers]),
      sums: new Map([...(first.sums ?? []), ...(second.sums ?? [])]),
      unreadable: new Set([...(first.unreadable ?? []), ...(second.unreadable ?? [])]),
      problems: [...first.problems, ...second.problems],
    })
  } catch (error) {
    const failure = failureFrom(error, run.signal)
    const problems = [problemOf(failure)]
    return { completeness: 'unknown', files: new Map(), problems, retryable: failure.retryable }
  }
}

/** Markers that are read before it is known whether the list names their files. */
const MOST_UNNAMED = 2_000
/** Files of a listing that are gone through before it is known which of them the list names. */
const MOST_LISTED = 100_000
const NOTHING: Fetched = { list: null, markers: new Map(), problems: [] }

function assemble(
  spec: Spec,
  { listing, fetched, instead }: { listing: Listing; fetched: Fetched; instead: Instead | undefined },
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
  const isThere = (path: RelPath) => listing.files.has(path) || links.includes(path)
  const finishedLinks = links.filter(
    (path) =>
      wanted(path) &&
      (names !== null || USUAL_SUFFIXES.some((suffix) => isThere(markerPath(path, { suffix })))),
  )
  const someLinks = {
    ...(links.length === 0 ? {} : { links }),
    ...(finishedLinks.length === 0 ? {} : { finishedLinks }),
  }
  const beside = instead === undefined ? {} : { instead }
  const seen = { completeness: listing.completeness, files, problems, ...beside, ...someLinks }
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

const listDisagrees = (path: string, hint: string, digest: string): Problem => ({
  code: 'list-disagrees',
  path,
  message: `the list file says ${hint}, its marker says ${digest}`,
  hint: 'The marker counts. Write the list file again at the source.',
})

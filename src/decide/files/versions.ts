import { firstIndex } from '../../model/binary-search.ts'
import type { Digest } from '../../model/digest.ts'
import { findCollisions } from '../../model/find-collisions.ts'
import { groupBy } from '../../model/group-by.ts'
import type { Holding, LedgerRecord } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { LedgerEvent } from '../../model/ledger-event.ts'
import type { ListedFile } from '../../model/listing.ts'
import { isSidecar, markerText } from '../../model/marker-name.ts'
import type { Observation, SourceView } from '../../model/observation.ts'
import { comparePaths, folderOf, pathFault, type RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { datedNames, finerName } from './dated-name.ts'
import { acknowledged, claimOf, digestOfKind, type FileFacts, isWhole } from './facts.ts'

/** With `select.as`: what the source has is a version of a file, kept here under a path of its own. */
export interface Versions {
  /** Where this version is kept, by what is known of its claim (null: nothing). A path that is not safe belongs to none. */
  readonly pathOf: (from: RelPath, listed: ListedFile, claim: Digest | null) => RelPath
  /** The copy here of this very version, by its mtime and size alone. */
  readonly heldOf: (from: RelPath, listed: ListedFile) => LedgerRecord | undefined
  /** The source's files, by its own names, as versions by their paths here. */
  readonly viewOf: (view: SourceView) => SourceView
}

/** Null: files keep their names. */
export function versionsOf(
  spec: Spec,
  holding: Pick<Holding, 'files' | 'records' | 'pruned'>,
): Versions | null {
  const names = datedNames(spec)
  if (names === null) return null
  const { files, records, pruned } = holding
  let families: Map<string, LedgerRecord[]> | null = null
  /** Of those of a file that are, or should be, here and are not newer than this, the newest. */
  const before = (from: RelPath, mtime: number): readonly LedgerRecord[] => {
    families ??= familiesOf(names.familyOf, records, pruned)
    const family = families.get(names.familyOf(from)) ?? []
    const end = firstIndex(family, (one) => timeOf(one) > mtime)
    const last = family[end - 1]
    if (last === undefined) return []
    return family.slice(
      firstIndex(family, (one) => timeOf(one) >= timeOf(last)),
      end,
    )
  }
  let byPerson: readonly LedgerRecord[] | null = null
  /** Where this very version was before a person removed it: under another template's name it would come again. */
  const removed = (from: RelPath, mtime: number, claim: Digest): RelPath | undefined => {
    byPerson ??= [...pruned].flatMap(([path, { by }]) => (by === 'person' ? (records.get(path) ?? []) : []))
    const isIt = (one: LedgerRecord) =>
      one.mtime === mtime &&
      digestOfKind(one, claim) === claim &&
      names.familyOf(one.from ?? one.path) === names.familyOf(from)
    return byPerson.find(isIt)?.path
  }
  const pathOf: Versions['pathOf'] = (from, { mtime }, claim) => {
    const path = names.nameOf(from, mtime) as RelPath
    if (claim === null) return path
    const same = before(from, mtime).find((one) => digestOfKind(one, claim) === claim)
    // It may be here under a name of another template, zone, or none.
    if (same?.mtime === mtime) return same.path
    if (records.has(path) || files.has(path)) return path
    // The same bytes under a new mtime are the version before it.
    return same?.path ?? removed(from, mtime, claim) ?? path
  }
  return {
    pathOf,
    heldOf(from, { size, mtime }) {
      const dated = records.get(names.nameOf(from, mtime) as RelPath)
      return [...(dated === undefined ? [] : [dated]), ...before(from, mtime)].find(
        (one) => one.mtime === mtime && one.size === size && isWhole(files.get(one.path), one),
      )
    },
    viewOf: (view) => asVersions(spec, view, records, pathOf),
  }
}

const timeOf = ({ mtime, since }: LedgerRecord): number => mtime ?? Math.floor(since / 1000)

/** What the ledger knows of each file's versions, the oldest first. What was removed is none. */
function familiesOf(
  familyOf: (from: RelPath) => string,
  records: Holding['records'],
  pruned: Holding['pruned'],
): Map<string, LedgerRecord[]> {
  const here = [...records.values()].filter(({ path }) => !pruned.has(path))
  const families = groupBy(here, ({ path, from = path }) => familyOf(from))
  for (const family of families.values()) family.sort((a, b) => timeOf(a) - timeOf(b))
  return families
}

function asVersions(
  spec: Spec,
  view: SourceView,
  records: Holding['records'],
  pathOf: Versions['pathOf'],
): SourceView {
  const problems: Problem[] = [...view.problems]
  const groups = new Map<RelPath, SourceFile[]>()
  for (const [from, shown] of view.files) {
    const { listed, marker } = finishedOf(shown)
    const file = { listed, marker, from }
    const path = file.listed === null ? from : pathOf(from, file.listed, claimOf(file))
    const fault = pathFault(path) ?? (isSidecar(path) ? 'checksum-file' : null)
    if (fault !== null) {
      problems.push(unfitName(from, path, fault))
      continue
    }
    const group = groups.get(path)
    if (group === undefined) groups.set(path, [file])
    else group.push(file)
  }
  for (const problem of collidingNames(groups)) {
    groups.delete(problem.path)
    problems.push(problem)
  }
  const files = new Map<RelPath, SourceFile>()
  for (const [path, group] of groups) {
    const record = records.get(path)
    files.set(record?.path ?? path, chosen(path, group, record, spec))
  }
  return { ...view, files, problems }
}

/** A marker that is older than its file is of an earlier version: it finishes nothing. */
function finishedOf({ listed, marker }: SourceFile): SourceFile {
  if (listed === null || !('mtime' in marker) || marker.mtime >= listed.mtime) return { listed, marker }
  return { listed, marker: { state: 'none', isOlder: true } }
}

/** The one of several files with one name here that stands for them: where two differ, one that shows it. */
function chosen(
  path: RelPath,
  group: readonly SourceFile[],
  record: LedgerRecord | undefined,
  spec: Spec,
): SourceFile {
  const newestFirst = group.toSorted(
    (a, b) => (b.listed?.mtime ?? -1) - (a.listed?.mtime ?? -1) || comparePaths(a.from!, b.from!),
  )
  const isHeld = (claim: Digest) => record !== undefined && claim === digestOfKind(record, claim)
  const claimed = newestFirst.filter((file) => claimOf(file) !== null)
  const open = claimed.filter((file) => !acknowledged(spec, path, claimOf(file)!))
  const file =
    open.find((one) => record !== undefined && !isHeld(claimOf(one)!)) ??
    open[0] ??
    claimed[0] ??
    newestFirst[0]!
  const rival = record === undefined ? open.find((one) => claimOf(one) !== claimOf(file)) : undefined
  const { listed, marker, from } = file
  const others = group.filter((one) => one !== file)
  return {
    listed,
    marker:
      marker.state === 'claimed' ? { ...marker, text: ownText(marker.digest, marker.text, path) } : marker,
    from: from!,
    ...(others.length === 0 ? {} : { others }),
    ...(rival === undefined ? {} : { rival: rival.from! }),
  }
}

/** The source's own would name the file by another name. */
const ownText = (digest: Digest, text: string | null, path: RelPath): string | null =>
  text === null ? null : markerText(digest, path)

/** I6, as of a source's own names: those that a file system may take for one another are refused. */
function collidingNames(
  groups: ReadonlyMap<RelPath, unknown>,
): readonly (Problem & { readonly path: RelPath })[] {
  const folders = new Set<string>()
  for (const path of groups.keys())
    for (let at = folderOf(path); at !== '' && !folders.has(at); at = folderOf(at)) folders.add(at)
  const found = new Map(findCollisions(new Set(groups.keys()), folders))
  for (const folder of folders) if (groups.has(folder as RelPath)) found.set(folder, [`${folder}/`])
  return [...found].flatMap(([path, others]) =>
    groups.has(path as RelPath)
      ? [
          {
            code: 'name-collision',
            path: path as RelPath,
            message: `select.as makes this name, which a file system may confuse with ${others.join(', ')}: it is refused`,
            hint: 'Choose another select.as, rename a file at the source, or exclude one.',
          },
        ]
      : [],
  )
}

const unfitName = (from: RelPath, path: string, fault: string): Problem => ({
  code: fault === 'checksum-file' ? 'name-checksum-file' : `name-${fault}`,
  path: from,
  message:
    fault === 'too-long'
      ? 'select.as makes a name of it that is too long to leave room for its marker: it is refused'
      : fault === 'checksum-file'
        ? `select.as makes ${path} of it, which is a checksum file’s name: it is refused`
        : `select.as makes a name of it that is not safe (${fault}): it is refused`,
  hint: 'Choose another select.as, rename it at the source, or exclude it.',
})

/** As its claim and its size have it: a claim that was written again without being made again is that of other bytes. */
const hasBytesOf = ({ listed, marker }: SourceFile, record: LedgerRecord): boolean =>
  listed?.size === record.size &&
  marker.state === 'claimed' &&
  marker.digest === digestOfKind(record, marker.digest)

/** By a source's clock that is this far ahead (seconds) nothing is fresh. */
const AHEAD = 24 * 3600

/** When the source was last seen to have the bytes of a version that is here; null: it has other ones, or never was. */
export function lastSame(
  { source, record }: Pick<FileFacts, 'source' | 'record'>,
  asOf: Instant,
): Instant | null {
  if (record === undefined) return null
  const now = source?.from !== undefined && hasBytesOf(source, record) ? source.listed!.mtime : undefined
  const times = [now, record.same].filter((time) => time !== undefined && time <= asOf / 1000 + AHEAD)
  return times.length === 0 ? null : instant(Math.max(...(times as number[])) * 1000)
}

/** What the ledger is to learn of files that are newer at the source, and have the bytes of a version that is here. */
export function sameEvents({ source, destination }: Observation, asOf: Instant): readonly LedgerEvent[] {
  const events: LedgerEvent[] = []
  for (const [path, file] of source.files) {
    const { from, listed } = file
    // Of a spec without `as` none has it.
    if (from === undefined) return []
    const record = destination.records.get(path)
    if (record === undefined || listed === null || !hasBytesOf(file, record)) continue
    const { mtime } = listed
    const known = record.same ?? record.mtime
    const isNews = (known === null || mtime > known) && mtime <= asOf / 1000 + AHEAD
    if (isNews && isWhole(destination.files.get(path), record))
      events.push({ event: 'same', path, from, mtime })
  }
  return events
}

/** What to do about two versions of one name. */
export const twoVersions = (as: string, apart?: number): string =>
  `Two versions have one name here: ${finerName(as, apart)}.`

/** Files that the source shows, each by its own name for it. */
export function listedCount({ files }: SourceView): number {
  let count = files.size
  for (const { from, others } of files.values()) {
    if (from === undefined) break
    count += others?.length ?? 0
  }
  return count
}

/** What the source calls a file. */
export const nameAtSource = (path: RelPath, file: SourceFile | undefined): RelPath => file?.from ?? path

/** Each file of a source by its own name for it, with its path here. */
export function* byNameAtSource(
  files: SourceView['files'],
): Generator<readonly [from: RelPath, file: SourceFile, path: RelPath]> {
  for (const [path, file] of files) {
    yield [nameAtSource(path, file), file, path]
    for (const other of file.others ?? []) yield [other.from!, other, path]
  }
}

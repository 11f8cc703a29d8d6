import type { Digest } from '../../model/digest.ts'
import type { Holding, Seen } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { ListedFile } from '../../model/listing.ts'
import type { Observation, SourceView } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { MarkerClaim, SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import { isWhole } from '../files/facts.ts'
import { nameAtSource } from '../files/versions.ts'
import { retention } from '../retention/wanted.ts'
import type { Evidence } from './claims.ts'

/** What is remembered of a file whose marker has been read. */
export type RememberedClaim = Seen & { readonly marker: MarkerClaim }

/**
 * The claim remembered of a file, where it will do, so that a converged run reads no marker: the source shows the same data and the
 * same marker as when it was read, that was at most `verifyEvery` seconds ago, and the file is published here (publishing needs the
 * marker's bytes). `pathOf`: where it is kept here, by its claim, if that is not its path at the source.
 */
export function rememberedClaim(
  path: RelPath,
  data: ListedFile,
  claim: Evidence,
  holding: Holding,
  verifyEvery: number,
  asOf: Instant,
  pathOf: (claim: Digest) => RelPath = () => path,
): RememberedClaim | null {
  const seen = holding.seen.get(path)
  if (seen === undefined || !hasClaim(seen) || seen.readAt === null) return null
  if (seen.listed.size !== data.size || seen.listed.mtime !== data.mtime) return null
  if (seen.marker.suffix !== claim.suffix) return null
  if (seen.marker.size !== claim.size || seen.marker.mtime !== claim.mtime) return null
  // A clock that went back proves nothing either.
  if (asOf < seen.readAt || asOf - seen.readAt > verifyEvery * 1000) return null
  const here = pathOf(seen.marker.digest)
  return isWhole(holding.files.get(here), holding.records.get(here)) ? seen : null
}

const hasClaim = (seen: Seen): seen is RememberedClaim => seen.marker.state === 'claimed'

const isUnread = ({ marker }: SourceFile): boolean => marker.state === 'unread'

/** The source's names of these files whose claims are unread. */
export const unreadNames = (paths: readonly RelPath[], files: SourceView['files']): readonly RelPath[] =>
  paths.flatMap((path) => {
    const file = files.get(path)!
    return [file, ...(file.others ?? [])].filter(isUnread).map((one) => nameAtSource(path, one))
  })

/**
 * Of the files at the source whose markers are unread, those whose markers matter: what is wanted is to be brought, and what is held, or
 * should be, may be in conflict. A source that keeps a year of hourly files has most of its markers left unread.
 */
export function neededMarkers(
  spec: Spec,
  observation: Observation,
  mustRead: ReadonlySet<RelPath>,
  asOf: Instant,
): readonly RelPath[] {
  const { source, destination } = observation
  const unread: RelPath[] = []
  for (const [path, file] of source.files)
    if (isUnread(file) || file.others?.some(isUnread) === true) unread.push(path)
  if (spec.retain === null || unread.length === 0) return unread
  const wants = retention(spec, observation, asOf)
  return unread.filter((path) => {
    if (destination.files.has(path) || mustRead.has(path)) return true
    if (destination.records.has(path) && !destination.pruned.has(path)) return true
    const point = wants.pointOf(path)
    return point === null || point.reasons !== null
  })
}

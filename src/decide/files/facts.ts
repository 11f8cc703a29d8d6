import { type Digest, digestKind } from '../../model/digest.ts'
import type { HeldFile, Holding, LedgerRecord, PrunedFile, Seen, StagedFile } from '../../model/holding.ts'
import { isoSeconds } from '../../model/instant.ts'
import type { Observation, SourceView } from '../../model/observation.ts'
import type { Step } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'

/** All that is known of one path, on both sides. */
export interface FileFacts {
  readonly path: RelPath
  readonly source: SourceFile | undefined
  readonly held: HeldFile | undefined
  readonly record: LedgerRecord | undefined
  /** Set where a prune removed it, and nothing of the name is here. */
  readonly pruned: PrunedFile | undefined
  readonly staged: StagedFile | undefined
  /** Not looked up where the file is whole, nothing of it is staged and the source's data, if it is there, has the time it was published with. */
  readonly seen: Seen | undefined
  /** The source shows it and we refuse it: it can never come, and is not absent there. */
  readonly isRefused: boolean
  readonly completeness: SourceView['completeness']
}

/** The facts of one path. `refused`: paths that the source shows and we refuse. */
export function factsOf(path: RelPath, observation: Observation, refused: ReadonlySet<string>): FileFacts {
  return gatherFacts(path, observation.source.files.get(path), observation, refused)
}

/** The same where the source's side has been looked up: among a million files each look-up counts. */
export function gatherFacts(
  path: RelPath,
  file: SourceFile | undefined,
  { source, destination }: Observation,
  refused: ReadonlySet<string>,
): FileFacts {
  const held = destination.files.get(path)
  const record = destination.records.get(path)
  const name = file?.from ?? path
  // Both are mostly empty, and to ask for their size spares a look.
  const staged = destination.staged.size === 0 ? undefined : destination.staged.get(name)
  const isRefused = refused.size > 0 && (refused.has(path) || refused.has(record?.from ?? path))
  const mtime = file?.listed?.mtime
  const isAtRest =
    staged === undefined && isWhole(held, record) && (mtime === undefined || mtime === record?.mtime)
  return {
    path,
    source: file,
    held,
    record,
    pruned: held === undefined ? destination.pruned.get(path) : undefined,
    staged,
    seen: isAtRest ? undefined : destination.seen.get(name),
    isRefused,
    completeness: isRefused ? 'incomplete' : source.completeness,
  }
}

/** Whether these very bytes, as far as the source's facts show, have failed their gate twice. */
export function hasFailedGate(seen: Seen | undefined, { listed, marker }: SourceFile): boolean {
  const gate = seen?.gate ?? null
  if (gate === null || listed === null) return false
  if (gate.size !== listed.size || gate.mtime !== listed.mtime) return false
  return marker.state !== 'claimed' || marker.digest === gate.digest
}

type Expect = NonNullable<Step['expect']>

/** What a step relies on: a saved plan is applied only where it still holds. */
export function expectations({
  source,
  held,
  record,
}: Pick<FileFacts, 'source' | 'held' | 'record'>): Expect {
  const heldDigest = record?.md5 ?? held?.marker?.digest ?? null
  return {
    source:
      source?.listed == null
        ? null
        : { size: source.listed.size, mtime: isoSeconds(source.listed.mtime), digest: claimOf(source) },
    destination: held === undefined ? null : { size: held.size, digest: heldDigest },
  }
}

export function claimOf(source: SourceFile | undefined): Digest | null {
  const marker = source?.marker
  return marker?.state === 'claimed' ? marker.digest : null
}

export const digestOfKind = (record: LedgerRecord, like: Digest): Digest => record[digestKind(like)]

export const acknowledged = (spec: Spec, path: string, digest: string): boolean =>
  spec.acknowledge.some((entry) => entry.path === path && entry.digest === digest)

type Odd = Pick<LedgerRecord, 'md5' | 'sha256' | 'anomalies'>

const entriesOf = ({ acknowledge }: Spec, path: string, { md5, sha256 }: Odd) =>
  acknowledge.filter((entry) => entry.path === path && (entry.digest === md5 || entry.digest === sha256))

/** Whether the spec accepts what is odd about the bytes of this record. */
export const isOddAccepted = (spec: Spec, path: string, record: Odd): boolean =>
  entriesOf(spec, path, record).some(({ lost }) => lost !== true)

/** Whether the spec accepts that the bytes of this record are gone. Who accepted that they are odd has not accepted that. */
export const isLossAccepted = (spec: Spec, path: string, record: Odd | undefined): boolean =>
  record !== undefined &&
  entriesOf(spec, path, record).some(({ lost }) => lost === true || !record.anomalies?.length)

/** Whose later loss the spec accepts already: they are whole here. */
export const acceptedAhead = (
  spec: Spec,
  { files, records }: Pick<Holding, 'files' | 'records'>,
): readonly RelPath[] =>
  [...new Set(spec.acknowledge.map(({ path }) => path as RelPath))].filter((path) => {
    const record = records.get(path)
    return isWhole(files.get(path), record) && isLossAccepted(spec, path, record)
  })

/** Published and, as far as a look can show, whole: data of the ledger's size next to the marker that was published with it. */
export const isWhole = (held: HeldFile | undefined, record: LedgerRecord | undefined): boolean =>
  held !== undefined &&
  record !== undefined &&
  record.isRotten === undefined &&
  held.size === record.size &&
  held.foundOther === undefined &&
  held.marker !== null &&
  held.marker.isWrong === undefined

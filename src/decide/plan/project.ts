import { type Digest, type DigestPair, digestKind } from '../../model/digest.ts'
import {
  firstPublished,
  type HeldFile,
  type Holding,
  type LedgerRecord,
  type PrunedFile,
} from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import { type BackupPlan, makesWhole, type Step } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { nameAtSource } from '../files/versions.ts'

/**
 * The observation as it would be once the plan was applied and all went well, without touching anything. Planning from it finds no
 * work left. `prune`: what a prune in it goes by; `planId`: the plan's. A digest of the kind that no marker gives is not known beforehand and stands as zeros.
 */
export function project(
  observation: Observation,
  plan: BackupPlan,
  asOf: Instant,
  prune: Holding['lastPrune'] = null,
  planId: string | null = null,
): Observation {
  const { destination, source } = observation
  const pruned = new Map<RelPath, PrunedFile>(destination.pruned)
  let lastPrune = destination.lastPrune
  const files = new Map<RelPath, HeldFile>(destination.files)
  const records = new Map<RelPath, LedgerRecord>(destination.records)
  const staged = new Map(destination.staged)
  const surplus = new Map(destination.surplus)
  for (const step of plan.steps) {
    const path = step.path as RelPath
    if (step.action === 'expire') {
      const inTrash = pruned.get(path)
      if (step.trash === undefined) staged.delete(path)
      else if (inTrash !== undefined) pruned.set(path, { ...inTrash, trash: null })
    }
    if (step.action === 'prune') {
      files.delete(path)
      surplus.delete(path)
      pruned.set(path, prunedBy(step, asOf))
      lastPrune = prune ?? lastPrune
    }
    if (!makesWhole(step)) continue
    const digest = step.digest as Digest
    const before = records.get(path)
    const removal = pruned.get(path)
    const file = source.files.get(path)
    const marker = file?.marker
    files.set(path, {
      size: step.size ?? 0,
      marker: {
        path: destination.files.get(path)?.marker?.path ?? `${path}.${digestKind(digest)}`,
        digest,
      },
    })
    records.set(path, {
      path: before?.path ?? path,
      ...(before === undefined ? pairOf(digest) : sound(before)),
      size: step.size ?? 0,
      mtime: file?.listed?.mtime ?? null,
      markerSize: marker?.state === 'claimed' ? marker.size : (before?.markerSize ?? 0),
      markerMtime: marker?.state === 'claimed' ? marker.mtime : null,
      // As the ledger has it: what comes again after a prune is as young as what comes for the first time.
      since: (removal === undefined ? before?.since : null) ?? asOf,
      ...(removal?.by === 'policy' ? { removedBefore: removal } : {}),
      readAt: asOf,
      planId: planId ?? before?.planId ?? null,
      ...(before === undefined ? {} : { first: firstPublished(before) }),
      ...(file?.from === undefined ? {} : { from: file.from }),
    })
    staged.delete(nameAtSource(path, file))
    pruned.delete(path)
  }
  return { source, destination: { ...destination, files, records, staged, surplus, pruned, lastPrune } }
}

const sound = ({ isRotten: _, ...record }: LedgerRecord): LedgerRecord => record

const prunedBy = (step: Step, asOf: Instant): PrunedFile => ({
  at: asOf,
  trash: 'projected',
  by: 'policy',
  reason: step.because.join(', '),
  series: step.series ?? '',
  point: instant(Date.parse(step.time ?? '')),
  planId: null,
})

const pairOf = (digest: Digest): DigestPair =>
  digestKind(digest) === 'md5'
    ? { md5: digest, sha256: '0'.repeat(64) as Digest }
    : { md5: '0'.repeat(32) as Digest, sha256: digest }

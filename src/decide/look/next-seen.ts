import { type ClockSanity, clockSanity, OLDEST } from '../../model/clock-sanity.ts'
import type { LedgerRecord, Seen, SeenClaim } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { BackupPlan } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { type MarkerClaim, NO_MARKER, type NoMarker, type SourceFile } from '../../model/source-file.ts'
import { changedSinceSeen, changesOf } from '../files/as-published.ts'
import { byNameAtSource, nameAtSource } from '../files/versions.ts'
import { isTransfer } from '../plan/backup.ts'

/**
 * By the source's names: what the cache is to remember after a look: only what differs from what it has, so that looking again at a source where nothing
 * happened writes nothing. Null forgets a path that the source no longer has.
 */
export function nextSeen(
  { source, destination }: Observation,
  asOf: Instant,
  clock: ClockSanity = 'sane',
): Map<RelPath, Seen | null> {
  const changes = new Map<RelPath, Seen | null>()
  const renamed = new Set<RelPath>()
  for (const [name, file, path] of byNameAtSource(source.files)) {
    if (file.from !== undefined) renamed.add(name)
    const before = destination.seen.get(name)
    // Handed on by a look that found nothing new.
    if (file === before) continue
    const now = remembered(file, before, destination.records.get(path), asOf, clock)
    if (now === null) continue
    if (before === undefined || !sameSeen(before, now)) changes.set(name, now)
  }
  if (source.completeness === 'complete') {
    for (const name of destination.seen.keys()) {
      const isShown = source.files.has(name) || renamed.has(name)
      if (!isShown && !destination.staged.has(name)) changes.set(name, null)
    }
  }
  return changes
}

/** The cache after the look, with what staging is about to be filled for. */
export function seenAtStart(
  observation: Observation,
  plan: BackupPlan,
  asOf: Instant,
  clock: ClockSanity = 'sane',
): Map<RelPath, Seen | null> {
  const changes = nextSeen(observation, asOf, clock)
  for (const step of plan.steps) {
    if (!isTransfer(step)) continue
    const file = observation.source.files.get(step.path as RelPath)
    const name = nameAtSource(step.path as RelPath, file)
    const seen = changes.get(name) ?? observation.destination.seen.get(name)
    const marker = file?.marker
    if (seen == null || marker?.state !== 'claimed') continue
    // Bytes of another digest stay known as such until they have been repaired.
    const stagedFor = observation.destination.staged.has(name) ? seen.stagedFor : marker.digest
    if (stagedFor !== seen.stagedFor) changes.set(name, { ...seen, stagedFor })
  }
  return changes
}

function remembered(
  file: SourceFile,
  before: Seen | undefined,
  record: LedgerRecord | undefined,
  asOf: Instant,
  clock: ClockSanity,
): Seen | null {
  if (file.listed === null) return null
  const isOther = record !== undefined && file.from === undefined && changedSinceSeen(file, record, before)
  const { marker } = file
  const changes = changesOf(file, record, before)
  const claimed = marker.state === 'claimed' ? marker : null
  return {
    // What its marker was next to: data that changed under it is reported at every look, until the marker is written again.
    listed: isOther && before !== undefined ? before.listed : file.listed,
    marker: claimed === null ? unmarked(file) : asSeen(claimed),
    // A marker that was read again and says the same is not worth a write, but once it is due the new time is.
    readAt: claimed === null ? null : readTime(claimed, before, asOf),
    stagedFor: before?.stagedFor ?? null,
    gate: before?.gate ?? null,
    waitingSince: marker.state === 'none' ? waitTime(before, asOf, clock) : null,
    ...(changes === undefined ? {} : { changes }),
  }
}

/** The first of quiet's two looks goes on counting. */
const unmarked = ({ marker }: SourceFile): NoMarker =>
  'quiet' in marker && marker.quiet !== undefined ? { state: 'none', quiet: marker.quiet } : NO_MARKER

/** Without what only a look of now is good for. */
const asSeen = ({ from: _, ...claim }: MarkerClaim): SeenClaim => ({ ...claim, text: null })

/** By a clock that is not believed no wait begins, and one that such a clock began starts over. */
function waitTime(before: Seen | undefined, asOf: Instant, clock: ClockSanity): Instant | null {
  const since = before?.waitingSince ?? null
  if (clock !== 'sane') return since
  return since === null || clockSanity(since, asOf) === 'behind' || since < OLDEST ? asOf : since
}

const HALF_A_DAY = 12 * 3600 * 1000

function readTime(
  marker: { readonly text: string | null },
  before: Seen | undefined,
  asOf: Instant,
): Instant | null {
  const earlier = before?.readAt ?? null
  if (marker.text === null) return earlier
  return earlier !== null && asOf >= earlier && asOf - earlier < HALF_A_DAY ? earlier : asOf
}

const sameSeen = (a: Seen, b: Seen): boolean =>
  a.listed.size === b.listed.size &&
  a.listed.mtime === b.listed.mtime &&
  a.readAt === b.readAt &&
  a.stagedFor === b.stagedFor &&
  a.gate === b.gate &&
  a.waitingSince === b.waitingSince &&
  sameClaim(claimIn(a), claimIn(b)) &&
  sameLook(a.marker, b.marker) &&
  String(a.changes) === String(b.changes)

const sameLook = (a: Seen['marker'], b: Seen['marker']): boolean => {
  const [one, other] = [a, b].map((marker) => (marker.state === 'none' ? marker.quiet : undefined))
  return one?.at === other?.at && one?.boot === other?.boot && one?.stops === other?.stops
}

const claimIn = ({ marker }: Seen): MarkerClaim | null => (marker.state === 'claimed' ? marker : null)

const sameClaim = (a: MarkerClaim | null, b: MarkerClaim | null): boolean =>
  a?.by === b?.by &&
  a?.suffix === b?.suffix &&
  a?.size === b?.size &&
  a?.mtime === b?.mtime &&
  a?.digest === b?.digest

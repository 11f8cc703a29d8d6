import type { Holding } from '../model/holding.ts'
import { type Instant, instant, isoSeconds, isoTime } from '../model/instant.ts'
import type { DestinationPlace, Spec } from '../model/spec.ts'
import type {
  BackupState,
  BackupStatus,
  Condition,
  DestinationStatus,
  SeriesStatus,
} from '../model/status.ts'
import type { Suspended } from '../model/suspension.ts'
import type { Halt, Hold } from '../model/trouble.ts'
import { isWhole } from './is-whole.ts'
import { heldPoints } from './name-removals.ts'
import { selector } from './select.ts'
import { seriesViews } from './series-status.ts'
import { describeSuspended, resumeHint } from './suspended.ts'

export interface StatusFacts {
  readonly backup: string
  readonly place: Pick<DestinationPlace, 'path'>
  /** Null for a bare folder: everything counts, and nothing is expected. */
  readonly spec: Spec | null
  /** Null: it could not be looked at; `halt` or `hold` says why. */
  readonly holding: Holding | null
  readonly last: DestinationStatus | null
  readonly halt: Halt | null
  readonly hold: Hold | null
  /** Null: it runs. */
  readonly suspended: Suspended | null
}

/** One backup's status from what its disk says alone. What is not known is never ok. */
export function backupStatus(facts: StatusFacts, asOf: Instant): BackupStatus {
  const { holding, last } = facts
  const halt = facts.halt ?? holding?.halt ?? null
  const { spec } = facts
  const wanted = spec === null ? () => true : selector(spec.select, spec.source.listing)
  let bytes = 0
  let points = 0
  let newest = Number.NEGATIVE_INFINITY
  let gone = 0
  for (const [path, record] of holding?.records ?? []) {
    if (!wanted(path) || (holding!.pruned.has(path) && !holding!.files.has(path))) continue
    if (!isWhole(holding?.files.get(path), record)) {
      gone++
      continue
    }
    points++
    bytes += record.size
    newest = Math.max(newest, record.mtime ?? Math.floor(record.since / 1000))
  }
  const views =
    holding === null || spec === null
      ? []
      : seriesViews(spec, heldPoints(spec, holding, asOf), holding.created, asOf)
  const late = views.flatMap((view) => view.late ?? [])
  const state = stateOf(facts, halt, gone, late.length > 0)
  return {
    backup: facts.backup,
    state,
    destination: facts.place.path,
    series:
      spec === null && holding !== null ? [allFiles(points, newest)] : views.map(({ status }) => status),
    conditions: [...extraConditions(facts, halt, gone, late, asOf), ...(last?.conditions ?? [])],
    lastSuccess: last?.lastSuccess ?? null,
    nextRun: last?.promised?.nextRun ?? null,
    validUntil: last?.promised?.validUntil ?? null,
    bytes: holding === null ? null : bytes,
    free: holding?.free ?? null,
  }
}

const allFiles = (points: number, newest: number): SeriesStatus => ({
  series: '',
  newest: points === 0 ? null : isoSeconds(newest),
  expect: null,
  state: 'unknown',
  points,
})

function stateOf(
  { hold, last, holding, suspended }: StatusFacts,
  halt: Halt | null,
  gone: number,
  isLate: boolean,
): BackupState {
  if (suspended !== null) return 'suspended'
  if (hold !== null) return 'held'
  if (halt !== null) return 'failed'
  if (holding === null || last === null) return 'unknown'
  if (last.counts.conflict > 0) return 'conflict'
  if (gone > 0 || last.counts.lost > 0) return 'failed'
  const cutShort = last.result === 'incomplete' || last.result === 'cancelled'
  if (!cutShort && last.exitCode !== 0) {
    if (last.result === 'halted' || last.holds.length > 0) return 'held'
    // Lateness makes a pass exit with 1 where nothing else was wrong with it.
    const isWell = last.result === 'in-sync' || last.result === 'applied'
    if (!isWell || last.exitCode !== 1 || last.counts.problems > 0) return 'failed'
  }
  if (isLate) return 'late'
  if (cutShort) return last.counts.problems === 0 ? 'pending' : 'failed'
  return last.counts.pending > 0 ? 'pending' : 'ok'
}

/** What the look itself found, beside what the last pass left behind. */
function extraConditions(
  { backup, hold, last, place, suspended }: StatusFacts,
  halt: Halt | null,
  gone: number,
  late: readonly string[],
  asOf: Instant,
): readonly Condition[] {
  const since = isoTime(instant(asOf))
  const found: Condition[] = []
  if (suspended !== null) {
    const message = `${describeSuspended(suspended)}. ${resumeHint(backup, suspended)}`
    found.push({
      type: 'Suspended',
      status: 'true',
      reason: 'suspended',
      message,
      since: suspended.by?.at ?? since,
    })
  }
  if (hold !== null) {
    const message = `${hold.message} (release ${hold.id})`
    found.push({ type: 'Held', status: 'true', reason: hold.code, message, since })
  }
  for (const { id, code, message } of hold === null ? (last?.holds ?? []) : [])
    found.push({ type: 'Held', status: 'true', reason: code, message: `${message} (release ${id})`, since })
  for (const message of late) found.push({ type: 'Fresh', status: 'false', reason: 'late', message, since })
  if (halt !== null) {
    found.push({
      type: 'Ready',
      status: 'false',
      reason: halt.code,
      message: `${halt.message}. ${halt.hint}`,
      since,
    })
  }
  if (gone > 0) {
    const files = gone === 1 ? '1 published file is gone' : `${gone} published files are gone`
    const message = `${files} from ${place.path}, or without a marker, or of another size`
    found.push({ type: 'Damaged', status: 'true', reason: 'missing-here', message, since })
  }
  if (last === null && halt === null && hold === null) {
    found.push({
      type: 'Ready',
      status: 'unknown',
      reason: 'never-run',
      message: 'no pass has finished here yet',
      since,
    })
  }
  return found
}

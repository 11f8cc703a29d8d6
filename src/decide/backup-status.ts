import type { Holding } from '../model/holding.ts'
import { type Instant, instant, isoSeconds, isoTime } from '../model/instant.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { DestinationPlace, Selection } from '../model/spec.ts'
import type { BackupState, BackupStatus, Condition, DestinationStatus } from '../model/status.ts'
import type { Halt, Hold } from '../model/trouble.ts'
import { isWhole } from './is-whole.ts'
import { selector } from './select.ts'

export interface StatusFacts {
  readonly backup: string
  readonly place: Pick<DestinationPlace, 'path'>
  /** Null for a bare folder: everything counts. */
  readonly selection: { readonly select: Selection; readonly listing: RelPath | null } | null
  /** Null: it could not be looked at; `halt` or `hold` says why. */
  readonly holding: Holding | null
  readonly last: DestinationStatus | null
  readonly halt: Halt | null
  readonly hold: Hold | null
}

/** One backup's status from what its disk says alone. What is not known is never ok. */
export function backupStatus(facts: StatusFacts, asOf: Instant): BackupStatus {
  const { holding, last } = facts
  const halt = facts.halt ?? holding?.halt ?? null
  const wanted =
    facts.selection === null ? () => true : selector(facts.selection.select, facts.selection.listing)
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
  const state = stateOf(facts, halt, gone)
  return {
    backup: facts.backup,
    state,
    destination: facts.place.path,
    series:
      holding === null
        ? []
        : [
            {
              series: '',
              newest: points === 0 ? null : isoSeconds(newest),
              expect: null,
              state: 'unknown',
              points,
            },
          ],
    conditions: [...extraConditions(facts, halt, gone, asOf), ...(last?.conditions ?? [])],
    lastSuccess: last?.lastSuccess ?? null,
    nextRun: null,
    validUntil: null,
    bytes: holding === null ? null : bytes,
    free: holding?.free ?? null,
  }
}

function stateOf({ hold, last, holding }: StatusFacts, halt: Halt | null, gone: number): BackupState {
  if (hold !== null) return 'held'
  if (halt !== null) return 'failed'
  if (holding === null || last === null) return 'unknown'
  if (last.counts.conflict > 0) return 'conflict'
  if (gone > 0 || last.counts.lost > 0) return 'failed'
  const cutShort = last.result === 'incomplete' || last.result === 'cancelled'
  if (cutShort && last.counts.problems === 0) return 'pending'
  if (last.exitCode !== 0) return last.result === 'halted' ? 'held' : 'failed'
  return last.counts.pending > 0 ? 'pending' : 'ok'
}

/** What the look itself found, beside what the last pass left behind. */
function extraConditions(
  { hold, last, place }: StatusFacts,
  halt: Halt | null,
  gone: number,
  asOf: Instant,
): readonly Condition[] {
  const since = isoTime(instant(asOf))
  const found: Condition[] = []
  if (hold !== null) {
    const message = `${hold.message} (release ${hold.id})`
    found.push({ type: 'Held', status: 'true', reason: hold.code, message, since })
  }
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

import { type Instant, instant } from '../../model/instant.ts'
import type { BackupState, BackupStatus, SeriesStatus, StatusReport } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import { type Cause, causesOf, type Faults, faultsOf } from './causes.ts'
import { isDeaf, isNotSeen } from './over-specs.ts'
import { worstFirst } from './verdict.ts'

/** The return codes of a monitoring plugin, as Nagios and Icinga read them. */
export const PLUGIN_CODES = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const
export type PluginState = keyof typeof PLUGIN_CODES

/** What a backup's state comes to. What is not known may be the worst that can be, and is never passed over for a warning. */
const STATES: Readonly<Record<BackupState, PluginState>> = {
  ok: 'OK',
  pending: 'OK',
  empty: 'CRITICAL',
  late: 'CRITICAL',
  conflict: 'CRITICAL',
  failed: 'CRITICAL',
  held: 'WARNING',
  suspended: 'WARNING',
  unknown: 'UNKNOWN',
}
const WORST_FIRST: readonly PluginState[] = ['CRITICAL', 'UNKNOWN', 'WARNING', 'OK']

const OVERDUE = 'overdue'

/** A backup that has had work left for longer than this without one good pass in between. Milliseconds. */
const PENDING_TOO_LONG = 24 * 3600 * 1000

export interface Checked {
  readonly backup: BackupStatus
  readonly state: PluginState
  /** In two or three words: `late`, `newest point too old`. */
  readonly word: string
  /** Why it is not well. */
  readonly causes: readonly Cause[]
  /** That its newest point is too old; null: that is not so. */
  readonly old: string | null
  /** Seconds since the newest complete point, of the series that counts for most; null: there is none, or it is not known. */
  readonly age: number | null
}

export interface CheckReport {
  readonly state: PluginState
  readonly backups: readonly Checked[]
  /** Those that are not OK, the worst first. */
  readonly bad: readonly Checked[]
  /** The box's own. */
  readonly problems: readonly Problem[]
  /** Of specs and settings. */
  readonly faults: Faults
  /** Why newer specs are not seen, in words; null: as far as anybody can tell none are missed. */
  readonly unseen: string | null
  readonly maxAge: number | null
}

/** What `status --check` says: the worst of all backups. `maxAge` in seconds: an older newest point is critical, whatever is expected. */
export function checkReport(report: StatusReport, maxAge: number | null, asOf: Instant): CheckReport {
  const { problems = [] } = report
  const backups = worstFirst(report.backups).map((backup) => checkBackup(backup, maxAge, asOf))
  const faults = faultsOf(report)
  const unseen = report.stale.find(({ code }) => isNotSeen(code))
  const states = [
    ...backups.map(({ state }) => state),
    // Nothing runs until somebody has seen to it.
    ...problems.map(({ retryable }) => (retryable === false ? 'CRITICAL' : 'WARNING')),
    // What is faulty does not run.
    ...(faults.own.length + faults.common.length > 0 ? (['CRITICAL'] as const) : []),
    ...(unseen !== undefined && isDeaf({ ...unseen, since: instant(Date.parse(unseen.since)) }, asOf)
      ? (['WARNING'] as const)
      : []),
    // An empty report is UNKNOWN, not OK.
    ...(backups.length === 0 ? (['UNKNOWN'] as const) : []),
  ]
  return {
    state: worst(states),
    backups,
    bad: backups
      .filter(({ state }) => state !== 'OK')
      .toSorted((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state)),
    problems,
    faults,
    unseen: unseen?.message ?? null,
    maxAge,
  }
}

const worst = (states: readonly PluginState[]): PluginState =>
  WORST_FIRST.find((state) => states.includes(state)) ?? 'UNKNOWN'

function checkBackup(backup: BackupStatus, maxAge: number | null, asOf: Instant): Checked {
  const age = ageOf(backup, asOf)
  const own = ofState(backup, asOf)
  const old = maxAge === null ? null : ofAge(backup, age, maxAge)
  const state = worst([own.state, ...(old === null ? [] : [old.state])])
  const words = [own, ...(old === null ? [] : [old])].filter((one) => one.state === state)
  return {
    backup,
    state,
    word: words.map(({ word }) => word).join(', '),
    causes: own.state === 'OK' ? [] : causesOf(backup),
    old: old?.detail ?? null,
    age,
  }
}

function ofState(
  { state, lastSuccess, conditions }: BackupStatus,
  asOf: Instant,
): { readonly state: PluginState; readonly word: string } {
  // Nobody looks: that is known, and as bad as what would be seen.
  if (state === 'unknown' && conditions.some(({ type, reason }) => type === 'Ready' && reason === OVERDUE))
    return { state: 'CRITICAL', word: OVERDUE }
  if (state !== 'pending') return { state: STATES[state], word: state }
  // One that is new has had no time for a good pass, and counts from its first one without fault.
  const from =
    lastSuccess ?? conditions.find(({ type, status }) => type === 'Ready' && status === 'true')?.since
  const isLong = from === undefined || asOf - Date.parse(from) > PENDING_TOO_LONG
  return isLong
    ? { state: 'WARNING', word: 'pending without a good pass in 24h' }
    : { state: 'OK', word: 'pending' }
}

function ofAge(
  { bytes }: BackupStatus,
  age: number | null,
  maxAge: number,
): { readonly state: PluginState; readonly word: string; readonly detail: string } | null {
  // Where the disk could not be looked at, nothing says how old its newest point is.
  if (age === null && bytes === null)
    return { state: 'UNKNOWN', word: 'age unknown', detail: 'the age of its newest point is unknown' }
  if (age === null) return { state: 'CRITICAL', word: 'no point', detail: 'it holds no complete point' }
  if (age <= maxAge) return null
  const detail = `the newest complete point is ${Math.floor(age)}s old, over ${maxAge}s`
  return { state: 'CRITICAL', word: 'too old', detail }
}

/**
 * The greatest age among the series from which more is expected; where nothing is expected of any, that of the newest point of all.
 * Null: one of those that count has no point.
 */
function ageOf({ series }: BackupStatus, asOf: Instant): number | null {
  const expected = series.filter(({ expect, state }) => expect !== null && state !== 'ended')
  const age = ({ newest }: SeriesStatus): number =>
    newest === null ? Number.POSITIVE_INFINITY : Math.max(0, (asOf - Date.parse(newest)) / 1000)
  const ages = (expected.length > 0 ? expected : series).map(age).toSorted((a, b) => a - b)
  const found = ages.at(expected.length > 0 ? -1 : 0)
  return found === undefined || !Number.isFinite(found) ? null : found
}

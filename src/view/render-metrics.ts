import { Gauge, Registry } from 'prom-client'
import type { Instant } from '../model/instant.ts'
import {
  BACKUP_STATES,
  type BackupStatus,
  CONDITION_TYPES,
  type SeriesStatus,
  type StatusReport,
} from '../model/status.ts'
import { escapeText } from './escape-text.ts'

const STATUSES = ['true', 'false', 'unknown'] as const

/** Series of one backup beyond this many are only counted: names come from a source, and each one costs the server. */
const MOST_SERIES = 500

/** The metrics of each backup, by name under `reconcile_`. Null: unknown, and left out. */
const OF_BACKUP: Readonly<
  Record<string, { readonly help: string; readonly value: (backup: BackupStatus) => number | null }>
> = {
  last_pass_timestamp_seconds: {
    help: 'When the last pass ended, with any result.',
    value: ({ lastPass }) => secondsOf(lastPass),
  },
  last_success_timestamp_seconds: {
    help: 'When the last successful pass ended.',
    value: ({ lastSuccess }) => secondsOf(lastSuccess),
  },
  next_run_timestamp_seconds: {
    help: 'When reconcile watch will run it next.',
    value: ({ nextRun }) => secondsOf(nextRun),
  },
  valid_until_timestamp_seconds: {
    help: 'Until when the last report of reconcile watch is valid; after it nothing is known to run.',
    value: ({ validUntil }) => secondsOf(validUntil),
  },
  published_bytes: { help: 'Bytes published and complete here.', value: ({ bytes }) => bytes },
  free_bytes: { help: 'Bytes free at the destination.', value: ({ free }) => free },
  pending_files: {
    help: 'Files still to be pulled after the last pass.',
    value: ({ counts }) => counts?.pending ?? null,
  },
  waiting_files: {
    help: 'Files without a marker at the source, by the last pass.',
    value: ({ counts }) => counts?.waiting ?? null,
  },
  conflict_files: {
    help: 'Files that differ at the source from the copy held, by the last pass.',
    value: ({ counts }) => counts?.conflict ?? null,
  },
  lost_files: {
    help: 'Files that were held and are gone on both sides, by the last pass.',
    value: ({ counts }) => counts?.lost ?? null,
  },
  problems: { help: 'Problems in the last pass.', value: ({ counts }) => counts?.problems ?? null },
  series: {
    help: 'Series of points held.',
    value: ({ series, bytes }) => (bytes === null ? null : series.length),
  },
}

/** The status in the text format of Prometheus, for the node exporter's textfile collector. Times are seconds since 1970. */
export async function renderMetrics(
  report: StatusReport,
  { version, now }: { readonly version: string; readonly now: Instant },
): Promise<string> {
  const registry = new Registry()
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `reconcile_${name}`, help, labelNames: [...labelNames], registers: [registry] })

  gauge('build_info', 'The version that wrote this.', ['version']).set({ version: escapeText(version) }, 1)
  gauge('status_timestamp_seconds', 'When this was written. Old metrics say nothing about now.').set(
    now / 1000,
  )
  gauge('backups', 'Declared backups, including faulty ones.').set(report.backups.length)
  gauge('spec_faults', 'Faults in specs and settings; what is faulty does not run.').set(
    report.diagnostics.filter(({ severity }) => severity === 'error').length,
  )
  const stale = gauge(
    'specs_stale_since_timestamp_seconds',
    'Since when the specs in force are not, or may not be, the newest; absent if they are.',
    ['reason'],
  )
  for (const { code, since } of report.stale) stale.set({ reason: code }, secondsOf(since) ?? 0)

  const backups = named(report.backups)
  const state = gauge('backup_state', '1 for the state that the backup is in.', ['backup', 'state'])
  const condition = gauge('condition', '1 for the status that the condition has.', [
    'backup',
    'type',
    'status',
  ])
  for (const [backup, status] of backups) {
    for (const one of BACKUP_STATES) state.set({ backup, state: one }, Number(status.state === one))
    for (const type of CONDITION_TYPES) {
      const found = status.conditions.find((one) => one.type === type)?.status ?? 'unknown'
      for (const one of STATUSES) condition.set({ backup, type, status: one }, Number(found === one))
    }
  }
  for (const [name, { help, value }] of Object.entries(OF_BACKUP)) {
    const metric = gauge(name, help, ['backup'])
    for (const [backup, status] of backups) {
      const known = value(status)
      if (known !== null) metric.set({ backup }, known)
    }
  }

  const newest = gauge('newest_point_timestamp_seconds', 'The time of the newest complete point.', [
    'backup',
    'series',
  ])
  const points = gauge('points', 'Complete points held.', ['backup', 'series'])
  const late = gauge('series_late', '1 if a new point should be here by now.', ['backup', 'series'])
  const cause = gauge('series_late_cause', '1 for the cause of a late series, if known.', [
    'backup',
    'series',
    'cause',
  ])
  for (const [backup, status] of backups) {
    for (const one of shown(status.series)) {
      const labels = { backup, series: escapeText(one.series) }
      const time = secondsOf(one.newest)
      if (time !== null) newest.set(labels, time)
      points.set(labels, one.points)
      if (one.expect !== null) late.set(labels, Number(one.state === 'late'))
      if (one.cause !== undefined) cause.set({ ...labels, cause: one.cause }, 1)
    }
  }
  return registry.metrics()
}

/** Two folders may hold backups of one name: then the folder is part of the label. */
function named(backups: readonly BackupStatus[]): readonly (readonly [string, BackupStatus])[] {
  const names = backups.map(({ backup }) => backup)
  return backups.map((status) => {
    const isAlone = names.indexOf(status.backup) === names.lastIndexOf(status.backup)
    return [escapeText(isAlone ? status.backup : `${status.backup} at ${status.destination}`), status]
  })
}

/** Late series first, then those with an expectation. */
const shown = (series: readonly SeriesStatus[]): readonly SeriesStatus[] =>
  series.length <= MOST_SERIES
    ? series
    : series.toSorted((a, b) => weight(b) - weight(a)).slice(0, MOST_SERIES)

const weight = ({ state, expect }: SeriesStatus): number => (state === 'late' ? 2 : Number(expect !== null))

function secondsOf(time: string | null): number | null {
  const at = time === null ? Number.NaN : Date.parse(time)
  return Number.isNaN(at) ? null : at / 1000
}

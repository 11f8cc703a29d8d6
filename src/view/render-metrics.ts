import { Gauge, Registry } from 'prom-client'
import { causesOf, faultsOf } from '../decide/status/causes.ts'
import { needsWords } from '../decide/status/verdict.ts'
import type { DiskInTurn } from '../model/disk-in-turn.ts'
import type { Instant } from '../model/instant.ts'
import {
  BACKUP_STATES,
  type BackupStatus,
  CONDITION_TYPES,
  type SeriesStatus,
  type StatusReport,
} from '../model/status.ts'
import { escapeText } from './escape-text.ts'
import { namesOf } from './status-facts.ts'

const STATUSES = ['true', 'false', 'unknown'] as const

/** Series of one backup beyond this many are only counted: names come from a source, and each one costs the server. */
const MOST_SERIES = 500

/** Its labels and its value; null: unknown, and left out. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null]
/** Its name under `reconcile_`. */
type Metric = readonly [name: string, help: string, labels: readonly string[], samples: readonly Sample[]]

/** The status in the text format of Prometheus, for the node exporter's textfile collector. Times are seconds since 1970. */
export async function renderMetrics(
  report: StatusReport,
  from: { readonly version: string; readonly now: Instant },
): Promise<string> {
  const registry = new Registry()
  for (const [name, help, labelNames, samples] of metricsOf(report, from)) {
    const gauge = new Gauge({
      name: `reconcile_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
    })
    for (const [labels, value] of samples) if (value !== null) gauge.set(labels, value)
  }
  return registry.metrics()
}

function metricsOf(
  report: StatusReport,
  { version, now }: { readonly version: string; readonly now: Instant },
): readonly Metric[] {
  const { own, common } = faultsOf(report)
  const backups = [...namesOf(report.backups)].map(([status, backup]) => ({ ...status, backup }))
  const alone = (name: string, help: string, value: number): Metric => [name, help, [], [[{}, value]]]
  const ofEach = (
    name: string,
    help: string,
    labels: readonly string[],
    samples: (status: BackupStatus) => readonly Sample[],
  ): Metric => {
    const all = backups.flatMap((status) =>
      samples(status).map(([own, value]): Sample => [{ backup: status.backup, ...own }, value]),
    )
    return [name, help, ['backup', ...labels], all]
  }
  const ofBackup = (name: string, help: string, value: (status: BackupStatus) => number | null) =>
    ofEach(name, help, [], (status) => [[{}, value(status)]])
  const ofSeries = (name: string, help: string, value: (series: SeriesStatus) => number | null) =>
    ofEach(name, help, ['series'], ({ series }) =>
      shown(series).map((one) => [{ series: escapeText(one.series) }, value(one)]),
    )
  const ofDisk = (name: string, help: string, value: (disk: DiskInTurn) => number | null) =>
    ofEach(name, help, ['disk', 'label'], ({ disks = [] }) =>
      disks.map((one) => [{ disk: one.id, label: escapeText(one.label ?? '') }, value(one)]),
    )
  const ofDisks: readonly Metric[] = [
    ofDisk('disk_here', '1 for the disk that is here, of those that take turns.', ({ here }) => Number(here)),
    ofDisk('disk_last_here_timestamp_seconds', 'When a pass over the disk last ended.', ({ lastHere }) =>
      secondsOf(lastHere),
    ),
    ofDisk(
      'disk_newest_point_timestamp_seconds',
      'The time of the newest complete point on the disk, as far as known while it is away.',
      ({ newest }) => secondsOf(newest),
    ),
  ]
  return [
    ['build_info', 'The version that wrote this.', ['version'], [[{ version: escapeText(version) }, 1]]],
    alone(
      'status_timestamp_seconds',
      'When this was written. Old metrics say nothing about now.',
      now / 1000,
    ),
    alone('backups', 'Declared backups, including faulty ones.', backups.length),
    alone(
      'spec_faults',
      'Faults in specs and settings; what is faulty does not run.',
      own.length + common.length,
    ),
    [
      'specs_stale_since_timestamp_seconds',
      'Since when the specs in force are not, or may not be, the newest; absent if they are.',
      ['reason'],
      report.stale.map(({ code, since }) => [{ reason: code }, secondsOf(since) ?? 0]),
    ],
    ofEach('backup_state', '1 for the state that the backup is in.', ['state'], ({ state }) =>
      BACKUP_STATES.map((one) => [{ state: one }, Number(state === one)]),
    ),
    ofEach('condition', '1 for the status that the condition has.', ['type', 'status'], ({ conditions }) =>
      CONDITION_TYPES.flatMap((type) => {
        const found = conditions.find((one) => one.type === type)?.status ?? 'unknown'
        // Only where it is asked for.
        if (type === 'Proven' && !conditions.some((one) => one.type === type)) return []
        return STATUSES.map((status): Sample => [{ type, status }, Number(found === status)])
      }),
    ),
    ofEach(
      'cause',
      'Why a backup is not well: how many files or series each cause is about, and where the first is; 1 if it is about none.',
      ['code', 'place'],
      (status) =>
        (needsWords(status) ? causesOf(status) : []).map(({ code, path = '', place, count }) => {
          const at = place === undefined ? path : `${place.file}:${place.line}:${place.column}`
          return [{ code: escapeText(code), place: escapeText(at) }, count]
        }),
    ),
    ofBackup('last_pass_timestamp_seconds', 'When the last pass ended, with any result.', (one) =>
      secondsOf(one.lastPass),
    ),
    ofBackup('last_success_timestamp_seconds', 'When the last successful pass ended.', (one) =>
      secondsOf(one.lastSuccess),
    ),
    ofBackup('next_run_timestamp_seconds', 'When reconcile watch will run it next.', (one) =>
      secondsOf(one.nextRun),
    ),
    ofBackup(
      'valid_until_timestamp_seconds',
      'Until when the last report of reconcile watch is valid; after it nothing is known to run.',
      (one) => secondsOf(one.validUntil),
    ),
    ofBackup('published_bytes', 'Bytes published and complete here.', ({ bytes }) => bytes),
    ofBackup(
      'unverified_files',
      'Complete files that were not read again within verify.every.',
      ({ verified }) => (verified === undefined || verified.assumed ? null : verified.overdue),
    ),
    ofBackup(
      'damaged_files',
      'Published files that are gone, rotten or without their marker.',
      ({ verified }) => verified?.damaged ?? null,
    ),
    ofBackup(
      'oldest_verification_timestamp_seconds',
      'When the file read longest ago was read whole.',
      (one) => secondsOf(one.verified?.oldest ?? null),
    ),
    ofBackup('quarantine_bytes', 'Bytes set aside, which only a person removes.', (one) =>
      one.verified === undefined ? null : (one.quarantine?.bytes ?? 0),
    ),
    ofBackup('free_bytes', 'Bytes free at the destination.', ({ free }) => free),
    ...(backups.some(({ disks }) => disks !== undefined) ? ofDisks : []),
    ...COUNTS.map(([count, name, help]) => ofBackup(name, help, ({ counts }) => counts?.[count] ?? null)),
    ofBackup('series', 'Series of points held.', ({ series, bytes }) =>
      bytes === null ? null : series.length,
    ),
    ofSeries('newest_point_timestamp_seconds', 'The time of the newest complete point.', ({ newest }) =>
      secondsOf(newest),
    ),
    ofSeries('points', 'Complete points held.', ({ points }) => points),
    ofSeries('series_late', '1 if a new point should be here by now.', ({ expect, state }) =>
      expect === null ? null : Number(state === 'late'),
    ),
    ...(backups.some(({ series }) => series.some(({ proof }) => proof !== undefined))
      ? ofProof(ofSeries)
      : []),
    ofEach(
      'series_late_cause',
      '1 for the cause of a late series, if known.',
      ['series', 'cause'],
      ({ series }) =>
        shown(series).flatMap(({ series: name, cause }) =>
          cause === undefined ? [] : [[{ series: escapeText(name), cause }, 1]],
        ),
    ),
  ]
}

/** Only where a spec asks for proof. */
const ofProof = (
  ofSeries: (name: string, help: string, value: (series: SeriesStatus) => number | null) => Metric,
): readonly Metric[] => [
  ofSeries('series_proven_timestamp_seconds', 'When a drill last proved a point of it.', ({ proof }) =>
    secondsOf(proof?.proven ?? null),
  ),
  ofSeries(
    'series_restore_seconds',
    'How long the restore for that drill took.',
    ({ proof }) => proof?.restoreSeconds ?? null,
  ),
  ofSeries('series_drill_failed', '1 if its last drill failed.', ({ proof }) =>
    proof === undefined ? null : Number(proof.failed !== null),
  ),
]

/** Of the last pass. */
const COUNTS = [
  ['pending', 'pending_files', 'Files still to be pulled after the last pass.'],
  ['waiting', 'waiting_files', 'Files without a marker at the source, by the last pass.'],
  ['conflict', 'conflict_files', 'Files that differ at the source from the copy held, by the last pass.'],
  ['lost', 'lost_files', 'Files that are gone or rotten here and gone at the source, by the last pass.'],
  ['problems', 'problems', 'Problems in the last pass.'],
] as const

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

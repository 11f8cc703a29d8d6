import { DAY, type Instant, isoTime } from '../../model/instant.ts'
import type { LedgerLine } from '../../model/ledger-event.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { BackupStatement, DamageThen, DrillThen } from '../../model/statement.ts'
import { anomalyText } from '../anomaly/problems.ts'
import type { FileThen } from './replay.ts'

/** What a span's lines say of how far the copies can be trusted, one after another. Pure but for what it gathers. */
export function trustFrom(spec: Spec, from: Instant) {
  /** Not mended yet, by path. */
  const open = new Map<string, DamageThen[]>()
  const mended: DamageThen[] = []
  const odd: BackupStatement['anomalies'][number][] = []
  /** The last good drill of each series, and all that failed in the span. */
  const proven = new Map<string, DrillThen>()
  const failed: (DrillThen & { readonly why: string })[] = []
  const read = new Map<string, number>()
  let foreign: readonly string[] = []

  const acceptedFor = (
    path: string,
    file: { readonly md5: string; readonly sha256: string } | null,
  ): string | null =>
    spec.acknowledge.find(
      (one) => one.path === path && file !== null && (one.digest === file.md5 || one.digest === file.sha256),
    )?.reason ?? null

  function damaged(code: DamageThen['code'], path: string, file: FileThen | null, at: Instant): void {
    const known = open.get(path) ?? []
    if (known.some((one) => one.code === code)) return
    open.set(path, [
      ...known,
      { path, code, found: isoTime(at), ended: null, accepted: acceptedFor(path, file) },
    ])
  }

  function mend(path: string, at: Instant): void {
    const known = open.get(path)
    if (known === undefined) return
    open.delete(path)
    if (at >= from) mended.push(...known.map((one) => ({ ...one, ended: isoTime(at) })))
  }

  return {
    /** `file`: what is held under the line's path, before it; `at`: when it was written, as far as that is believed. */
    enter(line: LedgerLine, file: FileThen | null, at: Instant): void {
      switch (line.event) {
        case 'published':
        case 'adopted':
        case 'repaired':
          mend(line.path, at)
          if (at >= from)
            for (const one of line.anomalies ?? [])
              odd.push({
                time: isoTime(at),
                path: line.path,
                kind: one.kind,
                message: anomalyText(one),
                accepted: acceptedFor(line.path, line),
              })
          return
        case 'verified':
          mend(line.path, at)
          if (at >= from && file !== null) read.set(line.path, file.size)
          return
        case 'rotten':
        case 'rot':
          damaged('rot', line.path, file, at)
          return
        case 'damaged':
          damaged(line.code, line.path, file, at)
          return
        case 'prune-done':
          if (line.failed !== true) mend(line.path, at)
          return
        case 'foreign':
          foreign = line.paths
          return
        case 'proven':
        case 'drill-failed': {
          const { drill, series, point, files, bytes, restoreSeconds, drillSeconds } = line
          const drilled = {
            time: isoTime(at),
            drill,
            series,
            point,
            files,
            bytes,
            restoreSeconds,
            drillSeconds,
          }
          if (line.event === 'proven') proven.set(series, drilled)
          else if (at >= from) failed.push({ ...drilled, why: line.why })
          return
        }
        default:
          return
      }
    },
    /** `held`: at the end. */
    end(
      held: readonly FileThen[],
      until: Instant,
    ): Pick<BackupStatement, 'verified' | 'damaged' | 'foreign' | 'anomalies' | 'proven' | 'drillsFailed'> {
      const every = spec.verifyEvery * 1000
      // One that is due is read within a day.
      const overdue = held.filter(({ readAt }) => until - readAt > every + DAY).length
      const oldest = held.reduce<Instant | null>(
        (first, { readAt }) => (first === null || readAt < first ? readAt : first),
        null,
      )
      return {
        verified: {
          files: read.size,
          bytes: [...read.values()].reduce((sum, size) => sum + size, 0),
          oldest: oldest === null ? null : isoTime(oldest),
          every: spec.verifyEvery,
          overdue,
        },
        damaged: [...mended, ...[...open.values()].flat()].toSorted(
          (a, b) => comparePaths(a.path, b.path) || comparePaths(a.found, b.found),
        ),
        foreign,
        anomalies: odd,
        proven: [...proven.values()].toSorted((a, b) => comparePaths(a.series, b.series)),
        drillsFailed: failed,
      }
    },
  }
}

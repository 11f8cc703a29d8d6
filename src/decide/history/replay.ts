import type { Digest } from '../../model/digest.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { FileEvent, LedgerLine, PruneBegin } from '../../model/ledger-event.ts'
import type { SeriesRules } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { dateFiles } from '../retention/series-pattern.ts'

/** A published file, as the lines so far have it. */
export interface FileThen {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly md5: Digest
  readonly sha256: Digest
  /** When it first came here, and when its bytes were last read whole and found right. */
  readonly came: Instant
  readonly readAt: Instant
  /** As the source listed it; null: it did not. */
  readonly made: Instant | null
  /** Its bytes were found to be others, or gone; null: neither. */
  readonly fault: 'rotten' | 'gone' | null
}

/** Bytes that came within one pass after its first write, and the milliseconds between that and its last one. */
interface Pace {
  readonly began: Instant
  readonly ended: Instant
  readonly bytes: number
}

/** What the lines of a ledger add up to, one after another. Pure but for what {@link replay} changes in it. */
export interface Replay {
  /** The latest time that a believed clock wrote: no line is older than the one before. */
  now: Instant
  created: Instant | null
  readonly held: Map<string, FileThen>
  /** The last `prune-begin` of each path, and what removals took, by trash and path. */
  readonly removals: Map<string, PruneBegin>
  readonly removed: Map<string, FileThen>
  readonly paces: Map<string, Pace>
}

export const beginReplay = (): Replay => ({
  now: instant(0),
  created: null,
  held: new Map(),
  removals: new Map(),
  removed: new Map(),
  paces: new Map(),
})

/** Passes whose pace is remembered. */
const PACES = 20

/** Enters one line. Returns the file that came or went by it, as it was; null: none did. */
export function replay(so: Replay, line: LedgerLine): FileThen | null {
  const time = Date.parse(line.time)
  if (line.clock === undefined && time > so.now) so.now = instant(time)
  so.created ??= so.now
  switch (line.event) {
    case 'published':
    case 'adopted':
    case 'repaired': {
      const before = so.held.get(line.path)
      const file: FileThen = {
        path: line.path,
        size: line.size,
        md5: line.md5 as Digest,
        sha256: line.sha256 as Digest,
        came: before?.came ?? so.now,
        readAt: so.now,
        made: line.mtime === null ? null : instant(line.mtime * 1000),
        fault: null,
      }
      so.held.set(line.path, file)
      if (line.event !== 'adopted') notePace(so, line)
      return file
    }
    case 'verified':
    case 'rotten':
    case 'damaged': {
      const file = so.held.get(line.path)
      if (file === undefined || (line.event === 'damaged' && line.code !== 'missing-here')) return null
      const fault = { verified: null, rotten: 'rotten', damaged: 'gone' } as const
      const readAt = line.event === 'verified' ? so.now : file.readAt
      so.held.set(line.path, { ...file, fault: fault[line.event], readAt })
      return null
    }
    case 'rot':
      so.held.delete(line.path)
      return null
    case 'prune-begin':
      so.removals.set(line.path, line)
      return null
    case 'prune-done': {
      const file = so.held.get(line.path) ?? null
      if (line.failed === true) return null
      so.held.delete(line.path)
      // It may come back out of the trash.
      if (file !== null) so.removed.set(`${line.trash}/${line.path}`, file)
      return file
    }
    case 'undo-done': {
      const file = so.removed.get(`${line.trash}/${line.path}`)
      if (line.failed === true || file === undefined) return null
      so.held.set(line.path, { ...file, came: so.now, readAt: so.now })
      return file
    }
    case 'trash-expired':
      so.removed.delete(`${line.trash}/${line.path}`)
      return null
    default:
      return null
  }
}

function notePace({ paces, now }: Replay, { planId, size }: FileEvent): void {
  if (planId === null) return
  const pace = paces.get(planId)
  if (pace === undefined) {
    paces.set(planId, { began: now, ended: now, bytes: 0 })
    if (paces.size > PACES) paces.delete(paces.keys().next().value!)
  } else if (now > pace.began) paces.set(planId, { ...pace, ended: now, bytes: pace.bytes + size })
}

/** Milliseconds that must have been measured. */
const LEAST = 10_000

/**
 * Bytes a second, as the recent passes that published more than once brought them: what came after a pass's first write, by the time
 * since. Null: too little was measured.
 */
export function measuredRate({ paces }: Replay): { readonly rate: number; readonly passes: number } | null {
  const measured = [...paces.values()].filter(({ bytes }) => bytes > 0)
  const span = measured.reduce((sum, { began, ended }) => sum + ended - began, 0)
  const bytes = measured.reduce((sum, pace) => sum + pace.bytes, 0)
  return span < LEAST ? null : { rate: (bytes / span) * 1000, passes: measured.length }
}

export interface PointThen {
  readonly series: string
  readonly time: Instant
  readonly files: readonly FileThen[]
}

/** A function that groups files into points, as retention names them: by series and date, and without a date one by one. */
export function pointsBy(rules: SeriesRules): (files: Iterable<FileThen>) => readonly PointThen[] {
  const dated = dateFiles(rules)
  return (files) => {
    const points = new Map<string, { series: string; time: Instant; files: FileThen[] }>()
    for (const file of files) {
      const found = dated(file.path)
      const series = found?.series ?? UNDATED
      const key = JSON.stringify([series, found?.time ?? file.path])
      const point = points.get(key) ?? { series, time: found?.time ?? file.made ?? file.came, files: [] }
      point.files.push(file)
      points.set(key, point)
    }
    return [...points.values()]
  }
}

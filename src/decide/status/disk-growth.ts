import { groupBy } from '../../model/group-by.ts'
import { firstPublished, type Holding } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import { DAY, type Instant } from '../../model/instant.ts'
import type { DiskUnder } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import { fewOf } from './conditions.ts'

const WINDOW = 30 * DAY
/** Less history says nothing about a rate. */
const LEAST = 3 * DAY
/** Days. */
const SOON = 14

/**
 * By how many bytes a day a destination has grown in the last 30 days, or since it was made: what was published less what was pruned. A
 * first import is no rate: files that the source had long before do not count. Null: there is too little history.
 */
export function growthOf(
  { records, pruned, created }: Pick<Holding, 'records' | 'pruned' | 'created'>,
  asOf: Instant,
): number | null {
  const from = created === null ? asOf : Math.max(created, asOf - WINDOW)
  if (asOf - from < LEAST) return null
  let bytes = 0
  for (const [path, record] of records) {
    const goneAt = pruned.get(path)?.at ?? null
    const isOld = record.mtime !== null && record.mtime * 1000 < from - DAY
    if (firstPublished(record).at >= from) bytes += goneAt === null && !isOld ? record.size : 0
    else if (goneAt !== null && goneAt >= from) bytes -= record.size
  }
  return (bytes / (asOf - from)) * DAY
}

/** One destination on a disk. */
export interface DiskUse {
  readonly backup: string
  readonly path: string
  /** The same for all destinations on one disk; null: unknown. */
  readonly disk: string | null
  readonly free: number | null
  /** Of these, bytes that no pull may take. */
  readonly minFree: number
  /** Bytes a day; null: unknown. */
  readonly growth: number | null
}

/** Disks that are down to `minFree`, or will be within two weeks if all of their backups go on growing as they did; one problem a disk. */
export function fillingDisks(uses: readonly DiskUse[]): readonly Problem[] {
  const known = uses.filter(({ disk }) => disk !== null).sort((a, b) => (a.backup < b.backup ? -1 : 1))
  return [...groupBy(known, ({ disk }) => disk).values()].flatMap((on) => {
    const growth = on.reduce((sum, use) => sum + (use.growth ?? 0), 0)
    const free = Math.min(...on.map((use) => use.free ?? Number.POSITIVE_INFINITY))
    // Where the first of them stops.
    const kept = Math.max(...on.map(({ minFree }) => minFree))
    const stopped = on.filter(({ minFree }) => free < minFree)
    if (stopped.length > 0) {
      const names = fewOf(stopped.map(({ backup }) => backup))
      return {
        code: 'min-free',
        message: `the disk of ${stopped[0]!.path} has ${humanSize(free)} free, and destination.minFree reserves ${humanSize(kept)}: nothing more is pulled for ${names}`,
        hint: 'Make room on the disk, or lower destination.minFree.',
      }
    }
    const days = Math.max(0, free - kept) / growth
    if (growth <= 0 || !(days < SOON)) return []
    const [first] = on
    const others = on.length === 1 ? '' : ` and ${on.length - 1} more`
    const when = days < 1 ? 'within a day' : `in about ${Math.floor(days)} ${days < 2 ? 'day' : 'days'}`
    return {
      code: 'disk-filling',
      message: `the disk of ${first!.path} (${first!.backup}${others}) will be full ${when}: ${humanSize(free)} free, of which destination.minFree reserves ${humanSize(kept)}, and its backups grew by ${humanSize(Math.round(growth))} a day in the last 30 days`,
      hint: 'Make room, use a larger disk, or keep less: `retain` with `prune` in the specs.',
    }
  })
}

/** The same for all backups on one disk, wherever it is mounted. */
export const diskKey = ({ source, mountPoint }: DiskUnder): string =>
  source.startsWith('/') ? source : mountPoint

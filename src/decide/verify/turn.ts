import { clockSanity } from '../../model/clock-sanity.ts'
import type { Holding, LedgerRecord } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Schedule } from '../../model/spec.ts'

/** Milliseconds after which a new file is read for the first time: passes that come twice a day read it within a day. */
const SOON = 12 * 3600 * 1000

/** The part of `verify.every` in which all is read, so that one late pass makes nothing overdue. */
const AHEAD = 0.9

/** Published files that are here, those read longest ago first. */
const inTurn = ({ files, records }: Pick<Holding, 'files' | 'records'>): readonly LedgerRecord[] =>
  [...records.values()]
    .filter(({ path }) => files.has(path))
    .sort((a, b) => a.readAt - b.readAt || comparePaths(a.path, b.path))

/**
 * The files to read at a person's word: those last read at least `olderThan` seconds ago, up to `limit` bytes, and one at least. `left`: the
 * others.
 */
export function chooseToRead(
  holding: Pick<Holding, 'files' | 'records'>,
  { olderThan, limit }: { readonly olderThan: number; readonly limit: number },
  asOf: Instant,
): { readonly chosen: readonly LedgerRecord[]; readonly left: readonly LedgerRecord[] } {
  const chosen: LedgerRecord[] = []
  const left: LedgerRecord[] = []
  let room = limit
  for (const record of inTurn(holding)) {
    const isDue = record.isRotten === true || asOf - record.readAt >= olderThan * 1000
    const fits = record.size <= room || chosen.length === 0
    if (!isDue || room <= 0 || !fits) left.push(record)
    else {
      chosen.push(record)
      room -= record.size
    }
  }
  return { chosen, left }
}

/**
 * The files to read now so that each is read once within `every` seconds, and the reading is spread over that time: nothing but the ledger's
 * times says how far it is. What is known to be rotten waits for its repair. None where the clock is not sane.
 */
export function shareOf(
  holding: Pick<Holding, 'files' | 'records' | 'lastTime'>,
  every: number,
  asOf: Instant,
): readonly LedgerRecord[] {
  if (clockSanity(holding.lastTime ?? asOf, asOf) !== 'sane') return []
  const all = inTurn(holding).filter(({ isRotten }) => isRotten !== true)
  const isNew = ({ readAt, since }: LedgerRecord): boolean => readAt <= since
  const soon = Math.min(SOON, every * 500)
  const share = all.filter((record) => isNew(record) && asOf - record.since >= soon)
  const others = all.filter((record) => !isNew(record))
  const oldest = others[0]?.readAt ?? asOf
  const total = bytesOf(others)
  const done = bytesOf(others.filter(({ readAt }) => readAt > oldest))
  // By now this part of all should have been read since the oldest was.
  let room = total * Math.min(1, (asOf - oldest) / (every * AHEAD * 1000)) - done
  for (const record of others) {
    const isOverdue = asOf - record.readAt >= every * AHEAD * 1000
    if (room < record.size && !isOverdue) break
    share.push(record)
    room -= record.size
  }
  return share
}

export const bytesOf = (records: readonly Pick<LedgerRecord, 'size'>[]): number =>
  records.reduce((sum, { size }) => sum + size, 0)

/** Seconds for which a pass begins to read further files: a quarter of the time until the next one. */
export const readingTime = (schedule: Schedule): number =>
  schedule.kind === 'every' ? schedule.seconds / 4 : HOUR / 4

const HOUR = 3600

import type { DestinationStatus } from '../model/status.ts'
import type { Disk } from './disk.ts'
import { diskFailure } from './disk-failure.ts'
import type { Layout } from './layout.ts'
import { replaceFile } from './replace-file.ts'
import { withReserve } from './reserve.ts'

const LIMIT = 16 << 20

/** The last outcome; null where there is none, or it cannot be read: it is replaceable. */
export async function readStatus(disk: Disk, files: Layout): Promise<DestinationStatus | null> {
  if ((await disk.lstat(files.status))?.kind !== 'file') return null
  const bytes = await disk.read(files.status, { limit: LIMIT })
  try {
    const status: unknown = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()))
    // What earlier versions did not write is not known.
    if (!isStatus(status)) return null
    const {
      listed = null,
      holds = [],
      clock = status.finished,
      observed = null,
      promised = null,
    } = status as Partial<DestinationStatus>
    return { ...status, listed, holds, clock, observed, promised }
  } catch {
    return null
  }
}

/** Replaces it whole: a reader sees the old one or the new one. Durable. */
export async function writeStatus(disk: Disk, files: Layout, status: DestinationStatus): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(status, null, 2)}\n`)
  try {
    await withReserve(disk, files, () => replaceFile(disk, files, files.status, bytes))
  } catch (error) {
    throw diskFailure(error, 'write', files.status)
  }
}

function isStatus(value: unknown): value is DestinationStatus {
  if (value === null || typeof value !== 'object') return false
  const status = value as Partial<DestinationStatus>
  return (
    status.format === 'reconcile.destination/1' &&
    typeof status.backup === 'string' &&
    typeof status.finished === 'string' &&
    typeof status.result === 'string' &&
    typeof status.exitCode === 'number' &&
    Array.isArray(status.conditions) &&
    typeof status.counts === 'object' &&
    status.counts !== null &&
    isHead(status.head)
  )
}

const isHead = (head: DestinationStatus['head'] | undefined): boolean =>
  head === null ||
  (head !== undefined &&
    typeof head === 'object' &&
    typeof head.seq === 'number' &&
    typeof head.hash === 'string')

import { parseJson } from '../../model/check-json.ts'
import { parseStatus } from '../../model/parse-status.ts'
import type { DestinationStatus } from '../../model/status.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { replaceFile } from '../disk/replace-file.ts'
import { withReserve } from '../disk/reserve.ts'
import type { Layout } from '../layout.ts'

const LIMIT = 16 << 20

/** The last outcome; null if there is none, or it is unreadable: it can be replaced. */
export async function readStatus(disk: Disk, files: Layout): Promise<DestinationStatus | null> {
  let bytes: Uint8Array | null
  try {
    if ((await disk.lstat(files.own))?.kind !== 'folder') return null
    if ((await disk.lstat(files.status))?.kind !== 'file') return null
    bytes = await disk.read(files.status, { limit: LIMIT })
  } catch (error) {
    throw diskFailure(error, 'read', files.status)
  }
  const parsed = parseJson(new TextDecoder().decode(bytes ?? new Uint8Array()))
  return 'value' in parsed ? parseStatus(parsed.value) : null
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

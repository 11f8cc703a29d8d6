import { matches, parseJson } from '../../model/check-json.ts'
import { type Progress, progress } from '../../model/status.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { replaceUnsynced } from '../disk/replace-file.ts'
import type { Layout } from '../layout.ts'

const LIMIT = 64 << 10

/** Null: there is none, or it cannot be read: it is only a hint. */
export async function readProgress(disk: Disk, files: Layout): Promise<Progress | null> {
  try {
    if ((await disk.lstat(files.own))?.kind !== 'folder') return null
    if ((await disk.lstat(files.progress))?.kind !== 'file') return null
    const bytes = await disk.read(files.progress, { limit: LIMIT })
    const parsed = parseJson(new TextDecoder().decode(bytes ?? new Uint8Array()))
    return 'value' in parsed && matches(progress)(parsed.value) ? parsed.value : null
  } catch (error) {
    diskFailure(error, 'read', files.progress)
    return null
  }
}

/** A reader sees the old one or the new one; null removes it. Nothing is synced, and a disk that refuses ends no pass. */
export async function showProgress(disk: Disk, files: Layout, now: Progress | null): Promise<void> {
  try {
    if (now !== null) await replaceUnsynced(disk, files.progress, Buffer.from(`${JSON.stringify(now)}\n`))
    else if ((await disk.lstat(files.progress)) !== null) await disk.unlink(files.progress)
  } catch (error) {
    diskFailure(error, 'write', files.progress)
  }
}

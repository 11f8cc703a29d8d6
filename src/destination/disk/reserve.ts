import { randomBytes } from 'node:crypto'
import { isFull } from '../../system/disk-failure.ts'
import type { Layout } from '../layout.ts'
import type { Disk } from './disk.ts'

const RESERVE = 1 << 20

/** Keeps a mebibyte aside while there is room, so that a full disk can still be recorded. */
export async function keepReserve(disk: Disk, files: Layout): Promise<void> {
  if ((await disk.lstat(files.reserve))?.size === RESERVE) return
  try {
    await disk.unlink(files.reserve)
    // Random: a file system that compresses or skips zeros would set nothing aside.
    await disk.create(files.reserve, randomBytes(RESERVE), 0o600)
  } catch (error) {
    if (!isFull(error)) throw error
    await disk.unlink(files.reserve)
  }
}

/** Does `work`; where the disk is full for it, gives the reserve up and does it once more. `work` undoes its own half. */
export async function withReserve<T>(disk: Disk, files: Layout, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isFull(error) || !(await disk.unlink(files.reserve))) throw error
    await disk.syncFolder(files.own)
    return work()
  }
}

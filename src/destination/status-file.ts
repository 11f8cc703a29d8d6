import type { DestinationStatus } from '../model/status.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

/** The last outcome; null where there is none, or it cannot be read: it is replaceable. */
export async function readStatus(disk: Disk, files: Layout): Promise<DestinationStatus | null> {
  throw new Error(`soon ${disk} ${files}`)
}

/** Replaces it whole: a reader sees the old one or the new one. Durable. */
export async function writeStatus(disk: Disk, files: Layout, status: DestinationStatus): Promise<void> {
  throw new Error(`soon ${disk} ${files} ${status}`)
}

import type { Halt } from '../model/trouble.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

/** A halt where `.reconcile` belongs to another user, or is no folder; null: it is ours, or there is none. */
export async function checkOwnership(disk: Disk, files: Layout, uid: number): Promise<Halt | null> {
  throw new Error(`soon ${disk} ${files} ${uid}`)
}

/** Makes the destination (0755) and our own folders in it (0700) where they are missing, durably. After the checks. */
export async function makePrivateFolders(disk: Disk, files: Layout, destination: string): Promise<void> {
  throw new Error(`soon ${disk} ${files} ${destination}`)
}

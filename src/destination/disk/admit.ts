import { join } from 'node:path'
import type { Admitted, PullFile, RoomNow } from '../../model/ports.ts'
import type { Disk } from './disk.ts'

/** The passes of this process that bring files to one device. */
interface Passes {
  /** Of each, the bytes that it has still to bring. */
  readonly coming: Set<() => Promise<number>>
  /** Passes are admitted one after the other: no two to the same bytes. */
  turn: Promise<unknown>
}

const devices = new Map<string, Passes>()

/** `LockedDestination.admit`, for files that come into the folder `staging`. */
export async function admit<File extends PullFile>(
  disk: Disk,
  staging: string,
  free: () => Promise<number | null>,
  choose: (room: RoomNow) => readonly File[],
): Promise<Admitted<File>> {
  const device = (await disk.lstat(staging))?.device ?? ''
  const passes = devices.get(device) ?? { coming: new Set(), turn: Promise.resolve() }
  devices.set(device, passes)
  const { coming } = passes
  const admitted = passes.turn.then(async () => {
    let others = 0
    for (const bytes of coming) others += await bytes()
    // After the others' bytes: what arrives meanwhile counts twice rather than not at all.
    const files = choose({ free: await free(), others })
    const own = () => stillToCome(disk, staging, files)
    coming.add(own)
    return { files, release: () => void coming.delete(own) }
  })
  passes.turn = admitted.catch(() => {})
  return admitted
}

async function stillToCome(disk: Disk, staging: string, files: readonly PullFile[]): Promise<number> {
  const left = files.map(async ({ path, size }) => {
    const staged = await disk.lstat(join(staging, path)).catch(() => null)
    return Math.max(0, size - (staged?.size ?? 0))
  })
  return (await Promise.all(left)).reduce((sum, bytes) => sum + bytes, 0)
}

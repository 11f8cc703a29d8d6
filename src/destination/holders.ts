import type { BoxState } from '../model/box.ts'
import { realDisk } from './disk/real-disk.ts'
import { layout } from './layout.ts'
import { readStatus } from './look/status-file.ts'

/**
 * By real path, the name of the backup whose destination this box knows there. What `state` does not say, its status does; where neither
 * can be read, a pass says so.
 */
export async function holders({ places }: Pick<BoxState, 'places'>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { path, backup } of await places().catch(() => [])) {
    const name = backup ?? (await readStatus(realDisk, layout(path)).catch(() => null))?.backup
    if (name !== undefined) found.set(path, name)
  }
  return found
}

import { readFile } from 'node:fs/promises'
import { mountOf } from '../../model/mount-table.ts'
import { realPath } from '../../system/real-path.ts'
import { faultAt } from '../yaml/located.ts'
import type { Claim, ClaimFault } from './check-claims.ts'

/** No disk is behind these, or the system's own. */
const NO_DISK: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'overlay'])

/** A warning for each destination on a disk of its own whose spec does not say so: with the disk away, a pass would look below it. */
export async function suggestMounts(
  claims: readonly Claim[],
  table: string | null = null,
): Promise<readonly ClaimFault[]> {
  const mounts = table ?? (await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))
  const found: ClaimFault[] = []
  for (const { file, destination, mount: written } of claims) {
    if (destination === null || written !== null) continue
    const mount = mountOf(mounts, (await realPath(destination.path)).path)
    if (mount === null || mount.target === '/' || NO_DISK.has(mount.type)) continue
    const message = `destination ${destination.path} lies on a disk of its own, mounted at ${mount.target}`
    const hint = `so that nothing is written below it while it is away, add under destination:  mount: ${scalar(mount.target)}`
    found.push({ file, fault: faultAt(destination.place, 'mount-suggested', message, hint, 'warning') })
  }
  return found
}

/** As YAML reads it back, also within braces. */
const scalar = (text: string): string => (/^[\w./@+-]+$/.test(text) ? text : JSON.stringify(text))

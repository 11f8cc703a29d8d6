import { promises } from 'node:fs'
import { isMountPoint } from '../../model/mount-table.ts'
import type { Halt } from '../../model/trouble.ts'

/** A halt unless `path` is, at this moment, exactly a mount point; null: it is, or none was asked for. */
export async function checkMount(path: string | null): Promise<Halt | null> {
  if (path === null) return null
  // Wakes an automounter; only the table says what is really mounted.
  await promises.readdir(path).catch(() => null)
  const table = await promises.readFile('/proc/self/mountinfo', 'utf8').catch(() => null)
  if (table === null) {
    return {
      code: 'mount-unknown',
      message: `cannot tell whether ${path} is mounted: /proc/self/mountinfo cannot be read`,
      hint: 'Mount /proc.',
    }
  }
  if (isMountPoint(table, path)) return null
  return {
    code: 'not-mounted',
    message: `nothing is mounted at ${path}`,
    hint: `Mount the disk (mount ${path}), or fix \`destination.mount\` in the spec: it names the mount point itself, not a folder in it.`,
  }
}

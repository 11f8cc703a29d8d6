import { promises } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Failure } from '../../model/failure.ts'
import type { DiskFacts } from '../../model/holding.ts'
import { isObject } from '../../model/is-object.ts'
import { mountOf } from '../../model/mount-table.ts'
import type { DiskUnder } from '../../model/status.ts'
import type { Halt } from '../../model/trouble.ts'
import { runTool } from '../../system/child.ts'

/** The disk that a path is on, or would be on once it is made. Throws a Failure if that is unknown. */
export async function diskFacts(path: string): Promise<DiskFacts> {
  const { mount, size } = await mountUnder(path)
  if (mount === null) {
    throw new Failure(mountUnknown(`which file system ${path} is on`))
  }
  const { uuid, label } = await tagsOf(mount.target)
  const { type, source } = mount
  return {
    filesystem: uuid ?? source,
    // The same through any bind mount, as a unit of systemd has them, and another than on the disk below a missing mount.
    within: join(mount.root, relative(mount.target, path)),
    mountPoint: mount.target,
    source,
    type,
    label,
    size,
  }
}

export const mountUnknown = (what: string): Halt => ({
  code: 'mount-unknown',
  message: `cannot tell ${what}: /proc/self/mountinfo cannot be read`,
  hint: 'Mount /proc.',
})

/** The same without asking any program. Null: unknown. */
export async function diskUnder(path: string): Promise<DiskUnder | null> {
  const { mount, size } = await mountUnder(path)
  return mount && { mountPoint: mount.target, source: mount.source, type: mount.type, size }
}

/** The mount that a path is on, or would be on once it is made. Null: unknown. `device`: major and minor of what is really there. */
export async function mountUnder(path: string) {
  const folder = await nearestFolder(path)
  // Before the table is read: it wakes an automounter.
  const stat = await promises.statfs(folder).catch(() => null)
  const { dev } = await promises.stat(folder, { bigint: true }).catch(() => ({ dev: 0n }))
  const table = await promises.readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const size = stat === null ? null : stat.blocks * stat.bsize
  return { mount: mountOf(table, folder), size, device: numbersOf(dev) }
}

/** As the kernel packs them for user space. */
const numbersOf = (dev: bigint): string =>
  `${((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)}:${(dev & 0xffn) | ((dev >> 12n) & ~0xffn)}`

/** What findmnt knows of the uppermost file system at a mount point. */
async function tagsOf(
  target: string,
): Promise<{ readonly uuid: string | null; readonly label: string | null }> {
  const { stdout } = await runTool('findmnt', ['-J', '-o', 'UUID,LABEL', '-M', target])
  const last = parsed(stdout)?.at(-1)
  const text = (key: string): string | null => {
    const value = isObject(last) ? last[key] : null
    return typeof value === 'string' && value !== '' ? value : null
  }
  return { uuid: text('uuid'), label: text('label') }
}

function parsed(json: string): readonly unknown[] | null {
  try {
    const found = JSON.parse(json) as unknown
    return isObject(found) && Array.isArray(found['filesystems']) ? found['filesystems'] : null
  } catch {
    return null
  }
}

/** The folder itself, or the nearest above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  const isThere = await promises.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  )
  return isThere || path === dirname(path) ? path : nearestFolder(dirname(path))
}

import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Every entry below a folder with all that a write would change: kind and mode, links, size, inode, and both times to the
 * nanosecond. Reading leaves it as it is. A missing folder is an empty tree.
 */
export async function treeOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const look = async (path: string): Promise<void> => {
    const at = join(folder, path)
    const entry = await lstat(at, { bigint: true }).catch(() => null)
    if (entry === null) return
    const { mode, nlink, size, ino, mtimeNs, ctimeNs } = entry
    const target = entry.isSymbolicLink() ? await readlink(at) : ''
    found.set(path, [mode.toString(8), nlink, size, ino, mtimeNs, ctimeNs, target].join(' '))
    if (!entry.isDirectory()) return
    for (const name of (await readdir(at)).sort()) await look(join(path, name))
  }
  await look('')
  return found
}

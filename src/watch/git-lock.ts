import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/**
 * Which index.lock stands over a folder in a git work tree, told by inode and time; null: none. While it stands, git is in the middle of
 * changing the files. Never throws.
 */
export async function gitLock(folder: string): Promise<string | null> {
  for (let here = folder; ; here = dirname(here)) {
    const git = await gitFolder(join(here, '.git'))
    if (git !== null) return identityOf(join(git, 'index.lock'))
    if (here === dirname(here)) return null
  }
}

/** A linked work tree has a file that names its folder. */
async function gitFolder(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null)
  if (there === null) return null
  if (there.isDirectory()) return path
  const named = /^gitdir: (.+)$/m.exec(await readFile(path, 'utf8').catch(() => ''))?.[1]
  return named === undefined ? null : resolve(dirname(path), named)
}

const identityOf = (path: string): Promise<string | null> =>
  stat(path, { bigint: true }).then(
    ({ dev, ino, mtimeNs }) => `${dev} ${ino} ${mtimeNs}`,
    () => null,
  )

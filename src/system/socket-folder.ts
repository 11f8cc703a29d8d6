import { existsSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = /^reconcile-ssh-(\d+)-\w{6}$/
/** A socket's file in such a folder. */
const SOCKET = 's'
/** Bytes of a socket's path. ssh first makes it under a longer name, and the kernel takes 107. */
const LONGEST = 90

const ours = new Set<string>()

/** A fresh folder that only this user may look into, and the path of a socket in it, which ssh takes for nothing but a path; null: there is no place for one. */
export async function makeSocketFolder(): Promise<{
  readonly socket: string
  remove(): Promise<void>
} | null> {
  for (const root of [process.env['XDG_RUNTIME_DIR'], '/tmp']) {
    if (root === undefined || !/^\/[\w./-]+$/.test(root)) continue
    const begin = join(root, `reconcile-ssh-${process.pid}-`)
    if (Buffer.byteLength(join(`${begin}XXXXXX`, SOCKET)) > LONGEST) continue
    if (!(await isPrivate(root))) continue
    await sweep(root).catch(() => {})
    const folder = await mkdtemp(begin).catch(() => null)
    if (folder === null) continue
    ours.add(folder)
    const remove = async (): Promise<void> => {
      // What is left is swept later: no pass fails for it.
      await rm(folder, { recursive: true, force: true }).catch(() => {})
      ours.delete(folder)
    }
    return { socket: join(folder, SOCKET), remove }
  }
  return null
}

/** Nobody but this user and root may put another folder in the place of one that is made there: a session would go to whoever listens in that. */
async function isPrivate(root: string): Promise<boolean> {
  const there = await stat(root).catch(() => null)
  if (there === null || (there.uid !== 0 && there.uid !== process.getuid?.())) return false
  return (there.mode & 0o022) === 0 || (there.mode & 0o1000) !== 0
}

/** Removes what processes of ours have left that were killed. In a container the next one may well have the same number. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = NAME.exec(name)?.[1]
    const folder = join(root, name)
    if (pid === undefined || ours.has(folder)) continue
    if (pid !== String(process.pid) && existsSync(`/proc/${pid}`)) continue
    const there = await lstat(folder)
    if (there.isDirectory() && there.uid === process.getuid?.())
      await rm(folder, { recursive: true, force: true })
  }
}

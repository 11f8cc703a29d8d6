import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Mount, mountOf } from '../../model/mount-table.ts'
import type { Halt } from '../../model/trouble.ts'
import { diskFailure, errnoOf } from '../../system/disk-failure.ts'
import { userName } from '../../system/who-am-i.ts'
import type { Disk, DiskKind } from '../disk/disk.ts'
import { FOLDER_MODE } from '../disk/modes.ts'
import type { Layout } from '../layout.ts'

/**
 * A halt where `.reconcile` belongs to another user, or it or anything of ours in it is not of the kind that we make: a symlink would
 * lead us out of the destination (I6), a pipe hang us. Null: it is ours, or there is none.
 */
export async function checkOwnership(disk: Disk, files: Layout, uid: number): Promise<Halt | null> {
  const own = await disk.lstat(files.own)
  if (own === null) return null
  if (own.kind !== 'folder') return strange(files.own, own.kind, 'folder')
  if (own.owner === uid) return oddInside(disk, files)
  return otherOwner(files.own, own.owner, uid, mountOf(await readMounts(), files.own))
}

const readMounts = () => readFile('/proc/self/mountinfo', 'utf8').catch(() => '')

/** File systems that keep no owner of a file: all of them are whose the mount says. */
const OWNERLESS: ReadonlySet<string> = new Set(['vfat', 'msdos', 'exfat', 'ntfs', 'ntfs3', 'fuseblk'])

/** That `.reconcile` at `own` is another's. `mount`: what it lies on; null: not known. */
export function otherOwner(own: string, owner: number, uid: number, mount: Mount | null): Halt {
  const user = userName(owner)
  const message = `${own} belongs to ${user ?? `uid ${owner}`}, and you are ${userName(uid) ?? `uid ${uid}`}: one user alone writes a destination`
  const asUser = `sudo -u ${user ?? `'#${owner}'`} reconcile ...`
  const option = mount === null ? undefined : /(?:^|,)uid=\d+/.exec(mount.options)?.[0].replace(',', '')
  if (mount === null || (option === undefined && !OWNERLESS.has(mount.type)))
    return { code: 'other-owner', message, hint: `Run it as that user: ${asUser}` }
  const decides = option === undefined ? `no uid= among its options` : `its option ${option}`
  return {
    code: 'other-owner',
    message: `${message}. The mount at ${mount.target} (${mount.type}) makes every file belong to one user, by ${decides}`,
    hint: `Mount it with uid=${uid},umask=077 among the options in /etc/fstab (umount ${mount.target}, mount ${mount.target}), or run it as that user: ${asUser}`,
  }
}

async function oddInside(disk: Disk, files: Layout): Promise<Halt | null> {
  const { own: _, staging, quarantine, trash, ...single } = files
  const folders = [staging, quarantine, trash]
  for (const path of [...folders, ...Object.values(single)]) {
    const wanted = folders.includes(path) ? 'folder' : 'file'
    const kind = (await disk.lstat(path))?.kind ?? wanted
    // A folder in its place is a damaged ledger, which has a way out of its own.
    if (path === files.ledger && kind === 'folder') continue
    if (kind !== wanted) return strange(path, kind, wanted)
  }
  return null
}

const strange = (path: string, kind: DiskKind, wanted: 'file' | 'folder'): Halt => ({
  code: 'private-folder-strange',
  message: `${path} is a ${kind === 'other' ? 'device, socket or pipe' : kind}, but must be a ${wanted}: it is never followed`,
  hint: 'Find out who put it there, and move it aside.',
})

/** Makes the destination (0777 less the umask) and our own folders in it (0700) where they are missing, durably. After the checks. */
export async function makePrivateFolders(disk: Disk, files: Layout, destination: string): Promise<void> {
  try {
    await makeWithParents(disk, destination)
    if (await disk.mkdir(files.own, 0o700)) await disk.syncFolder(destination)
    else if ((await disk.lstat(files.own))?.mode !== 0o700) await disk.chmod(files.own, 0o700)
    let made = false
    for (const folder of [files.staging, files.quarantine, files.trash])
      made = (await disk.mkdir(folder, 0o700)) || made
    if (made) await disk.syncFolder(files.own)
  } catch (error) {
    throw diskFailure(error, 'make', files.own)
  }
}

/**
 * Under the lock: a run that was killed may have made these, and written its last lines, without making them durable (I5, I10). What
 * is built on them from here on must not fall with them.
 */
export async function syncEarlier(disk: Disk, files: Layout, destination: string): Promise<void> {
  try {
    if ((await disk.lstat(files.ledger))?.kind === 'file') await disk.syncFile(files.ledger)
    for (const folder of [files.own, destination]) await disk.syncFolder(folder)
  } catch (error) {
    throw diskFailure(error, 'sync', files.own)
  }
  // The folder's own name. Where we may not even read the folder above, it was not we who made it.
  await disk.syncFolder(dirname(destination)).catch((error: unknown) => {
    if (errnoOf(error) !== 'EACCES') throw diskFailure(error, 'sync', dirname(destination))
  })
}

async function makeWithParents(disk: Disk, folder: string): Promise<void> {
  if ((await disk.lstat(folder)) !== null) return
  const parent = dirname(folder)
  if (parent !== folder) await makeWithParents(disk, parent)
  if (await disk.mkdir(folder, FOLDER_MODE)) await disk.syncFolder(parent)
}

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './disk-folder.ts'

/** A file system of `size` (as mount says it: `4m`) of its own, and how to make it read-only. */
export function smallDisk(size: string) {
  const path = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', path])
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return { path, makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]) }
}

/** Whether this user can mount one: root, with the rights that root has outside a container. */
export function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Disks that are mounted in turn at `mountPoint`, and keep what is on them: folders, or ext4 file systems with labels of their own. */
export function disksInTurn(folder: string, mountPoint: string, kind: 'folder' | 'ext4' = 'folder') {
  mkdirSync(mountPoint, { recursive: true })
  let inside: string | null = null
  const path = (name: string) => join(folder, `disk-${name}`)
  const make = (name: string) => {
    if (existsSync(path(name))) return
    if (kind === 'folder') mkdirSync(path(name))
    else formatted(path(name), name)
  }
  const disks = {
    /** Its folder, or the image of it. */
    path,
    /** `torn`: also while it is in use. */
    eject(how: 'idle' | 'torn' = 'idle') {
      if (inside !== null) execFileSync('umount', [...(how === 'torn' ? ['-l'] : []), mountPoint])
      inside = null
    },
    insert(name: string) {
      disks.eject()
      make(name)
      execFileSync('mount', [kind === 'folder' ? '--bind' : '-oloop', path(name), mountPoint])
      inside = name
    },
  }
  return disks
}

export function formatted(image: string, label: string): void {
  execFileSync('truncate', ['-s', '16M', image])
  execFileSync('mkfs.ext4', ['-q', '-L', label, image])
}

/** Whether this user can mount images of disks. */
export function canMountImages(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'image-'))
  try {
    formatted(join(folder, 'image'), 'try')
    execFileSync('unshare', ['-m', 'mount', '-oloop', join(folder, 'image'), folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
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

/** Folders that are mounted in turn at `mountPoint`, as disks that come and go with what is on them. */
export function disksInTurn(folder: string, mountPoint: string) {
  mkdirSync(mountPoint, { recursive: true })
  let inside: string | null = null
  const disks = {
    path: (name: string) => join(folder, `disk-${name}`),
    /** `torn`: also while it is in use. */
    eject(how: 'idle' | 'torn' = 'idle') {
      if (inside !== null) execFileSync('umount', [...(how === 'torn' ? ['-l'] : []), mountPoint])
      inside = null
    },
    insert(name: string) {
      disks.eject()
      mkdirSync(disks.path(name), { recursive: true })
      execFileSync('mount', ['--bind', disks.path(name), mountPoint])
      inside = name
    },
  }
  return disks
}

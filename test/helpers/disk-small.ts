import { execFileSync } from 'node:child_process'
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

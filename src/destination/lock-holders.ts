import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import type { LockHolder } from '../model/outcome.ts'

const COMMAND_LIMIT = 300

/**
 * The processes that share a lock, orphans and inheritors alike: those with an open descriptor on that very file, by device and inode, whose
 * fdinfo shows the lock itself and not mere waiting for it. Processes of other users are seen by root only.
 */
export function findHolders(path: string): readonly LockHolder[] {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (file === undefined) return []
  const holders: LockHolder[] = []
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = list(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        const open = statSync(`/proc/${pid}/fd/${descriptor}`, { bigint: true })
        if (open.ino !== file.ino || open.dev !== file.dev) return false
        return /^lock:.*\bFLOCK\b/m.test(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1'))
      } catch {
        return false
      }
    })
    if (holds) holders.push({ pid: Number(pid), command: commandOf(pid) })
  }
  return holders.sort((a, b) => a.pid - b.pid)
}

function commandOf(pid: string): string {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return line === '' ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : line.slice(0, COMMAND_LIMIT)
  } catch {
    return '?'
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The process has ended meanwhile, or is another user's.
    return []
  }
}

import { lstatSync, readFileSync, statSync } from 'node:fs'
import { instant, isoTime } from '../model/instant.ts'
import type { LockHolder } from '../model/outcome.ts'
import { listFolder, readText } from './proc.ts'

const COMMAND_LIMIT = 300

/**
 * The processes that share a lock, orphans and inheritors alike: those with an open descriptor on that very file, by device and inode, whose
 * fdinfo shows the lock itself and not mere waiting for it. Processes of other users are seen by root only.
 */
export const findHolders = (path: string): readonly LockHolder[] => holdersOf([path]).get(path) ?? []

/**
 * Who holds these locks, by path, with one look at all processes and none taken; null: unknown, for the lock is
 * another user's.
 */
export function findLockHolders(
  locks: readonly string[],
  uid: number,
): ReadonlyMap<string, readonly LockHolder[] | null> {
  const holders = holdersOf(locks)
  const isOurs = (lock: string): boolean => {
    if (uid === 0) return true
    try {
      const owner = lstatSync(lock, { throwIfNoEntry: false })?.uid ?? uid
      return owner === uid
    } catch {
      return false
    }
  }
  return new Map(
    locks.map((lock) => {
      const found = holders.get(lock) ?? []
      return [lock, found.length > 0 || isOurs(lock) ? found : null]
    }),
  )
}

function holdersOf(paths: readonly string[]): ReadonlyMap<string, readonly LockHolder[]> {
  const pathsByFile = new Map<string, string[]>()
  for (const path of paths) {
    const file = fileAt(path)
    if (file !== null) pathsByFile.set(file, [...(pathsByFile.get(file) ?? []), path])
  }
  const found = new Map<string, LockHolder[]>()
  if (pathsByFile.size === 0) return found
  for (const pid of listFolder('/proc').filter((name) => /^\d+$/.test(name))) {
    const held = new Set<string>()
    for (const descriptor of listFolder(`/proc/${pid}/fd`)) {
      try {
        const { dev, ino } = statSync(`/proc/${pid}/fd/${descriptor}`, { bigint: true })
        const file = `${dev}:${ino}`
        if (held.has(file) || !pathsByFile.has(file)) continue
        if (/^lock:.*\bFLOCK\b/m.test(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1')))
          held.add(file)
      } catch {
        // It was closed meanwhile.
      }
    }
    if (held.size === 0) continue
    const holder = { pid: Number(pid), command: commandOf(pid), ...sinceOf(pid) }
    for (const path of [...held].flatMap((file) => pathsByFile.get(file) ?? []))
      found.set(path, [...(found.get(path) ?? []), holder])
  }
  for (const holders of found.values()) holders.sort((a, b) => a.pid - b.pid)
  return found
}

/** By device and inode. */
function fileAt(path: string): string | null {
  try {
    const file = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return file === undefined ? null : `${file.dev}:${file.ino}`
  } catch {
    // Another user's folder.
    return null
  }
}

function commandOf(pid: string): string {
  const line = readText(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  const name = line === '' ? readText(`/proc/${pid}/comm`, 'utf8').trim() : line.slice(0, COMMAND_LIMIT)
  return name || '?'
}

/** Of a process's times, clock ticks a second: Linux counts them so on every machine. */
const TICKS = 100

function sinceOf(pid: string): Pick<LockHolder, 'since'> {
  const stat = readText(`/proc/${pid}/stat`)
  // The 22nd field: ticks since boot. The second one, a command in brackets, may hold anything.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const boot = Number(/^btime (\d+)$/m.exec(readText('/proc/stat'))?.[1])
  const since = (boot + Math.floor(ticks / TICKS)) * 1000
  return Number.isNaN(since) ? {} : { since: isoTime(instant(since)) }
}

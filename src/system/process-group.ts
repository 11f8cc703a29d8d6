import { setTimeout as sleep } from 'node:timers/promises'
import { listFolder, readLink, readText } from './proc.ts'

/** The processes of a group that still run: neither zombies nor gone. Orphans that init has adopted are among them. */
export function livingMembers(group: number): readonly number[] {
  if (process.platform !== 'linux' || !groupExists(group)) return []
  const living: number[] = []
  const names = listFolder('/proc')
  // No descriptor is left to look with: its leader counts as alive until it can be seen that none is.
  if (names.length === 0) return [group]
  for (const name of names) {
    if (name < '1' || name > ':') continue
    const stat = readText(`/proc/${name}/stat`)
    // `PID (COMMAND) STATE PARENT GROUP …`, and a command may hold anything.
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)
    if (Number(processGroup) === group && state !== 'Z' && state !== 'X') living.push(Number(name))
  }
  return living
}

/** Resolves when no process of the group runs any more; zombies do not count, as others reap them. */
export async function untilGone(group: number): Promise<void> {
  for (let pause = 5; livingMembers(group).length > 0; pause = Math.min(pause * 2, 200)) await sleep(pause)
}

export function signalGroup(group: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** An open file of a process in the group, as far as it has been read or written. */
export interface OpenFile {
  /** Relative to the folder that was asked about. */
  readonly path: string
  readonly position: number
}

/** The files under `folder` (a real path) that members hold open. */
export function openFiles(members: readonly number[], folder: string): readonly OpenFile[] {
  const found: OpenFile[] = []
  for (const pid of members) {
    for (const fd of listFolder(`/proc/${pid}/fd`)) {
      const target = readLink(`/proc/${pid}/fd/${fd}`)
      if (!target.startsWith(`${folder}/`)) continue
      const position = /^pos:\s*(\d+)/m.exec(readText(`/proc/${pid}/fdinfo/${fd}`))
      if (position !== null)
        found.push({ path: target.slice(folder.length + 1), position: Number(position[1]) })
    }
  }
  return found
}

/** Bytes that the group's rsync processes have read and written so far, files, pipes and sockets alike. */
export function bytesMoved(members: readonly number[]): { readonly read: number; readonly written: number } {
  let read = 0
  let written = 0
  for (const pid of members) {
    // ssh reads its own keep-alives: only rsync's bytes show that the far side is active.
    if (readText(`/proc/${pid}/comm`) !== 'rsync\n') continue
    const io = readText(`/proc/${pid}/io`)
    read += Number(/^rchar: (\d+)/m.exec(io)?.[1] ?? 0)
    written += Number(/^wchar: (\d+)/m.exec(io)?.[1] ?? 0)
  }
  return { read, written }
}

function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

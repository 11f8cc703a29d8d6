import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Started } from './world.ts'

/**
 * Comes back once it is so. How long that takes is the machine's affair; the test's own limit is the only one. Asks ever less often, as
 * many ask the kernel about every process there is.
 */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let pause = 5; !(await isSo()); pause = Math.min(60, pause + 5)) await sleep(pause)
}

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly state: string
  /** Its program's name: `rsync`, `ssh`. */
  readonly program: string
}

function everyProcess(): readonly Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readText(`/proc/${name}/stat`)
    if (stat === '') continue
    const end = stat.lastIndexOf(')')
    const [state, parent, group] = stat.slice(end + 2).split(' ', 3)
    const program = stat.slice(stat.indexOf('(') + 1, end)
    found.push({ pid: Number(name), parent: Number(parent), group: Number(group), state: state!, program })
  }
  return found
}

/** All that `pid` has started, and what these have started, as they are now; zombies left out. */
export function descendants(pid: number): readonly Process[] {
  const all = everyProcess()
  const found: Process[] = []
  const pids = new Set([pid])
  // A child may have a smaller number than its parent, so once is not enough.
  for (let before = -1; before !== pids.size; ) {
    before = pids.size
    for (const one of all) {
      if (!pids.has(one.parent) || pids.has(one.pid)) continue
      pids.add(one.pid)
      if (one.state !== 'Z') found.push(one)
    }
  }
  return found
}

/** What each process was called with. */
export const commandLines = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((name) => readText(`/proc/${name}/cmdline`).replaceAll('\0', ' '))

/** Processes of a group that are no zombies. */
export const membersOf = (group: number): readonly Process[] =>
  everyProcess().filter((one) => one.group === group && one.state !== 'Z' && one.state !== 'X')

/** The rsync at this end: the generator is the first process of its group, the receiver its child, and ssh is its child too. */
export interface Transfer {
  readonly group: number
  readonly generator: number
  readonly receiver: number
  readonly ssh: number | null
  /** The ssh that holds the login which sessions share, in a group of its own. */
  readonly login: number | null
}

/** The transfer that a running command has under way; waits until all its processes are there. */
export async function untilTransfer(command: Started, into: string): Promise<Transfer> {
  let found: Transfer | null = null
  await until(() => {
    const all = descendants(command.pid!)
    const rsyncs = all.filter(({ program }) => program === 'rsync')
    const generator = rsyncs.find(({ pid, group }) => pid === group)
    const receiver = rsyncs.find(({ pid, parent }) => parent === generator?.pid && writesUnder(pid, into))
    if (generator === undefined || receiver === undefined) return false
    const ssh = all.find(({ program, parent }) => program === 'ssh' && parent === generator.pid)
    found = {
      group: generator.group,
      generator: generator.pid,
      receiver: receiver.pid,
      ssh: ssh?.pid ?? null,
      login: all.find(({ program, pid, group }) => program === 'ssh' && pid === group)?.pid ?? null,
    }
    return true
  })
  return found!
}

/** Whether a process has a file below `folder` open for writing: what I1 forbids for anything but staging. */
function writesUnder(pid: number, folder: string): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    try {
      if (!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${folder}/`)) return false
      const flags = /^flags:\s*(\d+)/m.exec(readText(`/proc/${pid}/fdinfo/${fd}`))?.[1] ?? '0'
      return (Number.parseInt(flags, 8) & 3) !== 0
    } catch {
      return false
    }
  })
}

/** SIGKILL to processes that may be gone already. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

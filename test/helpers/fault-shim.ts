import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Ended, World } from './world.ts'

const SOURCE = resolve(import.meta.dirname, 'fault-shim.c')

/** Every kind of call by which the command changes a destination. */
export const CHANGES = ['link', 'unlink', 'rename', 'mkdir', 'fsync', 'fchmod', 'ftruncate', 'write'] as const

/** The same, and what copies, times and empties files, and what only rsync calls. */
export const EVERY_CHANGE = [...CHANGES, 'open', 'rmdir', 'chmod', 'utimes', 'copy', 'fallocate'] as const

export interface Fault {
  readonly calls: readonly ((typeof EVERY_CHANGE)[number] | 'read')[]
  /** Absolute: only calls on what lies there count. */
  readonly under: string
  /** Which of them, from 1; `each`: all. */
  readonly nth: number | 'each'
  /**
   * `kill`: SIGKILL just before the call is made; `short`: a write takes half of its bytes; `full`: the same, and from then on there is
   * no room; else the error that the call fails with.
   */
  readonly does: 'kill' | 'short' | 'full' | 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EPERM' | 'EROFS'
  /** `rsync`: what the command starts by that name is touched, and not the command. */
  readonly who?: 'rsync'
}

export interface Shim {
  /** Runs the command with `--json`, and returns whether there was a call that the fault was for. */
  run(world: World, fault: Fault, ...words: string[]): Promise<Ended & { readonly happened: boolean }>
  /** Runs it with no fault, and returns all that it called of this kind: `link /PATH`. */
  trace(
    world: World,
    calls: Omit<Fault, 'nth' | 'does'>,
    ...words: string[]
  ): Promise<Ended & { readonly calls: readonly string[] }>
  /** What sets the command's clock ahead by so many seconds; back, where negative. */
  clock(seconds: number): Record<string, string>
  remove(): void
}

/** Compiles the shim; null where that is not possible: no C compiler, or a Node that does not load such things. */
export function buildShim(): Shim | null {
  const folder = mkdtempSync(join(tmpdir(), 'fault-shim-'))
  const library = join(folder, 'shim.so')
  const env = (more: Record<string, string>) => ({ LD_PRELOAD: library, ...more })
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'ignore' })
    const year = execFileSync(process.execPath, ['-p', 'new Date().getUTCFullYear()'], {
      env: { ...process.env, ...env({ FAULT_CLOCK: String(-86400 * 3650) }) },
    })
    if (Number(year) > new Date().getUTCFullYear() - 9) throw new Error('the clock did not move')
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return null
  }
  let runs = 0
  const realRsync = execFileSync('sh', ['-c', 'command -v rsync'], { encoding: 'utf8' }).trim()
  /** The environment in which the command, or the rsync that it starts, has these. */
  const environmentOf = (who: Fault['who'], settings: Record<string, string>): Record<string, string> => {
    if (who === undefined) return env(settings)
    const bin = join(folder, `bin-${runs++}`)
    mkdirSync(bin)
    const words = Object.entries(env(settings)).map(([name, value]) => `${name}='${value}'`)
    const script = `#!/bin/sh\nexec env ${words.join(' ')} ${realRsync} "$@"\n`
    writeFileSync(join(bin, 'rsync'), script, { mode: 0o755 })
    return { PATH: `${bin}:${process.env['PATH']}` }
  }
  const run = async (
    world: World,
    who: Fault['who'],
    settings: Record<string, string>,
    words: readonly string[],
  ) => {
    const { exitCode, stdout, stderr } = await world.start(['--json', ...words], {
      env: environmentOf(who, settings),
    })
    return { code: exitCode, stdout: String(stdout), stderr: String(stderr) }
  }
  return {
    async run(world, { calls, under, nth, does, who }, ...words) {
      const log = join(folder, `happened-${runs++}`)
      const settings = {
        FAULT_CALLS: calls.join(),
        FAULT_UNDER: under,
        FAULT_AT: nth === 'each' ? '0' : String(nth),
        FAULT_DO: constants.errno[does as 'EIO']?.toString() ?? does,
        FAULT_LOG: log,
      }
      return { ...(await run(world, who, settings, words)), happened: existsSync(log) }
    },
    async trace(world, { calls, under, who }, ...words) {
      const log = join(folder, `trace-${runs++}`)
      const settings = {
        FAULT_CALLS: calls.join(),
        FAULT_UNDER: under,
        FAULT_AT: '-1',
        FAULT_DO: '0',
        FAULT_TRACE: log,
      }
      const ended = await run(world, who, settings, words)
      const lines = existsSync(log) ? readFileSync(log, 'latin1').trimEnd().split('\n') : []
      return { ...ended, calls: lines }
    },
    clock: (seconds) => env({ FAULT_CLOCK: String(seconds) }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

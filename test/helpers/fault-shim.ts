import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Ended, World } from './world.ts'

const SOURCE = resolve(import.meta.dirname, 'fault-shim.c')

/** Every kind of call by which the command changes a destination. */
export const CHANGES = ['link', 'unlink', 'rename', 'mkdir', 'fsync', 'fchmod', 'ftruncate', 'write'] as const

export interface Fault {
  readonly calls: readonly ((typeof CHANGES)[number] | 'read')[]
  /** Absolute: only calls on what lies there count. */
  readonly under: string
  /** Which of them, from 1; `each`: all. */
  readonly nth: number | 'each'
  /** `kill`: SIGKILL just before the call is made; else the error that the call fails with. */
  readonly does: 'kill' | 'EIO' | 'ENOSPC' | 'EPERM' | 'EROFS'
}

export interface Shim {
  /** Runs the command with `--json`, and tells whether there was a call that the fault was for. */
  run(world: World, fault: Fault, ...words: string[]): Promise<Ended & { readonly happened: boolean }>
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
  return {
    async run(world, { calls, under, nth, does }, ...words) {
      const log = join(folder, `happened-${runs++}`)
      const command = await world.start(['--json', ...words], {
        env: env({
          FAULT_CALLS: calls.join(),
          FAULT_UNDER: under,
          FAULT_AT: nth === 'each' ? '0' : String(nth),
          FAULT_DO: does === 'kill' ? 'kill' : String(constants.errno[does]),
          FAULT_LOG: log,
        }),
      })
      const { exitCode, stdout, stderr } = command
      return {
        code: exitCode,
        stdout: String(stdout),
        stderr: String(stderr),
        happened: existsSync(log),
      }
    },
    clock: (seconds) => env({ FAULT_CLOCK: String(seconds) }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

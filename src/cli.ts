#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Stop } from './model/failure.ts'
import { instant } from './model/instant.ts'
import type { Run } from './model/run.ts'
import { failureFrom } from './model/system-error.ts'

// Nothing heavy is imported before it is known what is asked for: `--version` costs what starting Node costs.

const version = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

const stopping = new AbortController()

const run: Run = { now: () => instant(Date.now()), signal: stopping.signal, emit: () => {} }

let resultsAreLost = false

/** What SIGHUP asks of a daemon; null: this is none. */
let hangup: (() => void) | null = null

/** The first signal stops cleanly within seconds, keeping every byte; a second one stops at once. */
function listenForSignals(): void {
  let first = true
  const stop = (why: 'interrupt' | 'terminate', code: number) => () => {
    if (!first) process.exit(code)
    first = false
    stopping.abort(new Stop(why))
  }
  process.on('SIGINT', stop('interrupt', 130))
  process.on('SIGTERM', stop('terminate', 143))
  // The terminal or the ssh session is gone: nobody is there to send a second one.
  const gone = stop('terminate', 143)
  process.on('SIGHUP', () => (hangup ?? gone)())
  // A reader that has gone (`reconcile -n | head`) or a full disk under a log ends no backup. Lost results are told by the exit code.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || resultsAreLost) return
    resultsAreLost = true
    process.stderr.write(`reconcile: cannot write to standard output: ${error.message}\n`)
  })
  process.stderr.on('error', () => {})
}

/** The exit code. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  if (!standsSomewhere()) {
    process.stderr.write(
      'reconcile: the current folder no longer exists.\n  Change to another one (cd) and try again.\n',
    )
    return 64
  }
  listenForSignals()
  const { call } = await import('./commands/call.ts')
  const host = {
    version,
    run,
    stopAfter(seconds: number) {
      // A timer for more than 25 days would ring at once; and no pass takes that long.
      const milliseconds = Math.min(seconds * 1000, 2 ** 31 - 1)
      setTimeout(() => stopping.abort(new Stop('max-time')), milliseconds).unref()
    },
    becomeDaemon(onHangup: () => void) {
      hangup = onHangup
    },
  }
  const code = await call(argv, host, (text) => void process.stderr.write(text))
  // What could not be written is known a moment after it was given out.
  await new Promise((done) => setImmediate(done))
  return signalCode() ?? (code === 0 && resultsAreLost ? 1 : code)
}

/** Where the current folder was removed, no program can be started, and each would look as if it was not installed. */
function standsSomewhere(): boolean {
  try {
    return process.cwd() !== ''
  } catch {
    return false
  }
}

function signalCode(): number | null {
  const { reason } = stopping.signal
  if (!(reason instanceof Stop)) return null
  if (reason.why === 'interrupt') return 130
  return reason.why === 'terminate' && hangup === null ? 143 : null
}

/** The program's own files cannot be read, or what it prints cannot be given out. */
function cannotGoOn(error: unknown): number {
  const { message, hint } = failureFrom(error)
  process.stderr.write(`reconcile: ${message}\n  ${hint}\n`)
  return 1
}

process.exitCode = await main(process.argv.slice(2)).catch(cannotGoOn)
// A host name that is still being looked up, for a request that nobody waits for any more, cannot be called off.
setTimeout(() => process.exit(), 1500).unref()

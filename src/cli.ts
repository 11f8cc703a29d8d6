#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Stop } from './model/failure.ts'
import { instant } from './model/instant.ts'
import type { Run } from './model/run.ts'
import { failureFrom } from './model/system-error.ts'

// Import nothing heavy before the arguments are known: `--version` costs no more than starting Node.

const version = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

const stopping = new AbortController()

const run: Run = { now: () => instant(Date.now()), signal: stopping.signal, emit: () => {} }

let resultsAreLost = false

/** The daemon's SIGHUP handler; null: not a daemon. */
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
  // The terminal or ssh session is gone, so nobody can send a second signal.
  const gone = stop('terminate', 143)
  process.on('SIGHUP', () => (hangup ?? gone)())
  // A closed pipe (`reconcile -n | head`) or a full disk must not end a backup. Lost results show in the exit code.
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
  if (!hasCurrentFolder()) {
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
      // A timer of more than 25 days would fire at once, and no pass takes that long.
      const milliseconds = Math.min(seconds * 1000, 2 ** 31 - 1)
      setTimeout(() => stopping.abort(new Stop('max-time')), milliseconds).unref()
    },
    becomeDaemon(onHangup: () => void) {
      hangup = onHangup
    },
  }
  const code = await call(argv, host, (text) => void process.stderr.write(text))
  // A write error arrives a moment after the write.
  await new Promise((done) => setImmediate(done))
  return signalCode() ?? (code === 0 && resultsAreLost ? 1 : code)
}

/** Without a current folder no program can be started, and each would seem not to be installed. */
function hasCurrentFolder(): boolean {
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

/** The program's own files cannot be read, or its output cannot be written. */
function printFatal(error: unknown): number {
  const { message, hint } = failureFrom(error)
  process.stderr.write(`reconcile: ${message}\n  ${hint}\n`)
  return 1
}

process.exitCode = await main(process.argv.slice(2)).catch(printFatal)
// A pending DNS lookup cannot be cancelled, and would keep the process alive.
setTimeout(() => process.exit(), 1500).unref()

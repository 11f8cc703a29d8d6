#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Console, Output } from './commands/console.ts'
import type { GlobalFlags, Workspace } from './commands/workspace.ts'
import { Stop } from './model/failure.ts'
import { instant } from './model/instant.ts'
import type { Run } from './model/run.ts'

// Nothing heavy is imported before it is known what is asked for: `--version` costs what starting Node costs.

const version = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** Options that commander has read, by their long names in camelCase. */
type Options = Readonly<Record<string, unknown>>

const stopping = new AbortController()

const run: Run = { now: () => instant(Date.now()), signal: stopping.signal, emit: () => {} }

let resultsAreLost = false

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
  process.on('SIGHUP', stop('terminate', 143))
  // A reader that has gone (`reconcile -n | head`) or a full disk under a log ends no backup. Lost results are told by the exit code.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') resultsAreLost = true
  })
  process.stderr.on('error', () => {})
}

/** The command line. Each action's exit code goes to `keep`. */
async function program(keep: (code: number) => void): Promise<Command> {
  const { Argument, Command, Option } = await import('commander')
  const { parseFlag } = await import('./commands/parse-flag.ts')
  const main = new Command('reconcile')
  const ends =
    <Args extends readonly unknown[]>(act: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> =>
      keep(await act(...args))
  main
    .description(
      'Pulls finished backup files from the machines that make them, as declared in backups.d.\n' +
        'Without a command: one pass over the named backups, or all of them.',
    )
    .version(version(), '-V, --version')
    .argument('[name...]', 'backups; all of them when none is named')
    .option('-n, --dry-run', 'show what a pass would do; write nothing')
    .option('--diff', 'with --dry-run: each destination now against after, as a diff of md5, size and path')
    .option('--all', 'with --dry-run: also what stays as it is')
    .option('--detailed-exitcode', 'with --dry-run: 2 when there is something to do')
    .option('-q, --quiet', 'print nothing when all is fine')
    .option('--max-time <time>', 'end the pass cleanly after this long; bytes are kept', parseFlag.duration)
    .option('--lock-timeout <time>', 'wait this long for a destination in use', parseFlag.duration, 0)
    .option('--specs <folder>', 'folder of specs (default: ./backups.d, else /etc/reconcile/backups.d)')
    .option('--config <file>', "the box's own settings (default: /etc/reconcile/config.yaml)")
    .option('--state <folder>', "the box's own memory (default: /var/lib/reconcile)")
    .addOption(
      new Option('--output <format>', 'what goes to stdout')
        .choices(['text', 'json', 'ndjson'])
        .default('text'),
    )
    .option('--json', 'the same as --output json')
    .option('--concurrency <n>', 'backups at once, over all processes', parseFlag.count)
    .option('--bandwidth <rate>', 'cap on the sum of all transfers, as 25KiB/s or 8Mbit/s', parseFlag.rate)
    .addOption(
      new Option('--log-level <level>', 'log at this level').choices(['debug', 'info', 'warn', 'error']),
    )
    .option('--log-file <file>', 'log to this file, as JSON lines')
    .action(ends(async (names: string[], options: Options) => pass(names, options)))
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES)
    .exitOverride()

  main
    .command('run')
    .description('the same as no command')
    .argument('[name...]')
    .action(ends(async (names: string[]) => pass(names, main.opts())))
  main
    .command('status')
    .description("what the destinations hold; a destination's folder serves in place of a name")
    .argument('[name...]')
    .action(
      ends(async (names: string[]) => {
        const { status } = await import('./commands/status.ts')
        return status(names, globalFlags(main.opts()), await openConsole(main.opts()), run)
      }),
    )
  main
    .command('validate')
    .description('check specs and settings; exit code 3 where one is faulty')
    .option('--effective <name>', "print one backup's spec as it counts, defaults merged in")
    .action(
      ends(async (options: Options) => {
        const { validate } = await import('./commands/validate.ts')
        const effective = (options['effective'] as string | undefined) ?? null
        const workspace = await workspaceOf(main.opts())
        return validate(workspace, { effective, cwd: process.cwd() }, await openConsole(main.opts()))
      }),
    )
  main
    .command('schema')
    .description('print the JSON Schema of specs, or of config.yaml')
    .addArgument(new Argument('[which]', 'of which file').choices(['backup', 'config']).default('backup'))
    .action(
      ends(async (which: 'backup' | 'config') => {
        const { schema } = await import('./commands/schema.ts')
        return schema(which, (text) => void process.stdout.write(text))
      }),
    )
  main
    .command('release')
    .description('let the next pass go past a hold, once, on the record')
    .argument('<id>', 'as the hold prints it')
    .requiredOption('--reason <text>', 'why; the ledger keeps it')
    .action(
      ends(async (id: string, options: Options) => {
        const { release } = await import('./commands/release.ts')
        return release(
          id,
          String(options['reason']),
          await workspaceOf(main.opts()),
          await openConsole(main.opts()),
          run,
        )
      }),
    )
  main
    .command('doctor')
    .description('mend what stops a backup')
    .requiredOption('--rebuild-ledger <name>', "set a backup's damaged ledger aside and begin a new one")
    .action(
      ends(async (options: Options) => {
        const { rebuild } = await import('./commands/doctor.ts')
        return rebuild(
          String(options['rebuildLedger']),
          await workspaceOf(main.opts()),
          await openConsole(main.opts()),
          run,
        )
      }),
    )
  main
    .command('demo')
    .description('watch the main job on this machine, over real ssh and rsync, in a private folder')
    .option('--keep', 'leave everything there afterwards')
    .action(
      ends(async (options: Options) => {
        const { demo } = await import('./commands/demo.ts')
        const { write, color } = await openConsole(main.opts())
        return demo({
          keep: options['keep'] === true,
          color: color.write,
          write,
          signal: run.signal,
          now: run.now,
        })
      }),
    )
  return main
}

const EXIT_CODES = `
Exit codes: 0 fine, 1 a step failed, 2 changes pending (--detailed-exitcode), 3 invalid spec, 5 in use,
6 conflict, failed checksum, rot, loss or damaged ledger, 7 halted or held, 64 usage, 70 a bug, 130/143 stopped.`

const globalFlags = (options: Options): GlobalFlags => options as GlobalFlags

async function openConsole(options: Options): Promise<Console> {
  const { processConsole } = await import('./commands/console.ts')
  const output = options['json'] === true ? 'json' : (options['output'] as Output)
  return processConsole(output, options['quiet'] === true)
}

async function workspaceOf(options: Options): Promise<Workspace> {
  const { openWorkspace } = await import('./commands/workspace.ts')
  return openWorkspace(globalFlags(options))
}

async function pass(names: readonly string[], options: Options): Promise<number> {
  const console = await openConsole(options)
  const { checkTools } = await import('./commands/check-tools.ts')
  await checkTools()
  const workspace = await workspaceOf(options)
  const limit = options['maxTime'] as number | undefined
  if (limit !== undefined) setTimeout(() => stopping.abort(new Stop('max-time')), limit * 1000).unref()
  if (options['dryRun'] === true) {
    const { dryRun } = await import('./commands/plan.ts')
    const flags = {
      diff: options['diff'] === true,
      all: options['all'] === true,
      detailedExitCode: options['detailedExitcode'] === true,
    }
    return dryRun(names, workspace, flags, console, run)
  }
  const { run: runPass } = await import('./commands/run.ts')
  const { openWatchers } = await import('./commands/watchers.ts')
  const level = (options['logLevel'] as string | undefined) ?? null
  const file = (options['logFile'] as string | undefined) ?? null
  const watchers = await openWatchers(console, { level, file }, run.now)
  return runPass(names, workspace, { lockTimeout: Number(options['lockTimeout']) }, console, run, watchers)
}

/** The exit code, and the one place where anything thrown is put into words. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  listenForSignals()
  let code = 0
  const command = await program((result) => {
    code = result
  })
  try {
    await command.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    code = await codeOfThrown(error)
  }
  // What could not be written is known a moment after it was given out.
  await new Promise((done) => setImmediate(done))
  return signalCode() ?? (code === 0 && resultsAreLost ? 1 : code)
}

function signalCode(): number | null {
  const { reason } = stopping.signal
  if (!(reason instanceof Stop) || reason.why === 'max-time') return null
  return reason.why === 'interrupt' ? 130 : 143
}

/** Commander says what was wrong with the command line by itself; everything else is put into words here. */
async function codeOfThrown(error: unknown): Promise<number> {
  const { CommanderError } = await import('commander')
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64
  if (stopping.signal.aborted && error === stopping.signal.reason) return 0
  const { tellThrown } = await import('./commands/tell-thrown.ts')
  return tellThrown(error, (text) => void process.stderr.write(text))
}

process.exitCode = await main(process.argv.slice(2))

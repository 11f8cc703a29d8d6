import { Argument, Command, Option } from 'commander'
import {
  asOfOf,
  type CommandLine,
  commandLine,
  type Host,
  type Options,
  refuseDryRun,
  refuseElsewhen,
  statusConsole,
  textOf,
  usage,
} from './argv/command-line.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { addExplain } from './explain-command.ts'
import { checkTools, limitTime, lockTimeout, watchersOf } from './pass-options.ts'
import { addPlan, addSnapshot, makePlan } from './plan-commands.ts'
import { addPrune } from './prune-command.ts'
import { addService } from './service-command.ts'
import { addResume, addSuspend } from './suspend-commands.ts'
import { addWatch } from './watch-command.ts'

/** Every command but the pass itself, in the order of `--help`. */
const COMMANDS: readonly ((line: CommandLine, host: Host) => void)[] = [
  addRun,
  addPlan,
  addApply,
  addPrune,
  addWatch,
  addStatus,
  addExplain,
  addValidate,
  addSchema,
  addSnapshot,
  addRelease,
  addSuspend,
  addResume,
  addDoctor,
  addService,
  addDemo,
]

const EXIT_CODES = `
Exit codes: 0 fine, 1 a step failed, 2 changes pending (--detailed-exitcode), 3 invalid spec, 4 stale plan, 5 in use,
6 conflict, failed checksum, rot, loss or damaged ledger, 7 halted or held, 64 usage, 70 a bug, 130/143 stopped.`

/** The command line. What a command needs is loaded when it is asked for. */
export async function program(host: Host): Promise<Command> {
  const main = new Command('reconcile')
  const line = commandLine(main, host)
  main
    .description(
      'Pulls finished backup files from the machines that make them, as declared in backups.d.\n' +
        'Without a command: one pass over the named backups, or all of them.',
    )
    .version(host.version(), '-V, --version')
    .argument('[name...]', 'backups; all of them when none is named')
    .option('-n, --dry-run', 'show what a pass would do; write nothing')
    .option('--diff', 'with --dry-run: each destination now against after, as a diff of md5, size and path')
    .option(
      '--all',
      'with --dry-run: also what stays as it is; with explain: every point; with suspend and resume: all backups',
    )
    .option('--detailed-exitcode', 'with --dry-run: 2 when there is something to do')
    .option('--offline <folder>', 'with --dry-run or explain: from snapshots, without keys or network')
    .option(
      '--as-of <time>',
      'with --dry-run, explain or status: as of then, as 2026-11-24T06:00:00Z',
      parseFlag.instant,
    )
    .option('-q, --quiet', 'print nothing when all is fine')
    .option('--max-time <time>', 'end the pass cleanly after this long; bytes are kept', parseFlag.duration)
    .option('--now', 'transfer also while a timetable says that bandwidth is off')
    .option('--lock-timeout <time>', 'wait this long for a destination in use', parseFlag.duration, 0)
    .option('--specs <folder>', 'folder of specs (default: ./backups.d, else /etc/reconcile/backups.d)')
    .option('--git <url>', 'specs from a git repository instead')
    .option('--ref <ref>', 'with --git: branch, tag or commit (default: its HEAD)')
    .option('--subpath <path>', 'with --git: folder of the specs in it')
    .option('--git-interval <time>', 'with --git: how often watch looks for a newer commit (default: 60s)')
    .option(
      '--verify-signatures <file>',
      'with --git: take only commits signed by one of these allowed signers',
    )
    .option('--config <file>', "the box's own settings (default: /etc/reconcile/config.yaml)")
    .option('--state <folder>', "the box's own memory (default: /var/lib/reconcile)")
    .addOption(
      new Option(
        '--output <format>',
        'what goes to stdout; markdown with plan --show, prometheus with status',
      )
        .choices(['text', 'json', 'ndjson', 'markdown', 'prometheus'])
        .default('text'),
    )
    .option('--json', 'the same as --output json')
    .option('--concurrency <n>', 'backups at once, over all processes', parseFlag.concurrency)
    .option('--bandwidth <rate>', 'cap on the sum of all transfers, as 25KiB/s or 8Mbit/s', parseFlag.rate)
    .addOption(
      new Option('--log-level <level>', 'log at this level').choices(['debug', 'info', 'warn', 'error']),
    )
    .option('--log-file <file>', 'log to this file, as JSON lines')
    .action(line.ends(async (names: string[]) => pass(names, line, host)))
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
  for (const add of COMMANDS) add(line, host)
  return main
}

async function pass(names: readonly string[], line: CommandLine, host: Host): Promise<number> {
  if (line.main.opts()['dryRun'] === true) {
    limitTime(line, host)
    return makePlan(names, null, line)
  }
  refuseElsewhen(line, 'a pass')
  const console = await line.console()
  await checkTools()
  const workspace = await line.workspace('obey', 'tell')
  limitTime(line, host)
  const { run } = await import('./run.ts')
  const watchers = await watchersOf(line, workspace)
  return run(names, workspace, lockTimeout(line), console, line.run, watchers)
}

function addRun(line: CommandLine, host: Host): void {
  line.main
    .command('run')
    .description('the same as no command')
    .argument('[name...]')
    .action(line.ends(async (names: string[]) => pass(names, line, host)))
}

function addApply(line: CommandLine, host: Host): void {
  line.main
    .command('apply')
    .description('do exactly what a saved plan says, or nothing')
    .argument('<file>', 'as plan --out saved it')
    .action(
      line.ends(async (file: string) => {
        refuseElsewhen(line, 'apply')
        refuseDryRun(line, 'apply')
        const console = await line.console()
        await checkTools()
        const workspace = await line.workspace()
        limitTime(line, host)
        const { apply } = await import('./apply.ts')
        return apply(file, workspace, lockTimeout(line), console, line.run, await watchersOf(line, workspace))
      }),
    )
}

function addStatus(line: CommandLine, host: Host): void {
  line.main
    .command('status')
    .description("what the destinations hold; a destination's folder serves in place of a name")
    .argument('[name...]')
    .option('--check', 'as a monitoring plugin: one line, and 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN')
    .option('--max-age <time>', 'with --check: critical where the newest point is older', parseFlag.duration)
    .action(
      line.ends(async (names: string[], options: Options) => {
        refuseElsewhen(line, 'status', ['offline'])
        const console = await statusConsole(line)
        const check = options['check'] === true
        const maxAge = (options['maxAge'] as number | undefined) ?? null
        if (maxAge !== null && !check) throw usage('--max-age needs --check')
        if (check && console.output !== 'text') throw usage('--check has an output of its own')
        const { status } = await import('./status.ts')
        const asOf = asOfOf(line.main.opts())
        const run = asOf === null ? line.run : { ...line.run, now: () => asOf }
        const flags = { check, maxAge, version: host.version() }
        return status(names, line.globalFlags(), flags, console, run)
      }),
    )
}

function addValidate(line: CommandLine): void {
  line.main
    .command('validate')
    .description('check specs and settings; exit code 3 where one is faulty')
    .option('--effective <name>', "print one backup's spec as it counts, defaults merged in")
    .action(
      line.ends(async (options: Options) => {
        const { validate } = await import('./validate.ts')
        const flags = { effective: textOf(options, 'effective'), cwd: process.cwd() }
        const { checkUrlFiles } = await import('./check-url-files.ts')
        const workspace = await line.workspace('newest')
        const diagnostics = [...workspace.diagnostics, ...(await checkUrlFiles(workspace.settings))]
        return validate({ ...workspace, diagnostics }, flags, await line.console())
      }),
    )
}

function addSchema(line: CommandLine): void {
  line.main
    .command('schema')
    .description('print the JSON Schema of specs, or of config.yaml')
    .addArgument(new Argument('[which]', 'of which file').choices(['backup', 'config']).default('backup'))
    .action(
      line.ends(async (which: 'backup' | 'config') => {
        const { schema } = await import('./schema.ts')
        return schema(which, (await line.console()).write)
      }),
    )
}

function addRelease(line: CommandLine): void {
  line.main
    .command('release')
    .description('let the next pass go past a hold, once, on the record')
    .argument('<id>', 'as the hold prints it')
    .requiredOption('--reason <text>', 'why; the ledger keeps it')
    .action(
      line.ends(async (id: string, options: Options) => {
        refuseElsewhen(line, 'release')
        refuseDryRun(line, 'release')
        const { release } = await import('./release.ts')
        return release(id, String(options['reason']), await line.workspace(), await line.console(), line.run)
      }),
    )
}

function addDoctor(line: CommandLine): void {
  line.main
    .command('doctor')
    .description('mend what stops a backup')
    .requiredOption('--rebuild-ledger <name>', "set a backup's damaged ledger aside and begin a new one")
    .action(
      line.ends(async (options: Options) => {
        refuseElsewhen(line, 'doctor')
        refuseDryRun(line, 'doctor')
        const { rebuild } = await import('./doctor.ts')
        return rebuild(
          String(options['rebuildLedger']),
          await line.workspace('recall'),
          await line.console(),
          line.run,
        )
      }),
    )
}

function addDemo(line: CommandLine): void {
  line.main
    .command('demo')
    .description('watch the main job on this machine, over real ssh and rsync, in a private folder')
    .option('--keep', 'leave everything there afterwards')
    .action(
      line.ends(async (options: Options) => {
        refuseElsewhen(line, 'demo')
        const { demo } = await import('./demo.ts')
        const { write, color } = await line.console()
        const { signal, now } = line.run
        return demo({ keep: options['keep'] === true, color: color.write, write, signal, now })
      }),
    )
}

import { Command, Help, type Option } from 'commander'
import { ends, type Host, usage } from './argv/command-line.ts'
import { flags, PASS_FLAGS, type PlanFlags, SHARED_FLAGS } from './argv/flags.ts'

/** Gives a command its arguments, flags and help, and what it does. */
type Declare = (command: Command, host: Host) => void

type Listed = readonly [name: string, summary: string, load: () => Promise<Declare>]

/** Every command, as `--help` lists it. A command's own file is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, readonly Listed[]>> = {
  'Every day:': [
    ['run', 'one pass; the same as no command', async () => (await import('./run.ts')).addRun],
    ['status', 'what the destinations hold', async () => (await import('./status.ts')).addStatus],
    [
      'explain',
      'why a file is here or not, and what happens to it next',
      async () => (await import('./explain.ts')).addExplain,
    ],
  ],
  'Getting started:': [
    ['demo', 'show the main job at work on this machine', async () => (await import('./demo.ts')).addDemo],
    ['validate', 'check specs and settings', async () => (await import('./validate.ts')).addValidate],
    [
      'schema',
      'the JSON Schema of specs, or of config.yaml',
      async () => (await import('./schema.ts')).addSchema,
    ],
  ],
  'When something is wrong:': [
    [
      'release',
      'let the next pass ignore a hold, once, on the record',
      async () => (await import('./release.ts')).addRelease,
    ],
    [
      'suspend',
      'pause backups until they are resumed',
      async () => (await import('./suspend.ts')).addSuspend,
    ],
    ['resume', 'end a suspension', async () => (await import('./suspend.ts')).addResume],
    [
      'prune',
      'remove what no rule keeps, or files by name; undo it',
      async () => (await import('./prune.ts')).addPrune,
    ],
    ['doctor', 'repair what stops a backup', async () => (await import('./doctor.ts')).addDoctor],
  ],
  'Reviewing changes:': [
    ['plan', 'print a plan, save it, or show a saved one', async () => (await import('./plan.ts')).addPlan],
    [
      'apply',
      'do exactly what a saved plan says, or nothing',
      async () => (await import('./apply.ts')).addApply,
    ],
    [
      'snapshot',
      'save what both sides hold, for --offline plans',
      async () => (await import('./snapshot.ts')).addSnapshot,
    ],
  ],
  'Running it unattended:': [
    [
      'watch',
      'the daemon: run each backup on its schedule',
      async () => (await import('./watch.ts')).addWatch,
    ],
    ['service', 'run as a systemd service', async () => (await import('./service.ts')).addService],
    ['notify', 'test the notifications', async () => (await import('./notify.ts')).addNotify],
  ],
}

const EXIT_CODES = `
Each command's --help lists its flags; reconcile run --help lists those of a pass.
Exit codes: 0 fine, 1 a step failed, 2 changes pending (--detailed-exitcode), 3 invalid spec, 4 stale plan, 5 in use,
6 conflict, failed checksum, rot, loss or damaged ledger, 7 halted or held, 64 usage, 70 a bug, 130/143 stopped.`

export interface Program {
  readonly main: Command
  /** The commands that take this flag, by name. */
  takersOf(flag: string): Promise<readonly string[]>
}

/** The command line. Only what `argv` may ask for is loaded. */
export async function program(argv: readonly string[], host: Host): Promise<Program> {
  const main = new Command('reconcile')
  main
    .description(
      'Pulls finished backup files from the machines that make them, as declared in backups.d.\n' +
        'Without a command: one pass over the named backups, or all of them.',
    )
    .version(host.version(), '-V, --version')
    .argument('[name...]')
    .action(
      ends(host, async (names: string[], given: PlanFlags) =>
        (await import('./run.ts')).run(names, given, host),
      ),
    )
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      showGlobalOptions: true,
      visibleGlobalOptions: ({ parent }) => (parent === null ? [] : [...SHARED_FLAGS]),
      visibleOptions: visibleFlags,
    })
  // They are taken wherever they stand, also before a command's name.
  for (const option of [...PASS_FLAGS, ...SHARED_FLAGS]) main.addOption(option)
  const loading: (() => Promise<void>)[] = []
  for (const [group, commands] of Object.entries(COMMANDS)) {
    for (const [name, summary, load] of commands) {
      const command = main.command(name).summary(summary).description(summary).helpGroup(group)
      const declare = async () => (await load())(command, host)
      if (argv.includes(name)) await declare()
      else loading.push(declare)
    }
  }
  async function takersOf(flag: string): Promise<readonly string[]> {
    await Promise.all(loading.splice(0).map((declare) => declare()))
    return main.commands
      .flatMap((command) => [command, ...command.commands])
      .filter(({ options }) => options.some(({ long }) => long === flag))
      .map(nameOf)
  }
  main.hook('preAction', async (_, acting) => {
    const taken = [...SHARED_FLAGS, ...acting.options]
    const foreign = main.options.find(
      (option) =>
        main.getOptionValueSource(option.attributeName()) === 'cli' &&
        !taken.some(({ long }) => long === option.long),
    )
    if (foreign === undefined) return
    const takers = await takersOf(foreign.long!)
    throw usage(
      `${nameOf(acting)} takes no ${foreign.long}: it is a flag of ${takers.join(', ')}`,
      `reconcile ${nameOf(acting)} --help lists its flags.`,
    )
  })
  return { main, takersOf }
}

/** Of `reconcile --help` itself few: what a pass takes stands at `run`. */
function visibleFlags(this: Help, command: Command): Option[] {
  const all = Help.prototype.visibleOptions.call(this, command)
  return command.parent === null ? all.filter(({ long }) => SHOWN.includes(long ?? '')) : all
}

const SHOWN: readonly string[] = [flags.dryRun.long!, '--quiet', '--version', '--help']

/** As it is typed: `service print`. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name()

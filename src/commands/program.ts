import { Command, type CommanderError, Help, type Option } from 'commander'
import { Failure } from '../model/failure.ts'
import { ends, type Host, usage } from './argv/command-line.ts'
import { flags, PASS_FLAGS, type PlanFlags, quietFlag, SHARED_FLAGS } from './argv/flags.ts'
import { flagMeant, meaningOf, nearest } from './nearest.ts'

/** Gives a command its arguments, flags and help, and what it does. */
type Declare = (command: Command, host: Host) => void

type Listed = readonly [name: string, summary: string, load: () => Promise<{ readonly add: Declare }>]

/** Every command, as `--help` lists it. A command's own file is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, readonly Listed[]>> = {
  'Every day:': [
    ['run', 'one pass; the same as no command', () => import('./run.ts')],
    ['status', 'what the destinations hold', () => import('./status.ts')],
    ['restore', 'copy files back out, verified; read all again for damage', () => import('./restore.ts')],
    ['verify', 'read files again: rot, loss, alteration', () => import('./verify.ts')],
    ['explain', 'why a file is here or not, and what happens to it next', () => import('./explain.ts')],
    ['log', 'what happened, from the ledger; a month of it for owners', () => import('./log.ts')],
    ['report', 'a statement of a month for owners and auditors', () => import('./report.ts')],
  ],
  'Getting started:': [
    ['add', 'from nothing to a spec: key, login, a guess, a first dry run', () => import('./add.ts')],
    ['init', 'write a folder of specs and a config.yaml to begin with', () => import('./init.ts')],
    ['demo', 'show the main job at work on this machine', () => import('./demo.ts')],
    ['validate', 'check specs and settings', () => import('./validate.ts')],
    ['source', 'prepare a source: key and login; a script that marks', () => import('./source.ts')],
    ['schema', 'the JSON Schema of specs, or of config.yaml', () => import('./schema.ts')],
  ],
  'When something is wrong:': [
    ['release', 'let the next pass ignore a hold, once, on the record', () => import('./release.ts')],
    ['suspend', 'pause backups; let them run again', () => import('./suspend.ts')],
    ['resume', 'end a suspension', async () => ({ add: (await import('./suspend.ts')).addResume })],
    ['prune', 'remove what no rule keeps, or files by name; undo it', () => import('./prune.ts')],
    ['doctor', 'prove that backups can run; repair a ledger', () => import('./doctor.ts')],
  ],
  'Reviewing changes:': [
    ['plan', 'print a plan, save it, or show a saved one', () => import('./plan.ts')],
    ['apply', 'do exactly what a saved plan says, or nothing', () => import('./apply.ts')],
    ['snapshot', 'save what both sides hold, for --offline plans', () => import('./snapshot.ts')],
  ],
  'Running it for good:': [
    ['watch', 'the daemon: run each backup on its schedule', () => import('./watch.ts')],
    ['service', 'run as a systemd service', () => import('./service.ts')],
    ['notify', 'test the notifications', () => import('./notify.ts')],
  ],
}

const ABOUT = `Pulls finished backup files from the machines that make them, as declared in
backups.d. Without a command: one pass over the named backups, or all of them.`

const EXIT_CODES = `Exit codes: 0 fine, 1 failed or late, 2 changes pending, 3 invalid spec,
4 stale plan, 5 in use, 6 conflict, rot or loss, 7 held, 64 usage, 70 a bug.
`

export interface Program {
  readonly main: Command
  /** What is wrong with the command line, and what to do; null: nothing, its help or version was printed. */
  faultOf(error: CommanderError): Promise<Failure | null>
}

/** The command line. Only what `argv` may ask for is loaded. */
export async function program(argv: readonly string[], host: Host): Promise<Program> {
  const main = new Command('reconcile')
  main
    .version(host.version(), '-V, --version')
    .argument('[name...]')
    .action(
      ends(host, async (names: string[], given: PlanFlags) => {
        const { run } = await import('./run.ts')
        return run(names, given, host).catch((error: unknown) => {
          throw misspelt(names, error) ?? error
        })
      }),
    )
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      showGlobalOptions: true,
      visibleGlobalOptions: ({ parent }) => (parent === null ? [] : [...SHARED_FLAGS]),
      formatHelp(command, help) {
        if (command.parent === null) return topHelp()
        const parts = Help.prototype.formatHelp.call(this, command, help).split('\n\n')
        // Commands that only group others are asked for these: before flags that every command takes.
        const isList = (part: string) => part.startsWith('Commands:')
        const [list, rest] = [parts.filter(isList), parts.filter((part) => !isList(part))]
        return `${[...rest.slice(0, 2), ...list, ...rest.slice(2)].map((part) => part.trimEnd()).join('\n\n')}\n`
      },
    })
  // They are taken wherever they stand, also before a command's name.
  for (const option of [...PASS_FLAGS, ...SHARED_FLAGS]) main.addOption(option)
  const loading: (() => Promise<void>)[] = []
  for (const [group, commands] of Object.entries(COMMANDS)) {
    for (const [name, summary, load] of commands) {
      const command = main.command(name).summary(summary).description(summary).helpGroup(group)
      const declare = async () => (await load()).add(command, host)
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
  async function faultOf({ code, exitCode, message }: CommanderError): Promise<Failure | null> {
    if (exitCode === 0 || code === 'commander.help') return null
    // By what is typed first: `source init` is no `init`.
    const placeOf = (one: Command): number => argv.indexOf(one.name())
    const named = ({ commands }: Command) =>
      commands.filter((one) => placeOf(one) !== -1).sort((a, b) => placeOf(a) - placeOf(b))[0]
    const first = named(main)
    const acting = (first && named(first)) ?? first ?? main
    const help = `reconcile ${acting === main ? '' : `${nameOf(acting)} `}--help shows how it is used.`
    if (/unknownOption|missing/.test(code)) {
      const { operands, unknown } = main.parseOptions([...argv])
      // A misspelt flag is probably the one that is missing.
      const flag = acting === main ? unknown[0] : acting.parseOptions(unknown).unknown[0]
      if (flag?.startsWith('-'))
        return usage(`unknown option '${flag}'`, (await meantBy(flag, acting, operands[0])) ?? help)
    }
    if (code === 'commander.unknownCommand') {
      const names = acting.commands.map((one) => one.name())
      const near = nearest(/'([^']+)'/.exec(message)?.[1] ?? '', names)
      return usage(plain(message), near === null ? help : `Did you mean reconcile ${nameOf(acting)} ${near}?`)
    }
    if (code === 'commander.missingMandatoryOptionValue') {
      const lacks = acting.options.find(({ flags }) => message.includes(`'${flags}'`))
      return usage(`${nameOf(acting)} needs ${lacks?.long}: ${lacks?.description}`, lineToType(acting))
    }
    if (code === 'commander.missingArgument') return usage(plain(message), lineToType(acting))
    const empty = code === 'commander.optionMissingArgument' ? emptyFlag(message, acting, help) : null
    if (empty !== null) return empty
    if (code === 'commander.excessArguments' && acting.registeredArguments.length === 0)
      return usage(`${nameOf(acting)} takes no names`, help)
    return usage(plain(message), help)
  }
  /** A flag without its value: the last word, or one before another flag. */
  function emptyFlag(message: string, acting: Command, help: string): Failure | null {
    const one = [...acting.options, ...SHARED_FLAGS].find(({ flags }) => message.includes(`'${flags}'`))
    const value =
      EXAMPLES[`${acting.name()} ${one?.long}`] ?? /<(.+)>/.exec(one?.flags ?? '')?.[1]?.toUpperCase()
    if (one === undefined || value === undefined) return null
    const isLast = [one.long, one.short].includes(argv.at(-1))
    return usage(`${one.long} needs a value: ${one.description}`, isLast ? host.typed(value) : help)
  }
  /** What was typed, with what it lacks. */
  function lineToType(acting: Command): string {
    const { args, registeredArguments, options } = acting
    const given = acting.optsWithGlobals()
    const needed = OR_ELSE[acting.name()]
    const isNeeded = needed !== undefined && !needed.some((flag) => given[flag] !== undefined)
    return host.typed(
      ...registeredArguments
        .slice(args.length)
        .filter(({ required }) => required || isNeeded)
        .map((one) => one.name().toUpperCase()),
      ...options
        .filter(
          (one) => one.mandatory && given[one.attributeName()] === undefined && argv.at(-1) !== one.long,
        )
        .map(({ long }) => `${long} ${EXAMPLES[`${acting.name()} ${long}`]}`),
    )
  }
  /** A flag of another command, or what was probably meant; null: no idea. */
  async function meantBy(flag: string, acting: Command, word: string | undefined): Promise<string | null> {
    const command = acting === main && word !== undefined ? insteadOf(word) : null
    if (command !== null) return command
    if (/^(?:-v|--verbose)$/.test(flag)) return '--log-level debug logs more; -V prints the version.'
    // Those of the demo mean nothing elsewhere.
    const takers = (await takersOf(flag)).filter((name) => name !== 'demo')
    if (takers.length > 0) return `${flag} is a flag of ${takers.join(', ')}.`
    const ours = flagMeant(flag)
    if (ours !== null) return `Did you mean ${ours}?`
    const longs = (options: readonly Option[]) => options.flatMap(({ long }) => long ?? [])
    const help = flag.startsWith('--h') ? ['--help'] : []
    const known = [...longs([...acting.options, ...SHARED_FLAGS]), ...help]
    const [begun, ...more] = flag.length < 5 ? [] : known.filter((one) => one.startsWith(flag))
    const own = begun !== undefined && more.length === 0 ? begun : nearest(flag, known)
    if (own !== null) return `Did you mean ${own}?`
    const all = main.commands.filter((one) => one.name() !== 'demo').flatMap((one) => [one, ...one.commands])
    const other = nearest(flag, longs(all.flatMap(({ options }) => options)))
    return other === null ? null : `Did you mean ${other}, a flag of ${(await takersOf(other)).join(', ')}?`
  }
  return { main, faultOf }
}

/** Values of flags that a command cannot do without, as a shell takes them. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'release --reason': '"what you have checked"',
  'suspend --reason': '"disk swap"',
  'prune --reason': '"why they may go"',
  'add --to': '/srv/offsite/postgres',
  'snapshot --to': 'DIR',
}

/** Commands that need an argument, or one of these flags in its place. */
const OR_ELSE: Readonly<Record<string, readonly string[]>> = {
  release: ['allDestinations', 'forgetDisk'],
  suspend: ['all'],
}

/** Commander's words without its own beginning, and with the flag and what is wrong with its value in one sentence. */
const plain = (message: string): string =>
  message
    .replace(/^error: /, '')
    .replace(
      /^command-argument value '(.*)' is invalid for argument '.*'\. Allowed choices are (.*)\.$/s,
      '$1 is not one of: $2',
    )
    .replace(/^option '(?:-\w, )?(\S+)[^']*' argument '(.*)' is invalid\. (?=[a-z])/s, '$1 $2 ')

const COMMAND_NAMES: readonly string[] = Object.values(COMMANDS)
  .flat()
  .map(([name]) => name)

/** With `help`, `help status` turned into what `--help` is asked with. */
export function withHelpFlag(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word) => word === 'help' || COMMAND_NAMES.includes(word))
  if (argv[at] !== 'help' || argv[at - 1]?.startsWith('--')) return argv
  const rest = argv.slice(at + 1)
  const name = rest.find((word) => !word.startsWith('-'))
  if (name !== undefined && !COMMAND_NAMES.includes(name))
    throw usage(`no command is named ${name}`, insteadOf(name, 'reconcile help') ?? undefined)
  return [...rest, '--help']
}

/** The command that a word is meant to be, by its meaning or its spelling; null: no idea. */
function insteadOf(word: string, before = 'reconcile'): string | null {
  const near = nearest(word, COMMAND_NAMES)
  return meaningOf(word) ?? (near === null ? null : `Did you mean ${before} ${near}?`)
}

/** What stands for a command is taken for a backup's name, also where there are no specs at all. */
function misspelt(names: readonly string[], error: unknown): Failure | null {
  if (!(error instanceof Failure)) return null
  const isUnknown = error.code === 'unknown-backup'
  const word = isUnknown ? names.find((name) => error.message.includes(` named ${name} `)) : names[0]
  const command = word === undefined ? null : insteadOf(word)
  if (command === null) return null
  if (isUnknown ? error.message.includes('Did you mean') : error.code !== 'specs-not-found') return null
  return usage(`no command and no backup is named ${word}`, command)
}

/** Commands that share a row with the one before them. */
const IN_ROW_OF = { resume: 'suspend', verify: 'restore', report: 'log' } as const
const SHARED_ROWS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(IN_ROW_OF).map(([name, first]) => [first, `${first}/${name}`]),
)

/** The help of `reconcile` itself, at most 40 lines of 80 columns. What a pass takes is in that of `run`. */
function topHelp(): string {
  const groups = Object.entries(COMMANDS).map(([group, commands]) => {
    const rows = commands.flatMap(([name, what]) =>
      name in IN_ROW_OF ? [] : ([[SHARED_ROWS[name] ?? name, what]] as const),
    )
    return `${group}\n${helpRows(rows)}`
  })
  return `Usage: reconcile [options] [command] [name...]

${ABOUT}

${groups.join('')}
Options:
${helpRows([
  ...[flags.dryRun, quietFlag].map((one) => [one.flags, one.description] as const),
  ['-V, --version', 'print the version'],
  ['-h, --help', 'print this; with a command: its flags (run: those of a pass)'],
])}
${EXIT_CODES}`
}

const helpRows = (items: readonly (readonly [name: string, what: string])[]): string =>
  items.map(([name, what]) => `  ${name.padEnd(14)}  ${what}\n`).join('')

/** As it is typed: `service print`. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name()

import type { Command } from 'commander'
import { resumeHint, suspensionOf, toSuspended } from '../decide/status/suspended.ts'
import { type Instant, instant, isoTime } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import { withHint } from '../model/trouble.ts'
import { whoAmI } from '../system/who-am-i.ts'
import { escapeProse } from '../view/escape-text.ts'
import { localProse } from '../view/local-prose.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { say } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { liveBeat } from './over-specs.ts'
import { type Context, chooseSpecs, openToAct, type Workspace } from './workspace.ts'

interface SuspendFlags extends SharedFlags {
  readonly all?: boolean
  readonly reason: string
  readonly until?: ReturnType<typeof parseFlag.momentOrDuration>
}

const ALL = 'all backups, present and future'

export function add(command: Command, host: Host): void {
  command
    .description('pause backups until resumed; lateness is still reported')
    .argument('[name...]')
    .option('--all', ALL)
    .requiredOption('--reason <text>', 'why; shown wherever the backup is skipped')
    .option(
      '--until <time>',
      'resume at this time (2026-12-01T00:00:00Z) or after this long (2d)',
      parseFlag.momentOrDuration,
    )
    .action(
      ends(host, async (names: string[], given: SuspendFlags) => {
        const { all = false, reason, until } = given
        const end =
          until === undefined
            ? null
            : 'at' in until
              ? until.at
              : wholeSecond(host.run.now() + until.seconds * 1000)
        const workspace = await openToAct(given, 'obey', host.run)
        const context = { workspace, console: openConsole(given), run: host.run }
        return suspend({ names, all }, { reason, until: end }, context)
      }),
    )
}

export function addResume(command: Command, host: Host): void {
  command
    .argument('[name...]')
    .option('--all', ALL)
    .action(
      ends(host, async (names: string[], given: SharedFlags & { readonly all?: boolean }) => {
        const workspace = await openToAct(given, 'obey', host.run)
        const context = { workspace, console: openConsole(given), run: host.run }
        return resume({ names, all: given.all === true }, context)
      }),
    )
}

/** As people read it. */
const wholeSecond = (at: number) => instant(Math.ceil(at / 1000) * 1000)

/** Backups by name, or all, present and future. */
export interface Which {
  readonly names: readonly string[]
  readonly all: boolean
}

/** `reconcile suspend NAME…|--all --reason R [--until T]`: these backups do not run, by command or daemon, until resumed. */
export async function suspend(
  which: Which,
  { reason, until }: { readonly reason: string; readonly until: Instant | null },
  { workspace, console, run }: Context,
): Promise<number> {
  const chosen = await choose(which, 'suspend', workspace, run)
  const at = run.now()
  if (reason.trim() === '') throw usage('a suspension needs a reason, for whoever finds it', FOR_EXAMPLE)
  if (until !== null && until < at + 1000)
    throw usage(`--until is ${isoTime(until)}, which has passed`, FOR_EXAMPLE)
  await workspace.box.suspend(chosen, { reason, until, by: whoAmI(), at })
  const who = chosen === 'all' ? 'all backups' : chosen.join(', ')
  const end = until === null ? 'until resumed' : `until ${isoTime(until)}`
  say(console, `Suspended ${who} ${localProse(end)}: ${escapeProse(reason)}`)
  return 0
}

/**
 * `reconcile resume NAME…|--all`: ends their suspensions. Exit code 7 if a named one stays suspended, and prints why.
 */
export async function resume(which: Which, { workspace, console, run }: Context): Promise<number> {
  const { box, loaded } = workspace
  const chosen = await choose(which, 'resume', workspace, run)
  const before = await box.suspensions()
  await box.resume(chosen)
  const after = await box.suspensions()
  const now = run.now()
  const isMeant = (name: string) => chosen === 'all' || chosen.includes(name)
  let stays = false
  for (const spec of loaded.specs) {
    if (!isMeant(spec.name)) continue
    const still = suspensionOf(spec, after, now)
    if (still !== null) {
      stays = true
      const why = still.from === 'spec' ? 'its spec says so' : 'all backups are suspended'
      const hint = resumeHint(spec.name, toSuspended(still))
      say(console, `${spec.name} stays suspended: ${localProse(withHint({ message: why, hint }))}`)
    } else if (suspensionOf(spec, before, now) !== null) console.write(`Resumed ${spec.name}\n`)
    else if (chosen !== 'all') console.write(`${spec.name} was not suspended\n`)
  }
  if (chosen === 'all') {
    const nothing = before.all === null && before.backups.size === 0
    console.write(
      nothing ? 'Nothing was suspended by command\n' : 'Nothing is suspended by command any more\n',
    )
  }
  return stays && chosen !== 'all' ? 7 : 0
}

async function choose(
  { names, all }: Which,
  doing: 'suspend' | 'resume',
  workspace: Workspace,
  run: Run,
): Promise<readonly string[] | 'all'> {
  const example = doing === 'suspend' ? FOR_EXAMPLE : 'For example: reconcile resume NAME'
  if (all && names.length > 0) throw usage('give either --all or names, not both', example)
  if (!all && names.length === 0)
    throw usage(`reconcile ${doing} needs the names of backups, or --all`, example)
  if (all) return 'all'
  // A backup that a daemon runs can be suspended even if its spec is gone.
  const live = await liveBeat(workspace, run)
  chooseSpecs(
    workspace,
    names,
    live?.backups.map(({ backup }) => backup),
  )
  return [...new Set(names)]
}

const FOR_EXAMPLE = 'For example: reconcile suspend NAME --reason "disk swap" --until 2d'

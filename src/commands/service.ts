import { realpath } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Argument, type Command } from 'commander'
import { codeOfDiagnostics } from '../decide/status/exit-code.ts'
import { isWithin } from '../model/is-within.ts'
import type { Settings } from '../model/settings.ts'
import { gitFlags } from '../specs/settings/load.ts'
import { renderUnit, type UnitKind } from '../view/systemd-units.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import type { Console } from './argv/console.ts'
import { flags, type SharedFlags } from './argv/flags.ts'
import { type GlobalFlags, openWorkspace, printSpecs, type Workspace } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .command('print')
    .description(
      'print one unit for this box, for all its backups: service (reconcile.service, the daemon), once (reconcile-once.service, one pass) or timer (reconcile.timer, which starts once)',
    )
    .addArgument(
      new Argument('[which]', 'which unit').choices(['service', 'once', 'timer']).default('service'),
    )
    .option('--user <name>', 'the user that runs it (default: reconcile, or you if you are not root)')
    .addOption(flags.concurrency)
    .addOption(flags.bandwidth)
    .action(
      ends(host, async (which: UnitKind, given: SharedFlags & { readonly user?: string }) => {
        const { user = null } = given
        if (user !== null && !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(user))
          throw usage(`${JSON.stringify(user)} is not a user name`, 'For example: --user backup')
        const workspace = await openWorkspace(given, 'obey', host.run)
        return printUnit(which, user, workspace, given, openConsole(given))
      }),
    )
}

/** The path of systemd's StateDirectory. */
const USUAL_STATE = '/var/lib/reconcile'

/** `reconcile service print`: a systemd unit for this box, as its settings and flags are now. */
async function printUnit(
  kind: UnitKind,
  user: string | null,
  workspace: Workspace,
  given: GlobalFlags,
  console: Console,
): Promise<number> {
  const { settings, loaded } = workspace
  // A faulty spec's destination is unknown, and without `roots` the unit would not make it writable.
  const isBlind = settings.roots === null && codeOfDiagnostics(workspace.diagnostics) !== 0
  if (!workspace.settingsAreSound || isBlind) {
    printSpecs(workspace, console)
    return codeOfDiagnostics(workspace.diagnostics)
  }
  const program = await realpath(fileURLToPath(new URL('../cli.js', import.meta.url)))
  const { file, specs, state, roots } = settings
  const places = loaded.specs.map(({ destination }) => destination)
  // A destination is created by its first pass, in an existing folder.
  const writable = [
    ...(state === USUAL_STATE ? [] : [state]),
    ...(roots ?? outermost(places.map(({ path }) => (dirname(path) === '/' ? path : dirname(path))))),
  ]
  const rates = [
    ...(given.concurrency === undefined ? [] : ['--concurrency', String(given.concurrency)]),
    ...(given.bandwidth === undefined
      ? []
      : ['--bandwidth', settings.bandwidth === null ? 'unlimited' : `${settings.bandwidth}B/s`]),
  ]
  const command = [
    process.execPath,
    program,
    ...(file === null ? [] : ['--config', file]),
    ...specsFlags(specs, given),
    ...['--state', state, ...rates],
  ]
  const mounts = [...new Set([...writable, ...places.flatMap(({ mount }) => mount ?? [])])].sort()
  for (const text of [...command, ...writable, ...mounts]) mayStandInUnit(text)
  console.write(
    renderUnit(kind, {
      user: user ?? ownName(),
      command,
      writable,
      mounts,
      origin:
        'Made by reconcile service print. Run it again when roots, destinations or the path of Node change.',
    }),
  )
  return 0
}

/** A line break would start a new line of the unit. */
function mayStandInUnit(text: string): void {
  if (!/[\u0000-\u001f\u007f]/.test(text)) return
  throw usage(`${JSON.stringify(text)} contains a control character, which a systemd unit must not contain`)
}

/** How the daemon finds the specs; it reads the rest from the settings. */
function specsFlags(specs: Settings['specs'], flags: GlobalFlags): readonly string[] {
  if (specs.kind === 'folder') return ['--specs', specs.path]
  return gitFlags(flags).flatMap(([flag, name, text]) => [
    name,
    flag === 'verifySignatures' ? (specs.verifySignatures ?? text) : text,
  ])
}

/** Root should not run this. */
const ownName = (): string => (process.getuid?.() === 0 ? 'reconcile' : userInfo().username)

/** Each once, without those inside another one. */
const outermost = (folders: readonly string[]): readonly string[] =>
  [...new Set(folders)]
    .sort()
    .filter((one, _, all) => !all.some((other) => other !== one && isWithin(one, other)))

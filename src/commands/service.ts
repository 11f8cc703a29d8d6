import { realpath } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOfDiagnostics } from '../decide/exit-code.ts'
import { isWithin } from '../decide/is-within.ts'
import type { Settings } from '../model/settings.ts'
import { renderUnit, type UnitKind } from '../view/systemd-units.ts'
import type { Console } from './console.ts'
import { type GlobalFlags, tellSpecs, type Workspace } from './workspace.ts'

/** Where systemd's StateDirectory lies. */
const USUAL_STATE = '/var/lib/reconcile'

/** `reconcile service print`: a systemd unit for this box, as its settings and flags are now. */
export async function printUnit(
  kind: UnitKind,
  user: string | null,
  workspace: Workspace,
  flags: GlobalFlags,
  console: Console,
): Promise<number> {
  const { settings, loaded } = workspace
  if (!workspace.settingsAreSound) {
    tellSpecs(workspace, console)
    return codeOfDiagnostics(workspace.diagnostics)
  }
  const program = await realpath(fileURLToPath(new URL('../cli.js', import.meta.url)))
  const { file, specs, state, roots } = settings
  const places = loaded.specs.map(({ destination }) => destination)
  // A destination is made by its first pass, in a folder that is there.
  const writable = [
    ...(state === USUAL_STATE ? [] : [state]),
    ...(roots ?? outermost(places.map(({ path }) => (dirname(path) === '/' ? path : dirname(path))))),
  ]
  const given = [
    ...(flags.concurrency === undefined ? [] : ['--concurrency', String(flags.concurrency)]),
    ...(flags.bandwidth == null ? [] : ['--bandwidth', `${flags.bandwidth}B/s`]),
  ]
  console.write(
    renderUnit(kind, {
      user: user ?? ownName(),
      command: [
        process.execPath,
        program,
        ...(file === null ? [] : ['--config', file]),
        ...specsFlags(specs, flags),
        ...['--state', state, ...given],
      ],
      writable,
      mounts: [...new Set([...writable, ...places.flatMap(({ mount }) => mount ?? [])])].sort(),
      origin:
        'Made by reconcile service print. Make it anew when roots, destinations or the place of Node change.',
    }),
  )
  return 0
}

/** How the daemon finds the specs; what stands in the settings it reads there. */
function specsFlags(specs: Settings['specs'], flags: GlobalFlags): readonly string[] {
  if (specs.kind === 'folder') return ['--specs', specs.path]
  const { git, ref, subpath, gitInterval, verifySignatures } = flags
  const given: Readonly<Record<string, string | undefined>> = {
    '--git': git,
    '--ref': ref,
    '--subpath': subpath,
    '--git-interval': gitInterval,
    '--verify-signatures': verifySignatures === undefined ? undefined : (specs.verifySignatures ?? undefined),
  }
  return Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]))
}

/** Root is not who should run this. */
const ownName = (): string => (process.getuid?.() === 0 ? 'reconcile' : userInfo().username)

/** Each once, without those that lie in another one. */
const outermost = (folders: readonly string[]): readonly string[] =>
  [...new Set(folders)]
    .sort()
    .filter((one, _, all) => !all.some((other) => other !== one && isWithin(one, other)))

import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { Failure } from '../../model/failure.ts'
import { PRIVATE_FOLDER } from '../../model/rel-path.ts'
import type { GitPlace, Settings, SpecPlace } from '../../model/settings.ts'
import { shellQuoted } from '../../model/shell-words.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { userName } from '../../system/who-am-i.ts'
import { readSpecFile } from '../folder-files.ts'
import { gitPlace, gitReaders, type WrittenGit } from '../git/place.ts'
import { withoutSecrets } from '../git/url.ts'
import { bandwidthFault } from '../spec/units.ts'
import { diagnosticsOf } from '../spec-files.ts'
import type { WrittenSettings } from './read.ts'

/** What flags and `config.yaml` may say; what neither says has a default. */
export interface SettingsFlags extends Partial<Pick<Settings, 'state' | 'concurrency'>> {
  /** Bytes a second; infinite: unlimited. */
  readonly bandwidth?: number
  /** A folder. */
  readonly specs?: string
  /** As written: a repository's URL, what to read of it, and how often. */
  readonly git?: string
  readonly ref?: string
  readonly subpath?: string
  readonly gitInterval?: string
  readonly verifySignatures?: string
}

export interface SettingsOptions {
  /** `--config`; null: look where it usually lies. */
  readonly configFile: string | null
  readonly home: string
  readonly uid: number
  readonly env: NodeJS.ProcessEnv
  /** They win. Their relative paths count from `cwd`. */
  readonly flags: SettingsFlags
  readonly cwd?: string
  /** The box's own folder. */
  readonly etc?: string
}

/**
 * The box's settings. With a fault (an error) among `faults` the settings hold only what is sound, so a cap on the rate may be
 * missing from them: nothing is to be transferred then. Throws a Failure (`config-not-found`) where the file that `--config`
 * names cannot be read.
 */
export async function loadSettings(
  options: SettingsOptions,
): Promise<{ readonly settings: Settings; readonly faults: readonly Diagnostic[] }> {
  const { home, uid, env, flags, cwd = process.cwd(), etc = '/etc/reconcile' } = options
  const file = options.configFile === null ? findConfig(options, etc) : resolve(cwd, options.configFile)
  const { written, faults } =
    file === null ? { written: {} as WrittenSettings, faults: [] } : await readConfig(file, options)
  const flagPath = (path: string | undefined) => (path === undefined ? undefined : resolve(cwd, path))
  const git = gitOf(flags, written, { home, folder: cwd })
  const named = flagPath(flags.specs) ?? written.specs
  const concurrency = flags.concurrency ?? written.concurrency ?? 2
  const rate = flags.bandwidth ?? written.bandwidth ?? null
  const bandwidth = rate === Number.POSITIVE_INFINITY ? null : rate
  if (flags.bandwidth !== undefined || flags.concurrency !== undefined) {
    const fault = bandwidthFault(bandwidth, concurrency)
    if (fault !== null) throw usage(fault)
  }
  return {
    settings: {
      file,
      configFolders: [
        ...new Set([...(file === null ? [] : [file]), ...usualConfigs(options, etc)].flatMap(foldersOf)),
      ],
      specs: git ?? (named === undefined ? usualSpecs(options, cwd, etc) : { kind: 'folder', path: named }),
      state:
        flagPath(flags.state) ??
        written.state ??
        (uid === 0
          ? ROOT_STATE
          : join(xdgFolder(env['XDG_STATE_HOME'], join(home, '.local/state')), 'reconcile')),
      concurrency,
      bandwidth,
      roots: written.roots ?? null,
      notify: written.notify ?? [],
      heartbeat: written.heartbeat ?? null,
      drills: written.drills ?? [],
    },
    faults:
      file !== null && flags.state === undefined && written.state === undefined
        ? [...faults, ...othersState(file, { uid, usual: join(etc, 'config.yaml') })]
        : faults,
  }
}

const ROOT_STATE = '/var/lib/reconcile'
const OTHERS_STATE = 'others-state'

/**
 * Root with another user's settings that name no state folder: that user's passes have theirs elsewhere, and neither sees what the other
 * writes. The box's own file may be anybody's.
 */
function othersState(
  file: string,
  { uid, usual }: { readonly uid: number; readonly usual: string },
): readonly Diagnostic[] {
  if (uid !== 0 || file === usual) return []
  const owner = ownerOf(file)
  if (owner === null || owner === 0 || owner === ownerOf(ROOT_STATE)) return []
  const user = userName(owner)
  const message = `${file} belongs to ${user ?? `uid ${owner}`} and names no state folder: the state of its backups is that user's own, not root's in ${ROOT_STATE}`
  const hint = `Run it as that user: sudo -u ${user ?? `'#${owner}'`} reconcile ... Or name the folder with --state.`
  return [{ file, line: 1, column: 1, severity: 'warning', code: OTHERS_STATE, message, hint }]
}

function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid
  } catch {
    return null
  }
}

/** For whatever writes to the state folder or notifies. Throws a Failure (`usage`) where root would not see that user's state. */
export function mustOwnState(faults: readonly Diagnostic[]): void {
  const found = faults.find(({ code }) => code === OTHERS_STATE)
  if (found !== undefined) throw usage(found.message, found.hint)
}

const GIT_FLAGS = {
  git: 'url',
  ref: 'ref',
  subpath: 'subpath',
  gitInterval: 'interval',
  verifySignatures: 'verifySignatures',
} as const

const EXAMPLES: Readonly<Record<(typeof GIT_FLAGS)[keyof typeof GIT_FLAGS], string>> = {
  url: 'ssh://git@git.example.net/ops/backups.git',
  ref: 'main',
  subpath: 'backups.d',
  interval: '60s',
  verifySignatures: '/etc/reconcile/allowed_signers',
}

/** The flags about git that are given: each with how it is written, and its text. */
export const gitFlags = (flags: SettingsFlags) =>
  (Object.keys(GIT_FLAGS) as (keyof typeof GIT_FLAGS)[]).flatMap((flag) => {
    const name = `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    const text = flags[flag]
    return text === undefined ? [] : [[flag, name, text] as const]
  })

/**
 * The place in git that flags and config.yaml name together; null: they name none. Another `--git` than the written one has a ref and a
 * subpath of its own; what signatures and keys are asked for stays. Throws a Failure (`usage`) where flags make no sense.
 */
function gitOf(
  flags: SettingsFlags,
  { git: under }: WrittenSettings,
  known: { readonly home: string; readonly folder: string },
): GitPlace | null {
  const readers = gitReaders(known)
  const over: Record<string, unknown> = {}
  for (const [flag, name, text] of gitFlags(flags)) {
    const key = GIT_FLAGS[flag]
    if (flags.specs !== undefined)
      throw usage(
        `--specs and ${name} exclude each other: specs lie in one place`,
        `Leave out one of them: --specs ${shellQuoted(flags.specs)}, or ${name} ${shellQuoted(withoutSecrets(text))}`,
      )
    if (flags.git === undefined && under === undefined)
      throw usage(
        `${name} needs --git, or git in config.yaml`,
        `For example: --git ssh://git@HOST/PATH.git ${name} ${shellQuoted(text)}`,
      )
    const parsed = readers[key](text)
    if (!parsed.ok)
      throw usage(
        `${name}: ${withoutSecrets(JSON.stringify(text))} ${parsed.fault}`,
        `For example: ${name} ${EXAMPLES[key]}`,
      )
    over[key] = parsed.value
  }
  if (flags.specs !== undefined || (flags.git === undefined && under === undefined)) return null
  if (under?.url === '') return NOWHERE
  const { url, ref, subpath, ...rest } = under ?? {}
  const same = flags.git === undefined || over['url'] === url
  const written: WrittenGit = { ...(same ? under : rest), ...over }
  return written.url === undefined ? NOWHERE : gitPlace({ ...written, url: written.url })
}

/** A place was written, and is faulty: no other one is taken for it. */
const NOWHERE: GitPlace = gitPlace({ url: '' })

const usage = (message: string, hint = 'reconcile --help lists commands and flags.'): Failure =>
  new Failure({ code: 'usage', message, hint })

/** The first of these folders that is there; none: where a first spec would go. */
function usualSpecs(options: SettingsOptions, cwd: string, etc: string): SpecPlace {
  const beside = usualConfigs(options, etc).map((file) => join(dirname(file), 'backups.d'))
  const lookedIn = [...(inDestination(cwd) ? [] : [join(cwd, 'backups.d')]), ...beside]
  return { kind: 'folder', path: lookedIn.find((path) => existsSync(path)) ?? beside[0]!, lookedIn }
}

/** A plain user's own file comes before the box's. */
export function usualConfigs(
  { home, uid, env }: Pick<SettingsOptions, 'home' | 'uid' | 'env'>,
  etc: string,
): readonly string[] {
  const own = join(xdgFolder(env['XDG_CONFIG_HOME'], join(home, '.config')), 'reconcile', 'config.yaml')
  const usual = join(etc, 'config.yaml')
  return uid === 0 ? [usual] : [own, usual]
}

/** Null: there is none. */
const findConfig = (options: SettingsOptions, etc: string): string | null =>
  usualConfigs(options, etc).find((path) => existsSync(path)) ?? null

/** A link and what it leads to lie in two. */
function foldersOf(file: string): readonly string[] {
  try {
    return [dirname(file), dirname(realpathSync(file))]
  } catch {
    return [dirname(file)]
  }
}

/** Files in a destination came from a source: never obey them because someone runs the command there. */
function inDestination(folder: string): boolean {
  if (existsSync(join(folder, PRIVATE_FOLDER))) return true
  return folder !== dirname(folder) && inDestination(dirname(folder))
}

/** The XDG rule: a relative path is as good as none. */
const xdgFolder = (named: string | undefined, usual: string): string =>
  named !== undefined && isAbsolute(named) ? named : usual

async function readConfig(file: string, options: SettingsOptions) {
  const { source, fault } = await readSpecFile(file, null)
  if (fault?.code === 'unreadable') {
    throw new Failure({
      code: 'config-not-found',
      message: `the settings cannot be read from ${file}: ${fault.message}`,
      hint:
        options.configFile === null
          ? 'make it readable, or name another with --config'
          : 'name another file with --config',
    })
  }
  const { readSettings } = await import('./read.ts')
  const { written, faults } =
    fault === null
      ? readSettings(source, { home: options.home, folder: dirname(file) })
      : { written: {}, faults: [fault] }
  return { written, faults: await diagnosticsOf(faults) }
}

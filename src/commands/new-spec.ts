import { accessSync, constants, existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { openBox } from '../box/box.ts'
import type { Finding, Guess, Yaml } from '../decide/guess/findings.ts'
import type { Failure } from '../model/failure.ts'
import type { Settings } from '../model/settings.ts'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { readDraft } from '../specs/read-draft.ts'
import { usualConfigs } from '../specs/settings/load.ts'
import { type Address, readAddress } from '../specs/spec/address.ts'
import { nameFault } from '../specs/spec/backup-name.ts'
import { windowsFault } from '../specs/spec/near-path.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { homeFolder } from '../system/who-am-i.ts'
import { type Host, usage } from './argv/command-line.ts'
import { settingsText, writeNew } from './init.ts'
import type { SetUpFlags } from './open-talk.ts'
import { boxContext, openWorkspace } from './workspace.ts'

/** Of `add`. */
export interface AddFlags extends SetUpFlags {
  readonly to: string
  readonly name?: string
  readonly identity?: string
}

/** A spec that is not written yet. Throws a usage Failure where flags and settings make no spec that may be written. */
export async function newSpec(text: string, given: AddFlags, settings: Settings, host: Host) {
  const parsed = readAddress(text)
  if (!parsed.ok)
    throw usage(
      `${text} ${parsed.fault}`,
      'The source is [USER@]HOST[:PORT]:[PATH], or a folder on this machine.',
    )
  const address = parsed.value
  if (given.to === '') throw usage('--to names no folder', 'For example: --to /srv/offsite/postgres')
  const windows = windowsFault(given.to)
  if (windows !== null) throw usage(`--to ${given.to} ${windows}`, 'For example: --to /srv/offsite/postgres')
  const { folder, config } = specsHome(settings, given)
  if (folder !== null) mustBeWritable(folder)
  const name = await freeName(address, given, folder, host)
  const file = folder === null ? null : join(folder, `${name}.yaml`)
  const context = boxContext({ settings, box: openBox(settings.state, settings) })
  const { stringify } = await import('yaml')
  const { writeSpec } = await import('../view/write-spec.ts')
  const read = (text: string) => readDraft(name, text, folder, context)
  const blank = baseOf(address, given)
  const first = await read(stringify(blank))
  if (first.spec === null && address.kind === 'ssh' && address.user === null) mustNameUser(text, first.faults)
  const base = await withKeys(blank, orFaults(first), given)
  const spec = orFaults(await read(stringify(base)))
  mustBeFolder(spec.destination.path, 'Name a folder of its own with --to.')
  return {
    /** Without what a look at the source adds. */
    spec,
    /** Null: it goes into a repository, by whoever keeps that. */
    file,
    /** The text with what was found at the source, and the source's path as it was found to be. Sound, whatever was found. */
    async textWith({ findings }: Guess, path: string): Promise<string> {
      // The path is written where it is not what it would be without.
      const own = address.kind === 'local' || path === address.path ? {} : { path }
      const found: Base = { ...base, source: { ...base.source, ...own } }
      const write = (more: Guess['findings']) => writeSpec({ findings: more }, found)
      return write(await soundFindings(findings, async (more) => (await read(write(more))).spec !== null))
    },
    /** Writes it, and what it takes to find it again. Throws a usage Failure where one was written meanwhile. */
    async save(text: string): Promise<void> {
      if (config !== null) await writeNew(config, settingsText(folder!))
      if (!(await writeNew(file!, text))) throw exists(name, file!)
    },
  }
}

interface Base {
  readonly [key: string]: Yaml
  readonly version: 1
  readonly source: Readonly<Record<string, Yaml>>
  readonly destination: Readonly<Record<string, Yaml>>
}

function baseOf(address: Address, { to }: AddFlags): Base {
  const destination = { path: /^(?:\/|~\/)/.test(to) ? to : resolve(to) }
  if (address.kind === 'local') return { version: 1, source: { path: hereOf(address.path) }, destination }
  const { host, port, user, path } = address
  return {
    version: 1,
    source: {
      host,
      ...(port === null ? {} : { port }),
      ...(user === null ? {} : { user }),
      ...(path === '.' ? {} : { path }),
    },
    destination,
  }
}

/** `~/` stays as it is written. */
const hereOf = (path: string): string => (path.startsWith('~/') ? path : resolve(path))

const ETC = '/etc/reconcile'

/** A plain user cannot write where the box's keys and pins are: its own are in its own folder, and named in the spec. */
async function withKeys(base: Base, { source, name }: Spec, { identity }: AddFlags): Promise<Base> {
  if (source.kind === 'local') return base
  if (identity !== undefined && !existsSync(identity))
    throw usage(`--identity ${identity}: there is no such file`, 'Leave it out, and a key is made.')
  const own = process.getuid?.() === 0 ? null : dirname(ownConfig())
  const isTheBoxs = source.identity === `${ETC}/keys/${name}` && !existsSync(source.identity)
  const key =
    identity !== undefined ? resolve(identity) : own !== null && isTheBoxs ? join(own, 'keys', name) : null
  const pins = own !== null && source.knownHosts === `${ETC}/known_hosts` ? join(own, 'known_hosts') : null
  return {
    ...base,
    source: {
      ...base.source,
      ...(key === null ? {} : { identity: key }),
      ...(pins === null ? {} : { knownHosts: pins }),
    },
  }
}

const ownConfig = (): string =>
  usualConfigs({ home: homeFolder(), uid: process.getuid?.() ?? 0, env: process.env }, ETC)[0]!

/** Where the spec goes. `folder` null: into a repository. `config` null: none has to be written for the folder to be found again. */
function specsHome(
  { specs, file }: Settings,
  given: AddFlags,
): { folder: string | null; config: string | null } {
  if (specs.kind === 'git') return { folder: null, config: null }
  const config = ownConfig()
  const isOwn = process.getuid?.() !== 0 && specs.path === join(dirname(config), 'backups.d')
  const isFound = !isOwn || file !== null || given.specs !== undefined
  return { folder: specs.path, config: isFound ? null : config }
}

function mustBeFolder(path: string, hint: string): void {
  const noFolder = whyNoFolder(path)
  if (noFolder !== null) throw usage(noFolder, hint)
}

/** Asked first: what comes after it takes a person's time. */
function mustBeWritable(folder: string): void {
  mustBeFolder(folder, 'Specs go into a folder: name it with --specs.')
  let there = folder
  while (!existsSync(there) && there !== dirname(there)) there = dirname(there)
  try {
    accessSync(there, constants.W_OK | constants.X_OK)
  } catch {
    throw usage(
      `specs go into ${folder}, which this user cannot write`,
      'Run it as the user who may, or name another folder with --specs.',
    )
  }
}

/** The name that the spec will have. Throws a usage Failure where it is none, or is taken. */
async function freeName(
  address: Address,
  given: AddFlags,
  folder: string | null,
  { run }: Host,
): Promise<string> {
  const last = basename(given.to).toLowerCase()
  const host =
    address.kind === 'local'
      ? basename(resolve(address.path))
      : address.host.replace(/^([a-z][^.]*)\..*/i, '$1')
  const candidates = [given.name ?? [last, host.toLowerCase()]].flat()
  const name = candidates.find((one) => nameFault(one) === null)
  if (name === undefined)
    throw usage(
      given.name === undefined
        ? 'no name for the backup follows from --to: give it one with --name'
        : `--name ${given.name} ${nameFault(given.name)}`,
      'For example: --name postgres',
    )
  if (folder !== null) {
    const taken = [`${name}.yaml`, `${name}.yml`]
      .map((one) => join(folder, one))
      .find((one) => existsSync(one))
    if (taken !== undefined) throw exists(name, taken)
    return name
  }
  const { specs, faulty, label } = (await openWorkspace(given, 'look', run)).loaded
  if ([...specs, ...faulty].some((one) => one.name === name)) throw exists(name, label)
  return name
}

const exists = (name: string, where: string): Failure =>
  usage(
    `there is a backup named ${name} already: ${where}`,
    `Nothing is written over it. reconcile source init ${name} finishes its key and login; --name gives the new one another name.`,
  )

/** Neither `_hosts.yaml` nor `_defaults.yaml` has one. */
function mustNameUser(text: string, faults: readonly Diagnostic[]): void {
  const fault = faults.find(({ message }) => message.startsWith('"host" without "user"'))
  if (fault === undefined) return
  const isKnown = fault.hint?.includes('~/.ssh/config') === true
  const hint = isKnown ? fault.hint : `Write USER@${text}: the account is never guessed.`
  throw usage(`${text} names no account at the source`, hint)
}

function orFaults({ spec, faults }: Awaited<ReturnType<typeof readDraft>>): Spec {
  if (spec !== null) return spec
  const [{ message, hint } = { message: 'the spec cannot be read', hint: undefined }] = faults
  throw usage(
    message,
    hint?.replace(/^./, (first) => first.toUpperCase()),
  )
}
/** Each finding that leaves the spec sound; the others without their values. */
async function soundFindings(
  findings: Guess['findings'],
  isSound: (findings: Guess['findings']) => Promise<boolean>,
): Promise<Guess['findings']> {
  if (await isSound(findings)) return findings
  let kept = findings.map(({ value, ...rest }): Finding => {
    return { ...rest, value: undefined, ...(value === undefined ? {} : { example: value }) }
  })
  const topOf = ({ key }: Finding) => key.split('.')[0]
  for (const key of new Set(findings.map(topOf))) {
    const more = kept.map((one, i) => (topOf(one) === key ? findings[i]! : one))
    if (await isSound(more)) kept = more
  }
  return kept
}

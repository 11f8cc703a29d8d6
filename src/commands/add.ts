import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { openBox } from '../box/box.ts'
import type { Finding, Guess, Yaml } from '../decide/guess/findings.ts'
import { guessSpec } from '../decide/guess/guess.ts'
import { firstOf } from '../decide/status/exit-code.ts'
import { Failure } from '../model/failure.ts'
import type { Listing } from '../model/listing.ts'
import type { Settings } from '../model/settings.ts'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { openSource } from '../source/open-source.ts'
import { readTexts } from '../source/read-texts.ts'
import { readDraft } from '../specs/read-draft.ts'
import { usualConfigs } from '../specs/settings/load.ts'
import { type Address, readAddress } from '../specs/spec/address.ts'
import { nameFault } from '../specs/spec/backup-name.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { homeFolder } from '../system/who-am-i.ts'
import { escapeText } from '../view/escape-text.ts'
import { renderFiles } from '../view/render-setup.ts'
import { writeSpec } from '../view/write-spec.ts'
import { ends, type Host, usage } from './argv/command-line.ts'
import { firstLogin, say, type Talk } from './first-login.ts'
import { settingsText, writeNew } from './init.ts'
import { makeFolder, nextCommand, openTalk, SET_UP_FLAGS, type SetUpFlags } from './open-talk.ts'
import { makePlan } from './plan.ts'
import { validate } from './validate.ts'
import { boxContext, openSettings, openWorkspace, printDiagnostics } from './workspace.ts'

interface AddFlags extends SetUpFlags {
  readonly to: string
  readonly name?: string
  readonly identity?: string
}

/** `reconcile add`: from nothing to a spec and its first dry run. */
export function add(command: Command, host: Host): void {
  command
    .description('from nothing to a spec: key, host key, line to paste, a look, a guess, a first dry run')
    .argument('<source>', '[USER@]HOST[:PORT]:[PATH], or a folder on this machine')
    .requiredOption('--to <folder>', 'where the copies go: destination.path')
    .option('--name <name>', "the backup's name (default: the last part of --to)")
    .option('--identity <file>', 'use this private key (default: one is made)')
    .action(ends(host, (address: string, given: AddFlags) => addBackup(address, given, host)))
  for (const option of SET_UP_FLAGS) command.addOption(option)
}

async function addBackup(text: string, given: AddFlags, host: Host): Promise<number> {
  const { run } = host
  const address = orRefuse(text, readAddress(text))
  await checkTools()
  const { settings, faults } = await openSettings(given)
  const broken = faults.filter(({ severity }) => severity === 'error')
  const talk = await openTalk(given, settings.state, host)
  try {
    if (broken.length > 0) {
      printDiagnostics(broken, talk.console)
      return 3
    }
    const home = specsHome(settings, given)
    const name = await freeName(address, given, home.folder, host)
    const context = boxContext({ settings, box: openBox(settings.state, settings) })
    const { stringify } = await import('yaml')
    const draft = (base: Base, text = stringify(base)) => readDraft(name, text, home.folder, context)
    const blank = baseOf(address, given)
    const first = await draft(blank)
    if (first.spec === null && address.kind === 'ssh' && address.user === null)
      mustNameUser(text, first.faults)
    const base = await withKeys(blank, orFaults(first), given)
    const spec = orFaults(await draft(base))
    say(talk, `Backup ${name}: ${text} -> ${spec.destination.path}`)
    const { place, listing } = await lookThere(spec, talk)
    const texts = await readTexts(place, listing, spec.transfer.timeout, run)
    const facts = { now: run.now(), texts, zone: Intl.DateTimeFormat().resolvedOptions().timeZone }
    const guess = guessSpec(listing.files, facts)
    const found: Base = { ...base, source: { ...base.source, ...pathOf(address, place.path) } }
    talk.console.writeError(`\n${renderFiles(guess, talk.console.errorWidth)}`)
    for (const { message } of listing.problems.slice(0, 5)) say(talk, message)
    const isSound = async (text: string) => (await draft(found, text)).spec !== null
    const written = await soundSpec(guess, (findings) => writeSpec({ findings }, found), isSound)
    if (home.folder === null) {
      say(talk, `\nSpecs come from git: put this into the repository as ${name}.yaml.`)
      talk.console.write(written)
      return 0
    }
    const file = join(home.folder, `${name}.yaml`)
    talk.console.writeError(`\n${written.split('\n').map(escapeText).join('\n')}\n`)
    say(talk, `To be written: ${file}`)
    if (talk.asker !== null && /^no?$/i.test(await talk.asker.ask('Write it? [Y/n] '))) {
      say(talk, 'Nothing is written. The key and the pinned host key stay.')
      return 0
    }
    if (home.config !== null) await writeNew(home.config, settingsText(home.folder))
    if (!(await writeNew(file, written))) throw exists(name, file)
    talk.console.writeError(`wrote ${escapeText(file)}\n\n`)
    talk.asker?.close()
    return await proveIt(spec, given, talk, host)
  } finally {
    talk.asker?.close()
  }
}

/** The text with each guess that leaves the spec sound; the others are comments. */
async function soundSpec(
  { findings }: Guess,
  write: (findings: Guess['findings']) => string,
  isSound: (text: string) => Promise<boolean>,
): Promise<string> {
  if (await isSound(write(findings))) return write(findings)
  let kept = findings.map(({ value, ...rest }): Finding => {
    return { ...rest, value: undefined, ...(value === undefined ? {} : { example: value }) }
  })
  const topOf = ({ key }: Finding) => key.split('.')[0]
  for (const key of new Set(findings.map(topOf))) {
    const more = kept.map((one, i) => (topOf(one) === key ? findings[i]! : one))
    if (await isSound(write(more))) kept = more
  }
  return write(kept)
}

/** Checks all specs, then shows the first plan, and what to type next. */
async function proveIt(
  { name, destination }: Spec,
  given: AddFlags,
  talk: Talk,
  host: Host,
): Promise<number> {
  const workspace = await openWorkspace(given, 'newest', host.run)
  const valid = await validate(workspace, { effective: null, cwd: process.cwd() }, talk.console)
  const planned = await makePlan([name], null, { ...given, dryRun: true }, host)
  const next = [
    ...(await makeFolder(destination.path, talk.owner)),
    await nextCommand([name], given, talk.owner),
  ]
  talk.console.write(`\nNext, the first pass:\n${next.map((line) => `  ${line}\n`).join('')}`)
  return firstOf([valid, planned])
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

/** The path is written where it is not what it would be without. */
const pathOf = (address: Address, path: string) =>
  address.kind === 'local' || path === address.path ? {} : { path }

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
  const isPlain = process.getuid?.() !== 0 && specs.path === join(ETC, 'backups.d')
  if (!isPlain || existsSync(specs.path) || file !== null || given.specs !== undefined)
    return { folder: specs.path, config: null }
  const config = ownConfig()
  return { folder: join(dirname(config), 'backups.d'), config }
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

/** The source's listing, once it can be had; and where it was had. */
async function lookThere(
  spec: Spec,
  talk: Talk,
): Promise<{ readonly place: Spec['source']; readonly listing: Listing }> {
  const listAt = async (place: Spec['source']) => ({
    place,
    listing: await openSource(place, { transferTimeout: spec.transfer.timeout }).list(talk.run),
  })
  const { source } = spec
  if (source.kind === 'local') return listAt(source)
  return firstLogin(
    source,
    () =>
      listAt(source).catch((error: unknown) => {
        // rrsync takes a path below the folder that it serves: that is the one which was named, and it stands for itself.
        const isServed =
          source.path.startsWith('/') && error instanceof Failure && error.message.includes('rrsync')
        if (!isServed) throw error
        return listAt({ ...source, path: '.' })
      }),
    talk,
  )
}

function orRefuse<T>(
  text: string,
  parsed: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string },
): T {
  if (parsed.ok) return parsed.value
  throw usage(
    `${text} ${parsed.fault}`,
    'The source is [USER@]HOST[:PORT]:[PATH], or a folder on this machine.',
  )
}

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

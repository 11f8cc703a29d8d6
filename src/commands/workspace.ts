import { basename } from 'node:path'
import { openBox } from '../box/box.ts'
import { openSpecsMemory } from '../box/specs-memory.ts'
import { anyOf } from '../decide/files/select.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import { isNotSeen } from '../decide/status/over-specs.ts'
import { leapOf } from '../decide/time/box-clock.ts'
import { withinCap, withoutOff } from '../decide/time/timetable.ts'
import { realDisk } from '../destination/disk/real-disk.ts'
import { holders } from '../destination/holders.ts'
import { openDestination } from '../destination/open-destination.ts'
import type { BoxState } from '../model/box.ts'
import { Failure } from '../model/failure.ts'
import { humanRate } from '../model/human-size.ts'
import type { Destination, Source } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import type { Bandwidth, NearPlace, Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Diagnostic } from '../model/trouble.ts'
import type { PassOptions, Ports } from '../reconcile/pass-context.ts'
import { checkKeys } from '../source/check-keys.ts'
import { openSource } from '../source/open-source.ts'
import type { GitUse } from '../specs/git/judge-commit.ts'
import { type BoxContext, type LoadedSpecs, nothingObeyed } from '../specs/load-specs.ts'
import { openSpecs, type SpecSource } from '../specs/open-specs.ts'
import { loadSettings, mustOwnState, type SettingsFlags } from '../specs/settings/load.ts'
import { FORBIDDEN_HINT, forbidden, led, ourPlaces } from '../specs/spec/our-places.ts'
import { realPath } from '../system/real-path.ts'
import { homeFolder } from '../system/who-am-i.ts'
import { renderDiagnostics } from '../view/diagnostics.ts'
import { escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { shortCommit } from '../view/short-commit.ts'
import { foldText } from '../view/wrap-text.ts'
import type { Console } from './argv/console.ts'
import { sharedBefore } from './common-holds.ts'
import { nearest } from './nearest.ts'

/** Flags that every command takes; they override config.yaml. */
export interface GlobalFlags extends SettingsFlags {
  readonly config?: string
  /** Also while bandwidth is off. */
  readonly now?: boolean
}

/** The box as one command sees it: settings, specs and the state folder. */
export interface Workspace {
  readonly settings: Settings
  readonly box: BoxState
  readonly loaded: LoadedSpecs
  /** Faults of settings and specs. */
  readonly diagnostics: readonly Diagnostic[]
  /** False: one is faulty, perhaps the very rate limit that keeps a line usable. No backup runs until it is fixed. */
  readonly settingsAreSound: boolean
  /** Timetables count, except where they set bandwidth to off. */
  readonly ignoresOff: boolean
}

/** What a command works with. */
export interface Context {
  readonly workspace: Workspace
  readonly console: Console
  readonly run: Run
}

export async function openSettings(flags: GlobalFlags) {
  const { config: _, ...given } = flags
  return loadSettings({
    configFile: flags.config ?? null,
    home: homeFolder(),
    uid: process.getuid?.() ?? 0,
    env: process.env,
    flags: given,
  })
}

/**
 * `use`: what to do with a newer commit of specs from git. `whereNone`: if no commit was ever taken and none can be fetched, a pass
 * reports that in its result, so that notices and heartbeat carry it.
 */
export async function openWorkspace(
  flags: GlobalFlags,
  use: GitUse,
  run: Run,
  whereNone: 'fail' | 'report' = 'fail',
): Promise<Workspace> {
  const { settings, faults } = await openSettings(flags)
  const box = openBox(settings.state, { concurrency: settings.concurrency })
  const settingsAreSound = faults.every((fault) => fault.severity !== 'error')
  const source = specSource(settings, box, use)
  const loaded = await source.load(run).catch((error: unknown): LoadedSpecs => {
    if (whereNone === 'report' && error instanceof Failure && isNotSeen(error.code))
      return unseen(error, source.label, run)
    // With faulty settings nothing runs in any case: report everything together.
    const failure = failureFrom(error)
    if (settingsAreSound) throw failure
    return { ...nothingObeyed(source.label), faults: [diagnosticOf(failure, source.label)] }
  })
  const diagnostics = [...faults, ...loaded.faults]
  const ignoresOff = flags.now === true
  return { settings, box, loaded, diagnostics, settingsAreSound, ignoresOff }
}

/** The same, for a command that writes to the state folder or notifies. */
export async function openToAct(...how: Parameters<typeof openWorkspace>): Promise<Workspace> {
  mustOwnState((await openSettings(how[0])).faults)
  return openWorkspace(...how)
}

/** No specs to obey, with the reason. */
function unseen(error: Failure, label: string, run: Run): LoadedSpecs {
  const { code, message, hint } = error
  const since = run.now()
  return {
    ...nothingObeyed(label),
    faults: [{ ...diagnosticOf(error, label), severity: 'warning' }],
    stale: { message, since, reasons: [{ code, message, hint, since }] },
  }
}

/** A failure as a fault. `place`: the file to report if the failure names none. */
const diagnosticOf = ({ path, code, message, hint }: Failure, place: string): Diagnostic => ({
  file: path ?? place,
  line: 1,
  column: 1,
  severity: 'error',
  code,
  message,
  hint,
})

/** The source of specs that the settings name. */
export const specSource = (settings: Settings, box: BoxState, use: GitUse): SpecSource =>
  openSpecs(settings, {
    home: homeFolder(),
    memory: openSpecsMemory(settings.state, box),
    holders: () => holders(box),
    sharedBefore: (folder) => sharedBefore(folder, box),
    use,
    checkKeys,
  })

/** What specs are checked against, besides each other. */
export const boxContext = ({ settings, box }: Pick<Workspace, 'settings' | 'box'>): BoxContext => ({
  roots: settings.roots,
  home: homeFolder(),
  box: { ours: ourPlaces(settings), holders: () => holders(box), suggestsMounts: false },
})

/** The names of all backups that are declared, sound and faulty ones. */
export const declaredNames = (loaded: LoadedSpecs): readonly string[] => [
  ...new Set([...loaded.specs.map(({ name }) => name), ...faultyNames(loaded)]),
]

/** The files that declare a backup whose spec is faulty. */
export const filesOf = (name: string, { faulty }: LoadedSpecs): readonly string[] =>
  faulty.flatMap((one) => (one.name === name ? one.file : []))

/** For documents: without frames, which are for people. */
export const plainDiagnostics = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.map(({ frame: _, ...facts }) => facts)

/** Prints to stderr which specs are used and their faults: warnings only for people who did not ask for quiet. */
export function printSpecs({ loaded, diagnostics }: Workspace, console: Console): void {
  const isBrief = console.quiet || console.output !== 'text'
  const shown = diagnostics.filter(({ severity }) => severity === 'error' || !isBrief)
  printDiagnostics(shown, console)
  printUsedSpecs({ loaded }, console)
}

/** Prints faults to stderr. */
export function printDiagnostics(faults: readonly Diagnostic[], console: Console, folder?: string): void {
  if (faults.length === 0) return
  const options = { color: console.color.writeError, width: console.errorWidth }
  console.writeError(renderDiagnostics(faults, folder === undefined ? options : { ...options, folder }))
}

/** Prints to stderr which specs are used. */
export function printUsedSpecs({ loaded }: Pick<Workspace, 'loaded'>, console: Console): void {
  if (console.quiet || console.output !== 'text') return
  const isEmpty = loaded.fileCount === 0 && loaded.faults.length === 0
  const at = loaded.revision === null ? '' : `, commit ${shortCommit(loaded.revision)}`
  const used = `Specs: ${escapeText(loaded.label)} (${counted(loaded.specs.length, 'backup')}${at})`
  console.writeError(foldText(isEmpty ? noSpecs(loaded) : used, console.errorWidth))
}

export const noSpecs = ({ label }: LoadedSpecs): string =>
  `No specs in ${escapeText(label)}: put one YAML file per backup there. Check: reconcile validate`

/**
 * The named backups, or all. Unknown names are a usage error; a name whose spec is faulty is left to its diagnostics. `more`: names that
 * are known elsewhere, as to a daemon.
 */
export function chooseSpecs(
  workspace: Workspace,
  names: readonly string[],
  more: readonly string[] = [],
): readonly Spec[] {
  const { specs, label } = workspace.loaded
  if (names.length === 0) return specs
  const known = [...new Set([...declaredNames(workspace.loaded), ...more])]
  // Nothing could be read, and the reason is reported.
  const isReported = workspace.diagnostics.some(
    ({ severity, code }) => severity === 'error' || isNotSeen(code),
  )
  if (known.length === 0 && isReported) return []
  for (const name of names) {
    if (known.includes(name)) continue
    const near = nameMeant(name, workspace.loaded) ?? nearest(name, known)
    const guess = near === null ? '' : ` Did you mean ${near}?`
    throw new Failure({
      code: 'unknown-backup',
      message: `no backup is named ${name} in ${label}.${guess}`,
      hint: known.length === 0 ? noSpecs(workspace.loaded) : hintFor(name, near, known),
    })
  }
  return specs.filter((spec) => names.includes(spec.name))
}

/** The backup that is meant by its spec's file, its destination, or its name in other letters, with or without a path in it; null: none. */
function nameMeant(typed: string, { specs, faulty }: LoadedSpecs): string | null {
  const text = typed.replace(/\/+$/, '').toLowerCase()
  const file = withoutSuffix(text)
  const folders = specs.find(({ destination: { path } }) => path.toLowerCase() === text)
  const all = [...specs, ...faulty]
  const one =
    folders ??
    all.find(({ name }) => name === text) ??
    all.find(({ file: its }) => withoutSuffix(its.toLowerCase()) === file) ??
    all.find(({ name }) => name === file || text.startsWith(`${name}/`))
  return one?.name ?? null
}

const withoutSuffix = (file: string): string => basename(file).replace(/\.ya?ml$/, '')

const SHOWN = 20

function hintFor(typed: string, near: string | null, known: readonly string[]): string {
  if (near !== null && typed.startsWith(`${near}/`) && !typed.endsWith('/'))
    return `One file cannot be chosen here; reconcile explain ${typed} says what becomes of it.`
  const matched = /[*?[{]/.test(typed) ? known.filter(anyOf([typed])) : []
  if (matched.length > 0) return `Patterns are not taken. Name each: ${few(matched, ' ')}`
  const all = `There are: ${few(known, ', ')}.`
  return /\.ya?ml$/i.test(typed) ? `A backup is named, not its file. ${all}` : all
}

const few = (names: readonly string[], between: string): string =>
  names.slice(0, SHOWN).join(between) +
  (names.length > SHOWN ? `${between}and ${names.length - SHOWN} more` : '')

/** The chosen specs that may run. */
export const runnableSpecs = (workspace: Workspace, names: readonly string[]): readonly Spec[] => {
  const chosen = chooseSpecs(workspace, names)
  return workspace.settingsAreSound ? chosen : []
}

/** The file of the settings where it is faulty; null: it is sound. */
export const faultyConfig = ({ settings, settingsAreSound }: Workspace): string | null =>
  settingsAreSound ? null : settings.file

/** The source's name for people; contacts nothing. */
export const sourceLabel = (spec: Spec): string => portOfSource(spec).label

const portOfSource = (spec: Spec): Source =>
  openSource(spec.source, { transferTimeout: spec.transfer.timeout })

export async function openPorts(spec: Spec, workspace: Workspace): Promise<Ports> {
  return {
    source: portOfSource(spec),
    destination: await openNear(spec, workspace),
    box: workspace.box,
  }
}

/** The destination for writing: checks again where its path leads. */
export async function openNear(spec: Spec, { settings, box, loaded }: Workspace): Promise<Destination> {
  const { destination, name } = spec
  const why = forbidden(await realPath(destination.path), await led(ourPlaces(settings)))
  const message = `nothing is written to ${destination.path}: it ${why}`
  const refused = why === null ? null : { code: 'destination-forbidden', message, hint: FORBIDDEN_HINT }
  return openPlace(destination, name, { box, loaded }, { leap: leapOf(spec), refused })
}

/** By its real path: `/srv/offsite` may well be a link to another disk. Inside a destination no link is ever followed (I6). */
export async function openPlace(
  place: NearPlace,
  backup: string,
  { box, loaded }: Pick<Workspace, 'box' | 'loaded'>,
  options: Partial<Pick<Parameters<typeof openDestination>[1], 'leap' | 'refused' | 'uid' | 'disk'>> = {},
): Promise<Destination> {
  const { path } = await realPath(place.path)
  const uid = process.getuid?.() ?? 0
  const isOther = (name: string) => name !== backup && declaredNames(loaded).includes(name)
  return openDestination({ ...place, path }, { backup, box, disk: realDisk, uid, isOther, ...options })
}

/** Prints to stderr which specs are used, and what each backup gets of the box's limit. */
export function printSpecsAndShare(workspace: Workspace, console: Console): void {
  printSpecs(workspace, console)
  const { bandwidth, concurrency } = workspace.settings
  if (bandwidth === null || concurrency < 2 || console.quiet || console.output !== 'text') return
  const text = `Rate: ${humanRate(bandwidth)} for all, so ${humanRate(bandwidth / concurrency)} for each, as ${concurrency} may run at once (--concurrency).`
  console.writeError(foldText(text, console.errorWidth))
}

/** The spec's own, within its slot's share of the box's limit. */
function allowedBandwidth(spec: Spec, { settings, ignoresOff }: Workspace): Bandwidth {
  const { bandwidth } = spec.transfer
  const share = settings.bandwidth === null ? null : settings.bandwidth / settings.concurrency
  return withinCap(ignoresOff ? withoutOff(bandwidth) : bandwidth, share)
}

/** What was asked of a pass or a plan. */
export type PassTerms = Pick<PassOptions, 'named' | 'holds'> &
  Partial<
    Pick<
      PassOptions,
      'lockWait' | 'all' | 'work' | 'saved' | 'promise' | 'proving' | 'isSupposed' | 'onLocked'
    >
  >

export function passOptions(spec: Spec, workspace: Workspace, terms: PassTerms): PassOptions {
  const { loaded } = workspace
  return {
    lockWait: 0,
    all: false,
    work: 'all',
    saved: null,
    promise: 'keep',
    ...terms,
    bandwidth: allowedBandwidth(spec, workspace),
    revision: loaded.revision,
    policy: { holds: loaded.holds, lastGood: loaded.lastGood },
  }
}

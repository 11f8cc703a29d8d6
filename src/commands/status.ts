import { stat } from 'node:fs/promises'
import { basename, isAbsolute } from 'node:path'
import type { Command } from 'commander'
import { openWatchMemory } from '../box/watch-memory.ts'
import { faultyNames, specFaults } from '../decide/specs/faults.ts'
import { backupStatus, faultyStatus } from '../decide/status/backup.ts'
import { type DiskUse, diskKey, fillingDisks, growthOf } from '../decide/status/disk-growth.ts'
import { codeOfReading, codeOfReport } from '../decide/status/exit-code.ts'
import type { StatusFacts } from '../decide/status/facts.ts'
import { markedStatus } from '../decide/status/shared-troubles.ts'
import { NOT_SUSPENDED, suspensionOf } from '../decide/status/suspended.ts'
import { zoneOf } from '../decide/time/zone.ts'
import { diskUnder } from '../destination/disk/facts.ts'
import { layout } from '../destination/layout.ts'
import type { BoxState } from '../model/box.ts'
import { problemOf } from '../model/failure.ts'
import { type Instant, instant, isoTime } from '../model/instant.ts'
import type { LockHolder } from '../model/outcome.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { BackupStatus, StatusReport } from '../model/status.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Diagnostic, Hold, Problem } from '../model/trouble.ts'
import type { WatchBeat, WatchWord } from '../model/watch-beat.ts'
import type { KeptSpecs } from '../model/watched-specs.ts'
import { findLockHolders } from '../system/lock-holders.ts'
import { renderStatus } from '../view/render-status.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { type Console, printDocument } from './argv/console.ts'
import { flags, type SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { openCommonHolds, sharedBy } from './common-holds.ts'
import { inParallel } from './in-parallel.ts'
import { isFolder, lookAt, openFolder, openGiven } from './look-at.ts'
import { holdsOverSpecs, liveBeat } from './over-specs.ts'
import {
  boxContext,
  chooseSpecs,
  filesOf,
  type GlobalFlags,
  openPlace,
  openWorkspace,
  plainDiagnostics,
  printUsedSpecs,
  type Workspace,
} from './workspace.ts'

interface StatusFlags extends SharedFlags {
  /** Output as a monitoring plugin. */
  readonly check?: boolean
  /** With `check`: seconds. */
  readonly maxAge?: number
  readonly asOf?: Instant
  readonly all?: boolean
  readonly exitCode?: boolean
}

export function add(command: Command, host: Host): void {
  command
    .description('what the destinations hold; takes backup names, or folders of destinations')
    .argument('[name...]')
    .option(
      '--check',
      'act as a monitoring plugin: one line, exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
    )
    .option('--max-age <time>', 'with --check: critical if the newest point is older', parseFlag.duration)
    .option('--all', 'show every backup, however many there are')
    .option('--exit-code', 'exit as a pass would that found this')
    .addOption(flags.asOf)
    .action(
      ends(host, async (names: string[], given: StatusFlags) => {
        const console = openConsole(given, 'prometheus')
        const { asOf, check: asPlugin = false, maxAge = null } = given
        if (maxAge !== null && !asPlugin) throw usage('--max-age needs --check', host.typed('--check'))
        if (asPlugin && console.output !== 'text') throw usage('--check has its own output format')
        const run = asOf === undefined ? host.run : { ...host.run, now: () => asOf }
        return asPlugin
          ? check(names, given, maxAge, console, run)
          : status(names, given, host.version, console, run)
      }),
    )
}

/** `reconcile status [NAME…]`: what the destinations hold. A destination's folder may be given instead of a name. */
async function status(
  names: readonly string[],
  given: StatusFlags,
  version: () => string,
  console: Console,
  run: Run,
): Promise<number> {
  const { all = false, exitCode = false } = given
  const report = await reportOf(names, given, console, run)
  if (console.output === 'prometheus') {
    const { renderMetrics } = await import('../view/render-metrics.ts')
    console.write(await renderMetrics(report, { version: version(), now: run.now() }))
    // Faults are among the metrics; exit code 0 lets them reach the collector.
    return 0
  }
  if (console.output !== 'text') printDocument(console, report)
  else {
    const { width } = console
    const height = all ? Number.POSITIVE_INFINITY : console.height
    const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
    const shape = { color: console.color.write, width, height, detail: names.length > 0 }
    console.write(renderStatus(report, { ...shape, now: run.now(), zone }))
  }
  return exitCode ? codeOfReport(report, names.length > 0) : codeOfReading(report)
}

/** A failure is UNKNOWN, in the first line and the exit code. */
async function check(
  names: readonly string[],
  given: GlobalFlags,
  maxAge: number | null,
  console: Console,
  run: Run,
): Promise<number> {
  const { renderCheck, renderCheckFailure } = await import('../view/render-check.ts')
  const { checkReport } = await import('../decide/status/check-report.ts')
  const checked = await reportOf(names, given, null, run).then(
    (report) => renderCheck(checkReport(report, maxAge, run.now())),
    (error: unknown) => {
      return renderCheckFailure(failureFrom(error).message)
    },
  )
  console.write(checked.text)
  return checked.code
}

/** `console`: where to print which specs are used; null: nowhere. */
async function reportOf(
  names: readonly string[],
  flags: GlobalFlags,
  console: Console | null,
  run: Run,
): Promise<StatusReport> {
  const folders = names.filter(isFolder)
  return folders.length > 0 && folders.length === names.length
    ? reportOfFolders(folders, flags, run)
    : reportOfSpecs(names, await openWorkspace(flags, 'recall', run), console, run)
}

async function reportOfSpecs(
  names: readonly string[],
  workspace: Workspace,
  console: Console | null,
  run: Run,
): Promise<StatusReport> {
  const live = await liveBeat(workspace, run)
  const words = live === null ? new Map<string, WatchWord>() : wordsOf(live)
  // A daemon still runs a backup whose spec is gone while that is held.
  const specs = chooseSpecs(workspace, names, [...words.keys()])
  if (console !== null) printUsedSpecs(workspace, console)
  const { box, loaded, settings } = workspace
  const unread: Problem[] = []
  const common = (await orReport(unread, () => openCommonHolds(workspace)))?.[0] ?? null
  const releases = (await orReport(unread, () => box.releases())) ?? new Set()
  const stored = (await orReport(unread, () => box.suspensions())) ?? NOT_SUSPENDED
  const memory = openWatchMemory(settings.state)
  const kept = await orReport(unread, () => memory.kept(loaded.label))
  const silentSince = live === null ? await memory.lastHeard() : null
  const overSpecs = holdsOverSpecs(loaded, live)
  const stale = loaded.stale?.reasons ?? []
  const isMeant = (name: string) => names.length === 0 || names.includes(name)
  const faulty = faultyNames(loaded).filter(isMeant)
  const isSound = (name: string) => loaded.specs.some((spec) => spec.name === name)
  const lastGood = await obeyedInstead((name) => isMeant(name) && !isSound(name), words, kept, workspace)
  const faultsOf = (name: string) => specFaults(filesOf(name, loaded), loaded.faults)
  const all = [...specs, ...lastGood]
  const places = new Map<Spec, Destination>()
  for (const spec of all) places.set(spec, await openPlace(spec.destination, spec.name, workspace))
  const without = faulty.filter((name) => !all.some((spec) => spec.name === name))
  const known = await knownPlaces(without, box)
  const holders = holdersOf([...places.values(), ...known.values()])
  const writtenAt = (name: string, files: readonly string[]) =>
    lastWritten([...faultsOf(name).map(({ file }) => file), ...files])
  const met: Met = { holds: [], problems: unread, disks: [], isReleased: (id) => releases.has(id) }
  const backups = await inParallel(all, settings.concurrency, async (spec) => {
    const place = places.get(spec)!
    const suspension = suspensionOf(spec, stored, run.now())
    const specFaults = lastGood.includes(spec) ? faultsOf(spec.name) : []
    const watch = words.get(spec.name) ?? null
    const written = await writtenAt(spec.name, [spec.file])
    const own = { met, spec, suspension, watch, specFaults, written, holders: holders(place) }
    return look(spec.name, place, { ...own, common, overSpecs, stale, silentSince }, run)
  })
  const over = [...met.holds, ...(overSpecs ?? [])]
  const shared = await sharedBy([{ ...met, holds: over }], workspace)
  const problems = [...shared.problems, ...fillingDisks(met.disks)]
  const bare: BackupStatus[] = []
  for (const name of without) {
    const place = known.get(name)
    const facts = { ...WITHOUT_SPEC, holders: place === undefined ? null : holders(place) }
    const found = place === undefined ? null : await orReport([], () => look(name, place, facts, run))
    // What is there now may be no destination, or another backup's.
    const seen = found?.backup === name ? found : null
    const written = await writtenAt(name, filesOf(name, loaded))
    bare.push(faultyStatus(name, faultsOf(name), run.now(), written, seen))
  }
  // Whoever asks for one by name asks for no other's spec.
  const others = loaded.faulty.filter(({ name }) => !isMeant(name))
  const isOfOthers = ({ file }: Diagnostic) => others.some((one) => one.file === file)
  return {
    format: 'reconcile.status/1',
    revision: loaded.revision,
    diagnostics: plainDiagnostics(workspace.diagnostics.filter((one) => !isOfOthers(one))),
    ...(problems.length === 0 ? {} : { problems }),
    backups: [...backups.map((one) => markedStatus(one, [...over, ...met.problems], shared)), ...bare],
    stale: stale.map(({ code, message, since }) => ({ code, message, since: isoTime(since) })),
    orphans: names.length > 0 ? [] : (kept?.orphans ?? []),
  }
}

/** Where this box knows the destinations of these names to be. */
async function knownPlaces(
  names: readonly string[],
  box: BoxState,
): Promise<ReadonlyMap<string, Destination>> {
  const found = new Map<string, Destination>()
  const places = names.length === 0 ? [] : await box.places().catch(() => [])
  for (const { path, backup } of places)
    if (backup !== undefined && names.includes(backup)) found.set(backup, await openFolder(path, backup, box))
  return found
}

/** When the last of these files was modified; null: unknown, as for files of a commit. */
async function lastWritten(files: readonly string[]): Promise<Instant | null> {
  const found = await Promise.all(
    [...new Set(files)].filter(isAbsolute).map((file) => stat(file).catch(() => null)),
  )
  const times = found.flatMap((one) => (one === null ? [] : Math.floor(one.mtimeMs)))
  return times.length === 0 ? null : instant(Math.max(...times))
}

/** A damaged file in the state folder is reported as a problem, and everything else is still shown. */
async function orReport<T>(unread: Problem[], act: () => Promise<T>): Promise<T | null> {
  try {
    return await act()
  } catch (error) {
    unread.push(problemOf(failureFrom(error)))
    return null
  }
}

/** What a running daemon reports on each backup. */
const wordsOf = ({ backups }: WatchBeat): ReadonlyMap<string, WatchWord> =>
  new Map(backups.map(({ backup, ...word }) => [backup, word]))

/** The last good specs that a running daemon uses instead of faulty ones, or of ones whose removal is held. */
async function obeyedInstead(
  isMissing: (name: string) => boolean,
  words: ReadonlyMap<string, WatchWord>,
  kept: KeptSpecs | null,
  workspace: Workspace,
): Promise<readonly Spec[]> {
  if (kept === null || ![...words.keys()].some(isMissing)) return []
  const { rebuildSpecs } = await import('../specs/spec/rebuild.ts')
  const { specs } = await rebuildSpecs(kept.specs, boxContext(workspace))
  return specs.flatMap(({ spec }) => (isMissing(spec.name) && words.has(spec.name) ? spec : []))
}

const holdersOf = (places: readonly Destination[]) => {
  const found = findLockHolders(
    places.map(({ path }) => layout(path).lock),
    process.getuid?.() ?? 0,
  )
  return ({ path }: Destination): readonly LockHolder[] | null => found.get(layout(path).lock) ?? null
}

/** Needs only the disk: reads no spec and does not check the disk's identity. */
async function reportOfFolders(
  folders: readonly string[],
  flags: GlobalFlags,
  run: Run,
): Promise<StatusReport> {
  const places: Destination[] = []
  for (const folder of folders) places.push((await openGiven(folder, flags, 'refuse')).destination)
  const holders = holdersOf(places)
  const backups: BackupStatus[] = []
  for (const place of places)
    backups.push(await look(basename(place.path), place, { ...WITHOUT_SPEC, holders: holders(place) }, run))
  return { format: 'reconcile.status/1', revision: null, diagnostics: [], backups, stale: [], orphans: [] }
}

const WITHOUT_SPEC = {
  spec: null,
  suspension: null,
  common: null,
  overSpecs: null,
  stale: [],
  watch: null,
  silentSince: null,
  specFaults: [],
  written: null,
} as const

/** Facts about a backup that are not on its disk. */
type OtherFacts = Omit<
  StatusFacts,
  'backup' | 'place' | 'disk' | 'isReleased' | keyof Awaited<ReturnType<typeof lookAt>>
> & {
  readonly common: Hold | null
  readonly met?: Met
}

/** What looks find that is about more than one backup. */
interface Met {
  readonly holds: Hold[]
  readonly problems: Problem[]
  readonly disks: DiskUse[]
  readonly isReleased: (id: string) => boolean
}

async function look(
  name: string,
  destination: Destination,
  { common, met, ...facts }: OtherFacts,
  run: Run,
): Promise<BackupStatus> {
  const { problem, own, ...seen } = await lookAt(destination, facts.spec, common, run)
  const isReleased = seen.hold !== null && met?.isReleased(seen.hold.id) === true
  const hold = isReleased ? null : seen.hold
  if (problem !== null) met?.problems.push(problem)
  const { path } = destination
  const disk = await diskUnder(path)
  if (hold !== null) met?.holds.push(hold, ...(own === null || met.isReleased(own.id) ? [] : [own]))
  if (seen.holding !== null && met !== undefined) {
    const growth = growthOf(seen.holding, run.now())
    const { free } = seen.holding
    const minFree = facts.spec?.destination.minFree ?? 0
    met.disks.push({ backup: name, path, disk: disk && diskKey(disk), free, minFree, growth })
  }
  const backup = facts.spec === null ? (seen.last?.backup ?? name) : name
  return backupStatus({ ...facts, ...seen, hold, isReleased, backup, place: { path }, disk }, run.now())
}

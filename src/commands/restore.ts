import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { isLossAccepted } from '../decide/files/facts.ts'
import {
  chooseToRestore,
  type RestorableFile,
  type RestoreWish,
  restorePoints,
} from '../decide/restore/points.ts'
import { specFaults } from '../decide/specs/faults.ts'
import { whyNotIts } from '../decide/specs/identity-hold.ts'
import { codeOfProblems } from '../decide/status/exit-code.ts'
import { freeBytes } from '../destination/look/holding.ts'
import { Failure } from '../model/failure.ts'
import type { LedgerRecord } from '../model/holding.ts'
import { humanSize } from '../model/human-size.ts'
import { type Instant, instant } from '../model/instant.ts'
import { PRIVATE_FOLDER, type RelPath } from '../model/rel-path.ts'
import type { RestoredFile, RestoreReport } from '../model/restored.ts'
import type { Run } from '../model/run.ts'
import { shellWords } from '../model/shell-words.ts'
import type { SeriesRules } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'
import { copyVerified } from '../restore/copy-verified.ts'
import { nothingObeyed } from '../specs/load-specs.ts'
import { escapeProse } from '../view/escape-text.ts'
import {
  pointList,
  renderPoints,
  renderRestored,
  restoreProgress,
  takenPoint,
} from '../view/render-restore.ts'
import { foldText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { type Console, printEither } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { asReader, isFolder, openGiven } from './look-at.ts'
import { nearestOf } from './nearest.ts'
import { mayWriteTo } from './private-file.ts'
import { byHand } from './prove-by-hand.ts'
import { chooseSpecs, filesOf, openPlace, openWorkspace, type Workspace } from './workspace.ts'

interface RestoreFlags extends SharedFlags {
  readonly to?: string
  readonly series?: string
  readonly at?: Instant
  readonly publishedBefore?: Instant
  readonly list?: boolean
  readonly drill?: string
}

export function add(command: Command, host: Host): void {
  command
    .description(
      'copy published files out of a destination; each is verified while it is copied, and nothing is overwritten.\n' +
        'Needs the disk alone: a destination folder may be given instead of a name.',
    )
    .argument('[name]', 'a backup, or the folder of a destination')
    .argument('[path...]', 'files or folders of the backup; . is all of it')
    .option('--to <folder>', 'where to; it is made if missing')
    .option('--series <name>', 'only this series, as --list shows it')
    .option('--at <time>', 'the newest point of each series up to this time or date, or now', parseFlag.upTo)
    .option('--published-before <time>', 'only files that came here before this time', parseFlag.instant)
    .option('--list', 'show what there is to restore')
    .option(
      '--drill <name>',
      'restore the newest point of each series to scratch and run this drill of config.yaml on it; names are backups, by default those that ask for it',
    )
    .action(
      ends(host, async (name: string | undefined, paths: string[], given: RestoreFlags) => {
        const console = openConsole(given)
        if (given.drill !== undefined)
          return byHand(
            given.drill,
            [...(name === undefined ? [] : [name]), ...paths],
            given,
            console,
            host.run,
          )
        if (name === undefined)
          throw usage('restore needs a backup, or the folder of a destination', host.typed('NAME --list'))
        mustNotBeFile(name)
        const wish = given.list === true ? null : wishOf(name, paths, given)
        const held = await openHeld(name, given, host.run)
        if (wish === null || 'at' in wish) await warnOfNewer(held, console)
        if (held.doubt !== null) warn(`${held.doubt}. What its markers vouch for can be restored.`, console)
        if (wish === null) return list(held, given, console)
        const { to } = given
        if (to === undefined || to === '')
          throw usage('restore needs a folder to restore to', host.typed('--to DIR'))
        await mayWriteTo(to, held.workspace ?? { loaded: nothingObeyed('') }, held.destination)
        return restore(held, wish, resolve(to), console, host.run)
      }),
    )
}

/** Throws a usage Failure for `NAME/FILE`, as `explain` takes it: what has a slash here is a folder. */
function mustNotBeFile(name: string): void {
  const [, backup, path] = /^([a-z0-9][a-z0-9._-]*)\/(.+)$/s.exec(name) ?? []
  if (backup === undefined || existsSync(resolve(name))) return
  throw usage(
    `there is no folder ${name}`,
    `For a file of the backup ${backup}: ${shellWords(['reconcile', 'restore', backup, path!])} --to DIR`,
  )
}

function wishOf(name: string, paths: readonly string[], given: RestoreFlags): RestoreWish {
  const { series = null, at, publishedBefore = null } = given
  const byTime = series !== null || at !== undefined || publishedBefore !== null
  if (paths.length > 0) {
    if (byTime)
      throw usage(
        'restore takes either paths, or --series, --at and --published-before: not both of them',
        'For example: reconcile restore NAME PATH --to DIR',
      )
    return { paths }
  }
  if (!byTime)
    throw usage(
      'restore needs to know what to restore',
      `reconcile restore ${name} --list shows what there is; --at now takes the newest point of each series.`,
    )
  return { series, at: at ?? instant(Number.POSITIVE_INFINITY), publishedBefore }
}

type Held = Awaited<ReturnType<typeof openHeld>>

/** A destination, as far as restoring needs it. `workspace` null: a folder was given. */
async function openHeld(name: string, given: RestoreFlags, run: Run) {
  const found = isFolder(name)
    ? await folderAt(resolve(name), given)
    : await backupOf(name, await openWorkspace(given, 'recall', run))
  const holding = await found.destination.inspect(run)
  const { halt, files } = holding
  // With a damaged ledger the markers still vouch for what is there.
  const why = halt ?? (found.isClosed ? null : whyNotIts(found.destination.path, holding.identity))
  if (why !== null && files.size === 0) throw new Failure(why)
  const unread = found.isClosed ? `${join(found.destination.path, PRIVATE_FOLDER)} cannot be read` : null
  const doubt = unread ?? why?.message ?? null
  return { ...found, holding, doubt, points: restorePoints(holding, found.rules, found.accepted) }
}

async function folderAt(path: string, given: RestoreFlags) {
  return {
    ...(await openGiven(path, given, 'markers')),
    name: path,
    rules: { patterns: [], timezone: 'UTC' } satisfies SeriesRules as SeriesRules,
    accepted: () => false,
    workspace: null,
  }
}

async function backupOf(name: string, workspace: Workspace) {
  const [spec] = chooseSpecs(workspace, [name])
  if (spec === undefined) throw await faultySpec(name, workspace)
  const { isClosed, options } = await asReader(spec.destination.path, 'markers')
  const destination = await openPlace(spec.destination, spec.name, workspace, options)
  const accepted = (record: LedgerRecord) => isLossAccepted(spec, record.path, record)
  return { name, destination, rules: spec.series, accepted, workspace, isClosed }
}

/** Names its faults, and where this box knows its destination to be. */
async function faultySpec(name: string, { loaded, diagnostics, box }: Workspace): Promise<Failure> {
  const [first] = specFaults(filesOf(name, loaded), diagnostics)
  const fault = first === undefined ? '' : ` (${first.file}:${first.line}: ${first.message})`
  const known = (await box.places().catch(() => [])).find(({ backup }) => backup === name)
  const again = known === undefined ? '' : `: ${shellWords(['reconcile', 'restore', known.path])} --list`
  return new Failure({
    code: 'unknown-backup',
    message: `the spec of ${name} is faulty${fault}, so its destination is not known${known === undefined ? '' : ` by it; the last pass used ${known.path}`}`,
    hint: `Fix the spec, or give the destination's folder instead of the name, as its disk alone is enough${again}`,
  })
}

/** Of disks that take turns, the one that is here may not be the one with the newest points. */
async function warnOfNewer({ destination, holding, points }: Held, console: Console): Promise<void> {
  const rotation = await destination.rotation()
  for (const { id, disk, series } of rotation?.disks ?? []) {
    if (id === holding.identity.found) continue
    const newer = series.filter(({ series: name, newest }) => {
      const here = points.map((point) => (point.series === name ? (point.time ?? 0) : 0))
      return newest !== null && Date.parse(newest) > Math.max(0, ...here)
    })
    if (newer.length === 0) continue
    const names = newer.map(({ series: name }) => name).join(', ')
    warn(`The disk ${disk?.label ?? id.slice(0, 8)}, which is away, has newer points of ${names}.`, console)
  }
}

const warn = (text: string, console: Console): void =>
  console.writeError(foldText(escapeProse(text), console.errorWidth))

function list(held: Held, given: RestoreFlags, console: Console): number {
  const { series } = given
  const shown = series === undefined ? held.points : held.points.filter((point) => point.series === series)
  if (shown.length === 0 && series !== undefined) throw noSeries(series, held)
  printEither(console, pointList(held.name, shown), (points) => renderPoints(points, console))
  return 0
}

/** Goes on after a file that cannot be restored; what keeps all of them from being written ends it. */
async function restore(
  held: Held,
  wish: RestoreWish,
  to: string,
  console: Console,
  run: Run,
): Promise<number> {
  const { files, missing, points } = chooseToRestore(held.points, held.holding.files.keys(), wish)
  if (files.length === 0 && missing.length === 0) throw nothingFits(held, wish)
  const problems: Problem[] = missing.map((path) => notHere(path, held))
  await checkRoom(files, to)
  const done: RestoredFile[] = []
  const progress = restoreProgress(console.quiet ? null : console.stderr, files)
  try {
    const requests = files.map((file) => ({
      ...file,
      from: join(held.destination.path, file.path),
      folder: to,
    }))
    for (const [{ path, size }, verdict] of await copyVerified(requests, run.signal, progress.add)) {
      if (verdict.verdict === 'problem') problems.push(verdict.problem)
      else done.push({ path, size, state: verdict.verdict })
    }
  } finally {
    progress.end()
  }
  const exitCode = codeOfProblems(problems)
  const report: RestoreReport = {
    format: 'reconcile.restore/1',
    backup: held.name,
    from: held.destination.path,
    to,
    files: done,
    ...(points === undefined ? {} : { points: points.map(takenPoint) }),
    problems,
    exitCode,
  }
  printEither(console, report, (found) => renderRestored(found, console))
  return exitCode
}

/** Throws a Failure where the copies could not fit. */
async function checkRoom(files: readonly RestorableFile[], to: string): Promise<void> {
  const room = await freeBytes(to)
  const needed = files.reduce((sum, { size, isGone }) => sum + (isGone ? 0 : size), 0)
  if (room === null || needed <= room) return
  const there = await Promise.all(files.map(({ path }) => stat(join(to, path)).catch(() => null)))
  const held = there.reduce((sum, one) => sum + (one?.size ?? 0), 0)
  if (needed - held <= room) return
  throw new Failure({
    code: 'no-room',
    message: `${to} has ${humanSize(room)} free, and ${humanSize(needed - held)} are to be restored`,
    hint: 'Nothing was written. Choose another folder, or restore fewer files.',
  })
}

function notHere(path: string, { name, holding, points }: Held): Problem {
  const known = points.flatMap(({ files }) => files.map((file) => file.path))
  const near = nearestOf(path, known)
  const guess = near !== null && near.edits <= 5 ? ` Did you mean ${near.name}?` : ''
  const pruned = holding.pruned.get(path as RelPath)
  const isHeld = holding.files.has(path as RelPath)
  const [message, hint] = isHeld
    ? [
        'neither the ledger nor a marker says what its bytes must be',
        'It was not published here. Copy it with cp.',
      ]
    : pruned === undefined
      ? [`${name} holds no such file.${guess}`, `reconcile restore ${name} --list shows what there is.`]
      : pruned.trash === null
        ? ['it was removed by a prune, and its time in the trash is over', 'Restore another point.']
        : [
            'it was removed by a prune',
            `reconcile prune ${name} --undo ${path} brings it back from the trash.`,
          ]
  return { code: 'unknown-path', path, message, hint }
}

const noSeries = (series: string, { name, points }: Held): Failure =>
  new Failure({
    code: 'usage',
    message: `${name} holds no series ${series}`,
    hint: `There are: ${[...new Set(points.map((point) => point.series))].join(', ') || 'none'}.`,
  })

function nothingFits(held: Held, wish: RestoreWish): Failure {
  const series = 'series' in wish ? wish.series : null
  if (series !== null && !held.points.some((point) => point.series === series)) return noSeries(series, held)
  return new Failure({
    code: 'nothing-to-restore',
    message:
      held.points.length === 0 ? `${held.name} holds nothing complete` : `${held.name} holds nothing so old`,
    hint: `reconcile restore ${held.name} --list shows what there is.`,
  })
}

import { constants } from 'node:fs'
import { access, lstat, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { openBox } from '../box/box.ts'
import { holdOfIdentity, whyNotIts } from '../decide/specs/identity-hold.ts'
import type { Disk } from '../destination/disk/disk.ts'
import { realDisk } from '../destination/disk/real-disk.ts'
import type { BoxState } from '../model/box.ts'
import { Failure, problemOf } from '../model/failure.ts'
import type { LedgerEnd } from '../model/holding.ts'
import { isWithin } from '../model/is-within.ts'
import type { LedgerLine } from '../model/ledger-event.ts'
import type { Destination } from '../model/ports.ts'
import { PRIVATE_FOLDER } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Hold } from '../model/trouble.ts'
import { nothingObeyed } from '../specs/load-specs.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { realPath } from '../system/real-path.ts'
import type { Console } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import {
  chooseSpecs,
  type GlobalFlags,
  openPlace,
  openSettings,
  openWorkspace,
  plainDiagnostics,
  printSpecs,
  type Workspace,
} from './workspace.ts'

/** A destination that cannot be read is unknown, with the reason, so that the others are still shown. */
export async function lookAt(destination: Destination, spec: Spec | null, common: Hold | null, run: Run) {
  try {
    const { identity, halt } = await destination.identify(run)
    const rotation = await destination.rotation()
    if (halt !== null) return { ...UNSEEN, halt, rotation }
    if (spec === null && !identity.hasPrivateFolder)
      throw noDestination(`${destination.path} is not a destination`)
    const own = spec === null ? null : holdOfIdentity(destination.path, identity)
    const hold = spec === null ? null : (common ?? own)
    const holding = hold === null ? await destination.inspect(run) : null
    // The last pass could not record that it could not write.
    const refused = await destination.writeFault()
    const [last, progress] = [await destination.readStatus(), await destination.readProgress()]
    return { ...UNSEEN, hold, own, halt: refused, holding, last, progress, rotation }
  } catch (error) {
    const failure = failureFrom(error)
    const { code, message, hint } = failure
    if (code === 'no-destination') throw error
    return { ...UNSEEN, halt: { code, message, hint }, problem: problemOf(failure) }
  }
}

/** `own`: that of its disk, whatever else holds it. `problem`: why the look failed; null: it did not. */
const UNSEEN = {
  hold: null,
  own: null,
  halt: null,
  holding: null,
  last: null,
  progress: null,
  rotation: null,
  problem: null,
}

export const noDestination = (message: string): Failure =>
  new Failure({
    code: 'no-destination',
    message,
    hint: 'Name a backup, or the folder of a destination: one with .reconcile in it.',
  })

/** Throws a Failure (`no-destination`) where no folder has this absolute path. */
async function mustBeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => null)
  if (there?.isDirectory() === true) return
  throw noDestination(whyNoFolder(path) ?? `there is no folder ${path}`)
}

/** Whether a folder is given in place of a backup's name, which has no slash and begins with no full stop. */
export const isFolder = (name: string): boolean => name.includes('/') || name === '.' || name === '..'

/** What to do with a `.reconcile` that may not be read: go by the markers alone, or refuse, by a halt that names its owner. */
type WhereClosed = 'markers' | 'refuse'

/** The destination at a folder that is given in place of a name, to be read. Throws a Failure where there is no folder. */
export async function openGiven(folder: string, flags: GlobalFlags, whereClosed: WhereClosed) {
  const path = resolve(folder)
  await mustBeFolder(path)
  const { settings } = await openSettings(flags)
  const known = openBox(settings.state, settings)
  // What is known of a disk elsewhere can only add to it.
  const box = await known.places().then(
    () => known,
    () => openBox('/nonexistent', settings),
  )
  const { options, ...reader } = await asReader(path, whereClosed)
  return { ...reader, destination: await openFolder(path, basename(path), box, options) }
}

/** Another user's destination is read as its owner would read it. `isClosed`: without rights to its `.reconcile`. */
export async function asReader(path: string, whereClosed: WhereClosed) {
  const own = join((await realPath(path)).path, PRIVATE_FOLDER)
  const there = await lstat(own).catch(() => null)
  if (there === null || there.uid === process.getuid?.())
    return { isClosed: false, isOthers: false, options: {} }
  const isClosed = await access(own, constants.R_OK | constants.X_OK).then(
    () => false,
    () => true,
  )
  const options = isClosed ? { uid: there.uid, disk: diskWithout(own) } : { uid: there.uid }
  return { isClosed, isOthers: true, options: isClosed && whereClosed === 'refuse' ? {} : options }
}

/** The disk, as if this folder were not there. */
function diskWithout(own: string): Disk {
  const isOwn = (at: string): boolean => isWithin(at, own)
  return {
    ...realDisk,
    lstat: async (at) => (isOwn(at) ? null : realDisk.lstat(at)),
    list: async (at) => (isOwn(at) ? null : realDisk.list(at)),
    read: async (at, options) => (isOwn(at) ? null : realDisk.read(at, options)),
  }
}

/** The destination at a folder, whose ledger is to be read. Throws a Failure where the folder is none. */
export async function openLedgerAt(folder: string, flags: GlobalFlags, run: Run): Promise<Destination> {
  const { destination } = await openGiven(folder, flags, 'refuse')
  if (!(await destination.identify(run)).identity.hasPrivateFolder)
    throw noDestination(`${destination.path} is not a destination`)
  return destination
}

/** The backups whose ledgers are to be read: those named, or all. */
export async function openHistories(
  names: readonly string[],
  flags: SharedFlags,
  console: Console,
  run: Run,
) {
  const workspace = await openWorkspace(flags, 'recall', run)
  const specs = chooseSpecs(workspace, names)
  printSpecs(workspace, console)
  return { workspace, specs, diagnostics: plainDiagnostics(workspace.diagnostics) }
}

/** The destination of a spec, whose ledger is to be read: where it is gone, or another's is there, its history ends with that. */
export async function openLedgerOf(
  { name, destination: place }: Spec,
  workspace: Workspace,
): Promise<Destination> {
  const { options } = await asReader(place.path, 'refuse')
  const destination = await openPlace(place, name, workspace, options)
  return { ...destination, history: (run) => ownHistory(destination, run) }
}

async function* ownHistory(destination: Destination, run: Run): ReturnType<Destination['history']> {
  const { identity, halt } = await destination.identify(run)
  const why = halt === null ? whyNotIts(destination.path, identity) : null
  if (why !== null) return { head: null, torn: 0, halt: why }
  return yield* destination.history(run)
}

/** A destination of which nothing is known but its folder. */
export const openFolder = (
  path: string,
  backup: string,
  box: BoxState,
  options: Parameters<typeof openPlace>[3] = {},
) => openPlace({ path, mount: null, rotate: false }, backup, { box, loaded: nothingObeyed('') }, options)

/** Every line of a ledger, of a damaged one what can be read, and how it ended. Throws a Failure where it may not be read. */
export async function eachLine(
  history: ReturnType<Destination['history']>,
  visit: (line: LedgerLine) => void,
): Promise<LedgerEnd> {
  for (;;) {
    const { done, value } = await history.next()
    if (done) return value
    for (const { line } of value) visit(line)
  }
}

import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { openBox } from '../box/box.ts'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import type { BoxState } from '../model/box.ts'
import { Failure, problemOf } from '../model/failure.ts'
import type { LedgerHead } from '../model/holding.ts'
import type { LedgerLine } from '../model/ledger-event.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Hold } from '../model/trouble.ts'
import { nothingObeyed } from '../specs/load-specs.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { type GlobalFlags, openPlace, openSettings } from './workspace.ts'

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
export async function mustBeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => null)
  if (there?.isDirectory() === true) return
  throw noDestination(whyNoFolder(path) ?? `there is no folder ${path}`)
}

/** Whether a folder is given in place of a backup's name. */
export const isFolder = (name: string): boolean => name.includes('/')

/** The destination at a folder that is given in place of a name. Throws a Failure where there is no folder. */
export async function openGiven(folder: string, flags: GlobalFlags): Promise<Destination> {
  const path = resolve(folder)
  await mustBeFolder(path)
  const { settings } = await openSettings(flags)
  return openFolder(path, basename(path), openBox(settings.state, { concurrency: settings.concurrency }))
}

/** A destination of which nothing is known but its folder. */
export const openFolder = (path: string, backup: string, box: BoxState) =>
  openPlace({ path, mount: null, rotate: false }, backup, { box, loaded: nothingObeyed('') })

/** Every line of a ledger, and its head. Throws a Failure where it is damaged, or may not be read. */
export async function eachLine(
  history: ReturnType<Destination['history']>,
  visit: (line: LedgerLine) => void,
): Promise<LedgerHead | null> {
  for (;;) {
    const { done, value } = await history.next()
    if (!done) for (const { line } of value) visit(line)
    else if (value.halt !== null) throw new Failure(value.halt)
    else return value.head
  }
}

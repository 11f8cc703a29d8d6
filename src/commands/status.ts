import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { backupStatus } from '../decide/backup-status.ts'
import { codeOfDiagnostics } from '../decide/exit-code.ts'
import { suspensionOf, toSuspended } from '../decide/suspended.ts'
import { openBox } from '../destination/box.ts'
import { Failure } from '../model/failure.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { BackupStatus, StatusReport } from '../model/status.ts'
import type { Suspended } from '../model/suspension.ts'
import type { Hold } from '../model/trouble.ts'
import { holdOfIdentity } from '../reconcile/find-holds.ts'
import { renderStatus } from '../view/render-status.ts'
import { type Console, printDocument } from './console.ts'
import { inParallel } from './in-parallel.ts'
import {
  chooseSpecs,
  type GlobalFlags,
  openCommonHolds,
  openPlace,
  openSettings,
  openWorkspace,
  plainDiagnostics,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

/** `reconcile status [NAME…]`: what the destinations themselves say. A destination's folder serves in place of a name. */
export async function status(
  names: readonly string[],
  flags: GlobalFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const folders = names.filter((name) => name.includes('/'))
  const report =
    folders.length > 0 && folders.length === names.length
      ? await reportOfFolders(folders, flags, run)
      : await reportOfSpecs(names, await openWorkspace(flags), console, run)
  if (console.output !== 'text') printDocument(console, report)
  else {
    const { width } = console
    const options = { color: console.color.write, width, now: run.now(), detail: names.length > 0 }
    console.write(renderStatus(report, options))
  }
  return codeOfDiagnostics(report.diagnostics)
}

async function reportOfSpecs(
  names: readonly string[],
  workspace: Workspace,
  console: Console,
  run: Run,
): Promise<StatusReport> {
  const specs = chooseSpecs(workspace, names)
  tellSpecs(workspace, console)
  const common = (await openCommonHolds(workspace))[0] ?? null
  const stored = await workspace.box.suspensions()
  const backups = await inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const suspended = suspensionOf(spec, stored, run.now())
    const place = await openPlace(spec.destination, spec.name, workspace.box)
    return look(spec.name, place, spec, common, suspended === null ? null : toSuspended(suspended), run)
  })
  return {
    format: 'reconcile.status/1',
    revision: workspace.loaded.revision,
    diagnostics: plainDiagnostics(workspace.diagnostics),
    backups,
  }
}

/** The disk alone is enough: no spec is read, and nothing is expected of who the disk is. */
async function reportOfFolders(
  folders: readonly string[],
  flags: GlobalFlags,
  run: Run,
): Promise<StatusReport> {
  const { settings } = await openSettings(flags)
  const box = openBox(settings.state, { concurrency: settings.concurrency })
  const backups: BackupStatus[] = []
  for (const folder of folders) {
    const path = resolve(folder)
    const there = await stat(path).catch(() => null)
    if (there === null || !there.isDirectory()) {
      throw noDestination(`${path} is no folder`)
    }
    const place = { path, mount: null, minFree: 0, maxSize: null }
    backups.push(
      await look(basename(path), await openPlace(place, basename(path), box), null, null, null, run),
    )
  }
  return { format: 'reconcile.status/1', revision: null, diagnostics: [], backups }
}

async function look(
  name: string,
  destination: Destination,
  spec: Spec | null,
  common: Hold | null,
  suspended: Suspended | null,
  run: Run,
): Promise<BackupStatus> {
  const { hold, halt, holding, last } = await lookAt(destination, spec, common, run)
  return backupStatus(
    {
      backup: spec === null ? (last?.backup ?? name) : name,
      place: { path: destination.path },
      spec,
      holding,
      last,
      halt,
      hold,
      suspended,
    },
    run.now(),
  )
}

/** One that cannot be looked at is unknown, with the reason, and keeps no other from being shown. */
async function lookAt(destination: Destination, spec: Spec | null, common: Hold | null, run: Run) {
  try {
    const { identity, halt } = await destination.identify(run)
    if (halt !== null) return { hold: null, halt, holding: null, last: null }
    if (spec === null && !identity.hasPrivateFolder)
      throw noDestination(`${destination.path} is no destination`)
    const hold = spec === null ? null : (common ?? holdOfIdentity(destination.path, identity))
    const holding = hold === null ? await destination.inspect(run) : null
    return { hold, halt: null, holding, last: await destination.readStatus() }
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'no-destination') throw error
    const halt = { code: error.code, message: error.message, hint: error.hint }
    return { hold: null, halt, holding: null, last: null }
  }
}

const noDestination = (message: string): Failure =>
  new Failure({
    code: 'no-destination',
    message,
    hint: 'Name a backup, or the folder of a destination: one with .reconcile in it.',
    retryable: false,
  })

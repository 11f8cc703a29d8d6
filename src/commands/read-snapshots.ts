import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { decodeSnapshot, type Snapshot } from '../decide/documents/snapshot.ts'
import { Failure } from '../model/failure.ts'
import type { Spec } from '../model/spec.ts'
import { whyUnreadable } from '../model/system-error.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { readDocument, unreadable } from './private-file.ts'

export const snapshotFile = (folder: string, name: string): string => join(resolve(folder), `${name}.json`)

/** The snapshots of these backups in a folder; a backup without one is left out. Throws a Failure if one is invalid. */
export async function readSnapshots(
  folder: string,
  specs: readonly Spec[],
): Promise<ReadonlyMap<string, Snapshot>> {
  const hint = 'Take it again on the backup box: reconcile snapshot --to DIR'
  const there = new Set(await namesIn(folder, hint))
  const found = new Map<string, Snapshot>()
  for (const spec of specs) {
    if (!there.has(`${spec.name}.json`)) continue
    const file = snapshotFile(folder, spec.name)
    const read = decodeSnapshot(await readDocument(file, 'snapshot-unreadable', hint))
    if ('fault' in read) throw unreadable('snapshot-unreadable', file, read.fault, hint)
    if (read.snapshot.backup !== spec.name) {
      throw unreadable('snapshot-unreadable', file, `it is a snapshot of ${read.snapshot.backup}`, hint)
    }
    found.set(spec.name, read.snapshot)
  }
  return found
}

async function namesIn(folder: string, hint: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    const why = whyNoFolder(resolve(folder)) ?? whyUnreadable(cause, 'there is no such folder')
    const message = `cannot read the snapshot folder ${folder}: ${why}`
    throw new Failure({ code: 'snapshot-unreadable', message, hint, cause })
  }
}

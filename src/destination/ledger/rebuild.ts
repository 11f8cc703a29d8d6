import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { LedgerHead } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import type { Layout } from '../layout.ts'
import { ledgerId, readId, startLedger, writeId } from '../look/identity.ts'
import { readStatus, writeStatus } from '../look/status-file.ts'
import { readChain } from './chain.ts'
import { eventName } from './event-name.ts'

/**
 * Under the lock: puts the ledger, if there is one, into quarantine and starts a new one with the same id (a new one where there is
 * none) that names the old head. Its files are then pairs no ledger knows, and the next pass adopts them. `recordHead` is
 * `box.recordHead`. A crash at any point leaves the old ledger or the new one, and may be followed by another rebuild.
 */
export async function rebuildLedger(
  disk: Disk,
  files: Layout,
  options: {
    readonly now: () => Instant
    readonly recordHead: (id: string, head: LedgerHead) => Promise<void>
  },
): Promise<{ readonly id: string; readonly oldHead: LedgerHead | null; readonly quarantine: string | null }> {
  try {
    const at = options.now()
    const old = await disk.lstat(files.ledger)
    const chain = old?.kind === 'file' ? await readChain(disk, files.ledger, null, () => {}) : null
    const oldHead = chain === null || chain.head.seq === 0 ? null : chain.head
    const id =
      (await readId(disk, files)) ??
      (old?.kind === 'file' ? await ledgerId(disk, files) : null) ??
      randomUUID()
    const quarantine = old === null ? null : await setAside(disk, files, at, old.kind === 'file')
    await startLedger(
      disk,
      files,
      [
        { event: 'created', id },
        { event: 'rebuilt', oldHead: oldHead === null ? null : `${oldHead.seq}:${oldHead.hash}`, quarantine },
      ],
      at,
      async (head) => {
        // What remembers the old head would call the new ledger edited.
        const status = await readStatus(disk, files)
        if (status !== null) await writeStatus(disk, files, { ...status, head })
        await options.recordHead(id, head)
      },
    )
    if ((await readId(disk, files)) === null) await writeId(disk, files, id)
    return { id, oldHead, quarantine }
  } catch (error) {
    throw diskFailure(error, 'rebuild', files.ledger)
  }
}

/** The old ledger keeps its name until the new one takes it, where the file system lets one file have two. */
async function setAside(disk: Disk, files: Layout, at: Instant, isFile: boolean): Promise<string> {
  const event = eventName(at)
  const folder = join(files.quarantine, event)
  const aside = join(folder, 'ledger.jsonl')
  await disk.mkdir(files.quarantine, 0o700)
  await disk.mkdir(folder, 0o700)
  if (!isFile || (await disk.link(files.ledger, aside)) !== 'linked') await disk.rename(files.ledger, aside)
  for (const made of [folder, files.quarantine, files.own]) await disk.syncFolder(made)
  return event
}

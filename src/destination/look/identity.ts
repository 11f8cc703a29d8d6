import { randomUUID } from 'node:crypto'
import type { LedgerHead } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { LedgerEvent } from '../../model/ledger-event.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { replaceFile } from '../disk/replace-file.ts'
import { withReserve } from '../disk/reserve.ts'
import type { Layout } from '../layout.ts'
import { sealFirst } from '../ledger/append.ts'
import { BEGINNING, openLine } from '../ledger/line.ts'

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** The first line is short: an id and its seal. */
const FIRST_LINE_LIMIT = 4096

/** What `.reconcile/id` holds; null if there is none, or it is not an id. */
export async function readId(disk: Disk, files: Layout): Promise<string | null> {
  if ((await disk.lstat(files.id))?.kind !== 'file') return null
  const bytes = await disk.read(files.id, { limit: 64 })
  const text = bytes === null ? '' : new TextDecoder().decode(bytes).trim()
  return ID.test(text) ? text : null
}

/**
 * Under the lock, before `openLedger`: makes the ledger's first line and then the id where there is neither, and finishes a crash
 * between the two. A ledger missing beside an id is left as it is: `openLedger` reports it. `announce` learns the new id durably
 * before anything of it is on the disk (`box.expect`), so that no crash makes our own new disk look like a stranger's.
 */
export async function establishIdentity(
  disk: Disk,
  files: Layout,
  options: { readonly now: () => Instant; readonly announce: (id: string) => Promise<void> },
): Promise<void> {
  try {
    if ((await readId(disk, files)) !== null) return
    if ((await disk.lstat(files.ledger)) !== null) {
      const id = await ledgerId(disk, files)
      if (id !== null) await writeId(disk, files, id)
      return
    }
    // Something else has replaced the id: `openLedger` reports the missing ledger.
    if ((await disk.lstat(files.id)) !== null) return
    const id = randomUUID()
    await options.announce(id)
    await startLedger(disk, files, [{ event: 'created', id }], options.now())
    await writeId(disk, files, id)
  } catch (error) {
    throw diskFailure(error, 'set up', files.own)
  }
}

/** The id on the ledger's first line; null where that line is not whole. */
export async function ledgerId(disk: Disk, files: Layout): Promise<string | null> {
  const bytes = Buffer.from((await disk.read(files.ledger, { limit: FIRST_LINE_LIMIT })) ?? [])
  const line = openLine(bytes.subarray(0, Math.max(0, bytes.indexOf(0x0a))))
  return line?.event === 'created' && ID.test(line.id) ? line.id : null
}

/** Replaces the id, durably. */
export async function writeId(disk: Disk, files: Layout, id: string): Promise<void> {
  await withReserve(disk, files, () => replaceFile(disk, files, files.id, Buffer.from(`${id}\n`)))
}

/** Replaces whatever is there with a new ledger, whole and durably; `before` runs just before the final rename. */
export async function startLedger(
  disk: Disk,
  files: Layout,
  events: readonly LedgerEvent[],
  at: Instant,
  before: (head: LedgerHead) => Promise<void> = async () => {},
): Promise<LedgerHead> {
  const { bytes, head } = sealFirst({ head: BEGINNING, end: 0 }, events, at)
  await withReserve(disk, files, () => replaceFile(disk, files, files.ledger, bytes, () => before(head)))
  return head
}

import { join } from 'node:path'
import type { Instant } from '../../model/instant.ts'
import type { Disk } from '../disk/disk.ts'
import { withReserve } from '../disk/reserve.ts'
import type { Layout } from '../layout.ts'
import type { Chain } from './chain.ts'
import { eventName } from './event-name.ts'

/** Puts a copy of a torn tail into quarantine, durably, and then cuts it off. Returns the event's name. */
export async function setTailAside(disk: Disk, files: Layout, chain: Chain, at: Instant): Promise<string> {
  const event = eventName(at)
  const tail =
    (await disk.read(files.ledger, { from: chain.end, limit: chain.size - chain.end })) ?? new Uint8Array()
  await withReserve(disk, files, () => keepAside(disk, files, event, 'ledger-tail.jsonl', tail))
  await disk.truncate(files.ledger, chain.end)
  await disk.syncFile(files.ledger)
  return event
}

/** Writes `bytes` to quarantine/EVENT/NAME, durable when it returns. */
async function keepAside(
  disk: Disk,
  files: Layout,
  event: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const folder = join(files.quarantine, event)
  const path = join(folder, name)
  await disk.mkdir(files.quarantine, 0o700)
  await disk.mkdir(folder, 0o700)
  await disk.unlink(path)
  await disk.create(path, bytes, 0o400)
  await disk.syncFile(path)
  for (const made of [folder, files.quarantine, files.own]) await disk.syncFolder(made)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { type Layout, layout } from '../../src/destination/layout.ts'
import { type Ledger, type LedgerState, openLedger } from '../../src/destination/ledger/ledger.ts'
import { establishIdentity } from '../../src/destination/look/identity.ts'
import { makePrivateFolders } from '../../src/destination/look/ownership.ts'
import { toDigest } from '../../src/model/digest.ts'
import type { DiskFacts, LedgerHead } from '../../src/model/holding.ts'
import { instant } from '../../src/model/instant.ts'
import type { FileEvent } from '../../src/model/ledger-event.ts'
import { type RelPath, toRelPath } from '../../src/model/rel-path.ts'

/** Every test's clock stands still: only what a test says moves. */
export const NOON = instant(Date.UTC(2026, 10, 23, 12))
const now = () => NOON

/** A private folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reconcile-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A disk of which nobody asks anything. */
export const NO_DISK: DiskFacts = {
  filesystem: 'model',
  within: '/',
  mountPoint: '/',
  source: 'model',
  type: 'model',
  label: null,
  size: null,
}

export const rel = (text: string): RelPath => {
  const path = toRelPath(text)
  if (path === null) throw new Error(`not a safe path: ${text}`)
  return path
}

export const hex = (character: string, length = 32) => toDigest(character.repeat(length))!

/** A published file's event, told apart by its path and its digests' only character. */
export const published = (path: string, character = 'a'): FileEvent => ({
  event: 'published',
  path,
  size: path.length,
  md5: hex(character),
  sha256: hex(character, 64),
  marker: { name: `${path}.md5`, text: `${hex(character)}  ${path}\n` },
  mtime: 1_700_000_000,
  markerMtime: 1_700_000_001,
  revision: null,
  planId: 'plan',
})

/** A destination with an id and a ledger of one line. */
export async function newDestination(path = join(temporaryFolder(), 'offsite'), disk: Disk = realDisk) {
  const files = layout(path)
  await makePrivateFolders(disk, files, path)
  await establishIdentity(disk, files, { now, announce: async () => {} })
  return { path, files }
}

export const lookAtLedger = (
  files: Layout,
  mode: 'read' | 'write' = 'write',
  knownHead: LedgerHead | null = null,
  disk: Disk = realDisk,
): Promise<LedgerState> => openLedger(disk, files, { mode, now, knownHead })

/** The ledger, which has to be whole or mendable. */
export async function openWhole(...args: Parameters<typeof lookAtLedger>): Promise<Ledger> {
  const state = await lookAtLedger(...args)
  if (state.state !== 'open') throw new Error(`the ledger is ${JSON.stringify(state)}`)
  return state.ledger
}

import { promises } from 'node:fs'
import type { BoxState } from '../../model/box.ts'
import { clockSanity } from '../../model/clock-sanity.ts'
import {
  type DiskFacts,
  type Holding,
  type Identity,
  type LedgerHead,
  nothingHeld,
} from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import type { Halt } from '../../model/trouble.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { diskFacts, nearestFolder } from '../disk/facts.ts'
import { checkEncrypted, checkMount } from '../disk/mount.ts'
import { layout } from '../layout.ts'
import { type Ledger, type LedgerOptions, type LedgerState, openLedger } from '../ledger/ledger.ts'
import { readId } from './identity.ts'
import { takeInventory } from './inventory.ts'
import { checkOwnership } from './ownership.ts'
import { openSeen, type SeenCache } from './seen-cache.ts'
import { readStatus } from './status-file.ts'

/** What every part of one destination works with. */
export interface Ground {
  readonly place: DestinationPlace
  readonly disk: Disk
  readonly box: BoxState
  readonly uid: number
  /** Milliseconds past the last time written down by which a clock is believed; left out: see clockSanity. */
  readonly leap?: number
  /** Whether another backup of this name is declared; left out: none is. */
  readonly isOther?: (backup: string) => boolean
  /** Why nothing may be written there, whatever is there; left out or null: nothing forbids it. */
  readonly refused?: Halt | null
  /** The disk that a path is on; given only if `disk` is not a real one. */
  readonly diskOf?: (path: string) => Promise<DiskFacts>
  /** Bytes that are free there; left out likewise. */
  readonly freeOn?: (path: string) => Promise<number | null>
}

/** `Destination.identify`: reads the id, the mount and the owner, no more. */
export async function identify(
  ground: Ground,
): Promise<{ readonly identity: Identity; readonly halt: Halt | null }> {
  const { place, disk, box, uid } = ground
  const files = layout(place.path)
  try {
    const halt =
      ground.refused ??
      (await checkMount(place.mount)) ??
      (await checkEncrypted(place)) ??
      (await checkOwnership(disk, files, uid))
    // Another user's folder cannot be read, and need not be.
    const found = halt === null ? await readId(disk, files) : null
    const expected = await box.knownId(place.path, found)
    const last = found === null ? null : await readStatus(disk, files)
    const owner = last !== null && ground.isOther?.(last.backup) === true ? { owner: last.backup } : {}
    const identity: Identity = {
      ...owner,
      found,
      expected,
      lastSeenAt: found === null ? null : await box.lastPlaceOf(found),
      hasPrivateFolder: (await disk.lstat(files.own)) !== null,
    }
    if (halt !== null || (found === expected && identity.owner === undefined)) return { identity, halt }
    const before = expected === null ? null : await box.wasHere(expected)
    const on = await (ground.diskOf ?? diskFacts)(place.path)
    const strange = { disk: on, lastPass: last?.finished ?? null, before }
    return { identity: { ...identity, strange }, halt }
  } catch (error) {
    throw diskFailure(error, 'look at', files.own)
  }
}

/** Opens the ledger and holds it to whatever else remembers it: the status and this box. They are read first. */
export async function openOwnLedger(
  { place, disk, box, leap }: Ground,
  mode: LedgerOptions['mode'],
  id: string | null,
  now: () => Instant,
): Promise<LedgerState> {
  const files = layout(place.path)
  const status = await readStatus(disk, files)
  const knownHead = higherHead(status?.head ?? null, id === null ? null : await box.knownHead(id))
  const believed = believedAt(status, now(), leap)
  return openLedger(disk, files, { mode, now, knownHead, believed, ...(leap === undefined ? {} : { leap }) })
}

const higherHead = (a: LedgerHead | null, b: LedgerHead | null): LedgerHead | null =>
  a === null || b === null ? (a ?? b) : a.seq >= b.seq ? a : b

/**
 * `Destination.inspect` and `LockedDestination.inspect`: the second passes the ledger and the cache that its lock keeps open, the
 * first passes null and has both read here. A damaged ledger, another owner or a missing mount is the holding's halt.
 */
export async function takeHolding(
  ground: Ground,
  now: () => Instant,
  open: { readonly ledger: Ledger; readonly seen: SeenCache } | null,
): Promise<Holding> {
  const { place, disk } = ground
  const files = layout(place.path)
  const { identity, halt } = await identify(ground)
  const free = await (ground.freeOn ?? freeBytes)(place.path)
  if (halt !== null) return { ...nothingHeld, identity, free, halt }
  try {
    const status = await readStatus(disk, files)
    const memory = open ?? (await remember(ground, identity.found, now))
    const records = memory.ledger?.records ?? nothingHeld.records
    const inventory = await takeInventory(disk, place.path, files, records)
    return {
      identity,
      files: inventory.files,
      records,
      staged: inventory.staged,
      abandoned: memory.ledger?.abandoned ?? nothingHeld.abandoned,
      pruned: memory.ledger?.pruned ?? nothingHeld.pruned,
      begun: begunBy(memory.ledger),
      lastPrune: memory.ledger?.lastPrune ?? null,
      surplus: memory.ledger?.surplus ?? nothingHeld.surplus,
      terms: memory.ledger?.terms ?? nothingHeld.terms,
      created: memory.ledger?.created ?? null,
      listedBefore: status?.listed ?? null,
      awaited: new Map(
        status?.awaited.map(({ series, since }) => [series, instant(Date.parse(since))]) ?? [],
      ),
      lastTime: memory.ledger?.lastTime ?? believedAt(status, now(), ground.leap)?.at ?? null,
      seen: memory.seen.records,
      head: memory.ledger?.head ?? null,
      free,
      used: inventory.used,
      halt: 'halt' in memory ? memory.halt : null,
      problems: inventory.problems,
    }
  } catch (error) {
    throw diskFailure(error, 'look at', place.path)
  }
}

/** What the ledger says was begun and not finished, and by which plan. */
function begunBy(ledger: Ledger | null): ReadonlyMap<RelPath, string | null> {
  const intents = ledger === null ? [] : [...ledger.repairs.values(), ...ledger.prunes.values()]
  return new Map(intents.map(({ path, planId }) => [path as RelPath, planId]))
}

/**
 * The ledger may have had nothing to say for weeks; the last pass said when it was, by a clock that was believed. A leap that it met is
 * believed too, by a clock that shows the same now.
 */
function believedAt(
  status: DestinationStatus | null,
  now: Instant,
  leap?: number,
): { readonly at: Instant; readonly seq: number } | null {
  if (status === null) return null
  const seq = status.head?.seq ?? 0
  const [last, other] = [status.clock, status.leapt ?? ''].map((time) => Date.parse(time) as Instant)
  if (other! > 0 && clockSanity(other!, now, leap) === 'sane') return { at: other!, seq }
  return Number.isNaN(last) ? null : { at: last!, seq }
}

async function remember(
  ground: Ground,
  id: string | null,
  now: () => Instant,
): Promise<{ readonly ledger: Ledger | null; readonly seen: SeenCache; readonly halt: Halt | null }> {
  const opened = await openOwnLedger(ground, 'read', id, now)
  const ledger = opened.state === 'open' ? opened.ledger : null
  return {
    ledger,
    seen: await openSeen(ground.disk, layout(ground.place.path), ledger?.records ?? nothingHeld.records),
    halt: opened.state === 'damaged' ? opened.halt : null,
  }
}

/** Free to us on the file system of the nearest folder that is there; null where it cannot be asked. */
export async function freeBytes(path: string): Promise<number | null> {
  const stat = await promises.statfs(await nearestFolder(path)).catch(() => null)
  return stat === null ? null : stat.bavail * stat.bsize
}

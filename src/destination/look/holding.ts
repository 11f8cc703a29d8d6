import { promises } from 'node:fs'
import {
  type BoxState,
  type KnownDisk,
  latestClock,
  latestStatus,
  newestOn,
  type Rotation,
} from '../../model/box.ts'
import { clockSanity } from '../../model/clock-sanity.ts'
import {
  type DiskFacts,
  type Holding,
  type Identity,
  type LedgerEnd,
  type LedgerHead,
  nothingHeld,
  type ReadLine,
  type StrangeDisk,
  type Turn,
} from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { NearPlace } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import type { Halt } from '../../model/trouble.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { diskFacts, nearestFolder } from '../disk/facts.ts'
import { checkEncrypted, checkMount } from '../disk/mount.ts'
import { layout } from '../layout.ts'
import {
  type Ledger,
  type LedgerOptions,
  type LedgerState,
  ledgerHistory,
  openLedger,
} from '../ledger/ledger.ts'
import { readId } from './identity.ts'
import { takeInventory } from './inventory.ts'
import { checkOwnership } from './ownership.ts'
import { openSeen, type SeenCache } from './seen-cache.ts'
import { readStatus } from './status-file.ts'

/** What every part of one destination works with. */
export interface Ground {
  readonly place: NearPlace
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
    const known = place.rotate ? (await box.rotation(place.path)).disks : null
    const halt =
      ground.refused ??
      awayIfKnown(await checkMount(place.mount), known ?? []) ??
      (await checkEncrypted(place)) ??
      (await checkOwnership(disk, files, uid))
    // Another user's folder cannot be read, and need not be.
    const found = halt === null ? await readId(disk, files) : null
    const on = halt === null && known !== null ? await diskNow(ground) : null
    // Of a known disk that was emptied, its own.
    const emptied = found === null && on !== null ? known?.find((one) => isSamePlace(one, on)) : undefined
    const expected = emptied?.id ?? (await box.knownId(place.path, found))
    const last = found === null ? null : await readStatus(disk, files)
    const owner = last !== null && ground.isOther?.(last.backup) === true ? { owner: last.backup } : {}
    const identity: Identity = {
      ...owner,
      found,
      expected,
      lastSeenAt: found === null ? null : await box.lastPlaceOf(found),
      hasPrivateFolder: (await disk.lstat(files.own)) !== null,
    }
    const isCopy = on !== null && known?.some((one) => one.id === found && isElsewhere(one, on)) === true
    const isExpected = found === expected && identity.owner === undefined && !isCopy
    if (halt !== null || isExpected) return { identity, halt }
    const strange: StrangeDisk = {
      disk: on ?? (await diskNow(ground)),
      lastPass: last?.finished ?? null,
      before: expected === null ? null : await box.wasHere(expected),
      ...(known === null || emptied !== undefined ? {} : { known }),
      ...(isCopy ? { isCopy } : {}),
      ...(found === null ? { left: await leftAt(ground) } : {}),
    }
    return { identity: { ...identity, strange }, halt }
  } catch (error) {
    throw diskFailure(error, 'look at', files.own)
  }
}

async function leftAt({ disk, place }: Ground): Promise<NonNullable<StrangeDisk['left']>> {
  const there = await disk.lstat(place.path)
  if (there?.kind !== 'folder') return there === null ? 'nothing' : 'file'
  if ((await disk.lstat(layout(place.path).own)) !== null) return 'no-id'
  const names = await disk.list(place.path)
  return names === null || names.length === 0 ? 'empty-folder' : 'without-private-folder'
}

/** That nothing is mounted is no news where disks take turns, once there are any. */
function awayIfKnown(halt: Halt | null, disks: readonly KnownDisk[]): Halt | null {
  if (halt?.code !== 'not-mounted' || disks.length === 0) return halt
  const names = disks.map(({ disk, id }) => disk?.label ?? id.slice(0, 8))
  return { ...halt, hint: `Mount one of its disks: ${names.join(', ')}.`, away: true }
}

const diskNow = async ({ place, diskOf = diskFacts }: Ground): Promise<DiskFacts> => diskOf(place.path)

/** Without a UUID there is only the name of a device, which is given to whatever is plugged in. */
const isNamed = (filesystem: string): boolean => !filesystem.startsWith('/dev/')

const isSamePlace = ({ filesystem, within }: KnownDisk, on: DiskFacts): boolean =>
  isNamed(filesystem) && filesystem === on.filesystem && within === on.within

/** Whether a file system, or a folder of it, is for certain another one than this disk's. */
function isElsewhere({ filesystem, within }: KnownDisk, on: DiskFacts): boolean {
  const isOther = filesystem !== on.filesystem && isNamed(filesystem) && isNamed(on.filesystem)
  return isOther || (within !== null && within !== on.within)
}

/** What is known beyond the disk that is here; null: disks take no turns. */
function turnOf(rotation: Rotation | null, found: string | null): Turn | null {
  if (rotation === null) return null
  const { disks, current, policy } = rotation
  const others = disks.filter(({ id }) => id !== found)
  const newest = newestOn(others)
  const isBack = current !== undefined && current !== found
  return { isBack, newest, policy, away: others.map(({ id }) => id) }
}

/** Opens the ledger and holds it to whatever else remembers it: the status and this box. They are read first. */
export async function openOwnLedger(
  ground: Ground,
  mode: LedgerOptions['mode'],
  id: string | null,
  now: () => Instant,
): Promise<LedgerState> {
  const { place, disk, leap } = ground
  const files = layout(place.path)
  const status = await readStatus(disk, files)
  const rotation = await rotationOf(ground)
  const knownHead = await knownHeadOf(ground, status, id)
  const believed = believedAt(status, rotation, now(), leap)
  return openLedger(disk, files, { mode, now, knownHead, believed, ...(leap === undefined ? {} : { leap }) })
}

/** `Destination.history`. */
export async function* readHistory(ground: Ground): AsyncGenerator<readonly ReadLine[], LedgerEnd> {
  const { identity, halt } = await identify(ground)
  if (halt !== null) return { head: null, torn: 0, halt }
  const { place, disk } = ground
  const files = layout(place.path)
  const known = await knownHeadOf(ground, await readStatus(disk, files), identity.found)
  return yield* ledgerHistory(disk, files, known)
}

const knownHeadOf = async ({ box }: Ground, status: DestinationStatus | null, id: string | null) =>
  higherHead(status?.head ?? null, id === null ? null : await box.knownHead(id))

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
    const rotation = await rotationOf(ground)
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
      drills: memory.ledger?.drills ?? nothingHeld.drills,
      terms: memory.ledger?.terms ?? nothingHeld.terms,
      created: memory.ledger?.created ?? null,
      listedBefore: (rotation && latestStatus(rotation))?.listed ?? status?.listed ?? null,
      awaited: new Map(
        status?.awaited.map(({ series, since }) => [series, instant(Date.parse(since))]) ?? [],
      ),
      lastTime: memory.ledger?.lastTime ?? believedAt(status, rotation, now(), ground.leap)?.at ?? null,
      seen: memory.seen.records,
      head: memory.ledger?.head ?? null,
      free,
      used: inventory.used,
      quarantine: inventory.quarantine,
      foreign: memory.ledger?.foreign ?? nothingHeld.foreign,
      halt: 'halt' in memory ? memory.halt : null,
      problems: inventory.problems,
      turn: turnOf(rotation, identity.found),
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
 * believed too, by a clock that shows the same now. While this disk was away, passes over the others said it.
 */
function believedAt(
  status: DestinationStatus | null,
  rotation: Rotation | null,
  now: Instant,
  leap?: number,
): { readonly at: Instant; readonly seq: number } | null {
  const seq = status?.head?.seq ?? 0
  const [last, other] = [status?.clock ?? '', status?.leapt ?? ''].map((time) => Date.parse(time) as Instant)
  const own = other! > 0 && clockSanity(other!, now, leap) === 'sane' ? other! : last!
  const known = rotation === null ? null : latestClock(rotation)
  const times = [...(Number.isNaN(own) ? [] : [own]), ...(known === null ? [] : [known])]
  return times.length === 0 ? null : { at: instant(Math.max(...times)), seq }
}

const rotationOf = async ({ place, box }: Ground): Promise<Rotation | null> =>
  place.rotate ? box.rotation(place.path) : null

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

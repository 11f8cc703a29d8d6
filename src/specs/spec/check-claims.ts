import { basename, dirname } from 'node:path'
import { groupBy } from '../../model/group-by.ts'
import { isWithin } from '../../model/is-within.ts'
import { type RealPath, realPath } from '../../system/real-path.ts'
import { type Fault, faultAt, lineOf, type Place } from '../yaml/located.ts'
import { FORBIDDEN_HINT, forbidden, led as ledPlaces, type OurPlace } from './our-places.ts'

/** What is known of one spec, whole or not, as far as it concerns the others. Paths are absolute. */
export interface Claim<Path = WrittenPath> {
  /** The spec's own file, to distinguish claims and to name the other one. */
  readonly file: string
  readonly name: { readonly text: string; readonly place: Place }
  readonly destination: Path | null
  readonly mount: Path | null
  /** With a source on this machine only. */
  readonly localSource: Path | null
  /** Keys and pins that are named; those of a source over ssh. */
  readonly keys: readonly Path[]
}

export interface WrittenPath {
  readonly path: string
  readonly place: Place
}

/** A path with where it really leads. */
interface Led extends WrittenPath {
  readonly real: RealPath
}

/** A fault that belongs to the spec in `file`, wherever it was written. */
export interface ClaimFault {
  readonly file: string
  readonly fault: Fault
}

/** What claims are checked against beside each other. */
export interface ClaimContext {
  readonly roots: readonly string[] | null
  readonly ours: readonly OurPlace[]
  /** By real path, the name of the backup whose destination this box knows there. */
  readonly holders: ReadonlyMap<string, string>
  /** Spec files of which nothing can be read, with the names that they would have. */
  readonly unread: readonly { readonly name: string; readonly file: string }[]
}

/**
 * What specs must not do to each other or to the box: share a name, share or nest destinations, leave the roots, write to what this
 * program obeys. All by real path. Of two that clash, the one that holds the destination keeps running; if neither does, both are faulty.
 * Each fault points at the other one.
 */
export async function checkClaims(
  written: readonly Claim[],
  { roots, ours, holders, unread }: ClaimContext,
): Promise<readonly ClaimFault[]> {
  const claims = await Promise.all(written.map(followed))
  const realRoots =
    roots === null ? null : await Promise.all(roots.map(async (root) => (await realPath(root)).path))
  const ourPlaces = await ledPlaces(ours)
  const destinations = claims.flatMap((claim): Destination[] => {
    const { destination: led, name } = claim
    return led === null ? [] : [{ claim, led, holds: holders.get(led.real.path) === name.text }]
  })
  return [
    ...sharedNames(claims, new Set(destinations.flatMap(({ claim, holds }) => (holds ? claim : [])))),
    ...clashes(destinations),
    ...destinations.flatMap((one) => heldByUnread(one, claims, holders, unread)),
    ...destinations.flatMap(({ claim, led }) => {
      const why = forbidden(led.real, ourPlaces)
      const message = `destination ${shown(led)} ${why}`
      return why === null ? [] : [error(claim, led.place, 'destination-forbidden', message, FORBIDDEN_HINT)]
    }),
    ...claims.flatMap((claim) => keysWithin(claim, destinations)),
    ...claims.flatMap((claim) => [
      ...outside(claim, 'destination', claim.destination, realRoots),
      ...outside(claim, 'source', claim.localSource, realRoots),
      ...throughProc(claim),
      ...selfNested(claim),
      ...besideMount(claim),
    ]),
  ]
}

async function followed(claim: Claim): Promise<Claim<Led>> {
  const follow = async (written: WrittenPath): Promise<Led> => ({
    ...written,
    real: await realPath(written.path),
  })
  const orNull = (written: WrittenPath | null) => (written === null ? null : follow(written))
  return {
    ...claim,
    destination: await orNull(claim.destination),
    mount: await orNull(claim.mount),
    localSource: await orNull(claim.localSource),
    keys: await Promise.all(claim.keys.map(follow)),
  }
}

function sharedNames(claims: readonly Claim<Led>[], holding: ReadonlySet<Claim<Led>>): readonly ClaimFault[] {
  const byName = groupBy(claims, ({ name }) => name.text)
  return [...byName.values()].flatMap((same) => {
    if (same.length < 2) return []
    const [holder, ...more] = same.filter((claim) => holding.has(claim))
    const goesOn = more.length === 0 ? holder : undefined
    return same.flatMap((claim) => {
      if (claim === goesOn) return []
      const other = goesOn ?? same.find((each) => each !== claim)!
      const message = `the name "${claim.name.text}" is also that of ${where(other.file, other.name.place)}`
      const hint =
        goesOn === undefined
          ? 'give one of them another name; neither runs'
          : 'give it another name; the other one has a destination already, and goes on'
      return error(claim, claim.name.place, 'duplicate-name', message, hint)
    })
  })
}

interface Destination {
  readonly claim: Claim<Led>
  readonly led: Led
  /** This box knows it as this backup's. */
  readonly holds: boolean
}

function clashes(destinations: readonly Destination[]): readonly ClaimFault[] {
  // The holder comes first: the others name it in their faults.
  const holdersFirst = destinations.toSorted((a, b) => Number(b.holds) - Number(a.holds))
  const byPath = groupBy(holdersFirst, ({ led }) => led.real.path)
  const faults: ClaimFault[] = []
  const said = new Set<string>()
  const report = (one: Destination, other: Destination, relation: string) => {
    if (one.holds && !other.holds) return
    // One clash a spec is enough to stop it and to name an other one.
    if (said.has(one.claim.file)) return
    said.add(one.claim.file)
    const message = `destination ${shown(one.led)} ${relation} ${other.led.path}, that of ${backupAt(other)}`
    const goesOn = other.holds && !one.holds ? 'the other one holds it, and goes on' : 'neither runs'
    const hint = `each backup needs a folder of its own, outside all others; ${goesOn}`
    faults.push(error(one.claim, one.led.place, 'destination-clash', message, hint))
  }
  for (const [path, [first, ...more]] of byPath) {
    if (first === undefined) continue
    for (const other of more) report(other, first, 'is the same folder as')
    if (more[0] !== undefined) report(first, more[0], 'is the same folder as')
    for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
      const outer = byPath.get(above)?.[0]
      if (outer === undefined) continue
      for (const inner of [first, ...more]) report(inner, outer, 'lies inside')
      for (const each of byPath.get(above) ?? []) report(each, first, 'holds')
    }
  }
  return faults
}

/** Nothing can be read of the spec that the holder would have, so it may well hold it still. */
function heldByUnread(
  { claim, led: { path, place, real }, holds }: Destination,
  claims: readonly Claim<Led>[],
  holders: ReadonlyMap<string, string>,
  unread: ClaimContext['unread'],
): readonly ClaimFault[] {
  if (holds || unread.length === 0) return []
  for (const [held, name] of holders) {
    if (name === claim.name.text || !(isWithin(held, real.path) || isWithin(real.path, held))) continue
    const file = unread.find((one) => one.name === name)?.file
    if (file === undefined || claims.some((one) => one.name.text === name && one.destination !== null))
      continue
    const message = `destination ${path} is that of backup "${name}", or nested with it, and nothing can be read of ${basename(file)}`
    const hint = 'fix that one first; each backup needs a folder of its own'
    return [error(claim, place, 'destination-clash', message, hint)]
  }
  return []
}

const THROUGH_PROC = 'leads through /proc, where each process finds another place'

function throughProc(claim: Claim<Led>): readonly ClaimFault[] {
  if (claim.localSource?.real.throughProc !== true) return []
  const { path, place } = claim.localSource
  return [error(claim, place, 'unsafe-path', `source ${path} ${THROUGH_PROC}`, 'write where it leads')]
}

/** A source could make a key, or a pin, that is not there yet. */
const keysWithin = (claim: Claim<Led>, destinations: readonly Destination[]): readonly ClaimFault[] =>
  claim.keys.flatMap(({ path, place, real }) => {
    const holder = destinations.find(({ led }) => isWithin(real.path, led.real.path))
    if (holder === undefined && !real.throughProc) return []
    const message =
      holder === undefined
        ? `${path} ${THROUGH_PROC}`
        : `${path} lies in the destination of ${backupAt(holder)}: a source could put it there`
    return error(claim, place, 'unsafe-path', message, 'keep keys and pins in a folder of their own')
  })

function outside(
  claim: Claim<Led>,
  what: string,
  led: Led | null,
  roots: readonly string[] | null,
): readonly ClaimFault[] {
  if (led === null || roots === null) return []
  if (!led.real.sure) {
    const message = `cannot resolve ${what} ${led.path}, so cannot check that it is under an allowed root`
    return [error(claim, led.place, 'outside-roots', message, 'run as the user who runs the backups')]
  }
  if (roots.some((root) => isWithin(led.real.path, root))) return []
  const message = `${what} ${shown(led)} lies under none of the allowed roots: ${roots.join(', ')}`
  const hint = 'move it, or add its root to "roots" in config.yaml'
  return [error(claim, led.place, 'outside-roots', message, hint)]
}

function selfNested(claim: Claim<Led>): readonly ClaimFault[] {
  const { destination, localSource } = claim
  if (destination === null || localSource === null) return []
  const [near, far] = [destination.real.path, localSource.real.path]
  if (!isWithin(near, far) && !isWithin(far, near)) return []
  const relation = near === far ? 'is the same folder as' : isWithin(near, far) ? 'lies inside' : 'holds'
  const message = `destination ${destination.path} ${relation} its own source ${far}`
  const hint = 'keep the copies outside the folder they come from'
  return [error(claim, destination.place, 'source-in-destination', message, hint)]
}

function besideMount(claim: Claim<Led>): readonly ClaimFault[] {
  const { destination, mount } = claim
  if (destination === null || mount === null || isWithin(destination.real.path, mount.real.path)) return []
  const message = `destination ${destination.real.path} does not lie on the mount ${mount.path}, so the mount would protect nothing`
  const hint = 'name the mount point that holds the destination'
  return [error(claim, mount.place, 'mount-elsewhere', message, hint)]
}

const shown = ({ path, real }: Led): string => (real.path === path ? path : `${path} (really ${real.path})`)

const backupAt = ({ claim, led }: Destination): string =>
  `backup "${claim.name.text}", ${where(claim.file, led.place)}`

/** The other spec lies in the same folder. A path that came from `_defaults.yaml` has no line in it. */
function where(file: string, place: Place): string {
  const own = place.source.file === file
  return own ? `${basename(file)}:${lineOf(place)}` : basename(file)
}

const error = (
  { file }: { readonly file: string },
  place: Place,
  code: string,
  message: string,
  hint: string,
): ClaimFault => ({
  file,
  fault: faultAt(place, code, message, hint),
})

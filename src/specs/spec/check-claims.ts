import { basename, dirname } from 'node:path'
import { groupBy } from '../../model/group-by.ts'
import { isWithin } from '../../model/is-within.ts'
import { type RealPath, realPath } from '../../system/real-path.ts'
import { type Fault, faultAt, lineOf, type Place } from '../yaml/located.ts'
import { FORBIDDEN_HINT, forbidden, type OurPlace } from './our-places.ts'

/** What is known of one spec, whole or not, as far as it concerns the others. Paths are absolute. */
export interface Claim {
  /** The spec's own file, to distinguish claims and to name the other one. */
  readonly file: string
  readonly name: { readonly text: string; readonly place: Place }
  readonly destination: WrittenPath | null
  readonly mount: WrittenPath | null
  /** With a source on this machine only. */
  readonly localSource: WrittenPath | null
  /** Keys and pins that are named; those of a source over ssh. */
  readonly keys: readonly WrittenPath[]
}

export interface WrittenPath {
  readonly path: string
  readonly place: Place
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
  claims: readonly Claim[],
  { roots, ours, holders, unread }: ClaimContext,
): Promise<readonly ClaimFault[]> {
  const places = await Promise.all(
    claims.map(async (claim) => ({
      claim,
      destination: claim.destination === null ? null : await realPath(claim.destination.path),
      mount: claim.mount === null ? null : await realPath(claim.mount.path),
      localSource: claim.localSource === null ? null : await realPath(claim.localSource.path),
    })),
  )
  const realRoots =
    roots === null ? null : await Promise.all(roots.map(async (root) => (await realPath(root)).path))
  const destinations = places.flatMap(({ claim, destination }): Destination[] => {
    if (claim.destination === null || destination === null) return []
    const holds = holders.get(destination.path) === claim.name.text
    return [{ claim, written: claim.destination, real: destination, holds }]
  })
  return [
    ...sharedNames(claims, new Set(destinations.flatMap(({ claim, holds }) => (holds ? claim : [])))),
    ...clashes(destinations),
    ...destinations.flatMap((one) => heldByUnread(one, claims, holders, unread)),
    ...(await Promise.all(destinations.map((one) => forbiddenPlace(one, ours)))).flat(),
    ...(await Promise.all(claims.map((claim) => keysWithin(claim, destinations)))).flat(),
    ...places.flatMap(({ claim, destination, mount, localSource }) => [
      ...(realRoots === null
        ? []
        : [
            ...outside(claim, claim.destination, destination, realRoots, 'destination'),
            ...outside(claim, claim.localSource, localSource, realRoots, 'source'),
          ]),
      ...(localSource?.throughProc === true ? [throughProc(claim)] : []),
      ...selfNested(claim, destination?.path ?? null, localSource?.path ?? null),
      ...besideMount(claim, destination?.path ?? null, mount?.path ?? null),
    ]),
  ]
}

function sharedNames(claims: readonly Claim[], holding: ReadonlySet<Claim>): readonly ClaimFault[] {
  const byName = groupBy(claims, ({ name }) => name.text)
  return [...byName.values()].flatMap((same) => {
    if (same.length < 2) return []
    const [holder, ...more] = same.filter((claim) => holding.has(claim))
    const goesOn = more.length === 0 ? holder : undefined
    return same.flatMap((claim) => {
      if (claim === goesOn) return []
      const other = goesOn ?? same.find((each) => each !== claim)!
      return error(
        claim,
        claim.name.place,
        'duplicate-name',
        `the name "${claim.name.text}" is also that of ${where(other.file, other.name.place)}`,
        goesOn === undefined
          ? 'give one of them another name; neither runs'
          : 'give it another name; the other one has a destination already, and goes on',
      )
    })
  })
}

interface Destination {
  readonly claim: Claim
  readonly written: WrittenPath
  readonly real: RealPath
  /** This box knows it as this backup's. */
  readonly holds: boolean
}

function clashes(destinations: readonly Destination[]): readonly ClaimFault[] {
  // The holder comes first: the others name it in their faults.
  const holdersFirst = destinations.toSorted((a, b) => Number(b.holds) - Number(a.holds))
  const byPath = groupBy(holdersFirst, ({ real }) => real.path)
  const faults: ClaimFault[] = []
  const said = new Set<string>()
  const report = (one: Destination, other: Destination, relation: string) => {
    if (one.holds && !other.holds) return
    // One clash a spec is enough to stop it and to name an other one.
    if (said.has(one.claim.file)) return
    said.add(one.claim.file)
    const real = one.real.path === one.written.path ? '' : ` (really ${one.real.path})`
    faults.push(
      error(
        one.claim,
        one.written.place,
        'destination-clash',
        `destination ${one.written.path}${real} ${relation} ${other.written.path}, that of backup "${other.claim.name.text}", ${where(other.claim.file, other.written.place)}`,
        other.holds && !one.holds
          ? 'each backup needs a folder of its own, outside all others; the other one holds it, and goes on'
          : 'each backup needs a folder of its own, outside all others; neither runs',
      ),
    )
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
  { claim, written, real, holds }: Destination,
  claims: readonly Claim[],
  holders: ReadonlyMap<string, string>,
  unread: ClaimContext['unread'],
): readonly ClaimFault[] {
  if (holds || unread.length === 0) return []
  for (const [path, name] of holders) {
    if (name === claim.name.text || !(isWithin(path, real.path) || isWithin(real.path, path))) continue
    const file = unread.find((one) => one.name === name)?.file
    if (file === undefined || claims.some((one) => one.name.text === name && one.destination !== null))
      continue
    const message = `destination ${written.path} is that of backup "${name}", or nested with it, and nothing can be read of ${basename(file)}`
    const hint = 'fix that one first; each backup needs a folder of its own'
    return [error(claim, written.place, 'destination-clash', message, hint)]
  }
  return []
}

async function forbiddenPlace(
  { claim, written, real }: Destination,
  ours: readonly OurPlace[],
): Promise<readonly ClaimFault[]> {
  const why = await forbidden(real, ours)
  if (why === null) return []
  const really = real.path === written.path ? '' : ` (really ${real.path})`
  const message = `destination ${written.path}${really} ${why}`
  return [error(claim, written.place, 'destination-forbidden', message, FORBIDDEN_HINT)]
}

const throughProc = (claim: Claim): ClaimFault => {
  const { path, place } = claim.localSource!
  const message = `source ${path} leads through /proc, where each process finds another place`
  return error(claim, place, 'unsafe-path', message, 'write where it leads')
}

/** A source could make a key, or a pin, that is not there yet. */
async function keysWithin(
  claim: Claim,
  destinations: readonly Destination[],
): Promise<readonly ClaimFault[]> {
  const faults: ClaimFault[] = []
  for (const { path, place } of claim.keys) {
    const real = await realPath(path)
    const holder = destinations.find((one) => isWithin(real.path, one.real.path))
    const message =
      holder !== undefined
        ? `${path} lies in the destination of backup "${holder.claim.name.text}", ${where(holder.claim.file, holder.written.place)}: a source could put it there`
        : real.throughProc
          ? `${path} leads through /proc, where each process finds another place`
          : null
    if (message !== null)
      faults.push(error(claim, place, 'unsafe-path', message, 'keep keys and pins in a folder of their own'))
  }
  return faults
}

function outside(
  claim: Claim,
  written: WrittenPath | null,
  real: { readonly path: string; readonly sure: boolean } | null,
  roots: readonly string[],
  what: string,
): readonly ClaimFault[] {
  if (written === null || real === null) return []
  if (!real.sure) {
    const message = `cannot resolve ${what} ${written.path}, so cannot check that it is under an allowed root`
    return [error(claim, written.place, 'outside-roots', message, 'run as the user who runs the backups')]
  }
  if (roots.some((root) => isWithin(real.path, root))) return []
  const really = real.path === written.path ? '' : ` (really ${real.path})`
  return [
    error(
      claim,
      written.place,
      'outside-roots',
      `${what} ${written.path}${really} lies under none of the allowed roots: ${roots.join(', ')}`,
      'move it, or add its root to "roots" in config.yaml',
    ),
  ]
}

function selfNested(
  claim: Claim,
  destination: string | null,
  localSource: string | null,
): readonly ClaimFault[] {
  if (destination === null || localSource === null || claim.destination === null) return []
  const { place, path } = claim.destination
  const relation =
    destination === localSource
      ? 'is the same folder as'
      : isWithin(destination, localSource)
        ? 'lies inside'
        : isWithin(localSource, destination)
          ? 'holds'
          : null
  if (relation === null) return []
  const message = `destination ${path} ${relation} its own source ${localSource}`
  return [
    error(
      claim,
      place,
      'source-in-destination',
      message,
      'keep the copies outside the folder they come from',
    ),
  ]
}

function besideMount(claim: Claim, destination: string | null, mount: string | null): readonly ClaimFault[] {
  if (destination === null || mount === null || claim.mount === null || isWithin(destination, mount))
    return []
  return [
    error(
      claim,
      claim.mount.place,
      'mount-elsewhere',
      `destination ${destination} does not lie on the mount ${claim.mount.path}, so the mount would protect nothing`,
      'name the mount point that holds the destination',
    ),
  ]
}

/** The other spec lies in the same folder. A path that came from `_defaults.yaml` has no line in it. */
function where(file: string, place: Place): string {
  const own = place.source.file === file
  return own ? `${basename(file)}:${lineOf(place)}` : basename(file)
}

const error = (claim: Claim, place: Place, code: string, message: string, hint: string): ClaimFault => ({
  file: claim.file,
  fault: faultAt(place, code, message, hint),
})

import { basename, dirname } from 'node:path'
import { isWithin } from '../decide/is-within.ts'
import { type Fault, lineAndColumn, type Place } from './located.ts'
import { realPath } from './real-path.ts'

/** What is known of one spec, whole or not, as far as it concerns the others. Paths are absolute. */
export interface Claim {
  /** The spec's own file, to tell claims apart and to name the other one. */
  readonly file: string
  readonly name: { readonly text: string; readonly place: Place }
  readonly destination: WrittenPath | null
  readonly mount: WrittenPath | null
  /** With a source on this machine only. */
  readonly localSource: WrittenPath | null
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

/**
 * What specs must not do to each other or to the box: share a name, share or nest destinations, leave the roots. All by
 * real path. Of two that clash both are faulty, and each fault points at the other one.
 */
export async function checkClaims(
  claims: readonly Claim[],
  roots: readonly string[] | null,
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
  return [
    ...sharedNames(claims),
    ...clashes(
      places.flatMap(({ claim, destination }) =>
        claim.destination === null || destination === null
          ? []
          : [{ claim, written: claim.destination, real: destination.path }],
      ),
    ),
    ...places.flatMap(({ claim, destination, mount, localSource }) => [
      ...(realRoots === null
        ? []
        : [
            ...outside(claim, claim.destination, destination, realRoots, 'destination'),
            ...outside(claim, claim.localSource, localSource, realRoots, 'source'),
          ]),
      ...selfNested(claim, destination?.path ?? null, localSource?.path ?? null),
      ...besideMount(claim, destination?.path ?? null, mount?.path ?? null),
    ]),
  ]
}

function sharedNames(claims: readonly Claim[]): readonly ClaimFault[] {
  const byName = new Map<string, Claim[]>()
  for (const claim of claims) byName.set(claim.name.text, [...(byName.get(claim.name.text) ?? []), claim])
  return [...byName.values()].flatMap((same) =>
    same.length < 2
      ? []
      : same.map((claim) => {
          const other = same.find((each) => each !== claim)!
          return error(
            claim,
            claim.name.place,
            'duplicate-name',
            `the name "${claim.name.text}" is also that of ${where(other.file, other.name.place)}`,
            'give one of them another name; neither runs',
          )
        }),
  )
}

interface Destination {
  readonly claim: Claim
  readonly written: WrittenPath
  readonly real: string
}

function clashes(destinations: readonly Destination[]): readonly ClaimFault[] {
  const byPath = new Map<string, Destination[]>()
  for (const each of destinations) byPath.set(each.real, [...(byPath.get(each.real) ?? []), each])
  const faults: ClaimFault[] = []
  const said = new Set<string>()
  const report = (one: Destination, other: Destination, relation: string) => {
    // One clash a spec is enough to stop it and to name an other one.
    if (said.has(one.claim.file)) return
    said.add(one.claim.file)
    const real = one.real === one.written.path ? '' : ` (really ${one.real})`
    faults.push(
      error(
        one.claim,
        one.written.place,
        'destination-clash',
        `destination ${one.written.path}${real} ${relation} ${other.written.path}, that of backup "${other.claim.name.text}", ${where(other.claim.file, other.written.place)}`,
        'each backup needs a folder of its own, outside all others; neither runs',
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

function outside(
  claim: Claim,
  written: WrittenPath | null,
  real: { readonly path: string; readonly sure: boolean } | null,
  roots: readonly string[],
  what: string,
): readonly ClaimFault[] {
  if (written === null || real === null) return []
  if (!real.sure) {
    const message = `where ${what} ${written.path} leads cannot be seen, so neither whether it lies under an allowed root`
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
  return own ? `${basename(file)}:${lineAndColumn(place.source.text, place.start).line}` : basename(file)
}

const error = (claim: Claim, place: Place, code: string, message: string, hint: string): ClaimFault => ({
  file: claim.file,
  fault: { place, severity: 'error', code, message, hint },
})

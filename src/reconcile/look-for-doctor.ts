import { concernOf } from '../decide/files/concern.ts'
import { selectorOf } from '../decide/files/select.ts'
import { claimMaker } from '../decide/look/claims.ts'
import type { SourceFacts } from '../model/doctor.ts'
import { nothingHeld } from '../model/holding.ts'
import { type Listing, UNKNOWN_BOOT } from '../model/listing.ts'
import type { Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Halt, Problem } from '../model/trouble.ts'

/** Claims that are read, of the newest files. */
const READ = 20
/** Bytes that a source's rsync is asked to read. */
const ASKED = 64 * 1024 ** 2

/** Lists a source, and reads a few of its claims. Throws a Failure where it cannot be listed. */
export async function lookForDoctor(source: Source, spec: Spec, run: Run): Promise<SourceFacts> {
  const listing = await source.list(run, concernOf(spec))
  const { files, problems } = listing
  const fits = selectorOf(spec)
  const selected = [...files.keys()].filter(fits)
  const newest = [...files.values()].reduce<number | null>(
    (most, { mtime }) => Math.max(most ?? mtime, mtime),
    null,
  )
  const claims = await readClaims(source, spec, listing, selected, run).catch((error: unknown) => {
    return { asked: 1, read: 0, trouble: haltOf(failureFrom(error, run.signal)) }
  })
  const isComplete = listing.completeness === 'complete'
  const links = [...(listing.links ?? [])].filter(fits)
  return { files: files.size, selected, links, isComplete, problems, newest, claims }
}

async function readClaims(
  source: Source,
  spec: Spec,
  listing: Listing,
  selected: readonly RelPath[],
  run: Run,
): Promise<SourceFacts['claims']> {
  const { files } = listing
  if (spec.finished.kind === 'quiet') {
    const smallest = selected
      .map((path) => ({ path, size: files.get(path)!.size }))
      .toSorted((a, b) => a.size - b.size)[0]
    if (smallest === undefined || smallest.size > ASKED) return { asked: 0, read: 0, trouble: null }
    const shown = await source.look([smallest], { digests: true }, run)
    return { asked: 1, read: shown.get(smallest.path)?.digest ? 1 : 0, trouble: null }
  }
  const maker = claimMaker(spec, listing, nothingHeld, { at: run.now(), ...UNKNOWN_BOOT })
  const asked = selected
    .filter((path) => maker.evidence(path) !== null)
    .toSorted((a, b) => files.get(b)!.mtime - files.get(a)!.mtime)
    .slice(0, READ)
  // A list file is read as well: a pass fails where it cannot be.
  const list = spec.source.listing !== null
  if (asked.length === 0 && !list) return { asked: 0, read: 0, trouble: null }
  const fetched = await source.fetch(
    { list, ...maker.request(asked), checksum: spec.checksum, listed: listing, concern: concernOf(spec) },
    run,
  )
  const troubles: Problem[] = [...fetched.problems]
  const read = asked.filter((path) => maker.read(path, fetched, troubles).state === 'claimed').length
  return { asked: asked.length, read, trouble: troubles[0] === undefined ? null : haltOf(troubles[0]) }
}

const haltOf = ({ code, message, hint }: Halt): Halt => ({ code, message, hint })

import type { Holding } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { Destination, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { observeSource } from './observe-source.ts'

/** A destination whose ledger moves on while it is looked at is looked at again, so often. */
const MOST_LOOKS = 3

/**
 * Looks at both sides without the lock, for plans: the ledger's head is the same before and after, so what was seen was true at one
 * time. Writes nothing anywhere.
 */
export async function observe(
  source: Source,
  destination: Destination,
  spec: Spec,
  asOf: Instant,
  run: Run,
  mustRead: ReadonlySet<RelPath> = new Set(),
): Promise<Observation> {
  let looking = destination.inspect(run)
  for (let look = 1; ; look++) {
    const view = await observeSource(source, spec, looking, asOf, run, mustRead)
    const before = await looking
    if (look === MOST_LOOKS) return { source: view, destination: before }
    looking = destination.inspect(run)
    if (sameHead(before, await looking)) return { source: view, destination: await looking }
  }
}

const sameHead = (a: Holding, b: Holding): boolean =>
  a.head?.seq === b.head?.seq && a.head?.hash === b.head?.hash

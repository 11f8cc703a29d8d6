import type { Observation } from '../../model/observation.ts'
import type { Spec } from '../../model/spec.ts'
import { heldSelectorOf } from './dated-name.ts'
import { type FileFacts, gatherFacts } from './facts.ts'

const NONE: ReadonlySet<string> = new Set()

/**
 * Visits every selected file that is here, at the source, or should be here, one after the other. `refused`: paths that the source shows
 * and we refuse.
 */
export function eachSelected(
  spec: Spec,
  observation: Observation,
  visit: (facts: FileFacts) => void,
  refused: ReadonlySet<string> = NONE,
): void {
  const { source, destination } = observation
  const wanted = heldSelectorOf(spec, destination.records)
  let held = 0
  let recorded = 0
  // Of a million files an iterator's pairs would be a tenth of the time.
  source.files.forEach((file, path) => {
    const facts = gatherFacts(path, file, observation, refused)
    if (facts.held !== undefined) held++
    if (facts.record !== undefined) recorded++
    visit(facts)
  })
  // Where the listing has met all that is here, no file of it is left to look for.
  if (held < destination.files.size) {
    for (const path of destination.files.keys()) {
      if (source.files.has(path) || !wanted(path)) continue
      visit(gatherFacts(path, undefined, observation, refused))
    }
  }
  if (recorded < destination.records.size) {
    for (const path of destination.records.keys()) {
      // What a prune removed is of interest where the source still shows it.
      if (source.files.has(path) || destination.files.has(path) || destination.pruned.has(path)) continue
      if (wanted(path)) visit(gatherFacts(path, undefined, observation, refused))
    }
  }
}

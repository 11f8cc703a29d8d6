import { join } from 'node:path'
import type { Box } from '../model/box.ts'
import { anything, list, nullable, number, object, record, text } from '../model/check-json.ts'
import { type GitMemory, NO_MEMORY, type SpecsMemory } from '../model/specs-memory.ts'
import { takeFlock } from '../system/lock.ts'
import { makeStateFolder, stateFile } from './state-file.ts'

interface Places {
  readonly places: { readonly [place: string]: GitMemory }
}

/** What the box remembers of specs from git: in `state/git.json`, and the clones in `state/git`. Reading makes nothing. */
export function openSpecsMemory(
  stateFolder: string,
  { released, consume }: Pick<Box, 'released' | 'consume'>,
): SpecsMemory {
  const file = stateFile<Places>(stateFolder, 'git', { places: {} }, { places: record(memory) }, 'git-specs')
  const folder = join(stateFolder, 'git')
  const memoryOf = ({ places }: Places, place: string): GitMemory =>
    Object.hasOwn(places, place) ? places[place]! : NO_MEMORY
  return {
    folder,
    released,
    consume,
    read: async (place) => memoryOf(await file.read(), place),
    write: (place, change) =>
      file.change((before) => ({ places: { ...before.places, [place]: change(memoryOf(before, place)) } })),
    async lock(clone, waitSeconds, run) {
      await makeStateFolder(folder)
      const held = await takeFlock(join(folder, `${clone}.lock`), waitSeconds, run.signal)
      return held === null ? null : { descriptor: held.descriptor, release: held.close }
    },
  }
}

const memory = object({
  good: nullable(object({ commit: text, taken: number })),
  unreachable: nullable(object({ since: number })),
  refused: nullable(object({ commit: text, since: number })),
  passed: list(anything),
})

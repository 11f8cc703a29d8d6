import { join } from 'node:path'
import type { Box } from '../model/box.ts'
import { type Checked, object, record } from '../model/check-json.ts'
import { type GitMemory, gitMemory, NO_MEMORY, type SpecsMemory } from '../model/specs-memory.ts'
import { takeFlock } from '../system/lock.ts'
import { makeStateFolder, stateFile } from './state-file.ts'

/** What the box remembers of specs from git: in `state/git.json`, and the clones in `state/git`. Reading makes nothing. */
export function openSpecsMemory(
  stateFolder: string,
  { released, consume }: Pick<Box, 'released' | 'consume'>,
): SpecsMemory {
  const known = object({ places: record(gitMemory) })
  const file = stateFile(stateFolder, 'git', { places: {} }, known, 'git-specs')
  const folder = join(stateFolder, 'git')
  const memoryOf = ({ places }: Checked<typeof known>, place: string): GitMemory =>
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

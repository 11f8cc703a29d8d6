import { join } from 'node:path'
import type { Box } from '../model/box.ts'
import {
  anything,
  list,
  matches,
  nullable,
  number,
  object,
  oneOf,
  record,
  text,
} from '../model/check-json.ts'
import { type GitMemory, NO_MEMORY, type SpecsMemory } from '../model/specs-memory.ts'
import { takeFlock } from '../system/lock.ts'
import { changeState, makeStateFolder, readState } from './state-file.ts'

interface Places {
  readonly format: 'reconcile.git-specs/1'
  readonly places: { readonly [place: string]: GitMemory }
}

/** What the box remembers of specs from git: in `state/git.json`, and the clones in `state/git`. Reading makes nothing. */
export function openSpecsMemory(
  stateFolder: string,
  { released, consume }: Pick<Box, 'released' | 'consume'>,
): SpecsMemory {
  const file = join(stateFolder, 'git.json')
  const folder = join(stateFolder, 'git')
  const memoryOf = (places: Places | null, place: string): GitMemory =>
    places !== null && Object.hasOwn(places.places, place) ? places.places[place]! : NO_MEMORY
  return {
    folder,
    released,
    consume,
    read: async (place) => memoryOf(await readState(file, isPlaces), place),
    write: (place, change) =>
      changeState<Places>(file, isPlaces, (before) => ({
        format: 'reconcile.git-specs/1',
        places: { ...before?.places, [place]: change(memoryOf(before, place)) },
      })),
    async lock(clone, waitSeconds, run) {
      await makeStateFolder(folder)
      const held = await takeFlock(join(folder, `${clone}.lock`), waitSeconds, run.signal)
      return held === null ? null : { descriptor: held.descriptor, release: held.close }
    },
  }
}

const isPlaces = matches<Places>(
  object({
    format: oneOf('reconcile.git-specs/1'),
    places: record(
      object({
        good: nullable(object({ commit: text, taken: number })),
        unreachable: nullable(object({ since: number })),
        refused: nullable(object({ commit: text, since: number })),
        passed: list(anything),
      }),
    ),
  }),
)

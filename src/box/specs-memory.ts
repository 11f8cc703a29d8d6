import { join } from 'node:path'
import type { Box } from '../model/box.ts'
import { isObject } from '../model/is-object.ts'
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

const isPlaces = (value: unknown): value is Places =>
  isObject(value) &&
  value['format'] === 'reconcile.git-specs/1' &&
  isObject(value['places']) &&
  Object.values(value['places']).every(isMemory)

const isMemory = (value: unknown): value is GitMemory =>
  isObject(value) &&
  isNullOr(value['good'], { commit: 'string', taken: 'number' }) &&
  isNullOr(value['unreachable'], { since: 'number' }) &&
  isNullOr(value['refused'], { commit: 'string', since: 'number' }) &&
  Array.isArray(value['passed'])

const isNullOr = (value: unknown, shape: Readonly<Record<string, string>>): boolean =>
  value === null ||
  (isObject(value) && Object.entries(shape).every(([key, type]) => typeof value[key] === type))

import { constants, promises } from 'node:fs'
import type { Halt } from '../../model/trouble.ts'
import { diskFailure, errnoOf } from '../../system/disk-failure.ts'

/** Why nothing can be written to the first of these folders that is there: a disk mounted read-only, a forbidden folder. Null: it can be. */
export async function writeFault(...folders: readonly string[]): Promise<Halt | null> {
  for (const folder of folders) {
    try {
      await promises.access(folder, constants.W_OK)
      return null
    } catch (error) {
      // It is made by the first pass.
      if (errnoOf(error) === 'ENOENT') continue
      const { code, message, hint } = diskFailure(error, 'write to', folder)
      return { code, message, hint }
    }
  }
  return null
}

import { join } from 'node:path'
import { matches, moment, object, oneOf, record } from '../model/check-json.ts'
import { type TroubleGroup, troubleGroups } from '../model/status.ts'
import { changeState, readState } from './state-file.ts'

/** What was wrong, since when. */
export interface RememberedTroubles {
  readonly at: string
  readonly troubles: readonly TroubleGroup[]
}

/** By backup; `BOX`: over all of them. */
export type TroublesBook = Readonly<Record<string, RememberedTroubles>>

/** No backup's name. */
export const BOX = ''

interface File {
  readonly format: 'reconcile.troubles/1'
  readonly last: TroublesBook
}

/** What `--on-change` found where no destination could keep it, in the `state` folder. */
export function openTroublesMemory(stateFolder: string) {
  const file = join(stateFolder, 'troubles.json')
  return {
    read: async (): Promise<TroublesBook> => (await readState(file, isFile))?.last ?? {},
    change: (to: (before: TroublesBook) => TroublesBook): Promise<void> =>
      changeState<File>(file, isFile, (before) => ({
        format: 'reconcile.troubles/1',
        last: to(before?.last ?? {}),
      })),
  }
}

const isFile = matches<File>(
  object({
    format: oneOf('reconcile.troubles/1'),
    last: record(object({ at: moment, troubles: troubleGroups })),
  }),
)

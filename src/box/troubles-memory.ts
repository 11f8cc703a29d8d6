import { moment, object, record } from '../model/check-json.ts'
import { type TroubleGroup, troubleGroups } from '../model/status.ts'
import { stateFile } from './state-file.ts'

/** What was wrong, since when. */
export interface RememberedTroubles {
  readonly at: string
  readonly troubles: readonly TroubleGroup[]
}

/** By backup; `BOX`: over all of them. */
export type TroublesBook = Readonly<Record<string, RememberedTroubles>>

/** No backup's name. */
export const BOX = ''

/** What `--on-change` found where no destination could keep it, in the `state` folder. */
export function openTroublesMemory(stateFolder: string) {
  const file = stateFile<{ readonly last: TroublesBook }>(
    stateFolder,
    'troubles',
    { last: {} },
    { last: record(object({ at: moment, troubles: troubleGroups })) },
  )
  return {
    read: async (): Promise<TroublesBook> => (await file.read()).last,
    change: (to: (before: TroublesBook) => TroublesBook): Promise<void> =>
      file.change(({ last }) => ({ last: to(last) })),
  }
}

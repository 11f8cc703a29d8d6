import { type Checked, moment, object, record } from '../model/check-json.ts'
import { troubleGroups } from '../model/status.ts'
import { stateFile } from './state-file.ts'

/** What was wrong, since when. */
const remembered = object({ at: moment, troubles: troubleGroups })
export type RememberedTroubles = Checked<typeof remembered>

/** By backup; `BOX`: over all of them. */
export type TroublesBook = Readonly<Record<string, RememberedTroubles>>

/** No backup's name. */
export const BOX = ''

/** What `--on-change` found where no destination could keep it, in the `state` folder. */
export function openTroublesMemory(stateFolder: string) {
  const file = stateFile(stateFolder, 'troubles', { last: {} }, object({ last: record(remembered) }))
  return {
    read: async (): Promise<TroublesBook> => (await file.read()).last,
    change: (to: (before: TroublesBook) => TroublesBook): Promise<void> =>
      file.change(({ last }) => ({ last: to(last) })),
  }
}

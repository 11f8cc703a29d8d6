import { join } from 'node:path'
import { PRIVATE_FOLDER } from '../model/rel-path.ts'

/** The paths of everything of ours in a destination. Absolute. */
export function layout(destination: string) {
  const own = join(destination, PRIVATE_FOLDER)
  return {
    own,
    id: join(own, 'id'),
    lock: join(own, 'lock'),
    seen: join(own, 'seen.jsonl'),
    staging: join(own, 'staging'),
    quarantine: join(own, 'quarantine'),
    trash: join(own, 'trash'),
    reserve: join(own, 'reserve'),
    ledger: join(own, 'ledger.jsonl'),
    status: join(own, 'status.json'),
    progress: join(own, 'progress.json'),
  } as const
}

export type Layout = ReturnType<typeof layout>

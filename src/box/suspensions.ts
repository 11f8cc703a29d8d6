import { join } from 'node:path'
import type { Suspensions } from '../model/box.ts'
import { matches, nullable, number, object, oneOf, record, text } from '../model/check-json.ts'
import type { StoredSuspension } from '../model/suspension.ts'
import { changeState, readState } from './state-file.ts'

interface Stored {
  readonly format: 'reconcile.suspensions/1'
  readonly all: StoredSuspension | null
  readonly backups: { readonly [name: string]: StoredSuspension }
}

const NONE: Stored = { format: 'reconcile.suspensions/1', all: null, backups: {} }

export function openSuspensions(stateFolder: string): Suspensions {
  const file = join(stateFolder, 'suspensions.json')
  const change = (to: (before: Stored) => Stored): Promise<void> =>
    changeState(file, isStored, (before) => to(before ?? NONE))
  return {
    async suspensions() {
      const { all, backups } = (await readState(file, isStored)) ?? NONE
      return { all, backups: new Map(Object.entries(backups)) }
    },
    suspend: (which, suspension) =>
      change((before) =>
        which === 'all'
          ? { ...before, all: suspension }
          : {
              ...before,
              backups: { ...before.backups, ...Object.fromEntries(which.map((name) => [name, suspension])) },
            },
      ),
    async resume(which) {
      // Where nothing was ever suspended, nothing is made.
      if ((await readState(file, isStored)) === null) return
      await change((before) =>
        which === 'all'
          ? NONE
          : {
              ...before,
              backups: Object.fromEntries(
                Object.entries(before.backups).filter(([name]) => !which.includes(name)),
              ),
            },
      )
    },
  }
}

const suspension = object({ reason: text, by: text, at: number, until: nullable(number) })

const isStored = matches<Stored>(
  object({ format: oneOf(NONE.format), all: nullable(suspension), backups: record(suspension) }),
)

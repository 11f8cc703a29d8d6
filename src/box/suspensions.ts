import { join } from 'node:path'
import type { Suspensions } from '../model/box.ts'
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

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false
  const { format, all, backups } = value as Record<string, unknown>
  return (
    format === NONE.format &&
    (all === null || isSuspension(all)) &&
    typeof backups === 'object' &&
    backups !== null &&
    Object.values(backups).every(isSuspension)
  )
}

function isSuspension(value: unknown): value is StoredSuspension {
  if (typeof value !== 'object' || value === null) return false
  const { reason, until, by, at } = value as Record<string, unknown>
  return (
    typeof reason === 'string' &&
    typeof by === 'string' &&
    typeof at === 'number' &&
    (until === null || typeof until === 'number')
  )
}

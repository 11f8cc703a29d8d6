import type { Suspensions } from '../model/box.ts'
import { nullable, number, object, record, text } from '../model/check-json.ts'
import type { StoredSuspension } from '../model/suspension.ts'
import { stateFile } from './state-file.ts'

interface Stored {
  readonly all: StoredSuspension | null
  readonly backups: { readonly [name: string]: StoredSuspension }
}

const NONE: Stored = { all: null, backups: {} }

export function openSuspensions(stateFolder: string): Suspensions {
  const file = stateFile(stateFolder, 'suspensions', NONE, {
    all: nullable(suspension),
    backups: record(suspension),
  })
  return {
    async suspensions() {
      const { all, backups } = await file.read()
      return { all, backups: new Map(Object.entries(backups)) }
    },
    suspend: (which, suspension) =>
      file.change((before) => {
        if (which === 'all') return { ...before, all: suspension }
        const added = Object.fromEntries(which.map((name) => [name, suspension]))
        return { ...before, backups: { ...before.backups, ...added } }
      }),
    resume: (which) =>
      file.change((before) => {
        if (which === 'all') return NONE
        const left = Object.entries(before.backups).filter(([name]) => !which.includes(name))
        return { ...before, backups: Object.fromEntries(left) }
      }),
  }
}

const suspension = object({ reason: text, by: text, at: number, until: nullable(number) })

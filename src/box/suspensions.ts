import type { Suspensions } from '../model/box.ts'
import { nullable, object, record } from '../model/check-json.ts'
import { storedSuspension } from '../model/suspension.ts'
import { stateFile } from './state-file.ts'

const NONE = { all: null, backups: {} }

export function openSuspensions(stateFolder: string): Suspensions {
  const stored = object({ all: nullable(storedSuspension), backups: record(storedSuspension) })
  const file = stateFile(stateFolder, 'suspensions', NONE, stored)
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

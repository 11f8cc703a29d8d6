import type { PassEvent } from '../../src/model/event.ts'
import { backupPlan, GIB, HELD, KIB, OTHER, outcome, step } from './sample-documents.ts'

/** One event of each type, with `name` wherever a source or a person could have put text. */
export function everyEvent(name: string): readonly PassEvent[] {
  const backup = 'postgres'
  const trouble = { code: 'x', message: name, hint: name }
  return [
    { type: 'backup-started', backup, from: name, to: name },
    { type: 'waiting', backup, for: 'host' },
    { type: 'planned', backup, plan: backupPlan([step('pull x', { path: name, size: GIB })]) },
    { type: 'batch-started', backup, files: 2, bytes: GIB, resumedBytes: 5 },
    progress(name, 0.9),
    { type: 'gating', backup, files: 2, bytes: GIB },
    { type: 'published', backup, path: name, size: GIB, digest: HELD, how: 'pulled' },
    { type: 'retrying', backup, attempt: 2, seconds: 30, why: name },
    { type: 'problem', backup, problem: { ...trouble, path: name } },
    { type: 'conflict', backup, conflict: { path: name, held: HELD, source: OTHER } },
    { type: 'halt', backup, halt: trouble },
    { type: 'hold', backup, hold: { id: 'h-1', code: 'x', message: name } },
    { type: 'recovered', backup, what: name },
    {
      type: 'backup-finished',
      backup,
      outcome: outcome({ result: 'applied', published: [name], bytes: GIB, seconds: 60 }),
    },
  ]
}

/** `done` of 1.4 GiB, 0.4 GiB of which an earlier run had brought. */
export const progress = (path: string, done: number, more: { backup?: string } = {}): PassEvent => ({
  type: 'progress',
  backup: more.backup ?? 'postgres',
  path,
  files: { done: 12, total: 40, published: 9 },
  bytes: { done: done * GIB, total: 1.4 * GIB, resumed: 0.4 * GIB },
  rate: 25 * KIB,
})

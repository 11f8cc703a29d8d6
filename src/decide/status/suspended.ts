import { type Instant, isoTime } from '../../model/instant.ts'
import type { BackupPlan } from '../../model/plan.ts'
import type { Spec } from '../../model/spec.ts'
import type { StoredSuspensions, Suspended, SuspendedNow } from '../../model/suspension.ts'
import { summarize } from '../plan/backup.ts'

/** Why a backup does not run now; null: it runs. The spec's word goes before a command's, and one whose time is over counts no more. */
export function suspensionOf(
  { name, suspend }: Pick<Spec, 'name' | 'suspend'>,
  stored: StoredSuspensions,
  now: Instant,
): SuspendedNow | null {
  const counts = ({ until }: { readonly until: Instant | null }) => until === null || now < until
  if (suspend !== null && counts(suspend)) return { from: 'spec', ...suspend }
  const own = stored.backups.get(name)
  if (own !== undefined && counts(own)) return { from: 'command', of: 'backup', ...own }
  return stored.all !== null && counts(stored.all) ? { from: 'command', of: 'all', ...stored.all } : null
}

/** Nothing was said by command. */
export const NOT_SUSPENDED: StoredSuspensions = { all: null, backups: new Map() }

/** As documents tell it. */
export function toSuspended(now: SuspendedNow): Suspended {
  const { reason } = now
  const until = now.until === null ? null : isoTime(now.until)
  if (now.from === 'spec') return { reason, until, by: null, spec: { file: now.file, line: now.line } }
  const by = { user: now.by, at: isoTime(now.at), all: now.of === 'all' }
  return { reason, until, by, spec: null }
}

/** `by anna since …, until …: disk swap`: for people. */
export function describeSuspended({ reason, until, by, spec }: Suspended): string {
  const who =
    by === null
      ? `in the spec (${spec?.file ?? '?'}:${spec?.line ?? '?'})`
      : `${by.all ? 'with all others ' : ''}by ${by.user} since ${by.at}`
  const end = until === null ? '' : `, until ${until}`
  return `${who}${end}${reason === null ? '' : `: ${reason}`}`
}

/** How it is ended before its time. */
export const resumeHint = (backup: string, { by, spec }: Suspended): string =>
  by === null
    ? `Take "suspend" out of ${spec?.file ?? 'the spec'}, at line ${spec?.line ?? '?'}.`
    : `End it with: reconcile resume ${by.all ? '--all' : backup}`

/** The plan of a backup that does not run: what is late is reported, and there is nothing to do. */
export const suspendPlan = (plan: BackupPlan, suspended: SuspendedNow): BackupPlan => ({
  ...plan,
  steps: [],
  halt: null,
  holds: [],
  problems: [],
  warnings: [],
  summary: summarize([], plan.summary.keep),
  seconds: null,
  unwanted: { files: 0, bytes: 0 },
  retained: null,
  suspended: toSuspended(suspended),
})

import type { Instant } from '../model/instant.ts'
import type { Spec } from '../model/spec.ts'
import type { StoredSuspensions, SuspendedNow } from '../model/suspension.ts'

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

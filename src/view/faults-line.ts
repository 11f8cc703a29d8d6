import { isRefusal } from '../decide/status/over-specs.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { counted } from './human-count.ts'
import { shortCommit } from './short-commit.ts'

/** The number of faults and their consequence; null: none. A rejected commit counts as a whole. */
export function faultsLine(
  {
    diagnostics,
    revision,
  }: { readonly diagnostics: readonly Diagnostic[]; readonly revision: string | null },
  consequence: string,
): string | null {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return null
  const see = 'See reconcile validate.'
  if (!errors.some(({ code }) => isRefusal(code)))
    return `${counted(errors.length, 'fault')} in specs or settings: ${consequence}. ${see}`
  const instead =
    revision === null ? 'and there is no earlier one' : `commit ${shortCommit(revision)} stays in force`
  return `The newest commit is rejected, ${instead}. ${see}`
}

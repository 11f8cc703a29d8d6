import { fileName } from '../decide/status/causes.ts'
import { isRefusal } from '../decide/status/over-specs.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { shortCommit } from './short-commit.ts'

/**
 * The number of faults and their consequence; null: none. A rejected commit counts as a whole. `none`: what is so of all backups, where
 * the settings themselves are faulty.
 */
export function faultsLine(
  {
    diagnostics,
    revision,
  }: { readonly diagnostics: readonly Diagnostic[]; readonly revision: string | null },
  consequence: string,
  none: string | null,
): string | null {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return null
  const see = 'See reconcile validate.'
  if (none !== null) return `${none}. ${see}`
  if (!errors.some(({ code }) => isRefusal(code)))
    return `${counted(errors.length, 'fault')} in specs or settings: ${consequence}. ${see}`
  const instead =
    revision === null ? 'and there is no earlier one' : `commit ${shortCommit(revision)} stays in force`
  return `The newest commit is rejected, ${instead}. ${see}`
}

/** The file of the settings, where that is faulty, as a reason for whatever is left undone. */
export const becauseOf = (config: string): string => `because ${escapeText(fileName(config))} is faulty`

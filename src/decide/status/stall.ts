import type { BareOutcome } from '../../model/outcome.ts'
import { isDamage } from './exit-code.ts'

/** Why trying again alone will not mend what a pass came to: somebody has to do something first. Null: it may. */
export function stallOf(outcome: BareOutcome): { readonly reason: string; readonly message: string } | null {
  const { halt, holds, conflicts, lost, problems } = outcome
  if (halt !== null) return { reason: halt.code, message: `${halt.message}. ${halt.hint}` }
  const [hold] = holds
  if (hold !== undefined) return { reason: hold.code, message: `${hold.message} (release ${hold.id})` }
  if (conflicts.length > 0) return { reason: 'conflict', message: `${conflicts.length} in conflict` }
  if (lost.length > 0) return { reason: 'lost', message: `${lost.length} lost` }
  const lasting = problems.find(({ retryable, code }) => retryable === false || isDamage(code))
  if (lasting === undefined) return null
  const { code, path, message, hint } = lasting
  return { reason: code, message: `${path === undefined ? '' : `${path}: `}${message} ${hint}` }
}

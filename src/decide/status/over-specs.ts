import type { Instant } from '../../model/instant.ts'
import type { StaleReason } from '../../model/specs-memory.ts'
import type { Condition, DestinationStatus } from '../../model/status.ts'
import { releaseText } from './conditions.ts'

/** Guards over the specs as a whole. What was obeyed before stays in force under them, so a backup as such is not stopped by one. */
const OVER_SPECS: ReadonlySet<string> = new Set([
  'specs-gone',
  'specs-vanished',
  'history-rewritten',
  'defaults-gone',
  'hosts-gone',
])

export const isOverSpecs = (code: string): boolean => OVER_SPECS.has(code)

/** Faults for which a commit as a whole is not taken. */
const REFUSALS: ReadonlySet<string> = new Set(['commit-refused', 'commit-unsigned', 'commit-unkept'])

export const isRefusal = (code: string): boolean => REFUSALS.has(code)

/** Why newer commits are not seen: the repository said no, or the line is down. */
const NOT_SEEN: ReadonlySet<string> = new Set(['git-refused', 'git-unreachable'])

export const isNotSeen = (code: string): boolean => NOT_SEEN.has(code)

/** A server may be away for so long to be restarted. Milliseconds. */
const MILD = 3600 * 1000

/** Whether somebody has to see to it: a definite no at once, a line that is down only after an hour. */
export const isDeaf = ({ code, since }: Pick<StaleReason, 'code' | 'since'>, asOf: Instant): boolean =>
  code === 'git-refused' || (code === 'git-unreachable' && asOf - since >= MILD)

/** What the last pass said but for the holds over all specs that stood then: whether one stands now is known elsewhere. */
export function withoutOverSpecs(last: DestinationStatus): DestinationStatus {
  const holds = last.holds.filter(({ code }) => !isOverSpecs(code))
  if (holds.length === last.holds.length) return last
  const { result, counts } = last
  const isOnlyThat = last.exitCode === 7 && holds.length === 0 && result !== 'halted'
  const isBad = result === 'failed' || counts.problems > 0
  const exitCode = !isOnlyThat ? last.exitCode : isBad ? 1 : 0
  const [hold] = holds
  const stalled =
    hold === undefined
      ? ({ status: 'false', reason: 'not-stalled', message: '' } as const)
      : ({ status: 'true', reason: hold.code, message: releaseText(hold) } as const)
  const ready = isBad
    ? ({ status: 'false', reason: 'failed', message: `the last pass failed, or met a problem` } as const)
    : ({ status: 'true', reason: result, message: result } as const)
  const mended = (one: Condition): Condition => {
    if (one.type === 'Stalled' && isOverSpecs(one.reason)) return { ...one, ...stalled }
    return one.type === 'Ready' && isOnlyThat ? { ...one, ...ready } : one
  }
  return { ...last, holds, exitCode, conditions: last.conditions.map(mended) }
}

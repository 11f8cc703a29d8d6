import type { Condition, DestinationStatus } from '../model/status.ts'

/** Guards over the specs as a whole. What was obeyed before stays in force under them, so a backup as such is not stopped by one. */
const OVER_SPECS: ReadonlySet<string> = new Set([
  'specs-gone',
  'specs-vanished',
  'history-rewritten',
  'defaults-gone',
])

export const isOverSpecs = (code: string): boolean => OVER_SPECS.has(code)

/** Faults for which a commit as a whole is not taken. */
const REFUSALS: ReadonlySet<string> = new Set(['commit-refused', 'commit-unsigned', 'commit-unkept'])

export const isRefusal = (code: string): boolean => REFUSALS.has(code)

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
      : ({ status: 'true', reason: hold.code, message: `${hold.message} (release ${hold.id})` } as const)
  const ready = isBad
    ? ({ status: 'false', reason: 'failed', message: `the last pass failed, or met a problem` } as const)
    : ({ status: 'true', reason: result, message: result } as const)
  const mended = (one: Condition): Condition => {
    if (one.type === 'Stalled' && isOverSpecs(one.reason)) return { ...one, ...stalled }
    return one.type === 'Ready' && isOnlyThat ? { ...one, ...ready } : one
  }
  return { ...last, holds, exitCode, conditions: last.conditions.map(mended) }
}

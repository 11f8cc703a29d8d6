import { type Instant, isoTime } from '../../model/instant.ts'
import { CONDITION_TYPES, type Condition, type ConditionType } from '../../model/status.ts'
import type { Hold } from '../../model/trouble.ts'

/** A condition before it is known since when it holds. */
export interface Claim extends Omit<Condition, 'since'> {
  /** Where that is known exactly. */
  readonly since?: Instant
}

export const claim = (
  type: ConditionType,
  status: Condition['status'],
  reason: string,
  message = '',
): Claim => ({ type, status, reason, message })

/** What a condition of these types says is good when it is true. */
const GOOD: ReadonlySet<ConditionType> = new Set(['Ready', 'Fresh', 'SpecValid', 'SourceReachable', 'Proven'])

/** A condition that says nothing bad: that something is under way is neither good nor bad. */
const isWell = ({ type, status }: Pick<Condition, 'type' | 'status'>): boolean =>
  type === 'Reconciling' || status === (GOOD.has(type) ? 'true' : 'false')

/** What is not known because nobody asked for it. */
const UNASKED: ReadonlySet<string> = new Set(['nothing-expected', 'no-spec', 'not-proven-yet'])

/** Whether it is reported unasked. Unknown is not well. */
export const isTrouble = (condition: Condition): boolean =>
  !isWell(condition) && !(condition.status === 'unknown' && isUnasked(condition))

/** A pass of an earlier version did not know of some troubles, and the next one will say. */
const isUnasked = ({ type, reason }: Pick<Condition, 'type' | 'reason'>): boolean =>
  UNASKED.has(reason) || (reason === 'not-recorded' && !GOOD.has(type))

/**
 * One condition of each type that is claimed, in the order of the types. Its time is that of `before` for as long as it says the same:
 * the same status, and of a trouble the same reason. `at`: the time of what is new, where the claim does not know it.
 */
export function dated(
  claims: readonly Claim[],
  before: readonly Condition[],
  at: Instant,
): readonly Condition[] {
  const now = isoTime(at)
  return CONDITION_TYPES.flatMap((type) => {
    const claim = claims.find((one) => one.type === type)
    if (claim === undefined) return []
    const { since, ...rest } = claim
    const last = before.find((one) => one.type === type)
    const isSame = last?.status === claim.status && (isWell(claim) || last.reason === claim.reason)
    return [{ ...rest, since: since === undefined ? (isSame ? last.since : now) : isoTime(since) }]
  })
}

/** The first few names of `count`. */
export function fewOf(names: readonly string[], count = names.length): string {
  const first = names.slice(0, FEW)
  return `${first.join(', ')}${count > first.length ? ` and ${count - first.length} more` : ''}`
}

export const FEW = 3
const NAMED = 20

/** Several troubles of one kind in one message. */
export const joined = (messages: readonly string[]): string =>
  [
    ...messages.slice(0, NAMED),
    ...(messages.length > NAMED ? [`and ${messages.length - NAMED} more`] : []),
  ].join('; ')

/** What a hold asks, and by which id it may pass. */
export const releaseText = ({ id, message }: Pick<Hold, 'id' | 'message'>): string =>
  `${message} (reconcile release ${id})`

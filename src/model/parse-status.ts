import {
  type Check,
  type Checked,
  list,
  matches,
  moment,
  nullable,
  number,
  object,
  oneOf,
  text,
} from './check-json.ts'
import { condition, type DestinationStatus, newer, promised, troubleGroups } from './status.ts'
import { checkedHold } from './trouble.ts'

/**
 * What a `status.json` of any version says; null if it is not one. Earlier versions wrote less, and later ones may write more: what is
 * missing, or not as we know it, is unknown.
 */
export function parseStatus(value: unknown): DestinationStatus | null {
  if (!isStatus(value)) return null
  const { backup, finished, result, exitCode, counts, head } = value
  return {
    format: 'reconcile.destination/1',
    backup,
    finished,
    result,
    exitCode,
    lastSuccess: known(value.lastSuccess, moment),
    conditions: sound(value.conditions, condition),
    counts,
    listed: known(value.listed, number),
    clock: known(value.clock, moment) ?? finished,
    leapt: known(value.leapt, moment),
    troubles: known(value.troubles, troubleGroups),
    holds: sound(value.holds, checkedHold),
    lookBy: known(value.lookBy, moment),
    observed: known(value.observed, observed),
    promised: known(value.promised, promised),
    series: sound(value.series, series),
    awaited: sound(value.awaited, awaited),
    head,
  }
}

/** Without these it is not a status. */
const essential = object({
  format: oneOf('reconcile.destination/1'),
  backup: text,
  finished: text,
  result: text,
  exitCode: number,
  conditions: list(() => null),
  counts: object({ waiting: number, conflict: number, lost: number, problems: number, pending: number }),
  head: nullable(object({ seq: number, hash: text })),
})
const isStatus = matches(essential as Check<Checked<typeof essential> & Partial<DestinationStatus>>)

const observed = object({ digest: text, revision: nullable(text) })
const awaited = object({ series: text, since: moment })
const series = object({ series: text, newer })

/** The value where it is as it should be; else it is not known. */
const known = <T>(value: T | null | undefined, check: Check<NoInfer<T>>): T | null =>
  value != null && matches(check)(value) ? value : null

/** Those of a list that are as they should be. */
const sound = <T>(values: readonly T[] | undefined, check: Check<NoInfer<T>>): readonly T[] =>
  Array.isArray(values) ? values.filter(matches(check)) : []

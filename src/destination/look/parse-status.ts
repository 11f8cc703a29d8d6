import { isObject } from '../../model/is-object.ts'
import { CONDITION_TYPES, type Condition, type DestinationStatus } from '../../model/status.ts'
import type { Hold } from '../../model/trouble.ts'

type Fields<T> = { readonly [Key in keyof T]?: unknown }

/**
 * What a `status.json` says, whichever version wrote it; null where it is none. Earlier versions did not write all of it, and a later one
 * may write more: what is not there, or not as we know it, is not known.
 */
export function parseStatus(value: unknown): DestinationStatus | null {
  if (!isObject(value)) return null
  const it = value as Fields<DestinationStatus>
  const { backup, finished, result, exitCode, counts, lastSuccess = null, head } = it
  if (it.format !== 'reconcile.destination/1') return null
  if (!isText(backup) || !isText(finished) || !isText(result) || typeof exitCode !== 'number') return null
  if (!Array.isArray(it.conditions) || !isCounts(counts) || !isHead(head)) return null
  const promised = it.promised as Fields<NonNullable<DestinationStatus['promised']>> | null | undefined
  return {
    format: 'reconcile.destination/1',
    backup,
    finished,
    result,
    exitCode,
    lastSuccess: isTime(lastSuccess) ? lastSuccess : null,
    conditions: it.conditions.filter(isCondition),
    counts,
    listed: typeof it.listed === 'number' ? it.listed : null,
    clock: isTime(it.clock) ? it.clock : finished,
    leapt: isTime(it.leapt) ? it.leapt : null,
    holds: listOf(it.holds, isHold),
    lookBy: isTime(it.lookBy) ? it.lookBy : null,
    observed: isObserved(it.observed) ? it.observed : null,
    promised:
      isObject(promised) && isTime(promised.nextRun) && isTime(promised.validUntil)
        ? { nextRun: promised.nextRun, validUntil: promised.validUntil }
        : null,
    series: listOf(it.series, isSeries),
    awaited: listOf(it.awaited, isAwaited),
    head,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTime = (value: unknown): value is string => isText(value) && !Number.isNaN(Date.parse(value))

const listOf = <T>(value: unknown, is: (one: unknown) => one is T): readonly T[] =>
  Array.isArray(value) ? value.filter(is) : []

function isCounts(value: unknown): value is DestinationStatus['counts'] {
  if (!isObject(value)) return false
  const { waiting, conflict, lost, problems, pending } = value as Fields<DestinationStatus['counts']>
  return [waiting, conflict, lost, problems, pending].every((count) => typeof count === 'number')
}

function isCondition(value: unknown): value is Condition {
  if (!isObject(value)) return false
  const { type, status, reason, message, since } = value as Fields<Condition>
  return (
    CONDITION_TYPES.some((known) => known === type) &&
    (status === 'true' || status === 'false' || status === 'unknown') &&
    isText(reason) &&
    isText(message) &&
    isTime(since)
  )
}

function isHold(value: unknown): value is Hold {
  if (!isObject(value)) return false
  const { id, code, message } = value as Fields<Hold>
  return isText(id) && isText(code) && isText(message)
}

function isObserved(value: unknown): value is NonNullable<DestinationStatus['observed']> {
  if (!isObject(value)) return false
  const { digest, revision } = value as Fields<NonNullable<DestinationStatus['observed']>>
  return isText(digest) && (revision === null || isText(revision))
}

const NEWER: readonly unknown[] = [
  'none',
  'coming',
  'no-marker',
  'refused',
  'unwanted',
  'beside-pattern',
  'unclear',
  'unknown',
] satisfies readonly DestinationStatus['series'][number]['newer'][]

function isSeries(value: unknown): value is DestinationStatus['series'][number] {
  if (!isObject(value)) return false
  const { series, newer } = value as Fields<DestinationStatus['series'][number]>
  return isText(series) && NEWER.includes(newer)
}

function isAwaited(value: unknown): value is DestinationStatus['awaited'][number] {
  if (!isObject(value)) return false
  const { series, since } = value as Fields<DestinationStatus['awaited'][number]>
  return isText(series) && isTime(since)
}

function isHead(head: unknown): head is DestinationStatus['head'] {
  if (head === null) return true
  if (!isObject(head)) return false
  const { seq, hash } = head as Fields<NonNullable<DestinationStatus['head']>>
  return typeof seq === 'number' && isText(hash)
}

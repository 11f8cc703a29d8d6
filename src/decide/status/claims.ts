import { SKEW } from '../../model/clock-sanity.ts'
import { humanSize } from '../../model/human-size.ts'
import { instant, isoTime } from '../../model/instant.ts'
import type { BackupState, ConditionType, DestinationStatus } from '../../model/status.ts'
import { type Hold, type SpecPlace, withHint } from '../../model/trouble.ts'
import type { WatchWord } from '../../model/watch-beat.ts'
import { isEnded } from '../files/emptiness.ts'
import { provenNow } from '../restore/proof.ts'
import { type Claim, claim, joined, releaseText } from './conditions.ts'
import type { StatusFacts, StatusLook } from './facts.ts'
import { heldClaim } from './fold.ts'
import { missedPass } from './look-by.ts'
import { notWholeText } from './not-whole.ts'
import { isNotSeen, isRefusal } from './over-specs.ts'
import { freshClaim, lateSeries } from './series.ts'
import { describeSuspended, resumeHint, toSuspended } from './suspended.ts'

export interface Judged {
  readonly state: BackupState
  /** Null: what the last pass said stands. */
  readonly ready: Claim | null
  /** Why what is known may not be so any more; null: it counts. */
  readonly doubt: Said | null
}

type Said = Pick<Claim, 'reason' | 'message' | 'since' | 'place'>

/** The state, and what is to be said of readiness. The worst that is known comes first; then doubt; only then is it ok. */
export function judgeState(facts: StatusFacts, look: StatusLook): Judged {
  const { hold, last, holding, suspension, spec, watch, specFaults } = facts
  const { halt, gone, views, misfit } = look
  const doubt = doubtOf(facts, look)
  const is = (state: BackupState, said: Said | null = null): Judged => ({
    state,
    ready: said === null ? null : { type: 'Ready', status: 'false', ...said },
    doubt,
  })
  if (hold !== null) return is('held', { reason: hold.code, message: releaseText(hold) })
  if (facts.isReleased === true && doubt === null)
    return { state: 'pending', ready: { type: 'Ready', status: 'unknown', ...RELEASED }, doubt }
  if (halt !== null) return is('failed', { reason: halt.code, message: withHint(halt) })
  if (last !== null && last.counts.conflict > 0) return is('conflict')
  if (last !== null && last.counts.lost > 0) return is('failed')
  if (gone[0] !== undefined)
    return is('failed', { reason: gone[0].code, message: notWholeText(gone[0], facts.place.path) })
  if (suspension !== null) {
    const suspended = toSuspended(suspension)
    const hint = resumeHint(facts.backup, suspended)
    const message = withHint({ message: `suspended ${describeSuspended(suspended)}`, hint })
    const since = suspension.from === 'command' ? { since: suspension.at } : {}
    return is('suspended', { reason: 'suspended', message, ...since })
  }
  if (watch !== null && watch.crash !== null) {
    const message = `a bug of reconcile ended its last pass: ${watch.crash}. See the log of watch`
    return is('failed', { reason: 'crashed', message })
  }
  const said = last === null ? null : saidByLast(last)
  if (said === 'held') return is(said)
  // By the spec as it is now: no pass need have obeyed it yet.
  if (misfit !== null) return is('failed', { reason: misfit.code, message: withHint(misfit) })
  const empty = emptyNow(facts, look, said)
  if (empty !== null) return is('empty', empty.said)
  if (said === 'failed') return is(said)
  const [proven] = provenNow(facts, look)
  if (proven?.status === 'false') return is('failed', { reason: proven.reason, message: proven.message })
  const crowded = crowdedNow(facts, look)
  if (crowded !== null) return is('held', crowded)
  const late = lateSeries(views)
  if (late[0] !== undefined) return is('late', { reason: 'late', message: late[0].message })
  if (specFaults.length > 0)
    return is('failed', { reason: 'spec-invalid', message: LAST_GOOD, ...sinceWritten(facts) })
  const [over] = facts.overSpecs ?? []
  if (over !== undefined) {
    return is('held', { reason: over.code, message: releaseText(over), ...sinceHeld(facts, over.code) })
  }
  if (doubt === null && holding?.turn?.isBack === true)
    return { state: 'pending', ready: { type: 'Ready', status: 'unknown', ...SWAPPED }, doubt }
  if (doubt !== null || (holding === null && !look.isAway)) {
    // The first pass is at it, or one that is long due.
    const isAtIt = look.isUnderWay && (doubt?.reason === 'never-run' || doubt?.reason === 'overdue')
    return {
      state: isAtIt ? 'pending' : 'unknown',
      ready: { type: 'Ready', status: 'unknown', ...(doubt ?? NOT_LOOKED_AT) },
      doubt,
    }
  }
  const isOld = spec !== null && isOtherSpec(last, spec.digest)
  return is(said === 'pending' || isOld ? 'pending' : 'ok')
}

const LAST_GOOD = 'its newest spec is faulty: watch obeys the last good one'

const RELEASED: Said = { reason: 'released', message: 'its hold was released: the next pass looks' }

const SWAPPED: Said = {
  reason: 'disk-swapped',
  message: 'the disk that is here was away when the backup was last looked at: the next pass looks',
}

const NEVER_RUN: Said = { reason: 'never-run', message: 'no pass has finished here yet' }

const HELD: Said = { reason: 'not-looked-at', message: 'it is not looked at while it is held' }

const NOT_LOOKED_AT: Said = { reason: 'not-looked-at', message: 'the destination could not be read' }

/** What a pass that finds nothing complete here says of it. */
const EMPTY: ReadonlySet<string> = new Set(['empty', 'nothing-found', 'list-fits-nothing'])

/**
 * I14: whether nothing complete is here of a backup that is to hold something; null: it is not so, or the last pass could not see it.
 * `said` null: what the last pass said of it stands.
 */
function emptyNow(
  { spec, holding, last, place }: StatusFacts,
  { held, views }: StatusLook,
  byLast: ReturnType<typeof saidByLast> | null,
): { readonly said: Said | null } | null {
  if (holding === null || last === null || held > 0 || isEnded(views)) return null
  const ready = last.conditions.find(({ type }) => type === 'Ready')
  if (ready !== undefined && EMPTY.has(ready.reason)) return { said: null }
  // Without a spec nobody knows whether anything is to be here.
  if (byLast !== 'well' || spec === null) return null
  const message = `nothing complete that its spec selects is held in ${place.path}`
  return { said: { reason: 'empty', message } }
}

/** The next pass would halt: something is to come, and less than minFree is free. Null: that is not so. */
function crowdedNow({ spec, holding, last }: StatusFacts, { isUnderWay, staged }: StatusLook): Said | null {
  const isWanted = staged !== null || (last !== null && last.counts.pending > 0)
  if (isUnderWay || !isWanted || spec === null || holding?.free == null) return null
  const { minFree, path } = spec.destination
  if (holding.free >= minFree) return null
  return {
    reason: 'min-free',
    message: `files are still to be transferred, ${humanSize(holding.free)} free at ${path}, and destination.minFree reserves ${humanSize(minFree)}`,
  }
}

function saidByLast(last: DestinationStatus): 'held' | 'failed' | 'pending' | 'well' {
  const cutShort = last.result === 'incomplete' || last.result === 'cancelled'
  if (!cutShort && last.exitCode !== 0) {
    // Damage is worse than what a removal is held for.
    if (last.exitCode === 6 && last.result !== 'halted') return 'failed'
    if (last.result === 'halted' || last.holds.length > 0) return 'held'
    // Lateness makes a pass exit with 1 where nothing else was wrong with it.
    const isWell = last.result === 'in-sync' || last.result === 'applied'
    if (!isWell || last.exitCode !== 1 || last.counts.problems > 0) return 'failed'
  }
  if (cutShort && last.counts.problems > 0) return 'failed'
  return cutShort || last.counts.pending > 0 ? 'pending' : 'well'
}

/** What was written under another clock, or was promised and has not come, says nothing about now. */
function doubtOf(
  { spec, last, holding, holders, silentSince }: StatusFacts,
  { asOf, isAway, isUnderWay }: StatusLook,
): Said | null {
  if (last === null) return NEVER_RUN
  const finished = instant(Date.parse(last.finished))
  if (Number.isNaN(finished))
    return { reason: 'not-recorded', message: 'when the last pass ended cannot be read' }
  const written = instant(Math.max(finished, holding?.lastTime ?? finished))
  if (written > asOf + SKEW) {
    const message = `this box's clock shows ${isoTime(asOf)}, behind ${isoTime(written)}, the last time recorded here, so ages are unknown. Set it`
    return { reason: 'box-clock', message }
  }
  const missed = missedPass(last, spec?.schedule ?? null, isAway, asOf)
  if (missed !== null) return missed
  const end = last.promised === null ? null : instant(Date.parse(last.promised.validUntil))
  if (end === null || isUnderWay) return null
  if (asOf <= end) {
    if (silentSince === null) return null
    const what =
      silentSince === 'unknown'
        ? 'it is unknown whether it runs: its last heartbeat, watch.json in the state folder, is damaged'
        : `is no longer running: it was last heard of at ${silentSince}`
    const message = `watch promised a pass by ${isoTime(end)}, and ${what}. Start it; or, if cron runs the passes now, remove watch.json from the state folder`
    return { reason: 'watch-gone', message, ...sinceText(silentSince) }
  }
  const who = holders === null ? '; it is unknown whether a pass is under way' : ''
  const message = `nobody has looked since ${last.finished}, and a pass was promised by ${isoTime(end)}: watch does not run, or hangs${who}`
  return { reason: 'overdue', message, since: end }
}

const sinceText = (time: string): Pick<Claim, 'since'> => {
  const at = Date.parse(time)
  return Number.isNaN(at) ? {} : { since: instant(at) }
}

const sinceWritten = ({ written }: StatusFacts): Pick<Claim, 'since'> =>
  written === null ? {} : { since: written }

/** Of a commit that is held it is known. */
function sinceHeld({ stale }: StatusFacts, code: string): Pick<Claim, 'since'> {
  const since = stale.find((one) => one.code === code)?.since
  return since === undefined ? {} : { since }
}

/** The spec is another one than the last pass obeyed. */
const isOtherSpec = (last: DestinationStatus | null, digest: string): boolean =>
  last?.observed != null && last.observed.digest !== digest

/** All conditions as this look finds them; what it cannot tell is as the last pass left it. */
export function claimsOf(facts: StatusFacts, look: StatusLook, judged: Judged): readonly Claim[] {
  const { last } = facts
  const kept = (type: ConditionType): Claim => keptClaim(facts, type)
  return [
    readyClaim(judged, kept('Ready'), facts),
    reconcilingClaim(facts),
    stalledClaim(facts, look, kept('Stalled')),
    freshNow(facts, look, judged),
    specClaim(facts),
    kept('SourceReachable'),
    heldNow(facts, kept('Held')),
    kept('Pushed'),
    ...provenNow(facts, look),
    kept('Anomalous'),
    // There only where it is so.
    ...(last?.conditions.some(({ type }) => type === 'Skipped') ? [kept('Skipped')] : []),
  ]
}

function heldNow(facts: StatusFacts, kept: Claim): Claim {
  const { last, hold, overSpecs } = facts
  const own = hold === null ? (last?.holds ?? []) : [hold]
  const holds = new Map([...own, ...(overSpecs ?? [])].map((one) => [one.id, one]))
  if (holds.size === 0 && last === null) return kept
  const held = heldClaim([...holds.values()])
  return { ...held, ...sinceHeld(facts, held.reason) }
}

function readyClaim(judged: Judged, kept: Claim, { watch }: StatusFacts): Claim {
  const ready = withDoubt(judged, kept)
  const again = triesAgain(watch)
  if (again === null || ready.status === 'true') return ready
  const count = watch?.failures === 1 ? 'a failure' : `${watch?.failures} failures in a row`
  return { ...ready, message: also(ready.message, `watch tries again at ${again}, after ${count}`) }
}

function withDoubt({ ready, doubt }: Judged, last: Claim): Claim {
  const known = ready ?? last
  if (doubt === null || known.reason === doubt.reason || doubt.reason === 'never-run') return known
  // A trouble that is known stays one; it is said beside it that it may be worse by now.
  return { ...known, message: also(known.message, doubt.message) }
}

const also = (message: string, more: string): string => `${message.replace(/\.$/, '')}; ${more}`

function keptClaim({ last, holding, hold, halt }: StatusFacts, type: ConditionType): Claim {
  if (last === null) {
    const isSeen = holding !== null || (hold ?? halt) === null
    const { reason, message } = isSeen ? NEVER_RUN : hold === null ? NOT_LOOKED_AT : HELD
    return claim(type, 'unknown', reason, message)
  }
  const found = last.conditions.find((one) => one.type === type)
  if (found === undefined)
    return claim(type, 'unknown', 'not-recorded', 'the last pass recorded nothing about it')
  const { since: _, ...kept } = found
  return kept
}

function reconcilingClaim({ holders, progress }: StatusFacts): Claim {
  const type = 'Reconciling'
  const foreign = 'the lock is of another user, whose processes only root can see'
  if (holders === null) return claim(type, 'unknown', 'not-visible', foreign)
  if (holders.length === 0) return claim(type, 'false', 'idle')
  // Arguments are nobody's business.
  const processes = `pid ${holders.map(({ pid }) => pid).join(', ')}`
  const pass = progress === null ? processes : `a pass since ${progress.since} (${processes})`
  return claim(type, 'true', 'in-use', pass)
}

function stalledClaim(facts: StatusFacts, { halt }: StatusLook, kept: Claim): Claim {
  const { hold, overSpecs } = facts
  const heldBy = (one: Hold): Claim => ({
    ...claim('Stalled', 'true', one.code, releaseText(one)),
    ...sinceHeld(facts, one.code),
  })
  if (hold !== null) return heldBy(hold)
  if (halt !== null) return claim('Stalled', 'true', halt.code, withHint(halt))
  const [over] = overSpecs ?? []
  return over === undefined || kept.status === 'true' ? kept : heldBy(over)
}

function freshNow(
  { spec, holding, hold, isReleased }: StatusFacts,
  { views, halt, isAway }: StatusLook,
  { doubt }: Judged,
): Claim {
  const unknown = ({ reason, message }: Said): Claim => claim('Fresh', 'unknown', reason, message)
  if (spec === null) return claim('Fresh', 'unknown', 'no-spec', 'without a spec nothing is expected')
  if ((holding === null && !isAway) || halt !== null)
    return unknown(isReleased === true ? RELEASED : hold !== null ? HELD : NOT_LOOKED_AT)
  const fresh = freshClaim(views)
  // With a clock that is wrong nothing is in time.
  return fresh.status === 'true' && doubt?.reason === 'box-clock' ? unknown(doubt) : fresh
}

function specClaim(facts: StatusFacts): Claim {
  const { spec, last, specFaults, stale } = facts
  const type = 'SpecValid'
  const fault = faultOf(specFaults)
  if (fault !== null) {
    const message = `${fault.message}; watch obeys the last good spec`
    return { type, status: 'false', ...fault, message, ...sinceWritten(facts) }
  }
  if (spec === null) return claim(type, 'unknown', 'no-spec', 'a folder was named: no spec was read')
  const why = stale.find(({ code }) => isRefusal(code)) ?? stale.find(({ code }) => isNotSeen(code))
  if (why !== undefined) {
    const status = isRefusal(why.code) ? 'false' : 'unknown'
    return { ...claim(type, status, why.code, why.message), since: why.since }
  }
  if (!isOtherSpec(last, spec.digest)) return claim(type, 'true', 'valid')
  return claim(type, 'true', 'spec-changed', 'the spec has changed since the last pass')
}

/** Faults as a condition shows them: all in words, and where the first one was written. Null: there are none. */
export function faultOf(
  faults: StatusFacts['specFaults'],
): (Pick<Claim, 'reason' | 'message'> & { readonly place: SpecPlace }) | null {
  const [first] = faults
  if (first === undefined) return null
  const { file, line, column, code } = first
  const message = joined(faults.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}`))
  return { reason: code, message, place: { file, line, column } }
}

/** When a daemon tries again what failed; null: nothing did. */
export const triesAgain = (watch: WatchWord | null): string | null =>
  watch !== null && watch.failures > 0 ? watch.nextRun : null

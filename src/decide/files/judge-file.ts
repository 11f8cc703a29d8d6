import { type Digest, digestKind } from '../../model/digest.ts'
import type { HeldFile, LedgerRecord, PrunedFile, Seen } from '../../model/holding.ts'
import { type Instant, isoSeconds } from '../../model/instant.ts'
import type { Action, Step } from '../../model/plan.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { changedUnderMarker, changesDaily, changesOf, isNextVersion } from './as-published.ts'
import {
  acknowledged,
  claimOf,
  digestOfKind,
  expectations,
  type FileFacts,
  hasFailedGate,
  isLossAccepted,
} from './facts.ts'
import {
  awaited,
  checksumFailed,
  isOlder,
  markerUnreadableHere,
  missingHere,
  rot,
  sourceChanged,
  tooLargeAtSource,
  unmarkedHere,
  waitOverdue,
} from './problems.ts'
import { twoVersions } from './versions.ts'

export interface Judgement {
  readonly steps: readonly Step[]
  readonly problems: readonly Problem[]
}

/** A file may wait this long for its marker before that is a problem. Milliseconds. */
const PATIENCE = 24 * 3600 * 1000
/** A file whose gate failed twice is tried again after this long. Milliseconds. */
export const RETRY_FAILED_GATE = 24 * 3600 * 1000

const NOTHING: Judgement = { steps: [], problems: [] }

const toDo = (...steps: readonly Step[]): Judgement => ({ steps, problems: [] })
const wrong = (...problems: readonly Problem[]): Judgement => ({ steps: [], problems })

/** What to do about one path. The whole table of cases; pure and total. */
export function judgeFile(facts: FileFacts, spec: Spec, asOf: Instant): Judgement {
  const { held, record, pruned, source } = facts
  if (source?.rival !== undefined && held?.marker == null) return rivals(facts, spec)
  if (pruned !== undefined && record !== undefined) return judgePruned(facts, record, pruned, spec, asOf)
  if (held !== undefined && held.marker !== null) {
    return record === undefined
      ? judgeUnknownPair(facts, held, spec)
      : judgePublished(facts, held, record, spec, asOf)
  }
  if (held !== undefined) {
    return record === undefined
      ? judgeUnmarked(facts, held, spec, asOf)
      : judgeUnmarkedOfOurs(facts, held, record, spec)
  }
  return record === undefined ? judgeNew(facts, spec, asOf) : judgeGone(facts, record, spec)
}

/** The ledger knows it, and data and marker are here. */
function judgePublished(
  facts: FileFacts,
  held: HeldFile,
  record: LedgerRecord,
  spec: Spec,
  asOf: Instant,
): Judgement {
  const { source } = facts
  const claim = claimOf(source)
  if (held.size !== record.size) {
    const because = `published with ${record.size} bytes, has ${held.size} now`
    return judgeRotten(facts, record, spec, because)
  }
  if (record.isRotten || held.foundOther !== undefined)
    return judgeRotten(facts, record, spec, 'its bytes are not those we published')
  if (held.marker?.isWrong) {
    return judgeUnmarkedOfOurs(facts, held, record, spec, 'its marker is not the one we published')
  }
  if (claim !== null && claim !== digestOfKind(record, claim)) {
    const steps = openConflict(facts, record, claim, spec)
    const because = 'complete; the other digest at the source is acknowledged'
    return toDo(...(steps.length > 0 ? steps : [keep(facts, record, because)]))
  }
  const kept = keepPublished(facts, record)
  if (isNextVersion(source, record)) {
    const next = unfinished(facts, source, spec, asOf)
    return { steps: [kept, ...next.steps], problems: next.problems }
  }
  const isChanged = source !== undefined && changedUnderMarker(source, record, facts.seen)
  return { steps: [kept], problems: isChanged ? [sourceChanged(facts.path)] : [] }
}

/** A pair that is here and that the ledger does not know: hashed before it counts. */
function judgeUnknownPair(facts: FileFacts, held: HeldFile, spec: Spec): Judgement {
  const claim = claimOf(facts.source)
  const own = held.marker?.digest ?? null
  if (own === null) return wrong(markerUnreadableHere(facts.path))
  const why = 'data and marker are here, the ledger does not know them: hashed before they count'
  const step = adopt(facts, held, own, why)
  const agrees = claim === null || digestKind(own) !== digestKind(claim) || own === claim
  return agrees || acknowledged(spec, facts.path, claim)
    ? toDo(step)
    : toDo(step, conflictStep(facts, own, claim, spec))
}

/** Data that the ledger knows, without its marker. The ledger judges first. */
function judgeUnmarkedOfOurs(
  facts: FileFacts,
  held: HeldFile,
  record: LedgerRecord,
  spec: Spec,
  why = 'its marker is gone',
): Judgement {
  if (held.foundOther !== undefined || held.size !== record.size) {
    return judgeRotten(facts, record, spec, `${why}, and the bytes are not those we published`)
  }
  const claim = claimOf(facts.source)
  const because = `${why}: put back from the ledger once the bytes have matched`
  const step = adopt(facts, held, record[spec.checksum], because)
  if (claim === null || claim === digestOfKind(record, claim)) return toDo(step)
  return toDo(step, ...openConflict(facts, record, claim, spec))
}

const adopt = (facts: FileFacts, { size }: HeldFile, digest: Digest, why: string): Step =>
  stepOn(facts, 'adopt', [why], { size, digest })

/** Data that is here without a marker and that the ledger never knew: half a file of an older script's, perhaps. */
function judgeUnmarked(facts: FileFacts, held: HeldFile, spec: Spec, asOf: Instant): Judgement {
  const { source, path } = facts
  if (source === undefined) return facts.completeness === 'complete' ? wrong(unmarkedHere(path)) : NOTHING
  const claim = claimOf(source)
  if (claim === null || source.listed === null) return judgeNew(facts, spec, asOf)
  if (held.foundOther === undefined && held.size === source.listed.size) {
    const why = 'data of the right size is here without its marker: taken over once the bytes have matched'
    return toDo(adopt(facts, held, claim, why))
  }
  const pull = judgeNew(facts, spec, asOf)
  const note =
    'other data is under this name without a marker: the transfer starts from it, and it is set aside once its replacement has matched'
  return { ...pull, steps: pull.steps.map((step) => ({ ...step, because: [...step.because, note] })) }
}

/**
 * Removed by a prune. What a person removed by name is never brought again (I8); what the policy removed comes again where the
 * policy wants it once more and the source still has the same bytes.
 */
function judgePruned(
  facts: FileFacts,
  record: LedgerRecord,
  pruned: PrunedFile,
  spec: Spec,
  asOf: Instant,
): Judgement {
  const claim = claimOf(facts.source)
  if (pruned.by === 'person' || facts.source === undefined) return NOTHING
  if (claim !== null && claim !== digestOfKind(record, claim))
    return toDo(...openConflict(facts, record, claim, spec))
  return judgeNew(facts, spec, asOf)
}

/** Why the source cannot replace what is rotten or gone here. */
const NO_MARKER = 'the source shows no marker for it'
const TOO_LARGE = 'transfer.maxFileSize keeps it from being pulled again'
const OTHER_BYTES = 'the source has other bytes under its name'
const NOT_KNOWN = 'whether the source still has it is not known'

/** No good copy is here, and the source has it no more: said until a person accepts it. What is here of it stays as it is. */
function judgeLost(facts: FileFacts, record: LedgerRecord, spec: Spec, because: string): Judgement {
  const held = record[spec.checksum]
  const words = [
    `${because}, and the source no longer has it`,
    `its ${spec.checksum} was ${held}`,
    ...(record.anomalies?.length ? ['it was odd: its loss is accepted apart, with lost: true'] : []),
  ]
  return toDo(stepOn(facts, 'lost', words, { size: record.size, held }))
}

/** The ledger says we had it, and it is gone here. */
const judgeGone = (facts: FileFacts, record: LedgerRecord, spec: Spec): Judgement =>
  judgeDamaged(facts, record, spec, 'it is gone here', missingHere)

/** Published once, and the bytes are not those any more. */
const judgeRotten = (facts: FileFacts, record: LedgerRecord, spec: Spec, because: string): Judgement =>
  judgeDamaged(facts, record, spec, because, (path, why) => rot(path, because, why))

/** No good copy is here. Only the ledger's own digest will do as a replacement. `problem`: what it is until then, and why it stays. */
function judgeDamaged(
  facts: FileFacts,
  record: LedgerRecord,
  spec: Spec,
  because: string,
  problem: (path: string, why: string) => Problem,
): Judgement {
  const { source, held, path, completeness } = facts
  const isAccepted = isLossAccepted(spec, path, record)
  const stays = (why: string) => (isAccepted ? [] : [problem(path, why)])
  if (source === undefined) {
    if (isAccepted) return NOTHING
    if (completeness !== 'complete') return wrong(problem(path, NOT_KNOWN))
    const what = held === undefined ? 'the ledger says we had it,' : 'the copy here is rotten:'
    return judgeLost(facts, record, spec, `${what} ${because}`)
  }
  const claim = claimOf(source)
  if (claim === null || source.listed === null)
    return { steps: held === undefined ? [wait(facts, spec)] : [], problems: stays(NO_MARKER) }
  if (claim !== digestOfKind(record, claim))
    return { steps: openConflict(facts, record, claim, spec), problems: stays(OTHER_BYTES) }
  const large = tooLarge(facts, spec)
  return large === null
    ? toDo(repair(facts, record, claim, because))
    : wrong(...large.problems, ...stays(TOO_LARGE))
}

/** Nothing of it is here but perhaps staged bytes. */
function judgeNew(facts: FileFacts, spec: Spec, asOf: Instant): Judgement {
  const { source, path, seen } = facts
  if (source === undefined) return NOTHING
  const claim = claimOf(source)
  const isUnasked = spec.finished.kind === 'quiet' && source.marker.state === 'unread'
  if (source.listed === null || source.marker.state === 'none' || isUnasked) {
    return unfinished(facts, source, spec, asOf)
  }
  // The marker is there and could not be read: the source's own problems say why.
  if (claim === null) return NOTHING
  const large = tooLarge(facts, spec)
  if (large !== null) return large
  const gate = seen?.gate ?? null
  if (gate !== null && hasFailedGate(seen, source) && asOf >= gate.at && asOf - gate.at < RETRY_FAILED_GATE) {
    return wrong(checksumFailed(path, claim))
  }
  const staged = facts.staged?.size ?? 0
  const usable = usableBytes(facts, claim, source.listed.size)
  const time = isoSeconds(source.listed.mtime)
  return toDo(
    stepOn(facts, staged > 0 ? 'resume' : 'pull', ['selected', ...vouchedFor(source)], {
      size: source.listed.size,
      time,
      digest: claim,
      ...(staged > 0 ? { stagedBytes: usable } : {}),
    }),
  )
}

const unfinished = (facts: FileFacts, source: SourceFile, spec: Spec, asOf: Instant): Judgement => ({
  steps: [wait(facts, spec)],
  problems: isOverdue(facts.seen, asOf) ? [waitOverdue(facts.path, spec.finished, isOlder(source))] : [],
})

const VOUCHED = {
  sums: 'named in a sums file',
  source: 'quiet; its rsync said the md5',
} as const

/** Who vouches for a claim, where it is not a marker. */
const vouchedFor = ({ marker }: SourceFile): readonly string[] =>
  marker.state === 'claimed' && marker.by !== undefined ? [VOUCHED[marker.by]] : []

/** Staged bytes that need not come again. Those of another digest may all have to. */
function usableBytes({ staged, seen }: FileFacts, claim: Digest, size: number): number {
  if (seen?.stagedFor != null && seen.stagedFor !== claim) return 0
  return Math.min(staged?.size ?? 0, size)
}

function repair(facts: FileFacts, record: LedgerRecord, claim: Digest, because: string): Step {
  const staged = facts.staged?.size ?? 0
  return stepOn(facts, 'repair', [because, 'the source still has the bytes we published'], {
    size: facts.source?.listed?.size ?? record.size,
    digest: claim,
    ...(staged > 0 ? { stagedBytes: staged } : {}),
  })
}

/** None, where the other digest is acknowledged. */
const openConflict = (facts: FileFacts, record: LedgerRecord, claim: Digest, spec: Spec): readonly Step[] =>
  acknowledged(spec, facts.path, claim) ? [] : [conflictStep(facts, digestOfKind(record, claim), claim, spec)]

function conflictStep(facts: FileFacts, held: Digest, claim: Digest, spec: Spec): Step {
  const because =
    facts.held === undefined
      ? 'was held here and is gone; the source has different bytes under this name'
      : `same name, different ${digestKind(claim)}; neither is touched`
  const { as } = spec.select
  const { source, record, seen } = facts
  const isDaily = source !== undefined && changesDaily(changesOf(source, record, seen))
  const apart = Math.abs((source?.listed?.mtime ?? 0) - (record?.mtime ?? 0))
  const hint = as !== undefined ? { hint: twoVersions(as, apart) } : isDaily ? { hint: EVERY_DAY } : {}
  return stepOn(facts, 'conflict', [because], { held, source: claim, ...hint })
}

const EVERY_DAY =
  'It changed on each of the last three days. If it is written anew every day, select.as keeps each version under a dated name, for example as: "{stem}-{YYYY}-{MM}-{DD}{ext}".'

/** Two files of the source have one name here, and nothing says which of them is meant. */
function rivals(facts: FileFacts, spec: Spec): Judgement {
  const { from, rival } = facts.source!
  const because = `${from} and ${rival} both have this name here, with different checksums; neither is pulled`
  const hint = twoVersions(spec.select.as!)
  return toDo(stepOn(facts, 'conflict', [because], { source: claimOf(facts.source)!, hint }))
}

/** A step that relies on what was found of its file. */
const stepOn = (facts: FileFacts, action: Action, because: readonly string[], more: Partial<Step>): Step => ({
  action,
  path: facts.path,
  ...(facts.source?.from === undefined ? {} : { from: facts.source.from }),
  because,
  ...more,
  expect: expectations(facts),
})

/** The one step of what is as it was published. */
export const keepPublished = (facts: FileFacts, record: LedgerRecord): Step => keep(facts, record, 'complete')

const keep = (facts: FileFacts, record: LedgerRecord, because: string): Step => ({
  action: 'keep',
  path: facts.path,
  because: [because],
  size: record.size,
})

function wait(facts: FileFacts, spec: Spec): Step {
  const { source } = facts
  if (source?.listed == null) return stepOn(facts, 'wait', ['the list names it, and it is not there yet'], {})
  const { size, mtime } = source.listed
  return stepOn(facts, 'wait', [awaited(spec, source)], { size, time: isoSeconds(mtime) })
}

function isOverdue(seen: Seen | undefined, asOf: Instant): boolean {
  const since = seen?.waitingSince ?? null
  return since !== null && asOf - since > PATIENCE
}

function tooLarge(facts: FileFacts, spec: Spec): Judgement | null {
  const limit = spec.transfer.maxFileSize
  const size = facts.source?.listed?.size ?? 0
  if (limit === null || size <= limit) return null
  return wrong(tooLargeAtSource(facts.path, size, limit))
}

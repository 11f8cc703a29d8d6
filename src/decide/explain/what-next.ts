import type { Advice, Selected } from '../../model/explanation.ts'
import type { PrunedFile } from '../../model/holding.ts'
import { humanPart, humanSize } from '../../model/human-size.ts'
import { instant, isoSeconds, isoTime } from '../../model/instant.ts'
import type { Step } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import type { Hold } from '../../model/trouble.ts'
import { isLossAccepted, isWhole } from '../files/facts.ts'
import { RETRY_FAILED_GATE } from '../files/judge-file.ts'
import { PUT_BACK } from '../files/problems.ts'
import { twoVersions } from '../files/versions.ts'
import type { Decided } from '../plan/backup.ts'
import { describeWhyKept } from '../prune/why-kept.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'
import { spanText } from '../status/freshness.ts'
import { isAbout, type Look } from './explained.ts'

export interface Subject {
  readonly spec: Spec
  readonly look: Look
  readonly path: RelPath
  readonly point: Point | null
  readonly decided: Decided
  /** The same as if a prune had been asked for; null: that would change nothing. */
  readonly asked: Decided | null
  readonly steps: readonly Step[]
  readonly pruned: PrunedFile | undefined
  readonly source: SourceFile | null
  readonly selection: Selected
}

interface Outlook {
  readonly next: readonly string[]
  readonly advice: readonly Advice[]
}

const NOTHING: Outlook = { next: [], advice: [] }

const outlook = (next: string, ...advice: readonly (string | Advice)[]): Outlook => ({
  next: [next],
  advice: advice.map((one) => (typeof one === 'string' ? { message: one } : one)),
})

/** What the next pass does about one file, in words, and what would change that. */
export function whatNext(about: Subject): Outlook {
  const { plan } = about.decided
  if (about.decided.retention === null) return stopped(about)
  const ofSteps = about.steps.map((step) => ofStep(step, about))
  const removed = about.pruned === undefined ? [] : [ofPruned(about.pruned, about)]
  const all = [...ofSteps, ...removed]
  if (all.every(({ next }) => next.length === 0)) all.push(ofNoStep(about))
  if (plan.halt !== null) all.push(outlook(`The backup is halted: ${plan.halt.message}`))
  return { next: all.flatMap(({ next }) => next), advice: all.flatMap(({ advice }) => advice) }
}

/** Neither side is compared with the other, so nothing is done. */
function stopped({ decided: { plan }, look }: Subject): Outlook {
  const halt = plan.halt === null ? [] : [`The backup is halted: ${plan.halt.message}`]
  const held = plan.holds.map(({ message }) => `The backup is held: ${message}`)
  const unknown = look.isKnown ? [] : ['The destination could not be read']
  const why = halt.length + held.length > 0 ? [...halt, ...held] : unknown
  const advice = plan.halt === null ? [] : [{ message: plan.halt.hint }]
  return { next: ['Nothing, for now.', ...why], advice: [...advice, ...plan.holds.map(releaseOf)] }
}

function ofStep(step: Step, about: Subject): Outlook {
  const because = step.because.join('; ')
  const size = step.size === undefined ? '' : `, ${humanSize(step.size)}`
  switch (step.action) {
    case 'pull':
      return outlook(`The next pass pulls it${size}: ${because}`)
    case 'resume': {
      const part = humanPart(step.stagedBytes ?? 0, step.size ?? 0)
      return outlook(`The next pass resumes it; ${part} is staged: ${because}`)
    }
    case 'adopt':
      return outlook(`The next pass hashes it in place, and takes it over if it matches: ${because}`)
    case 'repair':
      return outlook(`The next pass pulls it again and replaces the copy here: ${because}`)
    case 'wait':
      if (about.steps.some(({ action }) => action === 'keep'))
        return outlook(
          `A newer version of the same name is waiting: ${because}. Unless it has the same bytes, it will be a conflict`,
          twoVersions(about.spec.select.as!),
        )
      return outlook(`It is waiting: ${because}. ${comesOnce(about)}`)
    case 'conflict':
      return outlook(
        `Nothing is done to either copy: ${because}`,
        ...(step.hint === undefined ? [] : [step.hint]),
        'Find out which copy is good. Fix the file at the source or give it another name there; ' +
          `or silence this one digest, ${step.source ?? ''}, under acknowledge in the spec`,
      )
    case 'lost':
      return outlook(
        `It is lost: ${because}`,
        `${PUT_BACK}; or accept the loss on the record: ` +
          `acknowledge its path in the spec with the digest ${step.held ?? ''}`,
      )
    case 'prune':
      return outlook(
        `The next pass moves it to the trash: ${because}`,
        'It stays if a rule of retain keeps it, or a glob of retain.pin matches it',
      )
    case 'surplus':
      return ofSurplus(step, about)
    case 'expire': {
      const where = step.trash === undefined ? 'its staged bytes' : 'it from the trash for good'
      return outlook(`The next pass removes ${where}: ${because}`)
    }
    case 'keep':
      return outlook(`It stays as it is: ${because}`)
    default:
      return step.action satisfies never
  }
}

/** What a file that waits is waiting for. */
function comesOnce({ spec: { finished }, source }: Subject): string {
  if (source?.listed === null) return 'It is pulled once it is there and finished'
  if (finished.kind === 'sums') return `It is pulled once ${finished.name} names it`
  if (finished.kind !== 'quiet') return 'It is pulled once its marker is next to it'
  const look = source !== null && 'quiet' in source.marker ? source.marker.quiet : undefined
  const from =
    look === undefined ? '' : `, so by a pass after ${isoTime(instant(look.at + finished.seconds * 1000))}`
  return `It is pulled once it has not changed for ${spanText(finished.seconds)}${from}`
}

/** Published, wanted by no rule, and kept: why it may not go, or not yet. */
function ofSurplus(step: Step, about: Subject): Outlook {
  const { spec, path, decided, asked } = about
  const rules = step.because[0] ?? 'no rule keeps it'
  const byHand: Advice = {
    message: 'Remove this one file anyway; that is remembered, and it is never pulled again',
    command: ['reconcile', 'prune', spec.name, path, '--reason', '…'],
  }
  if (spec.prune.mode === 'never')
    return outlook(
      `It is surplus and stays: ${rules}, and prune.mode is never`,
      'Let surplus go: prune.mode in the spec, manual (when asked) or auto (with each pass)',
      byHand,
    )
  const decision = asked ?? decided
  const { prune, plan } = decision
  // Each decision has point objects of its own.
  const point = decision.retention?.pointOf(path) ?? null
  if (prune === null || point === null) return NOTHING
  const becomes = fateOf(point, decision, spec)
  const why = prune.keptBack.get(point)
  const holds = plan.holds.filter(({ code }) => why?.why === 'held' && why.hold === code)
  const advice = [...holds.map(releaseOf), byHand]
  if (asked === null) return outlook(`It is surplus: ${rules}; ${becomes}`, ...advice)
  const ask: Advice = {
    message: prune.remove.has(point)
      ? 'Ask for a prune: this one is removed then'
      : 'Ask for a prune once that is over',
    command: ['reconcile', 'prune', spec.name],
  }
  return {
    next: [
      `It is surplus: ${rules}; prune.mode is manual, so it stays until a prune is asked for`,
      `If one were asked for now: ${becomes}`,
    ],
    advice: [ask, ...advice],
  }
}

/** What becomes of a surplus point where surplus may go, and why it stays. */
function fateOf(point: Point, decision: Decided, spec: Spec): string {
  if (decision.prune?.remove.has(point)) return 'it goes to the trash'
  const why = decision.prune?.keptBack.get(point)
  if (why !== undefined) return describeWhyKept(why)
  return isGuessed(spec.series)
    ? 'it stays, because its series is guessed and prune.mode auto removes nothing from such a series; write series.pattern'
    : 'it stays'
}

function ofPruned(pruned: PrunedFile, { spec, path, steps }: Subject): Outlook {
  if (steps.some(({ action }) => action !== 'expire' && action !== 'surplus')) return NOTHING
  const again =
    pruned.by === 'person'
      ? 'A person removed it by name: it is never pulled again'
      : 'The policy removed it: it is pulled again only if retain wants it again and the source still has the same bytes'
  const undo: Advice = {
    message: 'Put it back from the trash',
    command: ['reconcile', 'prune', spec.name, '--undo', path],
  }
  return pruned.trash === null ? outlook(again) : outlook(again, undo)
}

/** No step names it: nothing is to be done, or nothing can be. */
function ofNoStep({ spec, path, point, decided, source, look, selection }: Subject): Outlook {
  const problem = decided.plan.problems.find(isAbout(path, spec, source?.from))
  const failed = look.observation.destination.seen.get(path)?.gate ?? null
  if (problem?.code === 'checksum-failed' && failed !== null)
    return outlook(
      `It is pulled again when it or its marker changes at the source, or from ${isoSeconds(Math.ceil((failed.at + RETRY_FAILED_GATE) / 1000))} on`,
      'Check the file and its marker at the source',
    )
  if (problem !== undefined) return outlook(`Nothing: ${problem.message}`, problem.hint)
  const { files, records } = look.observation.destination
  const isHeld = files.has(path)
  const record = records.get(path)
  if (look.observation.source.links?.includes(path)) {
    const stays = isHeld ? '; what is held under its name stays' : ''
    return outlook(
      `Nothing: it is a symlink at the source, and symlinks are not followed${stays}`,
      'Put the file itself there to have it backed up',
    )
  }
  const { completeness } = look.observation.source
  if (!isWhole(files.get(path), record) && isLossAccepted(spec, path, record))
    return isHeld
      ? outlook(
          'Nothing: what is here of it is rotten, and acknowledge in the spec accepts that it is lost',
          'It stays; move it and its marker out once nobody needs it',
        )
      : outlook(
          'Nothing: it was held here and is gone, and acknowledge in the spec accepts that',
          `If its marker (${path}.${spec.checksum}) is still here, remove it: nothing goes by it, and md5sum -c stumbles over it`,
        )
  if (!selection.selected) {
    const what = isHeld ? 'It is left alone and never pruned' : 'It is not pulled'
    return outlook(
      `${what}: the spec does not select it`,
      'select.include and select.exclude in the spec decide',
    )
  }
  if (completeness === 'unknown') return outlook('Nothing: what the source has of it is unknown')
  if (point !== null && point.reasons === null && !isHeld && source !== null)
    return outlook(
      'It is not pulled: no rule of retain wants it',
      'It is pulled if a rule of retain keeps it, or a glob of retain.pin matches it',
    )
  const isUnreadable = source?.marker.state === 'unreadable'
  return outlook(isUnreadable ? 'Nothing: its marker at the source cannot be used' : 'Nothing')
}

const releaseOf = ({ id, message }: Hold): Advice => ({
  message: `Held: ${message}. If that is as it should be, release it once`,
  command: ['reconcile', 'release', id, '--reason', '…'],
})

import { describeSuspended } from '../decide/status/suspended.ts'
import type { PassEvent } from '../model/event.ts'
import { humanRate, humanSize } from '../model/human-size.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import type { Tone } from './paint.ts'
import { planCounts, transferFacts, troubleCounts } from './plan-totals.ts'

/**
 * An event as a sentence for people, escaped, without the backup's name; null where progress shows it better. `hints`: with what to
 * do about it, where no summary will follow on the same screen.
 */
export function describeEvent(
  event: PassEvent,
  hints: boolean,
): { readonly text: string; readonly tone: Tone } | null {
  switch (event.type) {
    case 'backup-started':
      return { text: escapeText(`${event.from} -> ${event.to}`), tone: 'plain' }
    case 'waiting':
      return { text: WAITING[event.for], tone: 'yellow' }
    case 'planned':
      return { text: planSentence(event.plan), tone: 'plain' }
    case 'published':
      return {
        text: `${event.how} ${escapeText(event.path)} (${humanSize(event.size)})`,
        tone: 'green',
      }
    case 'pruned':
      return { text: `pruned ${escapeText(event.path)} (${escapeProse(event.because)})`, tone: 'yellow' }
    case 'retrying':
      return {
        text: `trying again in ${humanDuration(event.seconds)} (attempt ${event.attempt}): ${escapeProse(event.why)}`,
        tone: 'yellow',
      }
    case 'problem': {
      const path = event.problem.path === undefined ? '' : `${escapeText(event.problem.path)}: `
      return {
        text: `problem: ${path}${sentences(event.problem.message, hints ? event.problem.hint : '')}`,
        tone: 'red',
      }
    }
    case 'conflict':
      return {
        text:
          `conflict: ${escapeText(event.conflict.path)}: held ${escapeText(event.conflict.held)}, ` +
          `source ${escapeText(event.conflict.source)}; neither is touched`,
        tone: 'red',
      }
    case 'halt':
      return { text: `halted: ${sentences(event.halt.message, hints ? event.halt.hint : '')}`, tone: 'red' }
    case 'hold':
      return {
        text: `held: ${sentences(event.hold.message, `To pass it once: reconcile release ${event.hold.id} --reason "…"`)}`,
        tone: 'yellow',
      }
    case 'recovered':
      return { text: `recovered: ${escapeProse(event.what)}`, tone: 'yellow' }
    case 'backup-finished':
      return { text: outcomeSentence(event.outcome), tone: event.outcome.exitCode === 0 ? 'green' : 'red' }
    case 'rate-changed':
      return { text: rateSentence(event), tone: 'yellow' }
    case 'batch-started':
    case 'progress':
    case 'gating':
      return null
    default:
      return event satisfies never
  }
}

function rateSentence({
  rate,
  until,
}: Pick<Extract<PassEvent, { type: 'rate-changed' }>, 'rate' | 'until'>): string {
  const now =
    rate === 'off' ? 'bandwidth is off' : rate === null ? 'no limit on the rate' : `at ${humanRate(rate)}`
  return until === null ? now : `${now} until ${until}`
}

const WAITING = {
  destination: 'waiting: another run holds the destination',
  host: 'waiting: another transfer from this host is running',
  slot: 'waiting: as many backups as allowed are running',
} as const

function planSentence(plan: Extract<PassEvent, { type: 'planned' }>['plan']): string {
  if (plan.suspended !== null) return `suspended ${escapeProse(describeSuspended(plan.suspended))}`
  const trouble = troubleCounts({
    halted: plan.halt === null ? 0 : 1,
    held: plan.holds.length,
    problems: plan.problems.length,
  })
  const counts = [planCounts(plan.summary, transferFacts(plan)), trouble].filter((part) => part !== '')
  return counts.length === 0 ? `in sync, ${counted(plan.summary.keep, 'file')}` : `plan: ${counts.join(', ')}`
}

function outcomeSentence(outcome: BackupOutcome): string {
  const parts = [
    outcome.result === 'in-sync' ? 'in sync' : outcome.result,
    ...(outcome.published.length > 0 ? [`${humanCount(outcome.published.length)} published`] : []),
    ...(outcome.bytes > 0 ? [`${humanSize(outcome.bytes)} in ${humanDuration(outcome.seconds)}`] : []),
    ...outcome.holders.map((holder) => `held by ${escapeText(holder.command)} (pid ${holder.pid})`),
    ...(outcome.exitCode === 0 ? [] : [`exit ${outcome.exitCode}`]),
  ]
  return `finished: ${parts.join(', ')}`
}

function sentences(message: string, hint: string): string {
  const [first, second] = [escapeProse(message), escapeProse(hint)]
  if (second === '') return first
  return `${first}${/[.!?]$/.test(first) ? '' : '.'} ${second}`
}

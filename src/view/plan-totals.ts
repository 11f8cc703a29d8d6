import { humanPart, humanRate, humanSize } from '../model/human-size.ts'
import type { BackupPlan, PlanSummary, Step } from '../model/plan.ts'
import { counted, humanCount } from './human-count.ts'
import { aboutDuration } from './human-time.ts'

/** `1.9 GiB, 912 GiB free, about 21 h at 25 KiB/s`: what one backup's transfer needs of disk and line. */
export function transferFacts(
  plan: Pick<BackupPlan, 'summary' | 'free' | 'rate' | 'rateUntil' | 'seconds'>,
): string {
  const facts = [humanSize(plan.summary.bytes)]
  if (plan.free === null) facts.push('free space unknown')
  else facts.push(`${plan.free < plan.summary.bytes ? 'only ' : ''}${humanSize(plan.free)} free`)
  return [...facts, lineFacts(plan)].join(', ')
}

/** `about 21 h at 25 KiB/s`; with a timetable also the rate in force now, and until when. */
function lineFacts({ rate, rateUntil, seconds }: Pick<BackupPlan, 'rate' | 'rateUntil' | 'seconds'>): string {
  if (rateUntil === null) {
    if (rate === 0) return 'bandwidth is off'
    if (rate === null) return 'no rate limit'
    return `${seconds === null ? '' : `${aboutDuration(seconds)} `}at ${humanRate(rate)}`
  }
  const now = rate === 0 ? 'bandwidth is off' : rate === null ? 'no rate limit' : humanRate(rate)
  const inForce = `${now} until ${rateUntil}`
  return seconds === null ? inForce : `${aboutDuration(seconds)} by the timetable, ${inForce}`
}

/** In the order of transfer; what is not transferred stays as it is. Plans of earlier versions have no turns. */
export const byTurn = (steps: readonly Step[]): readonly Step[] =>
  steps.toSorted((a, b) => (a.turn ?? 0) - (b.turn ?? 0))

/** `0.9 of 1.4 GiB` if part of it is staged. */
export const stepSize = ({ stagedBytes }: Step, size: number): string =>
  stagedBytes === undefined ? humanSize(size) : humanPart(stagedBytes, size)

export const transfers = (summary: PlanSummary): number => summary.pull + summary.resume + summary.repair

/** `1 to pull, 1 to resume (facts), 1 waiting, 1 conflict`; empty if everything is just kept. */
export function planCounts(summary: PlanSummary, facts: string): string {
  const work = [
    [summary.pull, 'to pull'],
    [summary.resume, 'to resume'],
    [summary.repair, 'to repair'],
  ] as const
  const rest = [
    [summary.adopt, 'to adopt'],
    [summary.wait, 'waiting'],
    [summary.conflict, summary.conflict === 1 ? 'conflict' : 'conflicts'],
    [summary.lost, 'lost'],
    [summary.surplus, 'surplus'],
    [summary.prune, 'to prune'],
    [summary.expire, 'to expire'],
  ] as const
  const moving = countedWords(work)
  if (moving.length > 0) moving.push(`${moving.pop()} (${facts})`)
  return [...moving, ...countedWords(rest)].join(', ')
}

/** `1 halted, 2 held, 3 problems`; empty if there is none. */
export function troubleCounts(counts: {
  readonly halted: number
  readonly held: number
  readonly problems: number
}): string {
  return [
    ...countedWords([
      [counts.halted, 'halted'],
      [counts.held, 'held'],
    ]),
    ...(counts.problems > 0 ? [counted(counts.problems, 'problem')] : []),
  ].join(', ')
}

/** `2 waiting`, `1 lost`: the counts above 0. */
export const countedWords = (counts: readonly (readonly [count: number, words: string])[]): string[] =>
  counts.filter(([count]) => count > 0).map(([count, words]) => `${humanCount(count)} ${words}`)

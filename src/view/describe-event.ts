import { describeSuspended } from '../decide/status/suspended.ts'
import type { PassEvent } from '../model/event.ts'
import { humanRate, humanSize } from '../model/human-size.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import { withHint, withRelease } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { inUseBy, localProse } from './local-prose.ts'
import type { Tone } from './paint.ts'
import { planCounts, transferFacts, troubleCounts } from './plan-totals.ts'

type Described = { readonly text: string; readonly tone: Tone } | null

/** An event as an escaped sentence for people, without the backup's name; null if progress shows it better. */
export function describeEvent(event: PassEvent): Described {
  switch (event.type) {
    case 'backup-started':
      return said('plain', escapeText(`${event.from} -> ${event.to}`))
    case 'waiting':
      return said('yellow', WAITING[event.for])
    case 'planned':
      return said('plain', planSentence(event.plan))
    case 'published':
      return said('green', `${event.how} ${escapeText(event.path)} (${humanSize(event.size)})`)
    case 'pruned':
      return said('yellow', `pruned ${escapeText(event.path)} (${localProse(event.because)})`)
    case 'retrying': {
      const when = `trying again in ${humanDuration(event.seconds)} (attempt ${event.attempt})`
      return said('yellow', `${when}: ${localProse(event.why)}`)
    }
    case 'problem': {
      const { path, message, hint } = event.problem
      const where = path === undefined ? '' : `${escapeText(path)}: `
      return said('red', `problem: ${where}${localProse(withHint({ message, hint }))}`)
    }
    case 'conflict': {
      const { path, held, source, hint = '' } = event.conflict
      const both = `held ${escapeText(held) || 'nothing'}, source ${escapeText(source)}`
      const what = withHint({ message: `${both}; neither is touched`, hint })
      return said('red', `conflict: ${escapeText(path)}: ${what}`)
    }
    case 'halt':
      return said('red', `halted: ${localProse(withHint(event.halt))}`)
    case 'hold':
      return said('yellow', `held: ${localProse(withRelease(event.hold))}`)
    case 'recovered':
      return said('yellow', `recovered: ${localProse(event.what)}`)
    case 'backup-finished':
      return said(event.outcome.exitCode === 0 ? 'green' : 'red', outcomeSentence(event.outcome))
    case 'rate-changed':
      return said('yellow', rateSentence(event))
    case 'asking':
      return said('plain', `the source is reading ${counted(event.files, 'file')}, ${humanSize(event.bytes)}`)
    case 'batch-started':
    case 'progress':
    case 'gating':
      return null
    default:
      return event satisfies never
  }
}

/** The same where a summary follows, which lists every trouble and how each backup ended: null for those. */
export function describeBeforeSummary(event: PassEvent): Described {
  switch (event.type) {
    case 'problem':
    case 'conflict':
    case 'halt':
    case 'hold':
    case 'backup-finished':
      return null
    case 'planned': {
      const work = { ...event.plan.summary, wait: 0, conflict: 0, lost: 0, surplus: 0 }
      const counts = planCounts(work, transferFacts(event.plan))
      return counts === '' ? null : said('plain', `plan: ${counts}`)
    }
    default:
      return describeEvent(event)
  }
}

const said = (tone: Tone, text: string) => ({ tone, text })

function rateSentence({
  rate,
  until,
}: Pick<Extract<PassEvent, { type: 'rate-changed' }>, 'rate' | 'until'>): string {
  const now = rate === 'off' ? 'bandwidth is off' : rate === null ? 'no rate limit' : `at ${humanRate(rate)}`
  return until === null ? now : localProse(`${now} until ${until}`)
}

const WAITING = {
  destination: 'waiting: another run is using the destination',
  host: 'waiting: another transfer from this host is running',
  slot: 'waiting: the allowed number of backups is running',
} as const

function planSentence(plan: Extract<PassEvent, { type: 'planned' }>['plan']): string {
  if (plan.suspended !== null) return `suspended ${localProse(describeSuspended(plan.suspended))}`
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
    ...(outcome.result === 'busy' ? [`in use by ${inUseBy(outcome.holders)}`] : []),
    ...(outcome.exitCode === 0 ? [] : [`exit ${outcome.exitCode}`]),
  ]
  return `finished: ${parts.join(', ')}`
}

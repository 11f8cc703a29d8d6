import type { PassEvent } from '../model/event.ts'
import { humanPart, humanRate, humanSize } from '../model/human-size.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { countedWords } from './plan-totals.ts'

type Progress = Extract<PassEvent, { type: 'progress' }>

/** What a backup is doing now, by its events. */
export interface Running {
  readonly backup: string
  readonly progress: Progress | null
  /** The files being verified; the next batch may be coming in meanwhile. */
  readonly gating: { readonly files: number; readonly bytes: number } | null
  readonly waiting: 'destination' | 'host' | 'slot' | null
  readonly planned: boolean
  /** Files of this transfer that failed their checksums twice. */
  readonly failed: number
  /** Found so far; the summary lists them. */
  readonly troubles: number
}

/** The backups that are running, in the order in which they began. */
export type RunningBackups = ReadonlyMap<string, Running>

const BEGUN = { progress: null, gating: null, waiting: null, planned: false, failed: 0, troubles: 0 } as const

/** Pure: the running backups after one more event. */
export function foldRunning(running: RunningBackups, event: PassEvent): RunningBackups {
  const next = new Map(running)
  const now = running.get(event.backup) ?? { ...BEGUN, backup: event.backup }
  switch (event.type) {
    case 'backup-finished':
      next.delete(event.backup)
      return next
    case 'waiting':
      return next.set(event.backup, { ...now, waiting: event.for })
    case 'backup-started':
      return next.set(event.backup, { ...now, waiting: null })
    case 'planned':
      return next.set(event.backup, { ...now, waiting: null, planned: true })
    case 'progress':
      return next.set(event.backup, { ...now, progress: event, waiting: null })
    case 'gating':
      return next.set(event.backup, { ...now, gating: { files: event.files, bytes: event.bytes } })
    case 'published':
      return next.set(event.backup, { ...now, gating: null, progress: onePublished(now.progress, event.how) })
    case 'problem': {
      // One that is known from an earlier pass is reported before anything is transferred.
      const hasFailed = event.problem.code === 'checksum-failed' && now.progress !== null
      const failed = hasFailed ? { failed: now.failed + 1, gating: null } : {}
      return next.set(event.backup, { ...now, ...failed, troubles: now.troubles + 1 })
    }
    case 'conflict':
    case 'halt':
    case 'hold':
      return next.set(event.backup, { ...now, troubles: now.troubles + 1 })
    default:
      return running
  }
}

function onePublished(progress: Progress | null, how: 'pulled' | 'adopted' | 'repaired'): Progress | null {
  if (progress === null || how === 'adopted') return progress
  const { files } = progress
  return { ...progress, files: { ...files, published: files.published + 1 } }
}

/** `12 of 40 published, 3 being checked, 5 staged`: publishing lags a batch behind the transfer. */
export function filesDone({ progress, gating, failed }: Running): string {
  if (progress === null) return ''
  const { done, total, published } = progress.files
  const open = Math.max(0, done - published - failed)
  const verifying = Math.min(gating?.files ?? 0, open)
  return [
    `${humanCount(published)} of ${humanCount(total)} published`,
    ...countedWords([
      [verifying, 'being checked'],
      [open - verifying, 'staged'],
      [failed, 'failed'],
    ]),
  ].join(', ')
}

/** `0.9 of 1.4 GiB (0.4 GiB resumed)`: bytes of an earlier run are shown apart. Empty if nothing is to come. */
export const bytesDone = ({ bytes }: Progress): string =>
  bytes.total === 0
    ? ''
    : humanPart(bytes.done, bytes.total) + (bytes.resumed > 0 ? ` (${humanSize(bytes.resumed)} resumed)` : '')

/** `25 KiB/s, 6 h left`; `starting` while the rate is not known. */
export function pace({ bytes, rate }: Progress): string {
  const left = bytes.total - bytes.done
  if (rate === null) return left > 0 ? 'starting' : ''
  if (left <= 0) return humanRate(rate)
  return rate <= 0 ? 'nothing is coming in' : `${humanRate(rate)}, ${humanDuration(left / rate)} left`
}

export const gatingText = ({ files, bytes }: NonNullable<Running['gating']>): string =>
  `verifying ${counted(files, 'file')}, ${humanSize(bytes)}`

import type { PassEvent } from '../model/event.ts'
import { humanPart, humanRate, humanSize } from '../model/human-size.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'

type Progress = Extract<PassEvent, { type: 'progress' }>

/** What a backup is doing now, by its events. */
export interface Running {
  readonly backup: string
  readonly progress: Progress | null
  /** The files being verified; the next batch may be coming in meanwhile. */
  readonly gating: { readonly files: number; readonly bytes: number } | null
  readonly waiting: 'destination' | 'host' | 'slot' | null
  readonly planned: boolean
}

/** The backups that are running, in the order in which they began. */
export type RunningBackups = ReadonlyMap<string, Running>

const BEGUN = { progress: null, gating: null, waiting: null, planned: false } as const

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
      return now.gating === null ? running : next.set(event.backup, { ...now, gating: null })
    default:
      return running
  }
}

/** `12 of 40 files`. */
export const filesDone = ({ files }: Progress): string =>
  `${humanCount(files.done)} of ${counted(files.total, 'file')}`

/** `0.9 of 1.4 GiB (0.4 GiB resumed)`: bytes of an earlier run are shown apart. Empty if nothing is to come. */
export const bytesDone = ({ bytes }: Progress): string =>
  bytes.total === 0
    ? ''
    : humanPart(bytes.done, bytes.total) + (bytes.resumed > 0 ? ` (${humanSize(bytes.resumed)} resumed)` : '')

/** `25 KiB/s, about 6 h left`; what is not known yet is left out. */
export function pace({ bytes, rate }: Progress): string {
  if (rate === null) return ''
  const left = bytes.total - bytes.done
  if (left <= 0) return humanRate(rate)
  return rate <= 0 ? 'nothing is coming in' : `${humanRate(rate)}, about ${humanDuration(left / rate)} left`
}

export const gatingText = ({ files, bytes }: NonNullable<Running['gating']>): string =>
  `verifying ${counted(files, 'file')}, ${humanSize(bytes)}`

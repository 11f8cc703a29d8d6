import type { PassEvent } from '../model/event.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { LockedDestination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Progress } from '../model/status.ts'

/** Milliseconds. */
const EVERY = 5000

type Shown = Omit<Progress, 'format' | 'since' | 'at'>

/**
 * A run whose events are also kept in `progress.json`, for `status`: from its first batch (I7), and until `end`. While a large file is
 * hashed nothing happens, and it is written all the same: its time says that somebody is at it.
 */
export function progressShown(
  { destination, run }: { readonly destination: LockedDestination; readonly run: Run },
  /** When the pass began, and the bytes that are to come over the line. */
  planned: { readonly since: Instant; readonly bytes: number },
) {
  let now: Shown | null = null
  let writing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = (): void => {
    if (now === null) return
    const times = { since: isoTime(planned.since), at: isoTime(run.now()) }
    const shown: Progress = { format: 'reconcile.progress/1', ...times, ...now }
    writing = writing.then(() => destination.showProgress(shown))
    // Awaited by `end`.
    writing.catch(() => {})
  }
  const shown: Run = {
    ...run,
    emit(event) {
      now = after(now, event, planned.bytes)
      if (now !== null && timer === undefined) {
        timer = setInterval(write, EVERY).unref()
        write()
      }
      run.emit(event)
    },
  }
  return {
    run: shown,
    async end(): Promise<void> {
      clearInterval(timer)
      await writing
      if (timer !== undefined) await destination.showProgress(null)
    },
  }
}

/** Null: no batch has begun yet. */
function after(shown: Shown | null, event: PassEvent, planned: number): Shown | null {
  if (shown === null) {
    if (event.type !== 'batch-started') return null
    const { resumedBytes, bytes } = event
    const total = Math.max(bytes, resumedBytes + planned)
    return { bytes: resumedBytes, total, rate: null, path: null, verifying: null }
  }
  switch (event.type) {
    case 'progress': {
      const { bytes, rate, path } = event
      return { ...shown, bytes: bytes.done, total: bytes.total, rate, path }
    }
    case 'gating':
      return { ...shown, verifying: { files: event.files, bytes: event.bytes } }
    case 'published':
      return { ...shown, verifying: null }
    default:
      return shown
  }
}

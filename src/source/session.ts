import type { Run } from '../model/run.ts'
import { bytesMoved } from '../system/process-group.ts'
import { explainFailure, type Stage } from './explain-failure.ts'
import type { Far } from './rsync-command.ts'
import { endedWell, type RsyncCall, type RsyncEnd, runRsync, type Verdict } from './run-rsync.ts'
import { startWatchdog } from './watchdog.ts'

/**
 * A short session: a listing, or a list file and markers. Returns if rsync ended by itself with 0, 23 or 24, and throws a
 * Failure if it ended otherwise; throws the signal's reason if our run was stopped.
 */
export async function holdSession(
  far: Far,
  stage: Stage,
  call: {
    readonly arguments: readonly string[]
    readonly input: string | null
    /** The whole environment, in place of the fixed one. */
    readonly env?: Readonly<Record<string, string>>
    readonly fileLimit: number
    /** Bytes that may be written in all. */
    readonly budget: number
    readonly hear: (chunk: Buffer) => boolean
  },
  run: Run,
): Promise<RsyncEnd> {
  run.signal.throwIfAborted()
  const watchdog = startWatchdog(far.timeout)
  let moved = 0
  let spoken = false
  const order: RsyncCall = {
    arguments: call.arguments,
    input: call.input,
    ...(call.env === undefined ? {} : { env: call.env }),
    fileLimit: call.fileLimit,
    hear: call.hear,
    watch: (members): Verdict | null => {
      const { read, written } = bytesMoved(members)
      if (written > call.budget) return 'flood'
      // Starting up reads libraries; after that, only what the far side sends moves anything.
      if (read + written > moved) {
        spoken = moved > 0
        moved = read + written
        watchdog.progress()
      }
      if (!watchdog.expired(0)) return null
      return spoken ? 'stalled' : 'silent'
    },
    signal: run.signal,
  }
  const end = await runRsync(order, far.login)
  if (end.cause === 'stopped') throw run.signal.reason
  if (endedWell(end)) return end
  throw await explainFailure(stage, far, end, run.signal)
}

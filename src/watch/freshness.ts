import { lateNow } from '../decide/status/backup.ts'
import type { StatusFacts } from '../decide/status/facts.ts'
import { suspensionOf } from '../decide/status/suspended.ts'
import type { Clock } from '../model/clock.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { LateSeries } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { DestinationStatus } from '../model/status.ts'
import type { StoredSuspensions } from '../model/suspension.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Loop, Standing } from './loop.ts'
import { withoutRepeats } from './without-repeats.ts'

/** Milliseconds between two checks for late series. */
const FRESH_LOOK = 60_000

/** What the last look at a destination was based on, and until when it is valid. */
interface LastLook {
  readonly of: string
  readonly at: Instant
  /** Null: nothing there can become late. */
  readonly until: Instant | null
}

/** A destination as read between two passes. */
export interface WatchedPlace {
  readonly path: string
  /** The result of the last pass. */
  readonly readStatus: () => Promise<DestinationStatus | null>
  /** What it holds. */
  readonly look: () => Promise<Pick<StatusFacts, 'hold' | 'halt' | 'holding' | 'last' | 'rotation'>>
}

interface FreshnessPorts {
  readonly suspensions: () => Promise<StoredSuspensions>
  readonly open: (spec: Spec) => Promise<WatchedPlace>
  readonly loop: Pick<Loop, 'standing'>
  readonly late: (backup: string, late: readonly LateSeries[]) => Promise<void>
  readonly clock: Clock
  readonly warn: (message: string) => void
}

/**
 * A backup can become late without a pass: between two passes, while it is suspended, backs off, or waits for a slow line. Reads a
 * destination after each pass over it and when its newest point becomes late; otherwise only its status file.
 */
export async function followFreshness(ports: FreshnessPorts, run: Run): Promise<void> {
  const { clock, loop } = ports
  const looked = new Map<string, LastLook>()
  const repeats = withoutRepeats(ports.warn)
  while (!run.signal.aborted) {
    await clock.wait(FRESH_LOOK, run.signal)
    for (const one of loop.standing()) {
      if (run.signal.aborted) return
      if (one.active.spec.expect.length === 0) continue
      try {
        await lookForLate(one, looked, ports, run)
        repeats.well(one.backup)
      } catch (error) {
        const { message, code } = failureFrom(error)
        // Lateness is unknown then; the next pass reports the trouble too.
        if (!run.signal.aborted && code !== 'state-damaged')
          repeats.trouble(one.backup, `cannot tell whether ${one.backup} is late: ${message}`)
      }
    }
  }
}

async function lookForLate(
  { backup, active: { spec, instead }, phase, failures, crash, nextRun }: Standing,
  looked: Map<string, LastLook>,
  { suspensions, open, late }: FreshnessPorts,
  run: Run,
): Promise<void> {
  const place = await open(spec)
  const before = await place.readStatus()
  const of = `${spec.digest} ${before?.finished}`
  const now = run.now()
  const known = looked.get(backup)
  const isCurrent =
    known !== undefined && known.of === of && now >= known.at && (known.until === null || now <= known.until)
  if (isCurrent) return
  const suspension = suspensionOf(spec, await suspensions(), now)
  const facts: StatusFacts = {
    backup,
    place: { path: place.path },
    spec,
    ...(await place.look()),
    suspension,
    holders: null,
    progress: null,
    disk: null,
    watch: { phase, failures, crash, nextRun: isoTime(nextRun), lastGood: instead !== null },
    overSpecs: null,
    stale: [],
    silentSince: null,
    specFaults: [],
    written: null,
  }
  const found = lateNow(facts, now)
  // Unreadable: try again next time.
  if (found === null) return
  looked.set(backup, { of, at: now, until: found.next })
  await late(backup, found.late)
}

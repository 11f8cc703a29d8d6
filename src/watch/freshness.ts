import type { StatusFacts } from '../decide/status/backup.ts'
import { lateNow } from '../decide/status/late-now.ts'
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

/** Milliseconds between two looks at what has become late. */
const FRESH_LOOK = 60_000

/** What a look at a destination was made of, and until when it counts. */
interface LastLook {
  readonly of: string
  readonly at: Instant
  /** Null: nothing there ever gets late. */
  readonly until: Instant | null
}

/** A destination as it is looked at between two passes. */
export interface WatchedPlace {
  readonly path: string
  /** What the last pass said. */
  readonly readStatus: () => Promise<DestinationStatus | null>
  /** What it holds. */
  readonly look: () => Promise<Pick<StatusFacts, 'hold' | 'halt' | 'holding' | 'last'>>
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
 * A backup gets late without a pass too: between two of them, while it is suspended, backs off, or waits for a slow line. A destination is
 * looked at after each pass over it, and when what it held then gets late; until that a look costs no more than reading its status.
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
        const { message } = failureFrom(error)
        // What cannot be looked at is not known to be late; the next pass tells of it as well.
        if (!run.signal.aborted)
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
    watch: { phase, failures, crash, nextRun: isoTime(nextRun), lastGood: instead !== null },
    overSpecs: null,
    stale: [],
    silentSince: null,
    specFaults: [],
    written: null,
  }
  const found = lateNow(facts, now)
  // What could not be looked at is looked at again.
  if (found === null) return
  looked.set(backup, { of, at: now, until: found.next })
  await late(backup, found.late)
}

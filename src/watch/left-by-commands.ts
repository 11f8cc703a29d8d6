import { suspensionOf } from '../decide/status/suspended.ts'
import type { BoxState } from '../model/box.ts'
import type { Clock } from '../model/clock.ts'
import { Failure } from '../model/failure.ts'
import type { Instant } from '../model/instant.ts'
import type { Loop } from './loop.ts'
import { withoutRepeats } from './without-repeats.ts'

/** Milliseconds between two reads of what commands have left in the state folder. */
const STATE_LOOK = 5_000

/** Reads or writes the saved specs; moves a damaged file aside and tries once more. */
export const orSetAside =
  (memory: { setAside(at: Instant): Promise<string> }, clock: Clock, warn: (message: string) => void) =>
  async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'state-damaged') throw error
      const aside = await memory.setAside(clock.now())
      warn(`${error.message}: moved aside to ${aside}; earlier last good specs, orphans and holds are lost`)
      return act()
    }
  }

interface FollowStatePorts {
  /** Called each time: its place may change with the settings. */
  readonly left: () => Pick<BoxState, 'releases' | 'suspensions'>
  readonly loop: Loop
  /** Which backup each hold stops. */
  readonly heldBy: ReadonlyMap<string, string>
  readonly clock: Clock
  readonly warn: (message: string) => void
}

/**
 * Acts on what commands leave: a release runs the held backup, a suspension stops a run, and its end runs the backup again. What cannot
 * be read changes nothing, and is reported once until it changes.
 */
export async function followState(
  { left, loop, heldBy, clock, warn }: FollowStatePorts,
  signal: AbortSignal,
): Promise<void> {
  let released: ReadonlySet<string> | null = null
  let suspended: ReadonlySet<string> | null = null
  const { attempt } = withoutRepeats(warn)
  while (!signal.aborted) {
    const now = await attempt('releases', () => left().releases())
    for (const id of now ?? []) {
      if (released === null || released.has(id)) continue
      loop.look()
      const name = heldBy.get(id)
      if (name !== undefined) loop.trigger(name, 'released')
    }
    released = now ?? released
    const stored = await attempt('suspensions', () => left().suspensions())
    if (stored !== null) {
      const resting = new Set(
        loop
          .standing()
          .flatMap(({ backup, active }) =>
            suspensionOf(active.spec, stored, clock.now()) === null ? [] : backup,
          ),
      )
      for (const name of resting) loop.stop(name, 'it is suspended')
      for (const name of suspended ?? []) if (!resting.has(name)) loop.trigger(name, 'resumed')
      suspended = resting
    }
    await clock.wait(STATE_LOOK, signal)
  }
}

/** Polls for new specs where no event reports a change, as with git. */
export async function lookEvery(
  milliseconds: number,
  loop: Loop,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.wait(milliseconds, signal)
    loop.look()
  }
}

import { suspensionOf } from '../decide/suspended.ts'
import type { Clock } from '../model/clock.ts'
import { Failure } from '../model/failure.ts'
import type { StoredSuspensions } from '../model/suspension.ts'
import type { Loop } from '../watch/loop.ts'

/** Milliseconds between two looks at what commands have left in the state folder. */
const STATE_LOOK = 5_000

/** What commands leave in the state folder. */
export interface LeftByCommands {
  releases(): Promise<ReadonlySet<string>>
  suspensions(): Promise<StoredSuspensions>
}

/**
 * What a command has left is for now: a release lets what it held run, a suspension stops a run, its end lets the backup run again. What
 * cannot be read changes nothing; each pass tells of it.
 */
export async function followState(
  left: () => LeftByCommands,
  loop: Loop,
  heldBy: ReadonlyMap<string, string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let released: ReadonlySet<string> | null = null
  let suspended: ReadonlySet<string> | null = null
  while (!signal.aborted) {
    try {
      const now = await left().releases()
      for (const id of now) {
        if (released === null || released.has(id)) continue
        loop.look()
        const name = heldBy.get(id)
        if (name !== undefined) loop.trigger(name, 'released')
      }
      released = now
      const stored = await left().suspensions()
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
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
    await clock.wait(STATE_LOOK, signal)
  }
}

/** Where nothing tells that the specs have changed, as with git. */
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

import type { Clock } from '../model/clock.ts'
import type { Loop } from '../watch/loop.ts'

/** Milliseconds between two looks at what commands have left in the state folder. */
const STATE_LOOK = 5_000

/** What a command has left for the next pass is for now: a release lets what it held run. */
export async function followState(
  releases: () => Promise<ReadonlySet<string>>,
  loop: Loop,
  heldBy: ReadonlyMap<string, string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let known = await releases().catch(() => new Set<string>())
  while (!signal.aborted) {
    await clock.wait(STATE_LOOK, signal)
    const now = await releases().catch(() => known)
    for (const id of now) {
      if (known.has(id)) continue
      loop.look()
      const name = heldBy.get(id)
      if (name !== undefined) loop.trigger(name, 'released')
    }
    known = new Set(now)
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

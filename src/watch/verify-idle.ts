import type { Clock } from '../model/clock.ts'
import { failureFrom } from '../model/system-error.ts'
import type { ActiveSpec } from '../model/watched-specs.ts'
import type { Loop } from './loop.ts'
import { withoutRepeats } from './without-repeats.ts'

/** Milliseconds between two looks for an idle moment, and between two shares of one backup. */
const LOOK = 600_000
const SHARE = 3_600_000

/**
 * Verifies in idle time: one backup after the other, a share each, and none is begun or goes on while a pass runs. `verify` reads one
 * backup's share, pausing while `rests` says so, and returns whether a pass has something to repair, which is then run at once.
 */
export async function verifyIdle(
  {
    loop,
    verify,
    clock,
    warn,
  }: {
    readonly loop: Pick<Loop, 'standing' | 'trigger'>
    readonly verify: (one: ActiveSpec, rests: () => boolean) => Promise<boolean>
    readonly clock: Clock
    readonly warn: (message: string) => void
  },
  signal: AbortSignal,
): Promise<void> {
  const isBusy = (): boolean => loop.standing().some(({ phase }) => phase !== 'idle')
  const last = new Map<string, number>()
  const repeats = withoutRepeats(warn)
  while (!signal.aborted) {
    await clock.wait(LOOK, signal)
    for (const { backup, active } of loop.standing()) {
      if (signal.aborted || isBusy()) break
      if (clock.monotonic() - (last.get(backup) ?? Number.NEGATIVE_INFINITY) < SHARE) continue
      last.set(backup, clock.monotonic())
      try {
        if (await verify(active, isBusy)) loop.trigger(backup, 'damage-found')
        repeats.well(backup)
      } catch (error) {
        if (signal.aborted) return
        repeats.trouble(backup, `cannot verify ${backup}: ${failureFrom(error).message}`)
      }
    }
  }
}

import type { LockHolder } from '../model/outcome.ts'
import { takeFlock } from './flock.ts'
import { findHolders } from './lock-holders.ts'

export type LockState =
  /** Held for as long as this process or any child that inherited the descriptor lives, or until `close` everywhere. */
  | { readonly state: 'locked'; readonly descriptor: number; close(): void }
  | { readonly state: 'busy'; readonly holders: readonly LockHolder[] }

/**
 * Takes the destination's lock (I11), waiting at most `waitSeconds`. Busy is busy: the holders are named and left alone. Throws the
 * signal's reason when it is aborted.
 */
export async function takeLock(path: string, waitSeconds: number, signal: AbortSignal): Promise<LockState> {
  const held = await takeFlock(path, waitSeconds, signal)
  if (held === null) return { state: 'busy', holders: findHolders(path) }
  return { state: 'locked', ...held }
}

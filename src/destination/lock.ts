import type { LockHolder } from '../model/outcome.ts'

export type LockState =
  /** Held for as long as this process or any child that inherited the descriptor lives, or until `close` everywhere. */
  | { readonly state: 'locked'; readonly descriptor: number; close(): void }
  | { readonly state: 'busy'; readonly holders: readonly LockHolder[] }

/** Takes the destination's lock (I11), waiting at most `waitSeconds`. Throws the signal's reason when it is aborted. */
export async function takeLock(path: string, waitSeconds: number, signal: AbortSignal): Promise<LockState> {
  throw new Error(`soon ${path} ${waitSeconds} ${signal}`)
}

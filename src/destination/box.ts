import type { LedgerHead } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Box } from '../model/ports.ts'

/** The box's memory as destinations, `release` and the specs' loader need it. */
export interface BoxState extends Box {
  /** The id known for this path. A place that was only announced counts once its id was really `found` there. */
  knownId(path: string, found: string | null): Promise<string | null>
  /** Where this id was last seen; null: never. */
  lastPlaceOf(id: string): Promise<string | null>
  /** Announces a destination about to be made: see `establishIdentity`. Durable. */
  expect(place: { readonly id: string; readonly path: string; readonly filesystem: string }): Promise<void>
  /** The ledger's head as this box last saw it. */
  knownHead(id: string): Promise<LedgerHead | null>
  recordHead(id: string, head: LedgerHead): Promise<void>
  writeRelease(hold: string, reason: string, by: string, at: Instant): Promise<void>
  /** Whether `_defaults.yaml` was ever seen in this specs folder: where it vanished, everything is held. */
  defaultsSeen(folder: string): Promise<boolean>
  rememberDefaults(folder: string): Promise<void>
}

export function openBox(stateFolder: string, options: { readonly concurrency: number }): BoxState {
  throw new Error(`soon ${stateFolder} ${options.concurrency}`)
}

import type { SavedPart } from '../decide/plan/saved.ts'
import type { Box } from '../model/box.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Destination, Source } from '../model/ports.ts'
import type { Bandwidth, LastGood } from '../model/spec.ts'
import type { Promised } from '../model/status.ts'
import type { Hold } from '../model/trouble.ts'

export interface Ports {
  readonly source: Source
  readonly destination: Destination
  readonly box: Box
}

export interface PassOptions {
  /** Seconds to wait for a destination that another run holds. */
  readonly lockWait: number
  /** What this backup may use of the line: its own, within its share of the box's cap. */
  readonly bandwidth: Bandwidth
  readonly revision: string | null
  /** What stands over the policy that is obeyed: meanwhile nothing is removed. */
  readonly policy: { readonly holds: readonly Hold[]; readonly lastGood: LastGood | null }
  /** The backup was asked for by name. */
  readonly named: boolean
  /** With `keep` steps in plans. */
  readonly all: boolean
  /** Holds that lie over all backups of this pass, released ones left out. */
  readonly holds: readonly Hold[]
  /** This backup's part of the saved plan that is applied instead of a plan made now; null: none. */
  readonly saved: SavedPart | null
  /**
   * From what it came to, when the next pass is to be, and until when what is known counts. `keep`: what was promised before stands;
   * `drop`: there is nobody who would keep it.
   */
  readonly promise: ((outcome: Omit<BackupOutcome, 'seconds'>) => Promised) | 'keep' | 'drop'
  /** The time that is planned for was given, and says nothing about this box's clock. */
  readonly isSupposed?: boolean
  /** `prune`: only what may be removed is looked for, and removed. */
  readonly work: 'all' | 'prune'
}

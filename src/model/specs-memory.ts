import type { Box } from './box.ts'
import { type Checked, list, millis, nullable, object, optional, text, unseen } from './check-json.ts'
import type { Instant } from './instant.ts'
import type { Run } from './run.ts'
import type { Halt, Release } from './trouble.ts'

/** What the box remembers of specs from git, over restarts. Only a run that may write changes it. */
export interface SpecsMemory extends Pick<Box, 'released'> {
  /** The folder in `state` that contains the clones. Absolute; it need not be there yet. */
  readonly folder: string
  read(place: string): Promise<GitMemory>
  /** Durable. */
  write(place: string, change: (before: GitMemory) => GitMemory): Promise<void>
  /** Makes the folder, and keeps a clone in it to this process and the children that inherit the descriptor. Null: others have it for so long. */
  lock(
    clone: string,
    waitSeconds: number,
    run: Run,
  ): Promise<{ readonly descriptor: number; release(): void } | null>
  /** A release has been used; who, why and for what stays on this memory's record. */
  consume(hold: string): Promise<void>
}

export const gitMemory = object({
  /** The last good commit. */
  good: nullable(object({ commit: text, taken: millis })),
  /** Newer commits have not been seen since, and why not: `git-refused` where it said no, and else `git-unreachable`. */
  unreachable: nullable(
    object({ since: millis, why: optional(text), code: optional(text), hint: optional(text) }),
  ),
  /** A newer commit that is not taken, the first such one of those that follow each other, since when. */
  refused: nullable(object({ commit: text, since: millis })),
  /** Commits that a person let pass, oldest first. */
  passed: list(unseen<Release & { readonly code: string; readonly from: string; readonly to: string }>()),
})
export type GitMemory = Checked<typeof gitMemory>

/** One thing that keeps what is newest from being obeyed; the codes are those of the faults and holds that report it. */
export interface StaleReason extends Halt {
  readonly since: Instant
}

export const NO_MEMORY: GitMemory = { good: null, unreachable: null, refused: null, passed: [] }

import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { PassEvent } from '../model/event.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Conflict, Halt, Problem } from '../model/trouble.ts'

/** What a pass's applying has come to so far. */
export interface Tally {
  readonly published: string[]
  readonly adopted: string[]
  readonly repaired: string[]
  readonly pruned: string[]
  readonly problems: Problem[]
  readonly conflicts: Conflict[]
  /** Wanted files that are not published, for whatever cause. */
  readonly left: Set<string>
  halt: Halt | null
  /** Bytes over the line. */
  received: number
  stopped: boolean
  /** The line or the source gave up. */
  broken: boolean
  /** What broke it may pass by itself. */
  retryable: boolean
  /** Bandwidth is off, until then. */
  off: BackupOutcome['off']

  publish(file: WantedFile): void
  prune(path: string, because: string): void
  adopt(path: string, size: number, digest: string): void
  clash(conflict: Conflict): void
  /** With a problem, unless one is known of that path already. */
  leave(path: string, problem: Problem): void
  trouble(problem: Problem): void
  stop(halt: Halt): void
}

export function newTally(backup: string, emit: (event: PassEvent) => void): Tally {
  const problemPaths = new Set<string>()
  const tally: Tally = {
    published: [],
    adopted: [],
    repaired: [],
    pruned: [],
    problems: [],
    conflicts: [],
    left: new Set(),
    halt: null,
    received: 0,
    stopped: false,
    broken: false,
    retryable: false,
    off: null,
    publish(file) {
      const how = file.over === 'repair' ? 'repaired' : 'pulled'
      tally.published.push(file.path)
      if (how === 'repaired') tally.repaired.push(file.path)
      tally.left.delete(file.path)
      emit({ type: 'published', backup, path: file.path, size: file.size, digest: file.digest, how })
    },
    prune(path, because) {
      tally.pruned.push(path)
      emit({ type: 'pruned', backup, path, because })
    },
    adopt(path, size, digest) {
      tally.published.push(path)
      tally.adopted.push(path)
      emit({ type: 'published', backup, path, size, digest, how: 'adopted' })
    },
    clash(conflict) {
      tally.left.delete(conflict.path)
      tally.conflicts.push(conflict)
      emit({ type: 'conflict', backup, conflict })
    },
    leave(path, problem) {
      tally.left.add(path)
      if (!problemPaths.has(path)) tally.trouble(problem)
    },
    trouble(problem) {
      if (problem.path !== undefined) problemPaths.add(problem.path)
      tally.problems.push(problem)
      emit({ type: 'problem', backup, problem })
    },
    stop(halt) {
      tally.halt = halt
      emit({ type: 'halt', backup, halt })
    },
  }
  return tally
}

import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { PassEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Conflict, Halt, Problem } from '../model/trouble.ts'
import { problemOf } from './observe-source.ts'

/**
 * What a pass has come to so far. Phases add to it by these methods alone, as things happen, so that what one had done is not lost where
 * it breaks in the middle.
 */
export interface Tally {
  readonly published: readonly string[]
  readonly adopted: readonly string[]
  readonly repaired: readonly string[]
  readonly pruned: readonly string[]
  readonly problems: readonly Problem[]
  readonly conflicts: readonly Conflict[]
  /** Wanted files that are not published, for whatever cause. */
  readonly left: ReadonlySet<string>
  readonly halt: Halt | null
  /** Bytes over the line. */
  readonly received: number
  readonly stopped: boolean
  /** The line or the source gave up. */
  readonly broken: boolean
  /** What broke it may pass by itself. */
  readonly retryable: boolean
  /** Bandwidth is off, until then. */
  readonly off: BackupOutcome['off']

  want(files: readonly WantedFile[]): void
  receive(bytes: number): void
  publish(file: WantedFile): void
  prune(path: string, because: string): void
  adopt(path: string, size: number, digest: string): void
  clash(conflict: Conflict): void
  /** With a problem, unless one is known of that path already. */
  leave(path: string, problem: Problem): void
  trouble(problem: Problem): void
  /** Nothing more is pulled. Of several halts the first counts. */
  stop(halt: Halt): void
  breakOff(failure: Failure): void
  end(how: Partial<Pick<Tally, 'stopped' | 'off'>>): void
  /** Whether the disk refused something for want of room. */
  isDiskFull(): boolean
  /** The same where more was to come: there may be room again for the next pass. */
  endsByFullDisk(): boolean
}

type Writable<Type> = {
  -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[]
    ? Item[]
    : Type[Key] extends ReadonlySet<infer Item>
      ? Set<Item>
      : Type[Key]
}

/** `unfinished`: what an earlier run began, and cannot be ended, is reported by each pass until it is. */
export function newTally(
  backup: string,
  emit: (event: PassEvent) => void,
  unfinished: readonly Problem[] = [],
): Tally {
  const problemPaths = new Set<string>()
  const tally: Writable<Tally> = {
    published: [],
    adopted: [],
    repaired: [],
    pruned: [],
    problems: [...unfinished],
    conflicts: [],
    left: new Set(),
    halt: null,
    received: 0,
    stopped: false,
    broken: false,
    retryable: false,
    off: null,
    want(files) {
      for (const { path } of files) tally.left.add(path)
    },
    receive(bytes) {
      tally.received += bytes
    },
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
      if (tally.halt !== null) return
      tally.halt = halt
      emit({ type: 'halt', backup, halt })
    },
    breakOff(failure) {
      tally.broken = true
      tally.retryable = failure.retryable
      tally.trouble(problemOf(failure))
    },
    end(how) {
      Object.assign(tally, how)
    },
    isDiskFull: () => tally.problems.some(({ code }) => code === 'disk-full'),
    endsByFullDisk() {
      const isFull = tally.isDiskFull()
      tally.retryable ||= isFull
      return isFull
    },
  }
  return tally
}

import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { PassEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { problemOf } from '../model/failure.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Conflict, Halt, Problem } from '../model/trouble.ts'

/** What a pass has done so far. */
interface Tallied {
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
}

/**
 * The same with the methods that add to it, the only way for phases to do so. They add things as they happen, so that what a phase has
 * done is not lost if it breaks off.
 */
export type Tally = ReturnType<typeof newTally>

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
) {
  const problemPaths = new Set<string>()
  const tally: Writable<Tallied> = {
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
  }
  const brokenBy = new Set<string>()
  /** A disk that failed rsync fails what comes after it too. */
  const isWhyBroken = (code: string): boolean => brokenBy.has(code) && code.startsWith('disk-')
  const trouble = (problem: Problem): void => {
    if (problem.path !== undefined) problemPaths.add(problem.path)
    tally.problems.push(problem)
    emit({ type: 'problem', backup, problem })
  }
  /** Whether the disk refused something for want of room. */
  const isDiskFull = (): boolean => tally.problems.some(({ code }) => code === 'disk-full')
  return Object.assign(tally as Tallied, {
    trouble,
    isDiskFull,
    /** The same where more was to come: there may be room again for the next pass. */
    endsByFullDisk(): boolean {
      tally.retryable ||= isDiskFull()
      return isDiskFull()
    },
    want(files: readonly WantedFile[]): void {
      for (const { path } of files) tally.left.add(path)
    },
    receive(bytes: number): void {
      tally.received += bytes
    },
    publish({ path, size, digest, over }: WantedFile): void {
      const how = over === 'repair' ? 'repaired' : 'pulled'
      tally.published.push(path)
      if (how === 'repaired') tally.repaired.push(path)
      tally.left.delete(path)
      emit({ type: 'published', backup, path, size, digest, how })
    },
    prune(path: string, because: string): void {
      tally.pruned.push(path)
      emit({ type: 'pruned', backup, path, because })
    },
    adopt(path: string, size: number, digest: string): void {
      tally.published.push(path)
      tally.adopted.push(path)
      emit({ type: 'published', backup, path, size, digest, how: 'adopted' })
    },
    clash(conflict: Conflict): void {
      tally.left.delete(conflict.path)
      tally.conflicts.push(conflict)
      emit({ type: 'conflict', backup, conflict })
    },
    /** With a problem, unless one is known of that path already, or it is what broke the pass off. */
    leave(path: string, problem: Problem): void {
      tally.left.add(path)
      if (!problemPaths.has(path) && !isWhyBroken(problem.code)) trouble(problem)
    },
    /** Nothing more is pulled. Of several halts the first counts. */
    stop(halt: Halt): void {
      if (tally.halt !== null) return
      tally.halt = halt
      emit({ type: 'halt', backup, halt })
    },
    breakOff(failure: Failure): void {
      if (!isWhyBroken(failure.code)) trouble(problemOf(failure))
      brokenBy.add(failure.code)
      tally.broken = true
      tally.retryable = failure.retryable
    },
    end(how: Partial<Pick<Tallied, 'stopped' | 'off'>>): void {
      Object.assign(tally, how)
    },
  })
}

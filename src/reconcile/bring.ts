import { setTimeout as sleep } from 'node:timers/promises'
import { retryDelay } from '../decide/time/backoff.ts'
import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { Failure } from '../model/failure.ts'
import type { PullBatch } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'
import type { Pass } from './pass-context.ts'

export interface Brought {
  /**
   * `done`: what could come has come. `broken`: the line or the source gave up. `stopped`: the run was ended. `rate-changed`: the rate
   * is no longer in force. `no-room`: less than minFree is free.
   */
  readonly ended: 'done' | 'broken' | 'stopped' | 'rate-changed' | 'no-room'
  readonly failure: Failure | null
  readonly problems: readonly Problem[]
  readonly received: number
  /** That sessions took. */
  readonly seconds: number
  /** Of the batch, what is to be judged. */
  readonly whole: readonly WantedFile[]
  /** What is still to come, with what is staged of it. */
  readonly rest: readonly WantedFile[]
}

/** Bytes a second, null: unlimited; and whether it is that still. */
interface AllowedRate {
  readonly rate: number | null
  isInForce(): boolean
}

/** Polled, milliseconds, rather than left to one long timer, so that a changed clock or a box that slept does not matter. */
const LOOK_AT_CLOCK = 1000

/**
 * Brings one batch into staging. A line that breaks or stalls is tried again for as long as each attempt gets further; what has
 * arrived stays, and the next attempt continues from there. If the run is stopped, the rate changes, or the disk fills up below minFree,
 * it returns what is whole by then.
 */
export async function bring(
  batch: readonly WantedFile[],
  { source, destination, spec, run }: Pick<Pass, 'source' | 'destination' | 'spec' | 'run'>,
  allowed: AllowedRate,
  report: PullBatch['report'],
): Promise<Brought> {
  const all = { failure: null, problems: [], whole: batch, rest: [] }
  let received = 0
  let seconds = 0
  let fruitless = 0
  for (let made = 1; ; made++) {
    const staged = await destination.stage(batch, run)
    // A staged file of full size is only hashed: an append would skip it, right or wrong. An empty file has to be made.
    const files = batch
      .map((file) => ({ ...file, stagedBytes: staged.get(file.path) ?? 0 }))
      .filter((file) => file.mode === 'mend' || file.stagedBytes < file.size || file.size === 0)
    // What only rewrites staged bytes takes no room.
    const takesRoom = files.some(({ size, stagedBytes }) => stagedBytes < size)
    const hasRoom = async () => !takesRoom || (await isAboveMinFree(destination, spec))
    const whyEnd = async () => {
      // What came whole before a stop is known here, for no rsync is left.
      if (run.signal.aborted) return 'stopped'
      if (files.length === 0) return 'done'
      return !allowed.isInForce() ? 'rate-changed' : (await hasRoom()) ? null : 'no-room'
    }
    const ended = await whyEnd()
    if (ended !== null) {
      const coming = new Set(files.map(({ path }) => path))
      const whole = batch.filter(({ path }) => !coming.has(path))
      return { ...all, ended, received, seconds, whole, rest: files }
    }
    const there = batch.length - files.length
    const bytesThere =
      batch.reduce((sum, file) => sum + file.size, 0) - files.reduce((sum, file) => sum + file.size, 0)
    const order: PullBatch = {
      mode: batch[0]!.mode,
      // The source knows them by its own names, and so does staging.
      files: files.map(({ from, size, stagedBytes }) => ({ path: from, size, stagedBytes })),
      into: destination.staging,
      inherit: destination.lockDescriptor,
      rate: allowed.rate,
      timeout: spec.transfer.timeout,
      report: (now) => report({ ...now, files: now.files + there, bytes: now.bytes + bytesThere }),
    }
    const began = performance.now()
    const pulled = await whileAllowed(allowed, hasRoom, run, (signal) =>
      source.pull(order, { ...run, signal }),
    )
    received += pulled.received
    seconds += (performance.now() - began) / 1000
    if (pulled.ended === 'stopped') continue
    const { failure } = pulled
    const problems = pulled.problems.map((one) => aboutOurs(one, files))
    if (pulled.ended !== 'broken' || failure === null)
      return { ...all, ended: 'done', problems, received, seconds }
    // The disk that ran full under rsync is a disk without room, not a line that may recover.
    if (!(await hasRoom())) continue
    fruitless = pulled.received > 0 ? 0 : fruitless + 1
    // Nor has a quota that is used up room in a few seconds.
    const mayPass = failure.retryable && failure.code !== 'disk-full'
    const wait = mayPass ? retryDelay({ made, fruitless }) : null
    if (wait === null) return { ...all, ended: 'broken', failure, problems, received, seconds }
    run.emit({ type: 'retrying', backup: spec.name, attempt: made, seconds: wait, why: failure.message })
    await whileAllowed(allowed, hasRoom, run, (signal) =>
      sleep(wait * 1000, undefined, { signal }).catch(() => {}),
    )
  }
}

/** A problem of a file by its path here. */
function aboutOurs(problem: Problem, files: readonly WantedFile[]): Problem {
  const file = files.find(({ from }) => from === problem.path)
  return file === undefined ? problem : { ...problem, path: file.path }
}

async function isAboveMinFree(
  destination: Pass['destination'],
  { destination: place }: Spec,
): Promise<boolean> {
  const free = await destination.free()
  return free === null || free >= place.minFree
}

/** Its signal is aborted where the run's is, where the rate is no longer in force, and where there is no more room: others write too. */
async function whileAllowed<T>(
  allowed: AllowedRate,
  hasRoom: () => Promise<boolean>,
  run: Run,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const changed = new AbortController()
  // A disk that does not answer is asked once.
  let isAsked = false
  const clock = setInterval(() => {
    if (!allowed.isInForce()) changed.abort()
    if (isAsked) return
    isAsked = true
    void hasRoom().then((has) => {
      isAsked = false
      if (!has) changed.abort()
    })
  }, LOOK_AT_CLOCK)
  try {
    return await act(AbortSignal.any([run.signal, changed.signal]))
  } finally {
    clearInterval(clock)
  }
}

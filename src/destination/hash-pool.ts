import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Digest, DigestPair } from '../model/digest.ts'
import { BLOCK, CONTROL_BYTES, type HashTask, SLOT, SLOTS } from './hash-ring.js'

/** The digests of a file's bytes, and whose bytes they are: `modified` is from before they were read, as lstat tells it. */
export type Hashed =
  | ({ readonly state: 'hashed'; readonly digests: DigestPair } & Read)
  /** Node's error code: ENOENT, EACCES, EIO, ELOOP for a symlink, EINVAL for what is not a regular file. */
  | { readonly state: 'failed'; readonly code: string }

/**
 * Reads each file once and takes both digests. Absolute paths; `size` is what is expected and only guides the work. Once
 * `signal` aborts it stops soon; what was not read to its end by then is missing from the answer.
 */
export type HashFiles = (
  files: readonly { readonly path: string; readonly size: number }[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, Hashed>>

/** From here on two threads share a file. */
const LARGE = 8 * BLOCK
/** What one message to a thread holds at most. */
const MESSAGE_FILES = 64
const MESSAGE_BYTES = LARGE

interface Read {
  readonly inode: string
  readonly modified: string
  /** Bytes that were read. */
  readonly size: number
  /** The first 512 of them, one character a byte (latin1). */
  readonly head: string
}

type Sums = (Read & { readonly md5: string; readonly sha256: string }) | { readonly code: string }

interface Job {
  readonly threads: number
  /** Called when its turn comes: a ring is 8 MiB, and a thousand large files may wait. */
  readonly tasks: () => readonly HashTask[]
  readonly done: (answers: readonly unknown[]) => void
  readonly failed: (error: Error) => void
}

// One pool for the process: threads cost memory, and more of them than processors gain nothing.
const THREADS = Math.max(2, Math.min(8, availableParallelism()))
const idle: Worker[] = []
const queue: Job[] = []
let started = 0

export const hashFiles: HashFiles = async (files, signal) => {
  const results = new Map<string, Hashed>()
  if (files.length === 0 || signal.aborted) return results
  const control: SharedArrayBuffer[] = []
  const stop = () => {
    for (const buffer of control) stopRing(buffer)
  }
  const newControl = () => {
    const buffer = new SharedArrayBuffer(CONTROL_BYTES)
    control.push(buffer)
    return buffer
  }
  const keep = (path: string, sums: Sums) => {
    if (!('code' in sums)) {
      const { md5, sha256, ...read } = sums
      results.set(path, {
        state: 'hashed',
        ...read,
        digests: { md5: md5 as Digest, sha256: sha256 as Digest },
      })
    } else if (sums.code !== 'ABORTED') results.set(path, { state: 'failed', code: sums.code })
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const small = newControl()
    await Promise.all([
      ...files
        .filter((file) => file.size >= LARGE)
        .map(async ({ path }) => {
          keep(path, await hashLarge(path, newControl()))
        }),
      ...messages(files.filter((file) => file.size < LARGE)).map(async (paths) => {
        const [answer] = await submit(1, () => [{ kind: 'whole', control: small, paths }])
        const { sums } = answer as { readonly sums: readonly Sums[] }
        for (const [i, path] of paths.entries()) keep(path, sums[i]!)
      }),
    ])
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return results
}

async function hashLarge(path: string, control: SharedArrayBuffer): Promise<Sums> {
  const [lead, follow] = (await submit(2, () => {
    const ring = new SharedArrayBuffer(BLOCK * SLOTS)
    return [
      { kind: 'lead', control, path, ring },
      { kind: 'follow', control, ring },
    ]
  })) as [(Read & { sha256: string }) | { code: string }, { md5: string | null }]
  if ('code' in lead) return lead
  return follow.md5 === null ? { code: 'ABORTED' } : { ...lead, md5: follow.md5 }
}

function messages(files: readonly { readonly path: string; readonly size: number }[]): readonly string[][] {
  const groups: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const { path, size } of files) {
    const last = groups.at(-1)
    if (last === undefined || last.length >= MESSAGE_FILES || bytes + size > MESSAGE_BYTES) {
      groups.push([path])
      bytes = size
    } else {
      last.push(path)
      bytes += size
    }
  }
  return groups
}

function submit(threads: 1 | 2, tasks: Job['tasks']): Promise<readonly unknown[]> {
  return new Promise((done, failed) => {
    queue.push({ threads, tasks, done, failed })
    dispatch()
  })
}

/** First come, first served: files that need one thread cannot starve a file that needs two. */
function dispatch(): void {
  for (;;) {
    const job = queue[0]
    if (job === undefined) return
    try {
      while (idle.length < job.threads && started < THREADS) {
        idle.push(new Worker(new URL('../destination/hash-worker.js', import.meta.url)))
        started++
      }
    } catch (error) {
      // The machine lets no more threads begin: those that there are have to do.
      if (started < job.threads) {
        queue.shift()
        job.failed(error as Error)
        continue
      }
    }
    if (idle.length < job.threads) return
    queue.shift()
    Promise.all(job.tasks().map((task) => ask(idle.pop()!, task))).then(job.done, job.failed)
  }
}

function ask(worker: Worker, task: HashTask): Promise<unknown> {
  // Referenced only while it works, so that an idle pool keeps no process alive.
  worker.ref()
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off('message', onMessage)
      worker.off('error', onError)
    }
    const onMessage = (message: unknown) => {
      settle()
      worker.unref()
      idle.push(worker)
      resolve(message)
      dispatch()
    }
    const onError = (error: Error) => {
      settle()
      started--
      // Its partner at the ring must not wait for it.
      stopRing(task.control)
      reject(error)
      dispatch()
    }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.postMessage(task)
  })
}

/** Makes both threads leave a ring, the one that waits for bytes and the one that waits for room. */
function stopRing(control: SharedArrayBuffer): void {
  const words = new Int32Array(control)
  Atomics.store(words, SLOT.stop, 1)
  Atomics.notify(words, SLOT.made)
  Atomics.notify(words, SLOT.taken)
}

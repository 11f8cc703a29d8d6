import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Run } from '../model/run.ts'
import { type Flock, takeFlock } from '../system/lock.ts'
import { makeStateFolder } from './state-file.ts'

/**
 * The host's lock, then one of the slots: in this order, so that waiting for a host takes no slot, and there is no deadlock. Held by
 * this process alone: an orphan is the destination lock's business. `waiting` is called once for each that is not free.
 */
export async function claimSlot(
  folder: string,
  slots: number,
  host: string | null,
  run: Run,
  waiting: (what: 'host' | 'slot') => void,
): Promise<{ release(): Promise<void> }> {
  await makeStateFolder(folder)
  const held: Flock[] = []
  const release = async (): Promise<void> => {
    for (const one of held.splice(0).reverse()) one.close()
  }
  try {
    if (host !== null) {
      const path = join(folder, `host-${createHash('sha256').update(host).digest('hex').slice(0, 16)}.lock`)
      held.push((await takeFirst([path], run.signal)) ?? (await wait([path], run, () => waiting('host'))))
    }
    const paths = Array.from({ length: Math.max(1, slots) }, (_, i) => join(folder, `slot-${i}.lock`))
    held.push((await takeFirst(paths, run.signal)) ?? (await wait(paths, run, () => waiting('slot'))))
    return { release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The first of these locks that is free now, in their order. */
async function takeFirst(paths: readonly string[], signal: AbortSignal): Promise<Flock | null> {
  for (const path of paths) {
    const held = await takeFlock(path, 0, signal)
    if (held !== null) return held
  }
  return null
}

/** Waits for all of them at once, in the kernel's own queues, and keeps whichever comes first. */
async function wait(paths: readonly string[], run: Run, announce: () => void): Promise<Flock> {
  announce()
  const others = new AbortController()
  const signal = AbortSignal.any([run.signal, others.signal])
  let first: Flock | null = null
  const waits = paths.map(async (path) => {
    const held = await takeFlock(path, Number.POSITIVE_INFINITY, signal)
    if (held === null) return
    if (first === null) {
      first = held
      others.abort()
    } else held.close()
  })
  const ended = await Promise.allSettled(waits)
  if (first !== null) return first
  run.signal.throwIfAborted()
  throw ended.find((one) => one.status === 'rejected')?.reason ?? new Error('no lock was waited for')
}

/** Drills are run one at a time on a box. Null: another process is at one. */
export async function claimDrills(folder: string, signal: AbortSignal): Promise<Flock | null> {
  await makeStateFolder(folder)
  return takeFlock(join(folder, 'drill.lock'), 0, signal)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { retryDelay } from '../decide/retry-delay.ts'
import type { Failure } from '../model/failure.ts'
import type { LockedDestination, PullBatch, Source } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'
import type { WantedFile } from './wanted-file.ts'

export interface Brought {
  /** `done`: what could come has come. `broken`: the line or the source gave up. `stopped`: we were told to. */
  readonly ended: 'done' | 'broken' | 'stopped'
  readonly failure: Failure | null
  readonly problems: readonly Problem[]
  readonly received: number
}

/**
 * Brings one batch into staging. A line that breaks or stalls is tried again for as long as each attempt gets further; what has
 * come stays, and the next attempt goes on from there.
 */
export async function bring(
  batch: readonly WantedFile[],
  ports: { readonly source: Source; readonly destination: LockedDestination },
  spec: Spec,
  rate: number | null,
  report: PullBatch['report'],
  run: Run,
): Promise<Brought> {
  let received = 0
  let fruitless = 0
  for (let made = 1; ; made++) {
    const staged = await ports.destination.stage(batch, run)
    // A staged file of full size is only hashed: an append would skip it, right or wrong. An empty file has to be made.
    const files = batch
      .map((file) => ({ ...file, stagedBytes: staged.get(file.path) ?? 0 }))
      .filter((file) => file.mode === 'mend' || file.stagedBytes < file.size || file.size === 0)
    if (files.length === 0) return { ended: 'done', failure: null, problems: [], received }
    const there = batch.length - files.length
    const bytesThere =
      batch.reduce((sum, file) => sum + file.size, 0) - files.reduce((sum, file) => sum + file.size, 0)
    const pulled = await ports.source.pull(
      {
        mode: batch[0]!.mode,
        files,
        into: ports.destination.staging,
        inherit: ports.destination.lockDescriptor,
        rate,
        timeout: spec.transfer.timeout,
        report: (now) => report({ ...now, files: now.files + there, bytes: now.bytes + bytesThere }),
      },
      run,
    )
    received += pulled.received
    if (pulled.ended === 'stopped') return { ended: 'stopped', failure: null, problems: [], received }
    const { failure } = pulled
    if (pulled.ended !== 'broken' || failure === null) {
      return { ended: 'done', failure: null, problems: pulled.problems, received }
    }
    fruitless = pulled.received > 0 ? 0 : fruitless + 1
    const seconds = failure.retryable ? retryDelay({ made, fruitless }) : null
    if (seconds === null) return { ended: 'broken', failure, problems: pulled.problems, received }
    run.emit({ type: 'retrying', backup: spec.name, attempt: made, seconds, why: failure.message })
    try {
      await sleep(seconds * 1000, undefined, { signal: run.signal })
    } catch {
      return { ended: 'stopped', failure: null, problems: [], received }
    }
  }
}

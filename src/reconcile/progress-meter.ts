import type { PassEvent } from '../model/event.ts'
import type { Instant } from '../model/instant.ts'

/** The rate is taken over this long. Milliseconds. */
const WINDOW = 10_000
/** Within the first second nothing is known of it. */
const FIRST = 1_000

type Progress = Extract<PassEvent, { type: 'progress' }>

/** Adds up what batches report into one backup's progress. `published`: files of the pass so far. */
export function progressMeter(
  backup: string,
  total: { readonly files: number; readonly bytes: number; readonly resumed: number },
  now: () => Instant,
  published: () => number,
) {
  const publishedBefore = published()
  let before = { files: 0, bytes: 0 }
  const samples: { readonly at: number; readonly bytes: number }[] = []
  return {
    /** `current`: what the running batch has in staging. */
    at(current: { readonly files: number; readonly bytes: number; readonly path: string | null }): Progress {
      const bytes = before.bytes + current.bytes
      const at = now()
      samples.push({ at, bytes })
      while (samples.length > 2 && at - samples[0]!.at > WINDOW) samples.shift()
      const first = samples[0]!
      const span = at - first.at
      return {
        type: 'progress',
        backup,
        path: current.path,
        files: {
          done: before.files + current.files,
          total: total.files,
          published: published() - publishedBefore,
        },
        bytes: { done: bytes, total: total.bytes, resumed: total.resumed },
        rate: span < FIRST ? null : (Math.max(0, bytes - first.bytes) / span) * 1000,
      }
    },
    finished(batch: { readonly files: number; readonly bytes: number }): void {
      before = { files: before.files + batch.files, bytes: before.bytes + batch.bytes }
    },
  }
}

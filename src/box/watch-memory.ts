import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { matches, object, record } from '../model/check-json.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import { type WatchBeat, watchBeat } from '../model/watch-beat.ts'
import { type KeptSpecs, keptSpecs } from '../model/watched-specs.ts'
import { type LockState, takeLock } from '../system/lock.ts'
import { makeStateFolder, readState, replaceState, stateFailure, stateFile } from './state-file.ts'

/** What `watch` remembers in the `state` folder, and the lock that there is one of it. */
export interface WatchMemory {
  /** Taken by one daemon at a time. */
  lock(signal: AbortSignal): Promise<LockState>
  /** The specs that were obeyed, by the label of where they came from; null: none are known. */
  kept(label: string): Promise<KeptSpecs | null>
  keep(label: string, kept: KeptSpecs): Promise<void>
  /** Moves damaged specs out of the way, and returns where they are now. */
  setAside(at: Instant): Promise<string>
  /** A daemon's last heartbeat; null: none that can be read. */
  beat(): Promise<WatchBeat | null>
  /** Time of the last heartbeat; `unknown`: there is one, but it cannot be read; null: there is none, or it was removed. */
  lastHeard(): Promise<string | null>
  writeBeat(beat: WatchBeat): Promise<void>
}

export function openWatchMemory(stateFolder: string): WatchMemory {
  const specs = stateFile(stateFolder, 'watch-specs', { places: {} }, object({ places: record(keptSpecs) }))
  const beat = join(stateFolder, 'watch.json')
  return {
    async lock(signal) {
      const folder = join(stateFolder, 'locks')
      await makeStateFolder(folder)
      return takeLock(join(folder, 'watch.lock'), 0, signal)
    },
    async kept(label) {
      const { places } = await specs.read()
      return Object.hasOwn(places, label) ? places[label]! : null
    },
    keep: (label, kept) => specs.change(({ places }) => ({ places: { ...places, [label]: kept } })),
    async setAside(at) {
      const aside = `${specs.path}.damaged-${isoTime(at)}`
      try {
        await rename(specs.path, aside)
      } catch (error) {
        throw stateFailure(error, 'move aside', specs.path)
      }
      return aside
    },
    // It is written again within a minute: a damaged one counts as none here, but not in `lastHeard`.
    beat: () => readState(beat, isBeat).catch(() => null),
    lastHeard: () =>
      readState(beat, isBeat).then(
        (word) => word?.at ?? null,
        () => 'unknown',
      ),
    async writeBeat(word) {
      await makeStateFolder(stateFolder)
      await replaceState(beat, `${JSON.stringify(word)}\n`)
    },
  }
}

const isBeat = matches(watchBeat)

import type { Destination } from '../model/ports.ts'
import type { NearPlace } from '../model/spec.ts'
import { takeLock } from '../system/lock.ts'
import { diskFacts } from './disk/facts.ts'
import { namesAtRisk } from './disk/names.ts'
import { writeFault } from './disk/write-fault.ts'
import { type HashFiles, hashFiles } from './hash-pool.ts'
import { layout } from './layout.ts'
import { lockedDestination } from './locked-destination.ts'
import { type Ground, identify, readHistory, takeHolding } from './look/holding.ts'
import { makePrivateFolders } from './look/ownership.ts'
import { readProgress } from './look/progress-file.ts'
import { readStatus } from './look/status-file.ts'
import { reread } from './reread.ts'

/** The near side of one backup. Touches nothing until it is asked to. */
export function openDestination(
  place: NearPlace,
  options: Omit<Ground, 'place'> & {
    /** The backup's name, for events. */
    readonly backup: string
    /** Left out but where `disk` is no real one, as is the next. */
    readonly hash?: HashFiles
    readonly takeLock?: typeof takeLock
  },
): Destination {
  const ground = { place, ...options, hash: options.hash ?? hashFiles }
  const lock = options.takeLock ?? takeLock
  const files = layout(place.path)
  return {
    path: place.path,
    identify: () => identify(ground),
    readStatus: () => readStatus(options.disk, files),
    rotation: async () => (place.rotate ? options.box.rotation(place.path) : null),
    readProgress: () => readProgress(options.disk, files),
    inspect: (run) => takeHolding(ground, run.now, null),
    history: () => readHistory(ground),
    async refusedNames(paths) {
      const { type, source } = await (ground.diskOf ?? diskFacts)(place.path)
      const found = namesAtRisk(type, paths)
      return found.paths.size === 0 ? null : { ...found, filesystem: `${type}, ${source}` }
    },
    reread: (path, pace, { signal }) => reread({ disk: options.disk, path: place.path }, path, pace, signal),
    writeFault: () => writeFault(files.own, place.path),

    async lock(waitSeconds, run) {
      const { halt } = await identify(ground)
      if (halt !== null) return { state: 'refused', halt }
      await makePrivateFolders(options.disk, files, place.path)
      let taken = await lock(files.lock, 0, run.signal)
      if (taken.state === 'busy' && waitSeconds > 0) {
        run.emit({ type: 'waiting', backup: options.backup, for: 'destination' })
        taken = await lock(files.lock, waitSeconds, run.signal)
      }
      if (taken.state === 'busy') return taken
      return { state: 'locked', destination: lockedDestination(ground, taken) }
    },
  }
}

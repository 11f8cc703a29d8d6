import { Failure } from '../model/failure.ts'
import type { LockedDestination } from '../model/ports.ts'
import { diskFailure, inodesAt } from '../system/disk-failure.ts'
import { admit } from './disk/admit.ts'
import { diskFacts } from './disk/facts.ts'
import { refusedOf } from './disk/names.ts'
import type { HashFiles } from './hash-pool.ts'
import { layout } from './layout.ts'
import { freeBytes, type Ground, openOwnLedger, takeHolding } from './look/holding.ts'
import { establishIdentity, readId } from './look/identity.ts'
import { syncEarlier } from './look/ownership.ts'
import { showProgress } from './look/progress-file.ts'
import { openSeen, type SeenCache } from './look/seen-cache.ts'
import { writeStatus } from './look/status-file.ts'
import { adopt } from './publish/adopt.ts'
import { gate } from './publish/gate.ts'
import { publish } from './publish/publish.ts'
import { recover } from './publish/recover.ts'
import { type Site, stagedPath } from './publish/site.ts'
import { stage } from './publish/stage.ts'
import { expireTrash } from './trash/expire.ts'
import { prune } from './trash/prune.ts'
import { undoPrune } from './trash/undo.ts'
import { verify } from './verify.ts'

/** The destination as the holder of its lock has it. Nothing but `inspect` works before `recover`, or on a damaged ledger. */
export function lockedDestination(
  ground: Ground & { readonly hash: HashFiles; readonly backup: string },
  /** `isInPlace` is left out where there is no real lock. */
  lock: { readonly descriptor: number; isInPlace?: () => boolean; close(): void },
): LockedDestination {
  const { place, disk, box } = ground
  const files = layout(place.path)
  let open: { readonly site: Site; readonly seen: SeenCache } | null = null
  const opened = () => {
    if (open !== null) return open
    throw new Failure({
      code: 'ledger-closed',
      message: `the ledger ${files.ledger} is not open: nothing is written to ${place.path}`,
      hint: 'Run `reconcile status` to see what is wrong with it.',
      retryable: false,
    })
  }

  const free = () => (ground.freeOn ?? freeBytes)(place.path)

  const checkInPlace = (): void => {
    if (lock.isInPlace?.() === false) throw diskTaken(place.path)
  }

  /**
   * What the disk refuses a whole batch. Nothing is written to what has come in the place of the disk that was locked, and where it went
   * meanwhile, that is why each file of the batch failed.
   */
  const inWords = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      checkInPlace()
      return await work().finally(checkInPlace)
    } catch (error) {
      throw diskFailure(error, `${doing} files in`, place.path)
    }
  }

  return {
    lockDescriptor: lock.descriptor,
    staging: files.staging,

    async recover(run) {
      await syncEarlier(disk, files, place.path)
      // Of a pass that was killed.
      await showProgress(disk, files, null)
      const on = {
        path: place.path,
        backup: ground.backup,
        rotates: place.rotate,
        disk: await (ground.diskOf ?? diskFacts)(place.path),
      }
      await establishIdentity(disk, files, {
        now: run.now,
        announce: (id) => box.expect({ id, ...on }),
      })
      const read = await inWords('look at', async () =>
        openOwnLedger(ground, 'write', await readId(disk, files), run.now),
      )
      // `inspect` reports what is wrong with it, as a halt.
      if (read.state !== 'open') return
      const { ledger } = read
      await box.learn({ id: ledger.id, ...on }, run.now())
      const emit = (what: string) => run.emit({ type: 'recovered', backup: ground.backup, what })
      if (ledger.recovered !== null) {
        const { bytes, quarantine } = ledger.recovered
        emit(`the ledger's torn tail, ${bytes} bytes, is in .reconcile/quarantine/${quarantine}`)
      }
      const { hash, uid, backup } = ground
      const site: Site = {
        path: place.path,
        files,
        disk,
        hash,
        uid,
        backup,
        ledger,
        judged: new Map(),
        links: null,
      }
      for (const what of await recover(site, run)) emit(what)
      open = { site, seen: await openSeen(disk, files, ledger.records) }
    },

    inspect: (run) =>
      inWords('look at', () =>
        takeHolding(ground, run.now, open === null ? null : { ledger: open.site.ledger, seen: open.seen }),
      ),

    stage: (requests, run) => inWords('stage', () => stage(opened().site, requests, run)),
    async refusedNames(paths) {
      const refused = await inWords('try names for', () => refusedOf(disk, files.staging, paths))
      if (refused.size === 0) return null
      const { type, source } = await (ground.diskOf ?? diskFacts)(place.path)
      return { paths: refused, filesystem: `${type}, ${source}`, isSure: true }
    },
    gate: (requests, run) => inWords('judge', () => gate(opened().site, requests, run)),
    publish: (requests, run) => inWords('publish', () => publish(opened().site, requests, run)),
    adopt: (requests, run, judge) => inWords('adopt', () => adopt(opened().site, requests, run, judge)),
    verify: (paths, run) => inWords('verify', () => verify(opened().site, paths, run)),
    prune: (requests, run) => inWords('prune', () => prune(opened().site, requests, run)),
    undoPrune: (paths, why, run) => inWords('restore', () => undoPrune(opened().site, paths, why, run)),
    expireTrash: (paths) => inWords('expire', () => expireTrash(opened().site, paths)),
    free,
    admit: (choose) => inWords('look at', () => admit(disk, files.staging, free, choose)),
    inodes: async () => inodesAt(place.path),

    async dropStaged(paths) {
      const { site } = opened()
      for (const path of paths) {
        site.judged.delete(path)
        await inWords('remove staged', () => disk.unlink(stagedPath(site, path)))
      }
    },

    record: (events) => inWords('record', () => opened().site.ledger.append(events)),
    remember: (changes) => inWords('remember', () => opened().seen.remember(changes)),

    head: () => open?.site.ledger.head ?? null,

    async writeStatus(status) {
      await inWords('write the status of', () => writeStatus(disk, files, status))
      // I10: a ledger that is cut short later does not hold this head any more.
      if (open !== null) await box.recordHead(open.site.ledger.id, open.site.ledger.head)
    },

    showProgress: async (progress) => {
      if (lock.isInPlace?.() !== false) await showProgress(disk, files, progress)
    },
    close: async () => lock.close(),
  }
}

const diskTaken = (path: string): Failure =>
  new Failure({
    code: 'disk-gone',
    message: `${path} is no longer on the disk that this pass locked: it was unmounted, or another one took its place`,
    hint: 'Mount it again; the next pass goes on. Before you unmount a disk: reconcile suspend, and wait for the pass that runs.',
    retryable: true,
    path,
  })

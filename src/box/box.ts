import { join } from 'node:path'
import type { BoxState } from '../model/box.ts'
import {
  type Checked,
  flag,
  list,
  number,
  object,
  optional,
  record,
  text,
  unseen,
} from '../model/check-json.ts'
import type { DiskBefore, DiskFacts } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
import { RELEASE } from '../model/trouble.ts'
import { claimSlot } from './claim-slot.ts'
import { openRotations } from './rotations.ts'
import { stateFile } from './state-file.ts'
import { openSuspensions } from './suspensions.ts'

const destination = object({
  id: text,
  path: text,
  filesystem: text,
  /** Left out: an older version did not write it down; likewise what follows. */
  within: unseen<string | undefined>(),
  backup: unseen<string | undefined>(),
  disk: unseen<DiskBefore['disk'] | undefined>(),
  day: unseen<string | null | undefined>(),
  /** Announced, and not yet learnt: it may never have been made. */
  announced: flag,
})
type KnownDestination = Checked<typeof destination>

const releaseOf = object({ hold: text, ...RELEASE })

/**
 * The memory and the locks in the `state` folder, shared by all processes on the box. A missing folder reads as empty, and only writing
 * makes it: a dry run leaves no trace.
 */
export function openBox(stateFolder: string, options: { readonly concurrency: number }): BoxState {
  const destinations = stateFile(
    stateFolder,
    'destinations',
    { destinations: [], heads: {} },
    object({ destinations: list(destination), heads: record(object({ seq: number, hash: text })) }),
  )
  const releases = stateFile(stateFolder, 'releases', { releases: [] }, object({ releases: list(releaseOf) }))
  // An older version wrote no `withHosts`.
  const folders = stateFile(
    stateFolder,
    'spec-folders',
    { withDefaults: [] },
    object({ withDefaults: list(text), withHosts: optional(list(text)) }),
  )
  const turns = openRotations(stateFolder)
  const known = async (): Promise<readonly KnownDestination[]> => (await destinations.read()).destinations
  const knownAs = async (id: string) => (await known()).find((one) => one.id === id) ?? null

  return {
    claim: (host, run, waiting) =>
      claimSlot(join(stateFolder, 'locks'), options.concurrency, host, run, waiting),

    async knownId(path, found) {
      const here = (await known()).filter((one) => one.path === path)
      return (here.find(({ id }) => id === found) ?? here.findLast(({ announced }) => !announced))?.id ?? null
    },
    lastPlaceOf: async (id) => (await knownAs(id))?.path ?? null,
    places: known,
    async wasHere(id) {
      const before = await knownAs(id)
      return before === null ? null : { disk: before.disk ?? null, day: before.day ?? null }
    },
    async rotation(path) {
      const here = (await known()).filter((one) => one.path === path && !one.announced)
      return turns.read(
        path,
        here.map(({ id, filesystem, within = null, disk = null, day = null }) => ({
          id,
          filesystem,
          within,
          disk,
          day,
        })),
      )
    },
    async forget(id, why) {
      await destinations.change((before) => ({
        ...before,
        destinations: before.destinations.filter((one) => one.id !== id),
      }))
      await turns.forget(id, why)
    },
    noteTurn: turns.noteTurn,
    noteAway: turns.noteAway,
    expect: ({ id, path, backup, disk }) =>
      destinations.change((before) => ({
        ...before,
        destinations: [
          // An older announcement for this path was never made good.
          ...before.destinations.filter((one) => one.id !== id && !(one.path === path && one.announced)),
          { id, path, backup, ...rememberedDisk(disk), announced: true },
        ],
      })),
    async learn({ id, path, backup, rotates, disk }, at) {
      const day = isoTime(at).slice(0, 10)
      const now = { id, path, backup, ...rememberedDisk(disk), day, announced: false }
      // One path an id, and one id a path where no disks take turns.
      const isOther = (one: KnownDestination) => one.id !== id && (rotates || one.path !== path)
      await destinations.change((before) => {
        const old = before.destinations.find((one) => one.id === id)
        const others = before.destinations.filter(isOther)
        // A day is as near as a person needs it, and a converged box writes once in one.
        const isKnown = old !== undefined && KEPT.every((key) => old[key] === now[key])
        return isKnown && others.length === before.destinations.length - 1
          ? before
          : { ...before, destinations: [...others, now] }
      })
      if (!rotates) await turns.end(path)
    },

    async knownHead(id) {
      const { heads } = await destinations.read()
      return Object.hasOwn(heads, id) ? heads[id]! : null
    },
    recordHead: (id, { seq, hash }) =>
      destinations.change((before) => {
        const known = Object.hasOwn(before.heads, id) ? before.heads[id] : undefined
        const isKnown = known?.seq === seq && known.hash === hash
        return isKnown ? before : { ...before, heads: { ...before.heads, [id]: { seq, hash } } }
      }),

    ...openSuspensions(stateFolder),

    async released(hold) {
      const found = (await releases.read()).releases.find((one) => one.hold === hold)
      return found === undefined ? null : { reason: found.reason, by: found.by, at: found.at }
    },
    releases: async () => new Set((await releases.read()).releases.map(({ hold }) => hold)),
    consume: (hold) => releases.change((before) => ({ releases: without(before.releases, hold) })),
    writeRelease: (hold, reason, by, at) =>
      releases.change((before) => ({
        releases: [...without(before.releases, hold), { hold, reason, by, at }],
      })),

    async sharedFilesSeen(folder) {
      const { withDefaults, withHosts = [] } = await folders.read()
      return [
        ...(withDefaults.includes(folder) ? ['_defaults.yaml'] : []),
        ...(withHosts.includes(folder) ? ['_hosts.yaml'] : []),
      ]
    },
    rememberSharedFiles(folder, { present, gone }) {
      const noted = (before: readonly string[], file: string): readonly string[] =>
        present.includes(file)
          ? [...new Set([...before, folder])].sort()
          : before.filter((one) => one !== folder || !gone.includes(file))
      return folders.change(({ withDefaults, withHosts = [] }) => {
        const hosts = noted(withHosts, '_hosts.yaml')
        return {
          withDefaults: noted(withDefaults, '_defaults.yaml'),
          ...(hosts.length === 0 ? {} : { withHosts: hosts }),
        }
      })
    },
  }
}

const rememberedDisk = ({ filesystem, within, source, type, label, size }: DiskFacts) => ({
  filesystem,
  within,
  disk: { source, type, label, size },
})

/** Not its size, which changes all the time where file systems share a pool. */
const KEPT = ['path', 'backup', 'filesystem', 'within', 'day', 'announced'] as const

const without = <T extends { readonly hold: string }>(releases: readonly T[], hold: string): readonly T[] =>
  releases.filter((one) => one.hold !== hold)

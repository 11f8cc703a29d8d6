import { join } from 'node:path'
import type { BoxState } from '../model/box.ts'
import { flag, list, matches, number, object, oneOf, record, text } from '../model/check-json.ts'
import type { DiskBefore, DiskFacts, LedgerHead } from '../model/holding.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import { claimSlot } from './claim-slot.ts'
import { changeState, readState } from './state-file.ts'
import { openSuspensions } from './suspensions.ts'

interface KnownDestination extends Partial<DiskBefore> {
  readonly id: string
  readonly path: string
  readonly filesystem: string
  /** Left out: an older version did not write it down. */
  readonly backup?: string
  /** Announced, and not yet learnt: it may never have been made. */
  readonly announced: boolean
}

interface Destinations {
  readonly format: 'reconcile.destinations/1'
  readonly destinations: readonly KnownDestination[]
  readonly heads: { readonly [id: string]: LedgerHead }
}

interface Releases {
  readonly format: 'reconcile.releases/1'
  readonly releases: readonly {
    readonly hold: string
    readonly reason: string
    readonly by: string
    readonly at: Instant
  }[]
}

interface SpecFolders {
  readonly format: 'reconcile.spec-folders/1'
  readonly withDefaults: readonly string[]
}

/**
 * The memory and the locks in the `state` folder, shared by all processes on the box. A missing folder reads as empty, and only writing
 * makes it: a dry run leaves no trace.
 */
export function openBox(stateFolder: string, options: { readonly concurrency: number }): BoxState {
  const destinations = join(stateFolder, 'destinations.json')
  const releases = join(stateFolder, 'releases.json')
  const specFolders = join(stateFolder, 'spec-folders.json')

  const read = async (): Promise<Destinations> =>
    (await readState(destinations, isDestinations)) ?? NO_DESTINATIONS
  const change = (to: (before: Destinations) => Destinations): Promise<void> =>
    changeState(destinations, isDestinations, (before) => to(before ?? NO_DESTINATIONS))

  return {
    claim: (host, run, waiting) =>
      claimSlot(join(stateFolder, 'locks'), options.concurrency, host, run, waiting),

    async knownId(path, found) {
      const here = (await read()).destinations.filter((known) => known.path === path)
      const learnt = here.find((known) => !known.announced)
      if (learnt !== undefined) return learnt.id
      return here.find((known) => known.id === found)?.id ?? null
    },
    async lastPlaceOf(id) {
      return (await read()).destinations.find((known) => known.id === id)?.path ?? null
    },
    places: async () => (await read()).destinations,
    async wasHere(id) {
      const known = (await read()).destinations.find((one) => one.id === id)
      return known === undefined ? null : { disk: known.disk ?? null, day: known.day ?? null }
    },
    expect: ({ id, path, backup, disk }) =>
      change((before) => ({
        ...before,
        destinations: [
          // An older announcement for this path was never made good.
          ...before.destinations.filter(
            (known) => known.id !== id && !(known.path === path && known.announced),
          ),
          { id, path, backup, ...rememberedDisk(disk), announced: true },
        ],
      })),
    async learn({ id, path, backup, disk }, at) {
      const known = (await read()).destinations.find((one) => one.id === id)
      const now = {
        id,
        path,
        backup,
        ...rememberedDisk(disk),
        day: isoTime(at).slice(0, 10),
        announced: false,
      }
      // A day is as near as a person needs it, and a converged box writes once in one.
      if (known !== undefined && KEPT.every((key) => known[key] === now[key])) return
      await change((before) => ({
        ...before,
        // One id a path, one path an id.
        destinations: [...before.destinations.filter((one) => one.id !== id && one.path !== path), now],
      }))
    },

    async knownHead(id) {
      const { heads } = await read()
      return Object.hasOwn(heads, id) ? heads[id]! : null
    },
    async recordHead(id, { seq, hash }) {
      const { heads } = await read()
      if (Object.hasOwn(heads, id) && heads[id]!.seq === seq && heads[id]!.hash === hash) return
      await change((before) => ({ ...before, heads: { ...before.heads, [id]: { seq, hash } } }))
    },

    ...openSuspensions(stateFolder),

    async released(hold) {
      const found = (await readState(releases, isReleases))?.releases.find((one) => one.hold === hold)
      return found === undefined ? null : { reason: found.reason, by: found.by, at: found.at }
    },
    async releases() {
      return new Set((await readState(releases, isReleases))?.releases.map(({ hold }) => hold))
    },
    async consume(hold) {
      if ((await readState(releases, isReleases))?.releases.some((one) => one.hold === hold) !== true) return
      await changeState(releases, isReleases, (before) => without(before ?? NO_RELEASES, hold))
    },
    writeRelease: (hold, reason, by, at) =>
      changeState(releases, isReleases, (before) => {
        const others = without(before ?? NO_RELEASES, hold)
        return { ...others, releases: [...others.releases, { hold, reason, by, at }] }
      }),

    async defaultsSeen(folder) {
      return (await readState(specFolders, isSpecFolders))?.withDefaults.includes(folder) ?? false
    },
    async rememberDefaults(folder) {
      if ((await readState(specFolders, isSpecFolders))?.withDefaults.includes(folder) === true) return
      await changeState<SpecFolders>(specFolders, isSpecFolders, (before) => ({
        format: 'reconcile.spec-folders/1',
        withDefaults: [...new Set([...(before?.withDefaults ?? []), folder])].sort(),
      }))
    },
    async forgetDefaults(folder) {
      await changeState<SpecFolders>(specFolders, isSpecFolders, (before) => ({
        format: 'reconcile.spec-folders/1',
        withDefaults: (before?.withDefaults ?? []).filter((one) => one !== folder),
      }))
    },
  }
}

const rememberedDisk = ({ filesystem, source, type, label, size }: DiskFacts) => ({
  filesystem,
  disk: { source, type, label, size },
})

/** Not its size, which changes all the time where file systems share a pool. */
const KEPT = ['path', 'backup', 'filesystem', 'day', 'announced'] as const

const NO_DESTINATIONS: Destinations = { format: 'reconcile.destinations/1', destinations: [], heads: {} }
const NO_RELEASES: Releases = { format: 'reconcile.releases/1', releases: [] }

const without = (before: Releases, hold: string): Releases => ({
  ...before,
  releases: before.releases.filter((one) => one.hold !== hold),
})

const isDestinations = matches<Destinations>(
  object({
    format: oneOf(NO_DESTINATIONS.format),
    destinations: list(object({ id: text, path: text, filesystem: text, announced: flag })),
    heads: record(object({ seq: number, hash: text })),
  }),
)

const isReleases = matches<Releases>(
  object({
    format: oneOf(NO_RELEASES.format),
    releases: list(object({ hold: text, reason: text, by: text, at: number })),
  }),
)

const isSpecFolders = matches<SpecFolders>(
  object({ format: oneOf('reconcile.spec-folders/1'), withDefaults: list(text) }),
)

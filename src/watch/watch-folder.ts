import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock } from '../model/clock.ts'
import { gitLock } from './git-lock.ts'

export interface FolderWatch {
  /** From here on no change is missed. */
  readonly ready: Promise<void>
  /** Looks now, without waiting for an event. */
  look(): void
  close(): Promise<void>
}

/** Milliseconds: what was found has to stand still for so long before it counts. */
const STILL = 1_000
/** A folder that is read whole now and then needs no events: NFS and some bind mounts send none. */
const RESYNC = 60_000
/** The same, while the folder is not there. */
const RESYNC_GONE = 5_000
/** What never stands still is taken as it is after so many looks. */
const MOST_LOOKS = 30
/** A lock that git left behind when it was killed. */
const STALE_LOCK = 10 * 60_000

/**
 * Calls `onChange` once the contents of a folder's files are others than before, and stand still. Events are only hints to look again:
 * `read` tells contents apart, so an event that lies and a mere touch change nothing, and what sent no event is found within a minute. A
 * watched folder that is replaced, renamed or reached by another link leaves the system's own watch deaf for good, so with each look its
 * identity is compared, and the watch is opened anew. Holds back while git is at work there. `read` never throws.
 */
export function watchFolder(
  folder: string,
  options: {
    readonly clock: Clock
    readonly read: () => Promise<string>
    /** Which names matter. */
    readonly names: RegExp
    readonly onChange: (cause: 'event' | 'resync') => void
    /** Told once for each message. */
    readonly onTrouble: (message: string) => void
  },
): FolderWatch {
  const { clock, read } = options
  const ending = new AbortController()
  let waking = new AbortController()
  let events = 0
  let watcher: FSWatcher | null = null
  let identity = ''
  const told = new Set<string>()
  const tell = (message: string): void => {
    if (!told.has(message)) options.onTrouble(message)
    told.add(message)
  }
  const wake = (): void => {
    events++
    waking.abort()
  }

  async function reopen(): Promise<void> {
    const now = await identityOf(folder)
    if (now.text === identity) return
    identity = now.text
    await watcher?.close()
    watcher = now.path === null || ending.signal.aborted ? null : await open(now.path)
  }

  async function open(path: string): Promise<FSWatcher> {
    const opened = watch(path, {
      depth: 0,
      ignoreInitial: true,
      ignored: (one) => one !== path && !options.names.test(basename(one)),
    })
      .on('all', wake)
      .on('error', (error) =>
        tell(`the folder cannot be watched (${String(error)}): it is read once a minute instead`),
      )
    await new Promise<void>((resolve) => {
      opened.once('ready', resolve).once('error', () => resolve())
    })
    return opened
  }

  /** Whether what is there is new and stands still. */
  async function settled(before: string): Promise<string | null> {
    let found = await read()
    let lock = { text: '', since: 0 }
    for (let looks = 1; found !== before; looks++) {
      const seen = events
      await clock.wait(STILL, ending.signal)
      if (ending.signal.aborted) return null
      const git = await gitLock(await realpath(folder).catch(() => folder))
      if (git !== null) {
        if (lock.text !== git) lock = { text: git, since: clock.monotonic() }
        if (clock.monotonic() - lock.since < STALE_LOCK) continue
        tell('a git index.lock has stood over the specs for ten minutes: it is taken for one left behind')
      }
      const again = await read()
      if ((again === found && seen === events) || looks >= MOST_LOOKS) return again === before ? null : again
      found = again
    }
    return null
  }

  const first = reopen().then(read)

  async function follow(): Promise<void> {
    let known = await first
    while (!ending.signal.aborted) {
      const rest = identity === '' ? RESYNC_GONE : RESYNC
      await clock.wait(rest, waking.signal)
      const cause = waking.signal.aborted ? 'event' : 'resync'
      waking = new AbortController()
      await reopen()
      const found = await settled(known)
      if (found === null) continue
      known = found
      options.onChange(cause)
    }
  }

  const following = follow()
  return {
    ready: first.then(() => {}),
    look: wake,
    async close() {
      ending.abort()
      waking.abort()
      await following
      await watcher?.close()
    },
  }
}

/** Empty where there is no folder. */
async function identityOf(folder: string): Promise<{ readonly path: string | null; readonly text: string }> {
  try {
    const path = await realpath(folder)
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true })
    return { path, text: `${path} ${dev} ${ino} ${birthtimeNs}` }
  } catch {
    return { path: null, text: '' }
  }
}

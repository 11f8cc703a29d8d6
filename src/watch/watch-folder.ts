import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock } from '../model/clock.ts'

export type FolderWatch = ReturnType<typeof watchFolder>

/** Milliseconds that a state must be stable before it counts. */
const STILL = 1_000
/** Milliseconds between full reads: NFS and some bind mounts send no events. */
const RESYNC = 60_000
/** The same while the folder is missing. */
const RESYNC_GONE = 5_000
/** After so many reads a folder that is never stable is taken as it is. */
const MOST_LOOKS = 30
/** Milliseconds after which a lock counts as left behind by a killed git. */
const STALE_LOCK = 10 * 60_000

/**
 * Level-based: calls `onChange` as long as the folder's stable state is not the one obeyed. Events are only hints: `read` compares
 * contents, so a false event or a mere touch changes nothing, and a change without an event is found within a minute. Replacing,
 * renaming or relinking a watched folder silences the system's watch for good, so each check compares its identity and reopens the
 * watch. Waits while git is at work there. `read` never throws.
 */
export function watchFolder(
  folder: string,
  options: {
    readonly clock: Clock
    readonly read: () => Promise<string>
    /** The fingerprint of what is obeyed; null: report the state in any case. */
    readonly obeyed: () => string | null
    /** Ends it. */
    readonly signal: AbortSignal
    /** Which names matter. */
    readonly names: RegExp
    readonly onChange: (cause: 'event' | 'resync') => void
    /** Called once for each message. */
    readonly onTrouble: (message: string) => void
  },
) {
  const { clock, read } = options
  const closing = new AbortController()
  const ending = AbortSignal.any([closing.signal, options.signal])
  let waking = new AbortController()
  let events = 0
  let watcher: FSWatcher | null = null
  let identity = ''
  const warned = new Set<string>()
  const warnOnce = (message: string): void => {
    if (!warned.has(message)) options.onTrouble(message)
    warned.add(message)
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
    watcher = now.path === null || ending.aborted ? null : await open(now.path)
  }

  async function open(path: string): Promise<FSWatcher> {
    const opened = watch(path, {
      depth: 0,
      ignoreInitial: true,
      ignored: (one) => one !== path && !options.names.test(basename(one)),
    })
    await new Promise<void>((resolve) => {
      opened
        .on('all', wake)
        .on('error', (error) => {
          // A circular link is that file's fault, reported when it is read: keep watching the rest.
          if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return
          warnOnce(`cannot watch the specs folder (${String(error)}): reading it once a minute instead`)
          resolve()
        })
        .once('ready', resolve)
    })
    return opened
  }

  /** The last stable state. */
  let still: string | null = null
  let lock = { text: '', since: 0 }
  let settling: Promise<string | null> | null = null

  async function settle(): Promise<string | null> {
    let found = await read()
    for (let looks = 1; found !== still; looks++) {
      const seen = events
      await clock.wait(STILL, ending)
      if (ending.aborted) return null
      const git = await gitLock(await realpath(folder).catch(() => folder))
      if (git !== null) {
        if (lock.text !== git) lock = { text: git, since: clock.monotonic() }
        if (clock.monotonic() - lock.since < STALE_LOCK) {
          looks = 0
          continue
        }
        warnOnce('the git index.lock of the specs is ten minutes old: ignoring it as left behind')
      }
      const again = await read()
      if ((again === found && seen === events) || looks >= MOST_LOOKS) still = again
      found = again
    }
    return ending.aborted ? null : still
  }

  /**
   * Waits until the folder has been stable and git is not at work, and returns its fingerprint: only such a state may be obeyed.
   * Null: the watch has ended.
   */
  const settled = (): Promise<string | null> => {
    settling ??= settle().finally(() => {
      settling = null
    })
    return settling
  }

  const first = reopen()

  async function follow(): Promise<void> {
    await first
    while (!ending.aborted) {
      const rest = identity === '' ? RESYNC_GONE : RESYNC
      await clock.wait(rest, waking.signal)
      const cause = waking.signal.aborted ? 'event' : 'resync'
      waking = new AbortController()
      await reopen()
      const found = await settled()
      if (found !== null && found !== options.obeyed()) options.onChange(cause)
    }
  }

  const end = (): void => waking.abort()
  ending.addEventListener('abort', end, { once: true })
  const following = follow()
  return {
    /** Once resolved, no change is missed. */
    ready: first,
    settled,
    /** Checks now, without waiting for an event. */
    look: wake,
    async close(): Promise<void> {
      closing.abort()
      await following
      await settling
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

/**
 * The identity (inode and time) of the index.lock of a folder in a git work tree; null: none. While it exists, git is changing the
 * files. Never throws.
 */
async function gitLock(folder: string): Promise<string | null> {
  for (let here = folder; ; here = dirname(here)) {
    const git = await gitFolder(join(here, '.git'))
    if (git !== null) return lockIdentity(join(git, 'index.lock'))
    if (here === dirname(here)) return null
  }
}

/** A linked work tree has a `.git` file that names its folder. */
async function gitFolder(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null)
  if (there === null) return null
  if (there.isDirectory()) return path
  const named = /^gitdir: (.+)$/m.exec(await readFile(path, 'utf8').catch(() => ''))?.[1]
  return named === undefined ? null : resolve(dirname(path), named)
}

const lockIdentity = (path: string): Promise<string | null> =>
  stat(path, { bigint: true }).then(
    ({ dev, ino, mtimeNs }) => `${dev} ${ino} ${mtimeNs}`,
    () => null,
  )

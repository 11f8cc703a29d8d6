import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { both, type Check, matches, object, oneOf, parseJson } from '../model/check-json.ts'
import { Failure } from '../model/failure.ts'
import { diskFailure, errnoOf } from '../system/disk-failure.ts'
import { takeFlock } from '../system/lock.ts'
import { makeForOwner } from '../system/make-with-parents.ts'
import { replaceFile } from '../system/replace-file.ts'

/** What moving a damaged file aside means. */
const LOST: Readonly<Record<string, string>> = {
  'destinations.json':
    'the box then asks once about each destination it knew, and takes each ledger as it stands',
  'rotations.json': 'how old each disk that takes turns is, is then unknown until a pass looks at it again',
  'releases.json': 'open releases are then lost; give them again with `reconcile release`',
  'spec-folders.json':
    'a missing _defaults.yaml or _hosts.yaml then goes unnoticed, so check first that they are there',
  'suspensions.json':
    'everything suspended by command then runs again, until you run `reconcile suspend` again',
  'watch-specs.json':
    'the last good specs, the known orphans and the holds over missing specs are then forgotten',
  'git.json':
    'the last good commits are then forgotten, and the newest is taken without a comparison with what was obeyed',
  'troubles.json': 'passes with --on-change then print current problems once more',
  'notices.json': 'notices not yet sent are then lost, and current problems are reported again',
}

/** One file of the state folder. What is not there yet reads as `blank`, and reading makes nothing. */
export interface StateFile<T> {
  readonly path: string
  read(): Promise<T>
  /** Replaces it by what `to` makes of it, one process at a time, and only where that is another value. `to` may be called twice. Durable. */
  change(to: (before: T) => T): Promise<void>
}

export function stateFile<T extends object>(
  folder: string,
  name: string,
  blank: NoInfer<T>,
  check: Check<T>,
  kind = name,
): StateFile<T> {
  const path = join(folder, `${name}.json`)
  const format = `reconcile.${kind}/1`
  const isIt = matches(both(check, object({ format: oneOf(format) })))
  let last: { readonly identity: string; readonly value: T } | null = null
  const read = async (kept = last): Promise<T> => {
    const found = await readUnlessKnown(path, isIt, kept?.identity)
    if (found === 'same') return kept!.value
    const { format: _, ...value } = { format, ...(found?.value ?? blank) }
    last = found === null ? null : { identity: found.identity, value: value as unknown as T }
    return value as unknown as T
  }
  const isNews = (before: T, after: T): boolean =>
    before !== after && JSON.stringify(before) !== JSON.stringify(after)
  return {
    path,
    read,
    async change(to) {
      const now = await read()
      if (!isNews(now, to(now))) return
      await makeStateFolder(folder)
      const lock = await takeFlock(`${path}.lock`, LOCK_SECONDS, new AbortController().signal)
      if (lock === null) throw busy(path)
      try {
        // What is written is made of what is there, and not of what is remembered.
        const before = await read(null)
        const after = to(before)
        if (isNews(before, after)) await replaceState(path, `${JSON.stringify({ format, ...after })}\n`)
      } finally {
        lock.close()
      }
    },
  }
}

/** What a file in the state folder holds; null where there is none. */
export async function readState<T>(path: string, isIt: (value: unknown) => value is T): Promise<T | null> {
  const found = await readUnlessKnown(path, isIt)
  return found === null || found === 'same' ? null : found.value
}

/**
 * 'same' where it is still the file of this identity. A state file is replaced whole, never changed in place, so its inode and times stand
 * for its bytes; a thousand backups share one, and each asks several times.
 */
async function readUnlessKnown<T>(
  path: string,
  isIt: (value: unknown) => value is T,
  known?: string,
): Promise<{ readonly value: T; readonly identity: string } | 'same' | null> {
  let identity: string
  let text: string
  try {
    if (known !== undefined && identityOf(await stat(path, { bigint: true })) === known) return 'same'
    const handle = await open(path, 'r')
    try {
      identity = identityOf(await handle.stat({ bigint: true }))
      text = await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw stateFailure(error, 'read', path)
  }
  const parsed = parseJson(text)
  if ('value' in parsed && isIt(parsed.value)) return { value: parsed.value, identity }
  throw new Failure({
    code: 'state-damaged',
    message: `${path} does not hold what this program writes there`,
    hint: `Bring back a copy, or move it aside: ${LOST[basename(path)] ?? 'what it held is forgotten'}.`,
    path,
  })
}

const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join()

const busy = (path: string): Failure =>
  new Failure({
    code: 'state-busy',
    message: `${path}.lock has been held by another process for ${LOCK_SECONDS} seconds`,
    hint: 'See who holds it with `fuser -v`.',
    retryable: true,
    path,
  })

const LOCK_SECONDS = 30

/** Makes a folder of the state, and those above it, private to their user. */
export async function makeStateFolder(folder: string): Promise<void> {
  await makeForOwner(folder).catch((error: unknown) => {
    throw stateFailure(error, 'make the state folder', folder)
  })
}

/** Replaces a state file whole. Durable. */
export async function replaceState(path: string, text: string): Promise<void> {
  await replaceFile(path, text).catch((error: unknown) => {
    throw stateFailure(error, 'write', path)
  })
}

/** What the system says of a state file. Whose it must be is said as for no destination. */
export function stateFailure(error: unknown, doing: string, path: string): Failure {
  const failure = diskFailure(error, doing, path)
  if (failure.code !== 'disk-forbidden') return failure
  const { code, message } = failure
  const hint = `Run as the user who owns the state folder (ls -l ${dirname(path)}), or give it to the user who runs this.`
  return new Failure({ code, message, hint, path, cause: error })
}

import { promises } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseJson } from '../model/check-json.ts'
import { Failure } from '../model/failure.ts'
import { diskFailure, errnoOf } from '../system/disk-failure.ts'
import { takeFlock } from '../system/lock.ts'
import { makeWithParents } from '../system/make-with-parents.ts'
import { replaceFile } from '../system/replace-file.ts'

/** What moving a damaged file aside means. */
const LOST: Readonly<Record<string, string>> = {
  'destinations.json':
    'the box then asks once about each destination it knew, and takes each ledger as it stands',
  'releases.json': 'open releases are then lost; give them again with `reconcile release`',
  'spec-folders.json': 'a missing _defaults.yaml then goes unnoticed, so check first that it is there',
  'suspensions.json':
    'everything suspended by command then runs again, until you run `reconcile suspend` again',
  'watch-specs.json':
    'the last good specs, the known orphans and the holds over missing specs are then forgotten',
  'git.json':
    'the last good commits are then forgotten, and the newest is taken without a comparison with what was obeyed',
  'troubles.json': 'passes with --on-change then print current problems once more',
  'notices.json': 'notices not yet sent are then lost, and current problems are reported again',
}

/** What a file in the state folder holds; null where there is none. Reading makes nothing. */
export async function readState<T>(path: string, isIt: (value: unknown) => value is T): Promise<T | null> {
  let text: string
  try {
    text = await promises.readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw stateFailure(error, 'read', path)
  }
  const parsed = parseJson(text)
  if ('value' in parsed && isIt(parsed.value)) return parsed.value
  throw new Failure({
    code: 'state-damaged',
    message: `${path} does not hold what this program writes there`,
    hint: `Bring back a copy, or move it aside: ${LOST[basename(path)] ?? 'what it held is forgotten'}.`,
    path,
  })
}

/** Reads, changes and replaces a state file, one process at a time. Writes only where `change` made another value. Durable. */
export async function changeState<T>(
  path: string,
  isIt: (value: unknown) => value is T,
  change: (before: T | null) => T,
): Promise<void> {
  await makeStateFolder(dirname(path))
  const lock = await takeFlock(`${path}.lock`, LOCK_SECONDS, new AbortController().signal)
  if (lock === null) {
    throw new Failure({
      code: 'state-busy',
      message: `${path}.lock has been held by another process for ${LOCK_SECONDS} seconds`,
      hint: 'See who holds it with `fuser -v`.',
      retryable: true,
      path,
    })
  }
  try {
    const before = await readState(path, isIt)
    const after = JSON.stringify(change(before))
    if (after !== JSON.stringify(before)) await replaceState(path, `${after}\n`)
  } finally {
    lock.close()
  }
}

const LOCK_SECONDS = 30

/** Makes a folder of the state, and those above it, private to their user. */
export async function makeStateFolder(folder: string): Promise<void> {
  await makeWithParents(folder).catch((error: unknown) => {
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

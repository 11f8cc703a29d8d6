import { lstat, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Failure } from '../model/failure.ts'
import { isWithin } from '../model/is-within.ts'
import { PRIVATE_FOLDER } from '../model/rel-path.ts'
import { whyUnreadable } from '../model/system-error.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { makeForOwner } from '../system/make-with-parents.ts'
import { realPath } from '../system/real-path.ts'
import { replaceFile } from '../system/replace-file.ts'
import type { Workspace } from './workspace.ts'

/** Bytes. Our documents are never longer. */
const LONGEST = 256 << 20

/** Throws a Failure (`code`) unless it is a regular file of a plausible size. */
export async function readDocument(file: string, code: string, hint: string): Promise<string> {
  try {
    const entry = await stat(file)
    if (!entry.isFile()) throw unreadable(code, file, 'it is not a regular file', hint)
    if (entry.size > LONGEST) throw unreadable(code, file, 'it is over 256 MiB', hint)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Failure) throw error
    throw unreadable(code, file, whyUnreadable(error), hint)
  }
}

export const unreadable = (code: string, file: string, why: string, hint: string): Failure =>
  new Failure({ code, message: `${file} cannot be used: ${why}`, hint })

/**
 * Writes a document atomically, readable by its owner only. Creates its folder if missing. Throws a Failure if something other than
 * a regular file is there.
 */
export async function writePrivately(file: string, text: string): Promise<void> {
  const path = resolve(file)
  try {
    const there = await lstat(path).catch(() => null)
    if (there !== null && !there.isFile()) throw badTarget(file, 'it exists and is not a regular file')
    await makeForOwner(dirname(path))
    await replaceFile(path, text)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw badTarget(file, whyNoFolder(dirname(path)) ?? (error as Error).message, error)
  }
}

/** Throws a Failure if the path is inside the specs folder or a destination, `near` among them, where nothing else belongs. */
export async function mayWriteTo(
  path: string,
  { loaded }: Pick<Workspace, 'loaded'>,
  near?: { readonly path: string },
): Promise<void> {
  const { path: real } = await realPath(resolve(path))
  if (real.split('/').includes(PRIVATE_FOLDER)) throw badTarget(path, 'it is inside a destination')
  if (loaded.folder !== null && isWithin(real, (await realPath(loaded.folder)).path))
    throw badTarget(path, 'it is inside the specs folder')
  for (const spec of loaded.specs) {
    const there = await realPath(spec.destination.path)
    if (isWithin(real, there.path)) throw badTarget(path, `it is inside the destination of ${spec.name}`)
  }
  if (near !== undefined && isWithin(real, near.path)) throw badTarget(path, 'it is inside the destination')
}

const badTarget = (path: string, why: string, cause?: unknown): Failure =>
  new Failure({
    code: 'bad-target',
    message: `cannot write ${path}: ${why}`,
    hint: 'Choose another place.',
    cause,
  })

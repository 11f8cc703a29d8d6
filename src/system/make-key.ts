import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { Failure } from '../model/failure.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { otherOwner } from './as-folder-owner.ts'
import { runTool } from './child.ts'
import { whyNoFolder } from './disk-failure.ts'
import { makeForOwner, makeWithParents } from './make-with-parents.ts'

/** Whose files ours are to be, where root makes them for a service; null: whoever runs this. */
export type Owner = { readonly uid: number; readonly gid: number } | null

/**
 * Makes an ed25519 key without passphrase, readable by its owner alone, and its folder where that is missing. What is there under this name
 * is left as it is. Returns whether it was made. Throws a Failure where it cannot be.
 */
export async function makeKey(file: string, owner: Owner): Promise<boolean> {
  const folder = dirname(file)
  // In another user's folder by that user: a path there may lead anywhere, and nothing is given away by it.
  const user = otherOwner(folder)
  const made: string[] = []
  try {
    if ((await lstat(file).catch(() => null)) !== null) return false
    if (await makeOwnFolder(folder, 0o700)) made.push(folder)
  } catch (cause) {
    throw unmade(file, whyNoFolder(folder) ?? systemErrorOf(cause)?.name ?? String(cause), cause)
  }
  const words = ['-q', '-t', 'ed25519', '-N', '', '-C', keyComment(), '-f', file]
  const { exitCode, stderr, stdout } = await runTool('ssh-keygen', words, user)
  if (exitCode !== 0) throw unmade(file, (stderr || stdout).split('\n', 1)[0] ?? '')
  // The folder last: until then nobody else can change what is in it.
  if (owner !== null && user === null)
    for (const one of [file, `${file}.pub`, ...made]) await chown(one, owner.uid, owner.gid)
  return true
}

/** Says in authorized_keys whose key it is. */
export const keyComment = (): string => `reconcile@${hostname().replace(/[^\w.-]/g, '')}`

/** A folder that is there keeps its mode. Those above it are for everybody to pass through. Returns whether root, or who runs this, made it. */
export async function makeOwnFolder(folder: string, mode: number): Promise<boolean> {
  if (otherOwner(folder) !== null) {
    await makeForOwner(folder, mode)
    return false
  }
  await makeWithParents(dirname(folder), 0o755)
  try {
    await mkdir(folder, { mode })
  } catch (error) {
    if (systemErrorOf(error)?.name !== 'EEXIST') throw error
    return false
  }
  // Whatever the umask took.
  await chmod(folder, mode)
  return true
}

const unmade = (file: string, why: string, cause?: unknown): Failure =>
  new Failure({
    code: 'bad-target',
    message: `cannot make the key ${file}: ${why}`,
    hint: 'Run this as the user who will run the backups, or name a key that is there with --identity.',
    cause,
  })

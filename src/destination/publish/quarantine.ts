import { join } from 'node:path'
import { Failure } from '../../model/failure.ts'
import { PRIVATE_FOLDER } from '../../model/rel-path.ts'
import { type Folders, folders } from '../disk/folders.ts'
import type { Site } from './site.ts'

type Ground = Pick<Site, 'disk' | 'path' | 'files'>

/**
 * Moves `from` to quarantine/EVENT/PATH; durable only after `seen.sync`. Never onto anything that is there: a second thing of the
 * same name in one event gets a number. `seen` has the destination as its root.
 */
export async function setAside(
  { disk, files }: Ground,
  event: string,
  from: string,
  path: string,
  seen: Folders,
): Promise<void> {
  const blocked = await seen.make(`${PRIVATE_FOLDER}/quarantine/${event}/${path}`, 0o700)
  if (blocked !== null) {
    const { code, message, hint } = blocked
    throw new Failure({ code, message: `quarantine: ${message}`, hint, retryable: false, path })
  }
  const wanted = join(files.quarantine, event, path)
  let to = wanted
  for (let n = 2; (await disk.lstat(to)) !== null; n++) to = `${wanted}.${n}`
  await disk.rename(from, to)
  seen.touched(from)
  seen.touched(to)
}

/** For one move: durable when it returns. */
export async function setAsideNow(ground: Ground, event: string, from: string, path: string): Promise<void> {
  const seen = folders(ground.disk, ground.path)
  await setAside(ground, event, from, path, seen)
  await syncAll(seen)
}

/** Throws the first error. */
export async function syncAll(seen: Folders): Promise<void> {
  for (const error of (await seen.sync()).values()) throw error
}

import { dirname } from 'node:path'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Site } from './site.ts'
import { newStagingName } from './staging-name.ts'

/**
 * Gives a staged file its final name, all at once and never in anything's place (I4): by a second link, which leaves the staged
 * name; or, where a probe showed that this file system has no hard links, by a move that cannot replace.
 */
export async function putInPlace(site: Site, staged: string, final: string): Promise<'placed' | 'exists'> {
  const linked = await site.disk.link(staged, final)
  if (linked === 'linked') return 'placed'
  if (linked === 'exists') return 'exists'
  const device = (await site.disk.lstat(staged))?.device
  // A move across file systems copies, and shows halves.
  if ((await canLink(site)) || (await site.disk.lstat(dirname(final)))?.device !== device)
    throw diskFailure(Object.assign(new Error('link refused'), { code: 'EPERM' }), 'link', final)
  return (await site.disk.moveNoReplace(staged, final)) === 'moved' ? 'placed' : 'exists'
}

/** Whether hard links work among files of our own: a refusal elsewhere then has another reason. */
function canLink(site: Site): Promise<boolean> {
  site.links ??= probe(site)
  return site.links
}

async function probe({ disk, files }: Site): Promise<boolean> {
  const from = newStagingName(files)
  const to = newStagingName(files)
  await disk.create(from, new Uint8Array(), 0o600)
  try {
    return (await disk.link(from, to)) !== 'unsupported'
  } finally {
    await disk.unlink(to)
    await disk.unlink(from)
  }
}

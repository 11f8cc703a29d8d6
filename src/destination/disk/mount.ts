import { promises } from 'node:fs'
import { whyNotEncrypted } from '../../model/disk-encryption.ts'
import { isMountPoint } from '../../model/mount-table.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt } from '../../model/trouble.ts'
import { footingOf } from '../../system/block-devices.ts'
import { mountUnder, mountUnknown } from './facts.ts'

/** A halt unless `path` is, at this moment, exactly a mount point; null: it is, or none was asked for. */
export async function checkMount(path: string | null): Promise<Halt | null> {
  if (path === null) return null
  // Wakes an automounter; only the table says what is really mounted.
  await promises.readdir(path).catch(() => null)
  const table = await promises.readFile('/proc/self/mountinfo', 'utf8').catch(() => null)
  if (table === null) return mountUnknown(`whether ${path} is mounted`)
  if (isMountPoint(table, path)) return null
  return {
    code: 'not-mounted',
    message: `nothing is mounted at ${path}`,
    hint: `Mount the disk (mount ${path}), or fix \`destination.mount\` in the spec: it names the mount point itself, not a folder in it.`,
  }
}

/** A halt unless the destination is seen to be encrypted, where its spec requires it. In doubt it is not. */
export async function checkEncrypted({
  path,
  encrypted,
}: Pick<DestinationPlace, 'path' | 'encrypted'>): Promise<Halt | null> {
  if (encrypted === undefined) return null
  const { mount, device } = await mountUnder(path)
  if (mount === null) return mountUnknown(`whether ${path} is encrypted`)
  const why = whyNotEncrypted(await footingOf(mount, device))
  if (why === null) return null
  return {
    code: 'not-encrypted',
    message: `${path} is not seen to be encrypted: ${why}`,
    hint: 'Only dm-crypt below the file system (cryptsetup open) and encryption of ZFS itself count. Mount the encrypted disk there, or remove `destination.encrypted` from the spec.',
  }
}

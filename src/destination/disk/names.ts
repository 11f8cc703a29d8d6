import { join } from 'node:path'
import { baseName, type RelPath } from '../../model/rel-path.ts'
import { errnoOf } from '../../system/disk-failure.ts'
import type { Disk } from './disk.ts'

/** Which names a file system takes is not in any table: mount options decide as well. Only what is at risk is asked about. */

const RISKY = /[:*?"<>|\\]/g
/** Names of devices, with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i
const NOT_ASCII = /[^\u0000-\u007f]/
/** Bytes. An encrypting file system has room for 143, and a marker's suffix is to fit too. */
const LONG = 143 - '.sha256'.length

/** What is at risk about a name; '': nothing is. Two names of one kind are taken both, as a rule. */
function riskOf(name: string): string {
  const length = Buffer.byteLength(name)
  const risks = [
    [...new Set(name.match(RISKY))].sort().join(''),
    /[. ]$/.test(name) ? name.at(-1)! : '',
    RESERVED.test(name) ? 'reserved' : '',
    NOT_ASCII.test(name) ? 'other letters' : '',
    length > LONG ? String(length) : '',
  ]
  return risks.every((risk) => risk === '') ? '' : risks.join('/')
}

/** These take none of the risky characters, however they are mounted. */
const STRICT: ReadonlySet<string> = new Set(['vfat', 'msdos', 'exfat'])
/** Of these it depends on how they are mounted, or on what is behind them. */
const LOOSE: ReadonlySet<string> = new Set(['ntfs', 'ntfs3', 'fuseblk', 'cifs', 'smb3'])

/** What is known of a name without trying it. */
export function namesAtRisk(
  type: string,
  paths: readonly RelPath[],
): { readonly paths: ReadonlySet<RelPath>; readonly isSure: boolean } {
  const isSure = STRICT.has(type)
  if (!isSure && !LOOSE.has(type)) return { paths: new Set(), isSure }
  const isRefused = (part: string) => part.search(RISKY) >= 0 || /[. ]$/.test(part) || RESERVED.test(part)
  return { paths: new Set(paths.filter((path) => path.split('/').some(isRefused))), isSure }
}

/** What open(2) says of a name that a file system does not take; exFAT's FUSE driver says ENOENT, of a folder that is there. */
const REFUSALS: ReadonlySet<string> = new Set(['EINVAL', 'EILSEQ', 'ENAMETOOLONG', 'ENOENT'])

/** Those of the paths that the file system of `folder`, which is there and ours, does not take. Tries one name of a kind, and each that is refused. */
export async function refusedOf(
  disk: Disk,
  folder: string,
  paths: readonly RelPath[],
): Promise<ReadonlySet<RelPath>> {
  const taken = new Set([''])
  const refused = new Set<RelPath>()
  for (const path of paths) {
    for (const part of path.split('/')) {
      const risk = riskOf(part)
      if (taken.has(risk)) continue
      const isLong = part === baseName(path) && Buffer.byteLength(part) > LONG
      if ((await takes(disk, folder, part)) && (!isLong || (await takes(disk, folder, `${part}.md5`))))
        taken.add(risk)
      else refused.add(path)
    }
  }
  return refused
}

async function takes(disk: Disk, folder: string, name: string): Promise<boolean> {
  const at = join(folder, name)
  try {
    await disk.create(at, new Uint8Array(), 0o600)
  } catch (error) {
    const code = errnoOf(error)
    if (code === null) throw error
    // All other trouble is not about the name, and is met again by the transfer.
    return !REFUSALS.has(code)
  }
  try {
    // FAT drops a full stop or a space at the end without a word.
    return (await disk.list(folder))?.some((entry) => entry.name === name) === true
  } finally {
    await disk.unlink(at)
  }
}

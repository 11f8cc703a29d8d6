import type { Mount } from './mount-table.ts'

/** A block device as /sys shows it. */
export interface BlockDevice {
  /** The device mapper's: what made it, then an id of its own; null: it is none of the device mapper's. */
  readonly uuid: string | null
  /** The device mapper's name for it; null likewise. */
  readonly label: string | null
  /** What it is made of: devices of the device mapper, of md and bcache; the whole disk of a partition. */
  readonly on: readonly string[]
  /** The file behind a loop device; null: it is none. */
  readonly file: string | null
}

/** What a file system is on, as far as it could be seen. */
export interface Footing {
  readonly mount: Pick<Mount, 'type' | 'source'>
  /** The block devices that hold it directly; empty: it is on none, or none was found. */
  readonly devices: readonly string[]
  /** These and all below them, by name. */
  readonly known: ReadonlyMap<string, BlockDevice>
  /** What ZFS says of the dataset's encryption; null: it is none, or ZFS did not answer. */
  readonly zfs: string | null
}

/** What cryptsetup opens. Not CRYPT-INTEGRITY and CRYPT-VERITY, which hide nothing, nor parts that it only uses below another. */
const ENCRYPTS = /^CRYPT-(?:LUKS\d|PLAIN|LOOPAES|TCRYPT|BITLK|FVAULT2)-/

/** Why a file system is not seen to be encrypted, with what was looked at; null: it is. In doubt it is not. */
export function whyNotEncrypted({ mount, devices, known, zfs }: Footing): string | null {
  const { type, source } = mount
  if (type === 'zfs') {
    if (zfs === null) return `zfs get encryption ${source} gives no answer`
    return /^(?:on|aes-\d+-\w+)$/.test(zfs) ? null : `the dataset ${source} has encryption=${zfs}`
  }
  if (devices.length === 0) return `it is ${type} from ${source}, below which no block device is to be seen`
  for (const device of devices) {
    const bare = pathToBare(device, known, [])
    if (bare !== null) return `${type} is on ${reading(bare, known)}`
  }
  return null
}

/** The way down from a device to one that nothing encrypts, with none on it that does; null: every way passes one. */
function pathToBare(
  name: string,
  known: ReadonlyMap<string, BlockDevice>,
  above: readonly string[],
): readonly string[] | null {
  const device = known.get(name)
  const path = [...above, name]
  if (device === undefined || above.includes(name)) return path
  if (ENCRYPTS.test(device.uuid ?? '')) return null
  if (device.on.length === 0) return path
  for (const below of device.on) {
    const bare = pathToBare(below, known, path)
    if (bare !== null) return bare
  }
  return null
}

function reading(path: readonly string[], known: ReadonlyMap<string, BlockDevice>): string {
  const named = path.map((name) => {
    const label = known.get(name)?.label ?? null
    return label === null ? name : `${name} (${label})`
  })
  const file = known.get(path.at(-1)!)?.file ?? null
  const end =
    file === null ? '' : `, a loop device over the file ${file}, and what that is on is not looked at`
  return `${named.join(' on ')}${end}: no dm-crypt is among ${path.length === 1 ? 'what it is on' : 'them'}`
}

import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { BlockDevice, Footing } from '../model/disk-encryption.ts'
import type { Mount } from '../model/mount-table.ts'
import { childEnvironment, runChild, searchPath } from './child.ts'

/** More than any stack of devices is deep and wide. */
const MOST = 1_000

/**
 * What a file system is on: the kernel's own tables, which anybody may read, and `zfs get` for ZFS. `device`: major and minor number of what
 * is really there. Starts no other program, and never fails: what cannot be read is not there. `root`: where /sys and /dev are.
 */
export async function footingOf(mount: Mount, device: string, root = ''): Promise<Footing> {
  const blocks = join(root, '/sys/class/block')
  const known = new Map<string, BlockDevice>()
  const devices = await devicesOf(mount, device, root)
  const waiting = [...devices]
  for (let name = waiting.pop(); name !== undefined && known.size < MOST; name = waiting.pop()) {
    if (known.has(name)) continue
    const found = await readDevice(join(blocks, name))
    if (found === null) continue
    known.set(name, found)
    waiting.push(...found.on)
  }
  const zfs = mount.type === 'zfs' ? await zfsEncryption(mount.source) : null
  return { mount, devices, known, zfs }
}

async function devicesOf(mount: Mount, device: string, root: string): Promise<readonly string[]> {
  const path = await resolved(join(root, '/sys/dev/block', device))
  if (mount.type === 'btrfs') return btrfsDevices(mount.source, root)
  if (path === null) return []
  // XFS may keep its log, and the files themselves, on another device.
  const more = [...mount.options.matchAll(/(?:^|,)(?:logdev|rtdev)=([^,]+)/g)].map(([, at]) => at!)
  return [basename(path), ...(await Promise.all(more.map((at) => deviceName(at, root))))]
}

/** A name under /sys of a path under /dev: that is a link for names of the device mapper. */
const deviceName = async (path: string, root: string): Promise<string> =>
  basename((await resolved(join(root, path))) ?? path)

/** The table of mounts names one of its devices, and no number of any. */
async function btrfsDevices(source: string, root: string): Promise<readonly string[]> {
  const name = await deviceName(source, root)
  const systems = join(root, '/sys/fs/btrfs')
  for (const uuid of await namesIn(systems)) {
    const devices = await namesIn(join(systems, uuid, 'devices'))
    if (devices.includes(name)) return devices
  }
  return []
}

/** Null: there is no such device. */
async function readDevice(at: string): Promise<BlockDevice | null> {
  const path = await resolved(at)
  if (path === null) return null
  const [uuid, label, file, partition, slaves] = await Promise.all([
    text(join(path, 'dm/uuid')),
    text(join(path, 'dm/name')),
    text(join(path, 'loop/backing_file')),
    text(join(path, 'partition')),
    namesIn(join(path, 'slaves')),
  ])
  return { uuid, label, file, on: partition === null ? slaves : [basename(dirname(path))] }
}

async function zfsEncryption(dataset: string): Promise<string | null> {
  if (dataset.startsWith('-')) return null
  const said = await runChild({
    program: 'zfs',
    arguments: ['get', '-H', '-o', 'value', 'encryption', dataset],
    // cron's PATH lacks these.
    env: { ...childEnvironment(), PATH: `${searchPath()}:/usr/local/sbin:/usr/sbin:/sbin` },
    limits: { total: 10 },
  }).catch(() => null)
  return said?.code === 0 ? said.stdout.toString('utf8').trim() : null
}

const resolved = (path: string): Promise<string | null> => realpath(path).catch(() => null)
const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => [])
const text = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').then(
    (read) => read.trim(),
    () => null,
  )

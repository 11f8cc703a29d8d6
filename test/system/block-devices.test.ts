import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNotEncrypted } from '../../src/model/disk-encryption.ts'
import { mountOf } from '../../src/model/mount-table.ts'
import { footingOf } from '../../src/system/block-devices.ts'
import { temporaryFolder } from '../helpers/disk-folder.ts'

interface Device {
  /** Major and minor number. */
  readonly at?: string
  readonly uuid?: string
  readonly on?: readonly string[]
  readonly partOf?: string
  readonly file?: string
}

/** /sys and /dev as the kernel lays them out, and the table of mounts with one line. */
function machine(devices: Readonly<Record<string, Device>>, btrfs: readonly string[] = []): string {
  const root = temporaryFolder()
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${text}\n`)
  }
  const link = (path: string, to: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    symlinkSync(relative(dirname(join(root, path)), join(root, to)), join(root, path))
  }
  const homeOf = (name: string): string => {
    const { partOf } = devices[name]!
    return partOf === undefined ? `sys/devices/virtual/block/${name}` : `${homeOf(partOf)}/${name}`
  }
  for (const [name, { at, uuid, on = [], partOf, file }] of Object.entries(devices)) {
    const home = homeOf(name)
    put(`${home}/dev`, at ?? '9:9')
    link(`sys/class/block/${name}`, home)
    put(`dev/${name}`, '')
    if (at !== undefined) link(`sys/dev/block/${at}`, home)
    if (partOf !== undefined) put(`${home}/partition`, '1')
    if (file !== undefined) put(`${home}/loop/backing_file`, file)
    if (uuid !== undefined) {
      put(`${home}/dm/uuid`, uuid)
      put(`${home}/dm/name`, `name-of-${name}`)
      link(`dev/mapper/name-of-${name}`, `dev/${name}`)
    }
    for (const below of on) link(`${home}/slaves/${below}`, homeOf(below))
  }
  for (const name of btrfs) link(`sys/fs/btrfs/1234-uuid/devices/${name}`, homeOf(name))
  if (btrfs.length > 0) mkdirSync(join(root, 'sys/fs/btrfs/features'), { recursive: true })
  return root
}

/** Null: seen to be encrypted. */
async function judge(
  line: string,
  devices: Readonly<Record<string, Device>> = {},
  btrfs: readonly string[] = [],
): Promise<string | null> {
  const [device] = line.split(' ')
  const mount = mountOf(`36 35 ${device} / /srv rw,noatime - ${line.slice(device!.length + 1)}\n`, '/srv/pg')!
  return whyNotEncrypted(await footingOf(mount, device!, machine(devices, btrfs)))
}

const LUKS = 'CRYPT-LUKS2-0123-offsite'
const LV = 'LVM-abcdef'
const sda = { at: '8:0' }
const sda1 = { at: '8:1', partOf: 'sda' }
const sdb = { at: '8:16' }

describe('seen to be encrypted', () => {
  test.each<[string, string, Record<string, Device>, string[]?]>([
    [
      'LUKS on a partition',
      '253:0 ext4 /dev/dm-0 rw',
      { sda, sda1, 'dm-0': { at: '253:0', uuid: LUKS, on: ['sda1'] } },
    ],
    [
      'LUKS on a whole disk',
      '253:0 xfs /dev/dm-0 rw',
      { sda, 'dm-0': { at: '253:0', uuid: LUKS, on: ['sda'] } },
    ],
    [
      'plain dm-crypt, and what else cryptsetup opens',
      '253:0 xfs /dev/dm-0 rw',
      { sda, 'dm-0': { at: '253:0', uuid: 'CRYPT-PLAIN-x', on: ['sda'] } },
    ],
    [
      'LVM on LUKS',
      '253:1 ext4 /dev/mapper/vg-lv rw',
      { sda, sda1, 'dm-0': { uuid: LUKS, on: ['sda1'] }, 'dm-1': { at: '253:1', uuid: LV, on: ['dm-0'] } },
    ],
    [
      'LUKS on LVM',
      '253:1 ext4 /dev/dm-1 rw',
      { sda, 'dm-0': { uuid: LV, on: ['sda'] }, 'dm-1': { at: '253:1', uuid: LUKS, on: ['dm-0'] } },
    ],
    [
      'LUKS on md',
      '253:0 ext4 /dev/dm-0 rw',
      { sda, sdb, md0: { on: ['sda', 'sdb'] }, 'dm-0': { at: '253:0', uuid: LUKS, on: ['md0'] } },
    ],
    [
      'md on two of LUKS, and a partition of it',
      '259:1 ext4 /dev/md0p1 rw',
      {
        ...{ sda, sdb, 'dm-0': { uuid: LUKS, on: ['sda'] }, 'dm-1': { uuid: LUKS, on: ['sdb'] } },
        ...{ md0: { on: ['dm-0', 'dm-1'] }, md0p1: { at: '259:1', partOf: 'md0' } },
      },
    ],
    [
      'btrfs on LUKS, which has no device number of its own',
      '0:41 btrfs /dev/mapper/name-of-dm-0 rw,subvol=/@',
      { sda, 'dm-0': { uuid: LUKS, on: ['sda'] } },
      ['dm-0'],
    ],
    [
      'ntfs-3g on LUKS: what it says of itself is not asked, its device is',
      '253:0 fuseblk /dev/mapper/x rw',
      { sda, 'dm-0': { at: '253:0', uuid: LUKS, on: ['sda'] } },
    ],
    [
      'LUKS over a file: what the file is on does not matter',
      '253:0 ext4 /dev/dm-0 rw',
      { loop0: { file: '/data.img' }, 'dm-0': { at: '253:0', uuid: LUKS, on: ['loop0'] } },
    ],
  ])('%s', async (_, line, devices, btrfs) => {
    expect(await judge(line, devices, btrfs)).toBeNull()
  })
})

describe('not seen to be, and how it was looked at', () => {
  test.each<[string, string, Record<string, Device>, string, string[]?]>([
    [
      'a partition',
      '8:1 ext4 /dev/sda1 rw',
      { sda, sda1 },
      'ext4 is on sda1 on sda: no dm-crypt is among them',
    ],
    ['a whole disk', '8:0 ext4 /dev/sda rw', { sda }, 'ext4 is on sda: no dm-crypt is among what it is on'],
    [
      'LVM on a bare disk',
      '253:0 ext4 /dev/dm-0 rw',
      { sda, 'dm-0': { at: '253:0', uuid: LV, on: ['sda'] } },
      'ext4 is on dm-0 (name-of-dm-0) on sda: no',
    ],
    [
      'LVM over LUKS and a bare disk',
      '253:1 ext4 /dev/dm-1 rw',
      {
        sda,
        sdb,
        'dm-0': { uuid: LUKS, on: ['sda'] },
        'dm-1': { at: '253:1', uuid: LV, on: ['dm-0', 'sdb'] },
      },
      'dm-1 (name-of-dm-1) on sdb: no',
    ],
    [
      'md, of which one half is bare',
      '9:0 ext4 /dev/md0 rw',
      { sda, sdb, 'dm-0': { uuid: LUKS, on: ['sda'] }, md0: { at: '9:0', on: ['dm-0', 'sdb'] } },
      'md0 on sdb: no',
    ],
    [
      'btrfs over LUKS and a bare disk, of which the table names the first',
      '0:41 btrfs /dev/mapper/name-of-dm-0 rw',
      { sda, sdb, 'dm-0': { uuid: LUKS, on: ['sda'] } },
      'btrfs is on sdb: no',
      ['dm-0', 'sdb'],
    ],
    [
      'btrfs that /sys does not know',
      '0:41 btrfs /dev/sda rw',
      { sda },
      'it is btrfs from /dev/sda, below which no',
    ],
    [
      'dm-integrity and dm-verity, whose ids begin with CRYPT too',
      '253:0 ext4 /dev/dm-0 rw',
      { sda, 'dm-0': { at: '253:0', uuid: 'CRYPT-INTEGRITY-x', on: ['sda'] } },
      'dm-0 (name-of-dm-0) on sda: no',
    ],
    [
      'a device mapper’s id that only holds the word',
      '253:0 ext4 /dev/dm-0 rw',
      { sda, 'dm-0': { at: '253:0', uuid: 'part1-CRYPT-LUKS2-x-y', on: ['sda'] } },
      'dm-0 (name-of-dm-0) on sda: no',
    ],
    [
      'a file on who knows what',
      '7:0 ext4 /dev/loop0 rw',
      { loop0: { at: '7:0', file: '/secret/data.img' } },
      'loop0, a loop device over the file /secret/data.img, and what that is on is not looked at',
    ],
    [
      'XFS whose files are on a bare device',
      '253:0 xfs /dev/dm-0 rw,attr2,rtdev=/dev/sdb,noquota',
      { sda, sdb, 'dm-0': { at: '253:0', uuid: LUKS, on: ['sda'] } },
      'xfs is on sdb: no',
    ],
    [
      'memory',
      '0:30 tmpfs tmpfs rw',
      {},
      'it is tmpfs from tmpfs, below which no block device is to be seen',
    ],
    ['a share', '0:50 nfs4 nas:/volume1 rw', {}, 'it is nfs4 from nas:/volume1'],
    ['ecryptfs', '0:51 ecryptfs /home/.x rw,ecryptfs_cipher=aes', {}, 'it is ecryptfs from /home/.x'],
    ['gocryptfs', '0:52 fuse.gocryptfs /enc rw', {}, 'it is fuse.gocryptfs from /enc'],
    ['no /sys at all', '8:1 ext4 /dev/sda1 rw', {}, 'it is ext4 from /dev/sda1'],
    [
      'devices that are said to be on each other',
      '253:0 ext4 /dev/dm-0 rw',
      { 'dm-0': { at: '253:0', uuid: LV, on: ['dm-1'] }, 'dm-1': { uuid: LV, on: ['dm-0'] } },
      'dm-0 (name-of-dm-0) on dm-1 (name-of-dm-1) on dm-0',
    ],
  ])('%s', async (_, line, devices, said, btrfs) => {
    expect(await judge(line, devices, btrfs)).toContain(said)
  })
})

test.each([
  ['aes-256-gcm', null],
  ['on', null],
  ['off', 'the dataset tank/pg has encryption=off'],
  ['-', 'the dataset tank/pg has encryption=-'],
  [null, 'zfs get encryption tank/pg gives no answer'],
])('ZFS that says %s', (zfs, why) => {
  const mount = { type: 'zfs', source: 'tank/pg' }
  expect(whyNotEncrypted({ mount, devices: [], known: new Map(), zfs })).toBe(why)
})

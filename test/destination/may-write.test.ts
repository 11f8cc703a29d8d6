import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { checkMount } from '../../src/destination/disk/mount.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { hashFiles } from '../../src/destination/hash-pool.ts'
import { layout } from '../../src/destination/layout.ts'
import { checkOwnership, makePrivateFolders, otherOwner } from '../../src/destination/look/ownership.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { isMountPoint, mountOf } from '../../src/model/mount-table.ts'
import { checkHostTools } from '../../src/system/check-host-tools.ts'
import { diskFailure } from '../../src/system/disk-failure.ts'
import { arrive, bring, lockOf, quietRun, toPublish } from '../contract/destination.ts'
import { temporaryFolder } from '../helpers/disk-folder.ts'

const me = process.getuid!()
const sees = (owner: number) => ({
  ...realDisk,
  lstat: async (path: string) => {
    const stat = await realDisk.lstat(path)
    return stat === null ? null : { ...stat, owner }
  },
})

describe('whose folder it is', () => {
  test('ours, or not there yet: nothing to say', async () => {
    const path = temporaryFolder()
    const files = layout(path)
    expect(await checkOwnership(realDisk, files, me)).toBeNull()
    await makePrivateFolders(realDisk, files, path)
    expect(await checkOwnership(realDisk, files, me)).toBeNull()
  })

  test('I11: another user’s is refused, with the sudo to use', async () => {
    const path = temporaryFolder()
    const files = layout(path)
    await makePrivateFolders(realDisk, files, path)
    const root = await checkOwnership(sees(0), files, 1234)
    expect([root?.code, root?.hint]).toEqual([
      'other-owner',
      expect.stringContaining('sudo -u root reconcile'),
    ])
    const nobodyKnown = await checkOwnership(sees(3_999_999_999), files, me)
    expect(nobodyKnown?.hint).toContain("sudo -u '#3999999999' reconcile")
  })

  test('a mount that makes every file belong to one user is named, with what to put into fstab', () => {
    const line = (type: string, options: string) =>
      mountOf(`30 1 8:17 / /mnt/usb rw,relatime - ${type} /dev/sdb1 rw${options}`, '/mnt/usb/d/.reconcile')
    const halt = otherOwner('/mnt/usb/d/.reconcile', 0, 1234, line('exfat', ',uid=1000,gid=1000,umask=022'))
    expect(halt.message).toContain(
      'mount at /mnt/usb (exfat) makes every file belong to one user, by its option uid=1000',
    )
    expect(halt.hint).toContain('uid=1234,umask=077')
    expect(otherOwner('/x', 0, 1234, line('fuseblk', ',user_id=0')).message).toContain(
      'no uid= among its options',
    )
    expect(otherOwner('/x', 0, 1234, line('cifs', ',uid=33,forceuid')).message).toContain('uid=33')
    for (const mount of [line('ext4', ''), null])
      expect(otherOwner('/x', 0, 1234, mount).hint).toMatch(/^Run it as that user: sudo -u root/)
  })

  test('I6: a symlink or a file in its place is refused, and not followed', async () => {
    const path = temporaryFolder()
    const elsewhere = temporaryFolder()
    symlinkSync(elsewhere, join(path, '.reconcile'))
    expect(await checkOwnership(realDisk, layout(path), me)).toMatchObject({ code: 'private-folder-strange' })
    const other = temporaryFolder()
    writeFileSync(join(other, '.reconcile'), '')
    expect(await checkOwnership(realDisk, layout(other), me)).toMatchObject({
      code: 'private-folder-strange',
    })
  })

  test.each([
    [0o000, 0o777],
    [0o027, 0o750],
    [0o077, 0o700],
  ])(
    'our folders are private whatever the umask, and made private again; with %o the destination is %o',
    async (umask, left) => {
      const path = join(temporaryFolder(), 'deep/er/offsite')
      const files = layout(path)
      const mask = process.umask(umask)
      try {
        await makePrivateFolders(realDisk, files, path)
      } finally {
        process.umask(mask)
      }
      const mode = (name: string): number => statSync(name).mode & 0o777
      expect([files.own, files.staging, files.quarantine, files.trash].map(mode)).toEqual(
        Array(4).fill(0o700),
      )
      expect(mode(path)).toBe(left)
      chmodSync(files.own, 0o777)
      await makePrivateFolders(realDisk, files, path)
      expect(mode(files.own)).toBe(0o700)
    },
  )

  test.skipIf(me === 0)('a folder that we may not write in is a failure in words', async () => {
    const path = temporaryFolder()
    chmodSync(path, 0o500)
    await expect(makePrivateFolders(realDisk, layout(path), path)).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-forbidden',
    })
    chmodSync(path, 0o700)
  })
})

describe('whether the disk is there', () => {
  test('a mount point is one, a folder is none', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sub'))
    expect(await checkMount(null)).toBeNull()
    expect(await checkMount('/proc')).toBeNull()
    expect(await checkMount('/proc/self')).toMatchObject({ code: 'not-mounted' })
    expect(await checkMount(join(folder, 'sub'))).toMatchObject({ code: 'not-mounted' })
    expect(await checkMount(join(folder, 'missing'))).toMatchObject({ code: 'not-mounted' })
  })

  const line = (at: string, type = 'ext4'): string =>
    `36 35 98:0 / ${at} rw,noatime master:1 shared:2 - ${type} /dev/x rw\n`
  const tables: readonly [string, string, string, boolean][] = [
    ['exactly that path', line('/srv/offsite'), '/srv/offsite', true],
    ['a longer path is not it', line('/srv/offsite/a'), '/srv/offsite', false],
    ['a shorter path is not it', line('/srv'), '/srv/offsite', false],
    ['spaces and backslashes are escaped there', line('/srv/a\\040b\\134c'), '/srv/a b\\c', true],
    ['an automounter that waits is no disk', line('/srv', 'autofs'), '/srv', false],
    ['what it has mounted is one', line('/srv', 'autofs') + line('/srv'), '/srv', true],
    ['no optional fields', '36 35 98:0 / /srv rw - ext4 /dev/x rw\n', '/srv', true],
    ['an empty table', '', '/srv', false],
    ['a cut line', '36 35 98:0 / /srv', '/srv', false],
  ]
  test.each(tables)('%s', (_, table, path, expected) => expect(isMountPoint(table, path)).toBe(expected))
})

describe('a disk that goes while it is in use', () => {
  async function opened(go: (path: string) => void) {
    const folder = temporaryFolder()
    const path = join(folder, 'held')
    let isGoing = false
    const leave = (): void => {
      if (isGoing) go(path)
    }
    const destination = openDestination(
      { path, mount: null, rotate: false },
      {
        disk: {
          ...realDisk,
          list(at) {
            leave()
            return realDisk.list(at)
          },
        },
        box: openBox(join(folder, 'state'), { concurrency: 2 }),
        uid: me,
        backup: 'test',
        hash(...asked) {
          leave()
          return hashFiles(...asked)
        },
      },
    )
    const locked = await lockOf(destination)
    onTestFinished(() => locked.close())
    for (const name of ['a', 'b', 'c']) await bring({ disk: realDisk }, locked, toPublish(name, name), name)
    for (const name of ['d', 'e', 'f']) await arrive({ disk: realDisk }, locked, name, name)
    isGoing = true
    return locked
  }
  const isAway = (path: string) => existsSync(path) && renameSync(path, `${path}-elsewhere`)
  const isSwapped = (path: string) => {
    if (existsSync(`${path}-elsewhere`)) return
    renameSync(path, `${path}-elsewhere`)
    cpSync(`${path}-elsewhere`, path, { recursive: true })
  }

  test.each([
    ['unmounted', isAway],
    ['another in its place', isSwapped],
  ])('%s: one failure, and not one for each file', async (_, go) => {
    const files = ['d', 'e', 'f'].map((name) => {
      const { path, size, digests } = toPublish(name, name)
      return { path, size, digest: digests.md5 }
    })
    const gone = { name: 'Failure', code: 'disk-gone', retryable: true }
    await expect((await opened(go)).gate(files, quietRun())).rejects.toMatchObject(gone)
    // Else what was here would look lost.
    await expect((await opened(go)).inspect(quietRun())).rejects.toMatchObject(gone)
  })
})

describe('what the machine must have', () => {
  test('this one has it', () => expect(checkHostTools()).toBeNull())

  test('what is missing is named with its package', () => {
    const folder = temporaryFolder()
    for (const tool of ['flock', 'setpriv', 'prlimit', 'sync', 'mv'])
      writeFileSync(join(folder, tool), '', { mode: 0o755 })
    writeFileSync(join(folder, 'stat'), '', { mode: 0o644 })
    const none = checkHostTools('/nonexistent')
    expect(none).toMatchObject({
      code: 'missing-tool',
      hint: expect.stringContaining('util-linux and coreutils'),
    })
    expect(checkHostTools(folder)).toMatchObject({
      message: expect.stringMatching(/: stat$/),
      hint: expect.stringContaining('coreutils'),
    })
    expect(checkHostTools(undefined, 'darwin')).toMatchObject({ code: 'missing-tool' })
  })
})

describe('what a disk says, in words', () => {
  const cases: readonly [string, string, boolean][] = [
    ['ENOSPC', 'disk-full', true],
    ['EDQUOT', 'disk-full', true],
    ['EROFS', 'disk-read-only', false],
    ['EIO', 'disk-failing', false],
    ['EACCES', 'disk-forbidden', false],
    ['EUCLEAN', 'disk-failing', false],
    ['ESTALE', 'disk-gone', true],
    ['EHWPOISON', 'disk-error', false],
  ]
  test.each(cases)('%s is %s', (errno, code, retryable) => {
    const failure = diskFailure(Object.assign(new Error('x'), { code: errno }), 'write', '/srv/a')
    expect(failure).toMatchObject({ name: 'Failure', code, retryable, path: '/srv/a' })
    expect(failure.message).toMatch(/^cannot write \/srv\/a: /)
    expect(failure.hint).not.toBe('')
    expect(diskFailure(failure, 'do', '/x')).toBe(failure)
  })

  test('a bug stays a bug', () => {
    const bug = new TypeError('undefined is no function')
    expect(() => diskFailure(bug, 'write', '/srv/a')).toThrow(bug)
    const internal = Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })
    expect(() => diskFailure(internal, 'write', '/srv/a')).toThrow(internal)
  })
})

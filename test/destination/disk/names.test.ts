import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Disk } from '../../../src/destination/disk/disk.ts'
import { namesAtRisk, refusedOf } from '../../../src/destination/disk/names.ts'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { backupIn, problemsOf, stepsOf } from '../../helpers/backup.ts'
import { rel, temporaryFolder } from '../../helpers/disk-folder.ts'
import { canMount } from '../../helpers/disk-small.ts'
import { makeWorld } from '../../helpers/world.ts'

const DATED = 'db-2026-11-27T02:15:00.gz'
const names = (...given: readonly string[]) => given.map(rel)

/** A disk that takes no such name, and the names that were tried. */
function refusing(pattern: RegExp, code: string) {
  const tried: string[] = []
  const disk: Disk = {
    ...realDisk,
    async create(path, bytes, mode) {
      tried.push(basename(path))
      if (pattern.test(basename(path))) throw Object.assign(new Error(code), { code, path })
      return realDisk.create(path, bytes, mode)
    },
  }
  return { disk, tried }
}

test('an ordinary name is not tried; of a kind that is taken one is, and nothing of it stays', async () => {
  const folder = temporaryFolder()
  const { disk, tried } = refusing(/never/, 'EINVAL')
  const given = names('a.tar', 'a:1', 'd/a:2', 'a:b/c', 'x.', 'aux.gz', 'é', 'ø', `${'n'.repeat(240)}`)
  expect(await refusedOf(disk, folder, given)).toEqual(new Set())
  expect(tried).toEqual(['a:1', 'x.', 'aux.gz', 'é', 'n'.repeat(240), `${'n'.repeat(240)}.md5`])
  expect(readdirSync(folder)).toEqual([])
})

test.each(['EINVAL', 'EILSEQ', 'ENAMETOOLONG', 'ENOENT'])(
  '%s: each such name is refused, in a folder too',
  async (code) => {
    const { disk } = refusing(/:/, code)
    const given = names(DATED, 'plain?', 'd:d/a', 'b:?')
    expect([...(await refusedOf(disk, temporaryFolder(), given))]).toEqual([DATED, 'd:d/a', 'b:?'])
  },
)

test('other trouble is not about a name; a bug is thrown', async () => {
  expect(await refusedOf(refusing(/:/, 'ENOSPC').disk, temporaryFolder(), names('a:b'))).toEqual(new Set())
  await expect(refusedOf(refusing(/:/, 'oops').disk, temporaryFolder(), names('a:b'))).rejects.toThrow('oops')
})

test('a name that is stored as another one is refused', async () => {
  const folder = temporaryFolder()
  const fat: Disk = {
    ...realDisk,
    create: (path, bytes, mode) => realDisk.create(path.replace(/\.$/, ''), bytes, mode),
    unlink: (path) => realDisk.unlink(path.replace(/\.$/, '')),
  }
  expect([...(await refusedOf(fat, folder, names('a.', 'b')))]).toEqual(['a.'])
  expect(readdirSync(folder)).toEqual([])
})

test('by its type alone: some take none of them, of some it is not known, all others take all', () => {
  const given = names(DATED, 'a.tar', 'd./x', 'LPT1')
  expect(namesAtRisk('vfat', given)).toEqual({ paths: new Set([DATED, 'd./x', 'LPT1']), isSure: true })
  expect(namesAtRisk('fuseblk', given)).toMatchObject({
    isSure: false,
    paths: new Set([DATED, 'd./x', 'LPT1']),
  })
  expect(namesAtRisk('ext4', given).paths).toEqual(new Set())
})

const REAL = [
  ['exFAT', ['mkfs.exfat'], ['mount.exfat-fuse', '-o', 'umask=077']],
  ['NTFS', ['mkfs.ntfs', '-F', '-q'], ['ntfs-3g', '-o', 'windows_names,umask=077']],
] as const

const isHere = (...programs: readonly string[]): boolean =>
  programs.every((program) => {
    try {
      execFileSync('which', [program], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })

test.each(REAL)(
  'a pass onto real %s: what it refuses is found before the transfer, the rest is published',
  async (_, make, mount) => {
    if (!canMount() || !isHere('losetup', make[0], mount[0])) return
    const folder = temporaryFolder()
    const run = (program: string, ...words: readonly string[]): string =>
      execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [image, disk] = [join(folder, 'image'), join(folder, 'disk')]
    run('truncate', '-s', '64M', image)
    run(...(make as readonly [string]), image)
    mkdirSync(disk)
    const loop = run('losetup', '-f', '--show', image).trim()
    onTestFinished(() => void run('losetup', '-d', loop))
    const [program, ...options] = mount
    run(program, ...options, loop, disk)
    onTestFinished(() => void run('umount', disk))

    const world = await makeWorld('local')
    try {
      const at = await backupIn(world, 'usb', { destination: { path: join(disk, 'usb'), minFree: '1MiB' } })
      await at.offer(DATED, 'a')
      await at.offer('plain.gz', 'b')
      const plan = await at.plan()
      expect(stepsOf(plan)).toEqual([`pull ${DATED}`, 'pull plain.gz'])
      expect(plan.warnings).toMatchObject([
        { code: 'name-doubtful', message: expect.stringContaining(DATED) },
      ])
      const outcome = await at.pass()
      expect(outcome).toMatchObject({ published: ['plain.gz'], exitCode: 1 })
      expect(problemsOf(outcome)).toEqual([`name-refused ${DATED}`])
      expect(outcome.problems[0]!.message).toMatch(/\(fuseblk, \/dev\/loop\d+\) does not take this name/)
      expect(outcome.bytes).toBeLessThan(100)
      expect(readdirSync(join(disk, 'usb/.reconcile/staging'))).toEqual([])
      expect(problemsOf(await at.pass())).toEqual([`name-refused ${DATED}`])
    } finally {
      await world.end()
    }
  },
)

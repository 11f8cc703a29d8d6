import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { Step } from '../../src/model/plan.ts'
import { digestOf, makeWorld, type World, type WorldOptions } from '../helpers/world.ts'

let world: World
afterEach(() => world?.end())

const AS = '{stem}-{YYYY}-{MM}-{DD}{ext}'
const declare = (over: Readonly<Record<string, unknown>> = {}): Promise<void> =>
  world.declare('pg', { select: { as: AS }, series: { timezone: 'UTC' }, ...over })
const begin = async (
  over: Readonly<Record<string, unknown>> = {},
  kind: 'ssh' | 'local' = 'local',
  options: WorldOptions = {},
): Promise<void> => {
  world = await makeWorld(kind, { calls: 'here', ...options })
  await declare(over)
}
const night = (day: number, hour = 2): number => Date.UTC(2026, 9, day, hour) / 1000
const pass = async (...words: string[]): Promise<BackupOutcome> => (await world.pass(...words)).backups[0]!
const steps = async (): Promise<readonly Step[]> => (await world.plan()).backups[0]!.steps
const offer = (name: string, text: string, mtime: number) => world.offer(name, text, { mtime })
const at = (name: string) => join(world.source, name)
const ledger = async (): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const kinds = async (): Promise<readonly unknown[]> => (await ledger()).map(({ event }) => event)

describe('a source that overwrites its file every night', () => {
  test('over ssh: each version comes under a dated name, and a second pass does nothing', async () => {
    await begin({ retain: { daily: 3 } }, 'ssh')
    for (const day of [1, 2, 3, 4, 5]) {
      await offer('backup.tar.gz', `of night ${day}`, night(day))
      expect(await pass()).toMatchObject({
        exitCode: 0,
        published: [`backup-2026-10-0${day}.tar.gz`],
        problems: [],
      })
      const before = await ledger()
      expect(await pass()).toMatchObject({ exitCode: 0, result: 'in-sync', published: [] })
      expect(await ledger()).toEqual(before)
    }
    const held = await world.published()
    expect(held.get('backup-2026-10-05.tar.gz')).toBe('of night 5')
    expect(held.get('backup-2026-10-05.tar.gz.md5')).toBe(
      `${digestOf('md5', 'of night 5')}  backup-2026-10-05.tar.gz\n`,
    )
    expect((await ledger()).find(({ event }) => event === 'published')).toMatchObject({
      from: 'backup.tar.gz',
    })
    // The two oldest are wanted no more; they stay.
    expect((await steps()).map(({ action, path }) => `${action} ${path}`)).toEqual([
      'surplus backup-2026-10-01.tar.gz',
      'surplus backup-2026-10-02.tar.gz',
    ])
  })

  test('the same bytes with a new time are not pulled again, and count as of that time', async () => {
    await begin({ expect: { every: '24h' } })
    await offer('backup.tar.gz', 'same', night(1))
    await pass()
    await offer('backup.tar.gz', 'same', night(3))
    expect(await steps()).toEqual([])
    const newest = async () => (await world.status()).backups[0]!.series[0]!.newest
    expect(await newest()).toBe('2026-10-01T02:00:00Z')
    expect((await world.plan()).backups[0]!.series[0]!.newest).toBe('2026-10-03T02:00:00Z')
    expect(await pass()).toMatchObject({ result: 'in-sync', published: [] })
    expect(await newest()).toBe('2026-10-03T02:00:00Z')
    expect((await ledger()).at(-1)).toMatchObject({
      event: 'same',
      path: 'backup-2026-10-01.tar.gz',
      from: 'backup.tar.gz',
      mtime: night(3),
    })
    const before = await ledger()
    expect((await pass()).result).toBe('in-sync')
    expect(await ledger()).toEqual(before)
    // What came in between is newer than the copy that it would be again.
    await offer('backup.tar.gz', 'other', night(4))
    await pass()
    await offer('backup.tar.gz', 'same', night(5))
    expect((await pass()).published).toEqual(['backup-2026-10-05.tar.gz'])
  })

  test('the same bytes keep a series with a pattern fresh, in status, checks and metrics', async () => {
    const now = Math.floor(Date.now() / 1000)
    const pattern = '{series}-{YYYY}-{MM}-{DD}.tar.gz'
    await begin({ series: { pattern, timezone: 'UTC' }, expect: { every: '24h', grace: '1h' } })
    await offer('backup.tar.gz', 'same', now - 5 * 86_400)
    expect((await pass()).exitCode).toBe(1)
    expect((await world.run('status', '--check')).code).not.toBe(0)
    await offer('backup.tar.gz', 'same', now - 3600)
    expect(await pass()).toMatchObject({ exitCode: 0, published: [], late: [] })
    expect((await world.status()).backups[0]).toMatchObject({
      state: 'ok',
      series: [{ state: 'ok', points: 1 }],
    })
    const at = `${now - 3600}`
    expect((await world.run('status', '--output', 'prometheus')).stdout).toContain(at)
  })

  test('a marker of an earlier version finishes nothing', async () => {
    await begin()
    await offer('backup.tar.gz', 'first', night(1))
    await pass()
    await writeFile(at('backup.tar.gz'), 'half')
    await utimes(at('backup.tar.gz'), night(2), night(2))
    const [step] = await steps()
    expect(step).toMatchObject({ action: 'wait', path: 'backup-2026-10-02.tar.gz', from: 'backup.tar.gz' })
    expect(step!.because[0]).toContain('older than it')
    expect(await pass()).toMatchObject({ exitCode: 0, problems: [], published: [] })
    await offer('backup.tar.gz', 'second', night(2))
    expect((await pass()).published).toEqual(['backup-2026-10-02.tar.gz'])
  })

  test('a claim that was written again, and not made again, makes nothing fresh: another size is other bytes', async () => {
    const now = Math.floor(Date.now() / 1000)
    await begin({ expect: { every: '24h' } })
    await offer('backup.tar.gz', 'one', now - 5 * 86_400)
    await pass()
    await writeFile(at('backup.tar.gz'), 'half of two')
    await utimes(at('backup.tar.gz'), now - 3600, now - 3600)
    await utimes(at('backup.tar.gz.md5'), now, now)
    expect(await pass()).toMatchObject({ exitCode: 1, problems: [{ code: 'source-changed' }] })
    expect((await pass()).late).toHaveLength(1)
    expect(await kinds()).not.toContain('same')
    await offer('backup.tar.gz', 'two', now - 3600)
    expect(await pass()).toMatchObject({ exitCode: 0, late: [] })
  })

  test('two versions of one day are a conflict that says what to do', async () => {
    await begin()
    await offer('backup.tar.gz', 'morning', night(1, 2))
    await pass()
    // Until it is finished it is waited for, as it would be under a name of its own.
    await writeFile(at('backup.tar.gz'), 'even')
    await utimes(at('backup.tar.gz'), night(1, 19), night(1, 19))
    expect((await steps())[0]!.because[0]).toContain('older than it')
    expect(await pass()).toMatchObject({ exitCode: 0, waiting: ['backup-2026-10-01.tar.gz'], problems: [] })
    expect((await world.run('explain', 'pg/backup.tar.gz')).stdout).toContain('it will be a conflict')
    await offer('backup.tar.gz', 'evening', night(1, 20))
    const outcome = await pass()
    expect(outcome.exitCode).toBe(6)
    expect(outcome.conflicts).toMatchObject([
      { path: 'backup-2026-10-01.tar.gz', source: digestOf('md5', 'evening') },
    ])
    expect(outcome.conflicts[0]!.hint).toContain('{hh}{mm}')
    expect((await world.run('--dry-run')).stdout).toContain('{hh}{mm}')
    expect((await pass()).exitCode).toBe(6)
    expect((await world.published()).get('backup-2026-10-01.tar.gz')).toBe('morning')
    // Acknowledged by its name here.
    const digest = digestOf('md5', 'evening')
    await declare({ acknowledge: [{ path: 'backup-2026-10-01.tar.gz', digest, reason: 'a test' }] })
    expect((await pass()).exitCode).toBe(0)
    await declare({ select: { as: '{stem}-{YYYY}-{MM}-{DD}-{hh}{mm}{ext}' } })
    expect(await pass()).toMatchObject({ exitCode: 0, published: ['backup-2026-10-01-2000.tar.gz'] })
    expect((await pass()).result).toBe('in-sync')
  })

  test('what is staged of one version is no start for another that is not mended', async () => {
    await begin()
    const [old, next] = ['o'.repeat(100_000), 'n'.repeat(150_000)]
    await offer('backup.tar.gz', old, night(1))
    // The marker says otherwise for now: what came stays in staging for another try.
    await writeFile(at('backup.tar.gz.md5'), `${digestOf('md5', 'x')}  backup.tar.gz\n`)
    await utimes(at('backup.tar.gz.md5'), night(1), night(1))
    expect((await pass()).exitCode).toBe(6)
    const staging = join(world.destination, '.reconcile/staging')
    await writeFile(join(staging, 'backup.tar.gz'), old.slice(0, 60_000))
    await offer('backup.tar.gz', next, night(2))
    const [step] = await steps()
    expect(step).toMatchObject({ action: 'resume', path: 'backup-2026-10-02.tar.gz' })
    expect(await pass()).toMatchObject({ exitCode: 0, published: ['backup-2026-10-02.tar.gz'] })
    expect((await world.published()).get('backup-2026-10-02.tar.gz')).toBe(next)
  })
})

describe('without `as`', () => {
  test('a conflict over a name that changed on each of the last three days suggests it', async () => {
    await begin({ select: {} })
    await offer('backup.tar.gz', 'night 1', night(1))
    await pass()
    for (const day of [2, 3, 4]) {
      await offer('backup.tar.gz', `night ${day}`, night(day))
      const { conflicts, exitCode } = await pass()
      expect(exitCode).toBe(6)
      if (day < 4) expect(conflicts[0]!.hint).toBeUndefined()
      else expect(conflicts[0]!.hint).toContain('select.as')
    }
    const before = await readFile(join(world.destination, '.reconcile/seen.jsonl'), 'utf8')
    const { conflicts } = await pass()
    expect(conflicts[0]!.hint).toContain('each of the last three days')
    expect(await readFile(join(world.destination, '.reconcile/seen.jsonl'), 'utf8')).toBe(before)
    expect((await world.run('--dry-run')).stdout).toContain('select.as')
  })
})

describe('rotated names', () => {
  const as = 'backup-{YYYY}-{MM}-{DD}.tar'
  test('are versions of one file, whatever they are called by now', async () => {
    await begin({ select: { as, include: ['backup-*.tar'] } }, 'ssh')
    await offer('backup-1.tar', 'one', night(1))
    expect((await pass()).published).toEqual(['backup-2026-10-01.tar'])
    for (const suffix of ['', '.md5']) await rename(at(`backup-1.tar${suffix}`), at(`backup-2.tar${suffix}`))
    await offer('backup-1.tar', 'two', night(2))
    expect(await pass()).toMatchObject({ exitCode: 0, published: ['backup-2026-10-02.tar'] })
    expect((await pass()).result).toBe('in-sync')
    // One file twice is one.
    await offer('backup-3.tar', 'one', night(1))
    expect(await pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
    await offer('backup-3.tar', 'another', night(1))
    expect(await pass()).toMatchObject({ exitCode: 6, conflicts: [{ path: 'backup-2026-10-01.tar' }] })
  })
  test('two new files of one name and with different checksums: neither is pulled', async () => {
    await begin({ select: { as, include: ['daily.*'] } })
    await offer('daily.0', 'a', night(1))
    await offer('daily.1', 'b', night(1, 1))
    const outcome = await pass()
    expect(outcome).toMatchObject({ exitCode: 6, published: [], conflicts: [{ held: '' }] })
    expect(outcome.conflicts[0]!.hint).toContain('{hh}{mm}')
    expect((await world.run('--dry-run')).stdout).toContain('daily.0 and daily.1')
    await offer('daily.1', 'a', night(1, 1))
    expect(await pass()).toMatchObject({ exitCode: 0, published: ['backup-2026-10-01.tar'] })
  })
})

describe('other ways to be finished', () => {
  test('quiet, over ssh: each version after its two looks', async () => {
    await begin({ finished: { quiet: '1s' } }, 'ssh')
    const untilPublished = () =>
      vi.waitFor(
        async () => {
          const { published, problems } = await pass()
          expect(problems).toEqual([])
          expect(published).not.toEqual([])
          return published
        },
        { timeout: 300_000, interval: 200 },
      )
    const put = async (text: string, mtime: number) => {
      await writeFile(at('share.img'), text)
      await utimes(at('share.img'), mtime, mtime)
    }
    await put('a', night(1))
    expect(await untilPublished()).toEqual(['share-2026-10-01.img'])
    await put('b', night(2))
    expect(await untilPublished()).toEqual(['share-2026-10-02.img'])
    await put('b', night(3))
    await vi.waitFor(async () => {
      await pass()
      expect((await kinds()).filter((kind) => kind === 'same')).toEqual(['same'])
    }, 300_000)
    expect((await pass()).result).toBe('in-sync')
    // A cache: without it nothing is asked about a version that is here and is what it was.
    await put('b', night(2))
    await rm(join(world.destination, '.reconcile/seen.jsonl'))
    expect((await pass()).result).toBe('in-sync')
    expect((await ledger()).find(({ event }) => event === 'published')).toMatchObject({
      from: 'share.img',
      vouched: 'source',
    })
  })
  test('a sums file that is no older', async () => {
    await begin({ finished: { sums: 'MD5SUMS' } })
    const sums = async (text: string, mtime: number) => {
      await writeFile(at('MD5SUMS'), `${digestOf('md5', text)}  backup.img\n`)
      await utimes(at('MD5SUMS'), mtime, mtime)
    }
    await world.offer('backup.img', 'a', { mtime: night(1), marker: null })
    await sums('a', night(1, 3))
    expect((await pass()).published).toEqual(['backup-2026-10-01.img'])
    await world.offer('backup.img', 'b', { mtime: night(2), marker: null })
    const [step] = await steps()
    expect(step!.because[0]).toContain('MD5SUMS is older than it')
    await sums('b', night(2))
    expect((await pass()).published).toEqual(['backup-2026-10-02.img'])
    expect((await pass()).result).toBe('in-sync')
  })
  test('a list file', async () => {
    await begin({ source: { listing: 'LIST' } })
    await offer('backup.img', 'a', night(1))
    await writeFile(at('LIST'), 'backup.img\nnot-yet.img\n')
    expect(await pass()).toMatchObject({ published: ['backup-2026-10-01.img'], waiting: ['not-yet.img'] })
    await writeFile(at('LIST'), 'backup.img\n')
    expect((await pass()).result).toBe('in-sync')
  })
  test('a sha256, in the spelling of the source, in a folder', async () => {
    await begin({ checksum: 'sha256' })
    await world.offer('a/b/backup.img', 'a', { mtime: night(1), kind: 'sha256', suffix: '.SHA256' })
    expect((await pass()).published).toEqual(['a/b/backup-2026-10-01.img'])
    expect((await world.published()).get('a/b/backup-2026-10-01.img.SHA256')).toBe(
      `${digestOf('sha256', 'a')}  backup-2026-10-01.img\n`,
    )
    expect((await pass()).result).toBe('in-sync')
  })
})

describe('a backup that stands already', () => {
  test('pulls nothing again, loses nothing and is in no conflict when `as` is added', async () => {
    await begin({ select: {} })
    await offer('backup.tar.gz', 'one', night(1))
    await offer('other.tar', 'other', night(1))
    await pass()
    await offer('other.tar', 'changed', night(2))
    expect((await pass()).exitCode).toBe(6)
    await declare()
    expect(await pass()).toMatchObject({ exitCode: 0, published: ['other-2026-10-02.tar'], problems: [] })
    expect((await pass()).result).toBe('in-sync')
    await offer('backup.tar.gz', 'two', night(2))
    expect((await pass()).published).toEqual(['backup-2026-10-02.tar.gz'])
    const held = await world.published()
    expect(held.get('backup.tar.gz')).toBe('one')
    expect(held.get('other.tar')).toBe('other')
    expect((await pass()).result).toBe('in-sync')
    // Another form of name for what comes from now on.
    await declare({ select: { as: '{YYYY}{MM}{DD}-{name}' } })
    expect((await pass()).result).toBe('in-sync')
    await offer('backup.tar.gz', 'three', night(3))
    expect((await pass()).published).toEqual(['20261003-backup.tar.gz'])
  })
  test('takes over a pair that it could have made itself, and no other', async () => {
    await begin()
    const pair = async (name: string, text: string) => {
      await writeFile(join(world.destination, name), text)
      await writeFile(join(world.destination, `${name}.md5`), `${digestOf('md5', text)}  ${name}\n`)
    }
    await mkdir(world.destination, { recursive: true })
    await pair('backup-2026-10-01.tar.gz', 'one')
    await pair('letter.txt', 'private')
    await offer('backup.tar.gz', 'two', night(2))
    const outcome = await pass()
    expect(outcome.published).toEqual(['backup-2026-10-01.tar.gz', 'backup-2026-10-02.tar.gz'])
    expect((await pass()).result).toBe('in-sync')
  })
})

describe('what a source may do', () => {
  test('names that cannot be made into dated ones are refused, and nothing is fetched of them', async () => {
    await begin()
    await offer(`${'x'.repeat(240)}.tar`, 'a', night(1))
    await offer('A.tar', 'a', night(1))
    await offer('ok.tar', 'a', night(1))
    const outcome = await pass()
    expect(outcome.published).toEqual(['A-2026-10-01.tar', 'ok-2026-10-01.tar'])
    expect(outcome.problems.map(({ code }) => code)).toEqual(['name-too-long'])
  })
  test('names that a file system may take for one another are refused', async () => {
    await begin({ select: { as: 'b-{YYYY}-{MM}-{DD}{ext}' } })
    await offer('one.TAR', 'a', night(1))
    await offer('two.tar', 'b', night(1))
    expect(await pass()).toMatchObject({
      published: [],
      problems: [{ code: 'name-collision' }, { code: 'name-collision' }],
    })
  })
  test('a time of 1970, and one of tomorrow', async () => {
    await begin()
    await offer('old.tar', 'a', 0)
    await offer('new.tar', 'b', Math.floor(Date.now() / 1000) + 3600)
    const { published, exitCode } = await pass()
    expect(exitCode).toBe(0)
    expect(published).toHaveLength(2)
    expect(published.at(-1)).toBe('old-1970-01-01.tar')
    expect((await pass()).result).toBe('in-sync')
  })
})

describe('what else goes by these names', () => {
  test('a removal is by the name here, and nothing of that version comes again', async () => {
    await begin({ retain: { last: 1, pin: ['backup-2026-10-01*'] } })
    await offer('backup.tar.gz', 'one', night(1))
    await pass()
    await offer('backup.tar.gz', 'two', night(2))
    await pass()
    expect(await steps()).toEqual([])
    const removed = await world.run('prune', 'pg', 'backup-2026-10-02.tar.gz', '--reason', 'a test')
    expect(removed.code).toBe(0)
    expect(await pass()).toMatchObject({ published: [], exitCode: 0 })
    // Nor under another name.
    await declare({ select: { as: '{YYYY}{MM}{DD}-{name}' } })
    expect(await pass()).toMatchObject({ published: [], exitCode: 0 })
  })
  test('a saved plan is applied, and refused once the source has another version', async () => {
    await begin()
    await offer('backup.tar.gz', 'one', night(1))
    const saved = join(world.folder, 'plan.json')
    expect((await world.run('plan', '--out', saved)).code).toBe(0)
    expect((await world.run('apply', saved)).code).toBe(0)
    expect([...(await world.published()).keys()]).toContain('backup-2026-10-01.tar.gz')
    await offer('backup.tar.gz', 'two', night(2))
    expect((await world.run('plan', '--out', saved)).code).toBe(0)
    await offer('backup.tar.gz', 'three', night(3))
    expect((await world.run('apply', saved)).code).toBe(4)
  })
  test('a plan from a snapshot is the one of both sides', async () => {
    await begin()
    await offer('backup.tar.gz', 'one', night(1))
    await pass()
    await offer('backup.tar.gz', 'two', night(2))
    const folder = join(world.folder, 'snapshots')
    expect((await world.run('snapshot', '--to', folder)).code).toBe(0)
    const offline = (await world.plan('--offline', folder)).backups[0]!
    expect(offline.steps).toEqual((await world.plan()).backups[0]!.steps)
    expect(offline.steps).toMatchObject([{ action: 'pull', path: 'backup-2026-10-02.tar.gz' }])
  })
  test('explain takes both names', async () => {
    await begin()
    await offer('backup.tar.gz', 'one', night(1))
    await pass()
    for (const name of ['backup.tar.gz', 'backup-2026-10-01.tar.gz']) {
      const { code, stdout } = await world.run('explain', `pg/${name}`, '--json')
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        path: 'backup-2026-10-01.tar.gz',
        sourceName: 'backup.tar.gz',
        selection: { selected: true },
        source: { marker: 'claimed' },
      })
      const text = await world.run('explain', `pg/${name}`)
      expect(text.stdout).toContain('backup.tar.gz')
    }
  })
})

describe('what is said of a source that is not finished', () => {
  test('nothing held and a marker of an earlier version: both are named as the source calls them', async () => {
    await begin()
    await offer('backup.tar', 'one', night(1))
    await writeFile(at('backup.tar'), 'two')
    await utimes(at('backup.tar'), night(2), night(2))
    const { problems, exitCode } = await pass()
    expect(exitCode).toBe(1)
    expect(problems).toMatchObject([{ code: 'empty' }])
    expect(problems[0]!.message).toContain('expected backup.tar.md5 next to backup.tar')
    expect(problems[0]!.message).toContain('older than it')
  })
  test('a checksum of another kind', async () => {
    await begin()
    await offer('a.tar', 'one', night(1))
    await pass()
    await world.offer('b.tar', 'two', { mtime: night(1), kind: 'sha256' })
    expect((await pass()).problems).toMatchObject([{ code: 'other-checksum', path: 'b.tar' }])
  })
})

test('what a changed `as` would group otherwise is not removed before a person says so (I9)', async () => {
  const prunes = {
    prune: { mode: 'manual', minAge: '0s', keepAtLeast: 1 },
    retain: { last: 1 },
    expect: { every: '24h' },
  }
  await begin(prunes)
  for (const day of [1, 2, 3]) {
    await offer('backup.tar', `night ${day}`, night(day))
    await pass()
  }
  await declare({ ...prunes, select: { as: '{YYYY}{MM}{DD}-{name}' } })
  const { code, stdout } = await world.run('prune', 'pg', '--dry-run', '--json')
  expect(code).not.toBe(0)
  expect(JSON.parse(stdout).backups[0].holds.map((hold: { code: string }) => hold.code)).toContain(
    'prune-source-changed',
  )
})

import { chmod, chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { type Backup, backupIn, problemsOf, stepsOf } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// What a spec does not select, and symlinks whether it does or not.

const NOBODY = 65534
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

let world: World
/** Its account reads nothing that its files' modes forbid. */
let guarded: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  const asNobody = process.getuid?.() === 0 ? `setpriv ${AS_NOBODY.join(' ')} ` : ''
  guarded = await makeWorld('ssh', {
    calls: 'here',
    command: (served) => `${asNobody}rrsync -ro ${served}`,
  })
  await chmod(guarded.folder, 0o755)
})
afterAll(() => Promise.all([world.end(), guarded.end()]))

/** Files at a source under names that need not be text, none with a marker. */
async function litter(at: Backup, ...names: readonly (string | Buffer)[]): Promise<void> {
  for (const name of names)
    await writeFile(Buffer.concat([Buffer.from(`${at.source}/`), Buffer.from(name)]), 'x')
}

const latin1 = (name: string): Buffer => Buffer.from(name, 'latin1')

/** A pass that ends well, and what is said afterwards. */
async function expectWell(at: Backup, here = world): Promise<void> {
  const outcome = await at.pass()
  expect([problemsOf(outcome), outcome.exitCode]).toEqual([[], 0])
  expect((await at.plan()).problems).toEqual([])
  const { backups } = await here.status(at.name)
  expect(backups[0]!.state).toBe('ok')
  expect((await here.run('status', at.name, '--check')).code).toBe(0)
}

describe('symlinks at a source', () => {
  test('one that is not selected is not spoken of', async () => {
    const at = await backupIn(world, 'unselected-link', { select: { include: ['*.sql.gz'] } })
    await at.offer('db.sql.gz', 'x')
    await symlink('db.sql.gz', join(at.source, 'latest'))
    await symlink('.', join(at.source, 'here.d'))
    await expectWell(at)
    expect((await at.plan()).warnings).toEqual([])
  })

  test('selected ones are a note, one for all of them, and never a failure', async () => {
    const at = await backupIn(world, 'latest', { select: { include: ['*.sql.gz', 'folder'] } })
    await at.offer('db-2026-11-23.sql.gz', 'x')
    await symlink('db-2026-11-23.sql.gz', join(at.source, 'latest.sql.gz'))
    await symlink('..', join(at.source, 'folder'))
    await symlink('/nowhere', join(at.source, 'dangling.sql.gz'))
    await expectWell(at)
    const { warnings } = await at.plan()
    expect(warnings.map(({ code }) => code)).toEqual(['links-skipped'])
    expect(warnings[0]!.message).toContain('3 symlinks')
    expect(warnings[0]!.message).toContain('latest.sql.gz')
    expect((await world.run('explain', 'latest/latest.sql.gz')).stdout).toContain('symlink')
    expect(await at.names()).toEqual(['db-2026-11-23.sql.gz', 'db-2026-11-23.sql.gz.md5'])
  })

  test('one with a marker of its own is shown by a pass and by status, until it is a file', async () => {
    const at = await backupIn(world, 'finished-link')
    await at.offer('db-2026-11-27.gz', 'x')
    await at.offer('db-2026-11-28.gz', 'y')
    await at.offer('store', 'z')
    const link = join(at.source, 'db-2026-11-28.gz')
    await rm(link)
    await symlink('store', link)
    expect((await world.run(at.name)).stdout).toContain('db-2026-11-28.gz is a symlink')
    expect((await world.run(at.name, '-q')).stdout).toBe('')
    const [backup] = (await world.status(at.name)).backups
    expect(backup).toMatchObject({ state: 'ok', exitCode: 0 })
    expect(backup!.conditions.find(({ type }) => type === 'Skipped')).toMatchObject({
      status: 'true',
      reason: 'links-skipped',
    })
    expect((await world.run('status', at.name)).stdout).toMatch(
      /is fine, 1 warning: finished-link[\s\S]*links-skipped: db-/,
    )
    await rm(link)
    await at.offer('db-2026-11-28.gz', 'y')
    await expectWell(at)
    expect((await world.run('status', at.name)).stdout).not.toMatch(/warning|symlink/)
  })

  test('one that a list names is neither waited for nor missing', async () => {
    const at = await backupIn(world, 'listed-link', { source: { listing: 'LIST' } })
    await at.offer('db.sql.gz', 'x')
    await symlink('db.sql.gz', join(at.source, 'latest.sql.gz'))
    await symlink('db.sql.gz', join(at.source, 'unlisted.sql.gz'))
    await at.put('LIST', 'db.sql.gz\nlatest.sql.gz\n')
    await expectWell(at)
    const plan = await at.plan()
    expect(plan.summary).toMatchObject({ wait: 0, keep: 1 })
    expect(plan.warnings[0]!.message).toMatch(/^latest\.sql\.gz is a symlink/)
  })

  test('one in the place of a file that was published: what is held stays, and is not lost', async () => {
    const at = await backupIn(world, 'turned-link')
    await at.offer('a.tar', 'a')
    await at.offer('b.tar', 'b')
    await expectWell(at)
    await rm(join(at.source, 'a.tar'))
    await symlink('b.tar', join(at.source, 'a.tar'))
    await expectWell(at)
    await rm(join(at.destination, 'a.tar'))
    await rm(join(at.destination, 'a.tar.md5'))
    expect((await at.plan()).summary.lost).toBe(0)
  })

  test('I4: one at the destination in the way of a selected file stays a problem', async () => {
    const at = await backupIn(world, 'link-here', { select: { include: ['*.tar'] } })
    await at.offer('a.tar', 'a')
    await mkdir(at.destination)
    await symlink('/etc/passwd', join(at.destination, 'a.tar'))
    await symlink('/etc/passwd', join(at.destination, 'notes.txt'))
    const outcome = await at.pass()
    expect(new Set(problemsOf(outcome))).toContain('not-regular a.tar')
    expect(problemsOf(outcome).join()).not.toContain('notes.txt')
    expect(outcome.exitCode).toBe(1)
  })
})

describe('what select rules out', () => {
  const ODD = ['Icon\r', latin1('r\u00e9sum\u00e9.txt'), 'Read me', 'read me', 'a\u200bb', 'n'.repeat(250)]

  test.each([
    ['by what it includes', { include: ['db-*.sql.gz'] }],
    ['by what it excludes', { exclude: ['Icon*', 'r*', 'Read*', 'a?b', 'n*', '*.txt'] }],
  ])('%s, is no trouble, whatever it is', async (_, select) => {
    const at = await backupIn(world, Object.keys(select)[0]!, { select })
    await at.offer('db-1.sql.gz', 'x')
    await litter(at, ...ODD)
    await at.putHere('notes.txt', 'about this disk')
    await at.putHere('Read me', 'about this disk')
    await expectWell(at)
  })

  test('names that are no text are judged by what may be meant', async () => {
    const at = await backupIn(world, 'undecodable', {
      select: { include: ['db-*.gz', '\u00fcber*'], exclude: ['K\u00e4se/**'] },
    })
    await at.offer('db-1.gz', 'x')
    await mkdir(join(at.source, 'K\u00e4se'))
    await litter(at, latin1('db-\u00e9.gz'), latin1('\u00fcber.tar'), latin1('wiki-\u00e9.gz'))
    await litter(at, Buffer.concat([Buffer.from('K\u00e4se/db-'), latin1('\u00e9.gz')]))
    const outcome = await at.pass()
    expect(problemsOf(outcome)).toEqual(['name-not-utf-8 \\#374ber.tar', 'name-not-utf-8 db-\\#351.gz'])
    expect(await at.names()).toContain('db-1.gz')
  })

  test('a selected name is brought though one that is not selected folds to it', async () => {
    const at = await backupIn(world, 'folding', { select: { include: ['Read*', 'Sub/*'] } })
    await at.offer('Read me', 'x')
    await at.offer('Sub/a', 'x')
    await litter(at, 'READ ME')
    await at.put('SUB/b', 'x')
    await expectWell(at)
    expect(await at.names()).toEqual(['Read me', 'Read me.md5', 'Sub/a', 'Sub/a.md5'])
  })

  test('what a list file does not name is not there, and names that fold together count only where both are named', async () => {
    const at = await backupIn(world, 'unlisted', { source: { listing: 'LIST' } })
    await at.offer('Read me', 'x')
    await at.offer('both', 'x')
    await at.offer('Both', 'x')
    await litter(at, 'read me', 'Icon\r', latin1('\u00e9'), 'broken.md5', 'broken')
    await at.put('LIST', 'Read me\n')
    await expectWell(at)
    await at.put('LIST', 'Read me\nboth\nBoth\n')
    expect(problemsOf(await at.pass())).toEqual(['name-collision Both', 'name-collision both'])
    expect(await at.names()).toEqual(['Read me', 'Read me.md5'])
  })
})

test.each([
  ['ruled out', { exclude: ['@Recycle/**'] }, 0, []],
  ['in which something could be selected', {}, 1, ['folder-unreadable @Recycle']],
])('a folder at the destination that may not be read, %s', async (_, select, code, problems) => {
  // Nothing that root has written.
  const ours = await makeWorld('local')
  const at = await backupIn(ours, `closed-here-${code}`, { select })
  await at.offer('a.tar', 'a')
  await mkdir(join(at.destination, '@Recycle'), { recursive: true })
  await chmod(join(at.destination, '@Recycle'), 0)
  await chmod(ours.folder, 0o755)
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const folder of [at.destination, ours.state]) await own(folder)
  const { command, args } = ours.command([at.name, '--json'])
  const words = isRoot ? ['setpriv', ...AS_NOBODY, command, ...args] : [command, ...args]
  const { stdout, stderr } = await execa(words[0]!, words.slice(1), {
    reject: false,
    cwd: '/',
    env: { HOME: '/' },
  })
  const [outcome] = (JSON.parse(stdout || '{}') as Result).backups ?? []
  expect(outcome, stderr).toMatchObject({ published: ['a.tar'], exitCode: code })
  expect(problemsOf(outcome!)).toEqual(problems)
  await ours.end()
})

/** Gives a folder to nobody, but for what is closed in it: that stays root's. */
async function own(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await chown(folder, NOBODY, NOBODY)
}

describe('folders at a source that may not be read', () => {
  const close = async (at: Backup, folder: string): Promise<void> => {
    await mkdir(join(at.source, folder), { recursive: true })
    await chmod(join(at.source, folder), 0)
  }

  test('an excluded one leaves the listing whole: what is gone there is known to be gone', async () => {
    const at = await backupIn(guarded, 'closed', { select: { exclude: ['@Recycle/**', '**/cache/**'] } })
    await at.offer('a.tar', 'a')
    await at.offer('b.tar', 'b')
    await expectWell(at, guarded)
    await close(at, '@Recycle')
    await close(at, '.hidden')
    await close(at, 'deep/cache')
    await expectWell(at, guarded)
    await rm(join(at.source, 'a.tar'))
    await rm(join(at.destination, 'a.tar'))
    await rm(join(at.destination, 'a.tar.md5'))
    expect(stepsOf(await at.plan())).toEqual(['lost a.tar'])
  })

  test.each([
    ['no glob can reach into it', { include: ['daily/*.gz'] }, 'private', 'complete'],
    ['a glob may', { include: ['*.gz'] }, 'private', 'incomplete'],
    [
      'it is named like an excluded one, and lies elsewhere',
      { exclude: ['cache/**'] },
      'deep/cache',
      'incomplete',
    ],
    ['what is excluded is a file of its name', { exclude: ['private'] }, 'private', 'incomplete'],
  ])('%s', async (why, select, folder, completeness) => {
    const at = await backupIn(guarded, `closed-${why.length}`, { select })
    await at.offer('daily/a.gz', 'a')
    await close(at, folder)
    await mkdir(join(at.source, 'cache'), { recursive: true })
    const { problems } = await at.plan()
    expect(problems.map(({ code }) => code)).toEqual(completeness === 'complete' ? [] : ['folder-unreadable'])
  })
})

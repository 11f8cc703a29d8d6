import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { canMount } from '../helpers/disk-small.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// Guards that ask a person, and a ledger that cannot be trusted. Local sources: nothing here depends on the line.

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

async function holding(name: string): Promise<Backup> {
  const at = await backupIn(world, name)
  await at.offer('a.tar', 'a')
  expect(await at.pass()).toMatchObject({ published: ['a.tar'], exitCode: 0 })
  return at
}

const isHeld = (outcome: BackupOutcome, code: string): string => {
  expect(outcome).toMatchObject({ result: 'halted', exitCode: 7, published: [], holds: [{ code }] })
  return outcome.holds[0]!.id
}

const release = (id: string) => world.run('release', id, '--reason', 'it is the disk that is meant')

async function ledgerOf(at: Backup): Promise<string> {
  return readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')
}

describe('a destination that is not the expected one', () => {
  test('its disk is not mounted: held with 7 on every run, and nothing at all is written there', async () => {
    const at = await holding('emptied')
    await at.offer('b.tar', 'b')
    await rename(at.destination, join(world.folder, 'away'))
    await mkdir(at.destination)
    const id = isHeld(await at.pass(), 'destination-id-missing')
    expect(isHeld(await at.pass(), 'destination-id-missing')).toBe(id)
    expect((await at.plan()).holds).toMatchObject([{ id }])
    expect(await readdir(at.destination)).toEqual([])
    const { stdout, code } = await at.run()
    expect(code).toBe(7)
    expect(stdout).toContain(`reconcile release ${id}`)
    expect((await world.status('emptied')).backups[0]).toMatchObject({ state: 'held' })

    await rm(at.destination, { recursive: true })
    await rename(join(world.folder, 'away'), at.destination)
    expect(await at.pass()).toMatchObject({ published: ['b.tar'], holds: [], exitCode: 0 })
  })

  test('one disk of several is not mounted: said once, with all of them, by a pass, a dry run and verify', async () => {
    const box = await makeWorld('local', { calls: 'here' })
    try {
      const names = ['a', 'b', 'c']
      for (const name of names) await backupIn(box, name, { destination: { mount: box.folder } })
      for (const words of [[], ['-q'], ['-n'], ['verify']]) {
        const { stdout, code } = await box.run(...words)
        expect(code, words.join(' ')).toBe(7)
        expect(stdout.match(/nothing is mounted at/g), stdout).toHaveLength(1)
        const named = words[0] === 'verify' ? 'a, b, c: nothing' : '3 backups halted, by one disk: a, b, c\n'
        expect(stdout).toContain(named)
      }
      const { backups } = await box.pass()
      expect(backups.map(({ halt }) => halt?.code)).toEqual(names.map(() => 'not-mounted'))
    } finally {
      await box.end()
    }
  })

  test('the folder itself is gone: the same', async () => {
    const at = await holding('no-folder')
    await rename(at.destination, join(world.folder, 'away-2'))
    isHeld(await at.pass(), 'destination-id-missing')
    await expect(readdir(at.destination)).rejects.toThrow('ENOENT')
  })

  test('another disk is mounted: held; a release passes it once, on the record, and then it is the expected one', async () => {
    const at = await holding('other')
    const other = await holding('donor')
    await rm(at.destination, { recursive: true })
    await rename(other.destination, at.destination)
    await rm(join(world.specs, 'donor.yaml'))
    const before = await treeOf(at.destination)
    const id = isHeld(await at.pass(), 'destination-other-id')
    expect(await treeOf(at.destination)).toEqual(before)
    expect(await release(id)).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    expect(await ledgerOf(at)).toContain('"reason":"it is the disk that is meant"')
    expect(await at.pass()).toMatchObject({ result: 'in-sync', holds: [], exitCode: 0 })
    expect((await ledgerOf(at)).match(/"event":"released"/g)).toHaveLength(1)
    // It was used up.
    expect(await release(id)).toMatchObject({ code: 64 })
  })

  test.skipIf(!canMount())(
    'a release counts for the disk that it was given for, and for no other',
    async () => {
      const disk = (name: string, at: string) =>
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', name, at])
      const away = (at: string) => execFileSync('umount', [at])
      const at = await backupIn(world, 'disks')
      const mountPoint = join(world.folder, 'offsite')
      await mkdir(mountPoint)
      await at.declare({ destination: { path: join(mountPoint, 'disks') } })
      await at.offer('a.tar', 'a')
      let mounted = false
      const mount = (name: string) => {
        disk(name, mountPoint)
        mounted = true
      }
      const unmount = () => {
        if (mounted) away(mountPoint)
        mounted = false
      }
      try {
        mount('first')
        expect(await at.pass()).toMatchObject({ published: ['a.tar'], exitCode: 0 })
        unmount()
        mount('second')
        const outcome = await at.pass()
        const id = isHeld(outcome, 'destination-id-missing')
        expect(outcome.holds[0]!.message).toMatch(/on tmpfs, 4\.0 MiB, first; last here \d{4}-\d\d-\d\d/)
        expect(outcome.holds[0]!.message).toContain('tmpfs, 4.0 MiB, second, mounted at')
        expect(await release(id)).toMatchObject({ code: 0 })
        unmount()
        expect(isHeld(await at.pass(), 'destination-id-missing')).not.toBe(id)
        expect(await readdir(mountPoint)).toEqual([])
        mount('third')
        expect(isHeld(await at.pass(), 'destination-id-missing')).not.toBe(id)
        expect(await readdir(mountPoint)).toEqual([])
        unmount()
        mount('second')
        expect(await at.pass()).toMatchObject({ published: ['a.tar'], holds: [], exitCode: 0 })
      } finally {
        unmount()
      }
    },
  )

  test('moved to another path: a hold asks once', async () => {
    const at = await holding('moved')
    const path = join(world.folder, 'moved-here')
    await rename(at.destination, path)
    await at.declare({ destination: { path } })
    const id = isHeld(await at.pass(), 'destination-unknown')
    expect(await release(id)).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0, complete: { files: 1 } })
    expect(await at.pass()).toMatchObject({ result: 'in-sync', holds: [], exitCode: 0 })
  })

  test.each(['disks, and state is lost', 'paths in the specs'])(
    'two backups whose %s were swapped: held, whatever their bytes; a release hands it over',
    async (what) => {
      const own = await makeWorld('local', { calls: 'here' })
      try {
        const [one, two] = [await backupIn(own, 'one'), await backupIn(own, 'two')]
        for (const at of [one, two]) await at.offer('same.tar', 'same', { mtime: 1_700_000_000 })
        expect((await own.pass()).exitCode).toBe(0)
        if (what.startsWith('disks')) {
          const away = join(own.folder, 'away')
          await rename(one.destination, away)
          await rename(two.destination, one.destination)
          await rename(away, two.destination)
          await rm(own.state, { recursive: true })
        } else {
          await one.declare({ destination: { path: two.destination } })
          await two.declare({ destination: { path: one.destination } })
        }
        const { backups } = await own.pass()
        const [id] = backups.map((backup) => isHeld(backup, 'destination-other-id'))
        expect(backups[0]!.holds[0]!.message).toContain('of the backup two')
        expect((await own.status()).backups[0]).toMatchObject({ state: 'held' })
        expect((await own.run('release', '--all-destinations', '--reason', 'x')).code).toBe(64)
        expect(await own.run('release', id!, '--reason', 'it takes it over')).toMatchObject({ code: 0 })
        for (const pass of ['first', 'second'])
          expect((await own.pass('one')).backups[0], pass).toMatchObject({ result: 'in-sync', holds: [] })
      } finally {
        await own.end()
      }
    },
  )

  test('a backup that was renamed keeps its destination, without a question', async () => {
    const own = await makeWorld('local', { calls: 'here' })
    try {
      const at = await backupIn(own, 'old')
      await at.offer('a.tar', 'a')
      expect((await own.pass()).exitCode).toBe(0)
      await rename(join(own.specs, 'old.yaml'), join(own.specs, 'new.yaml'))
      expect((await own.pass()).backups).toMatchObject([{ backup: 'new', result: 'in-sync', holds: [] }])
    } finally {
      await own.end()
    }
  })

  test('an id that nothing is held under: 64, with those that are', async () => {
    const at = await holding('swapped')
    await rename(at.destination, join(world.folder, 'away-3'))
    const id = isHeld(await at.pass(), 'destination-id-missing')
    const { code, stderr } = await release('deadbeef')
    expect(code).toBe(64)
    expect(stderr).toContain('no hold has the id deadbeef')
    expect(stderr.replace(/\s+/g, ' ')).toContain(`${id} (swapped: destination-id-missing)`)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('the state folder is lost', () => {
  let lost: World
  let [a, b, c] = [] as Backup[]
  beforeAll(async () => {
    lost = await makeWorld('local', { calls: 'here' })
    ;[a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => backupIn(lost, name)))
    for (const one of [a!, b!, c!]) await one.offer(`${one.name}.tar`, one.name)
    expect((await lost.pass()).exitCode).toBe(0)
  })
  afterAll(() => lost.end())
  const forget = () => rm(lost.state, { recursive: true, force: true })

  test('one message over all backups names it; nothing is written; CRITICAL in --check', async () => {
    await forget()
    const before = await treeOf(a!.destination)
    const { problems, backups, exitCode } = await lost.pass()
    expect(exitCode).toBe(7)
    expect(problems).toMatchObject([{ code: 'state-lost' }])
    expect(problems[0]!.message).toContain(`the state folder ${lost.state} knows no destination`)
    expect(problems[0]!.message).toContain('3 destinations')
    expect(problems[0]!.hint).toMatch(
      /volume .* mounted.*same user.*--state.*release --all-destinations --reason/,
    )
    for (const one of backups) isHeld(one, 'destination-unknown')
    expect(await treeOf(a!.destination)).toEqual(before)
    for (const words of [[], ['-q'], ['--dry-run'], ['-n', '-q'], ['status']]) {
      const { stdout, code } = await lost.run(...words)
      expect(code, words.join(' ')).toBe(words[0] === 'status' ? 0 : 7)
      expect(stdout.match(/knows no\s+destination/g), words.join(' ')).toHaveLength(1)
      expect(stdout.match(/reconcile release .*/g)).toEqual([
        'reconcile release --all-destinations --reason "…"',
      ])
    }
    expect((await lost.plan()).problems).toMatchObject([{ code: 'state-lost' }])
    const status = await lost.status()
    expect(status.problems).toMatchObject([{ code: 'state-lost' }])
    expect(status.backups.map(({ shared }) => shared)).toEqual(['state-lost', 'state-lost', 'state-lost'])
    expect((await lost.run('status')).stdout).toMatch(/^3 of 3 need you: all \(the state folder is lost\)/)
    const check = await lost.run('status', '--check')
    expect(check.code).toBe(2)
    expect(check.stdout.split('\n')[0]).toContain(`state folder ${lost.state} knows no destination`)
    expect(check.stdout).toContain('reconcile release --all-destinations --reason')
    expect(check.stdout).not.toMatch(/never seen|could not be read/)
  })

  test('one release accepts all unknown disks, never one that stands in for another', async () => {
    await forget()
    // State knows c again, and another disk is in its place.
    const id = isHeld(await c!.pass(), 'destination-unknown')
    await lost.run('release', id, '--reason', 'c is fine')
    expect((await c!.pass()).exitCode).toBe(0)
    await rename(c!.destination, `${c!.destination}-away`)
    await b!.declare({ destination: { path: `${c!.destination}-b` } })
    await rename(b!.destination, `${c!.destination}-b`)
    await mkdir(join(c!.destination, '.reconcile'), { recursive: true, mode: 0o700 })
    for (const file of ['id', 'ledger.jsonl'])
      await writeFile(
        join(c!.destination, '.reconcile', file),
        await readFile(join(a!.destination, '.reconcile', file)),
      )
    // Two of several are unknown: that is no chance, though state knows one.
    expect((await lost.pass()).problems).toMatchObject([
      { code: 'state-lost', message: expect.stringContaining('2 destinations') },
    ])
    expect((await lost.run('release', '--all-destinations')).code).toBe(64)
    expect((await lost.run('release', '--all-destinations', '--reason', ' ')).code).toBe(64)
    expect((await lost.run('release', id, '--all-destinations', '--reason', 'x')).code).toBe(64)
    // By their ids too, all of them or none.
    const ids = (await lost.plan()).backups.flatMap(({ holds }) => holds.map((one) => one.id))
    expect(await lost.run('release', ids[0]!, 'deadbeef', '--reason', 'x')).toMatchObject({
      code: 64,
      stdout: '',
    })
    expect(
      (await lost.run('release', ...ids, '--reason', 'x')).stdout.match(/^Released \w+ /gm),
    ).toHaveLength(3)
    const releases = join(lost.state, 'releases.json')
    await rm(releases)
    const { code, stdout } = await lost.run('release', '--all-destinations', '--reason', 'new box')
    expect(code).toBe(0)
    expect(stdout.match(/^Released \w+ \((?:a|b)\): \S+$/gm)).toHaveLength(2)
    expect(stdout).toContain('2 destinations are released')
    const again = await lost.run('release', '--all-destinations', '--reason', 'new box')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing is held any more/) })
    const after = await lost.status()
    expect(after.problems).toBeUndefined()
    expect(after.backups.map(({ state }) => state)).toEqual(['pending', 'pending', 'held'])
    expect((await lost.run('status', 'a')).stdout).toContain('1 released (the next pass looks)')
    const { backups } = await lost.pass()
    expect(backups.map(({ exitCode }) => exitCode)).toEqual([0, 0, 7])
    isHeld(backups[2]!, 'destination-other-id')
    expect(await readFile(join(a!.destination, '.reconcile/ledger.jsonl'), 'utf8')).toContain('"new box"')
    expect((await lost.run('release', '--all-destinations', '--reason', 'again')).stderr).toContain(
      'one that this box knows',
    )
  })

  test('of a box with one backup too', async () => {
    const small = await makeWorld('local', { calls: 'here' })
    try {
      const only = await backupIn(small, 'only')
      await only.offer('x.tar', 'x')
      expect((await small.pass()).exitCode).toBe(0)
      await rm(small.state, { recursive: true })
      expect((await small.pass()).problems).toMatchObject([
        { code: 'state-lost', message: expect.stringContaining('1 destination that holds a backup') },
      ])
    } finally {
      await small.end()
    }
  })
})

describe('the state folder cannot be read', () => {
  test.each(['releases', 'suspensions', 'destinations', 'watch-specs'])(
    '%s.json is damaged: one problem of the box, and no fault of a spec',
    async (file) => {
      const own = await makeWorld('local', { calls: 'here' })
      try {
        for (const name of ['a', 'b']) await (await backupIn(own, name)).offer(`${name}.tar`, name)
        expect((await own.pass()).exitCode).toBe(0)
        await writeFile(join(own.state, `${file}.json`), '{')
        const screens = file === 'watch-specs' ? [['status']] : [[], ['-q'], ['-n'], ['status']]
        for (const words of screens) {
          const { stdout, code } = await own.run(...words)
          expect(code, words.join(' ')).toBe(1)
          expect(stdout.replaceAll(/\s+/g, ' ').match(/does not hold what this program/g)).toHaveLength(1)
          expect(stdout).not.toMatch(/fault/)
        }
        const { problems, diagnostics } = await own.status()
        expect(problems).toMatchObject([{ code: 'state-damaged', path: join(own.state, `${file}.json`) }])
        expect(diagnostics).toEqual([])
        expect((await own.run('status', '--check')).code).toBe(2)
      } finally {
        await own.end()
      }
    },
  )
})

describe('I10: a ledger that was changed', () => {
  test('an edited line: halted with 6 until the ledger is rebuilt, then everything is adopted without a transfer', async () => {
    const at = await holding('edited')
    await at.offer('b.tar', 'bb')
    await at.pass()
    const file = join(at.destination, '.reconcile/ledger.jsonl')
    await writeFile(file, (await ledgerOf(at)).replace('"size":1', '"size":7'))
    for (const run of ['first', 'second']) {
      expect(await at.pass(), run).toMatchObject({
        result: 'halted',
        exitCode: 6,
        halt: { code: 'ledger-damaged' },
      })
    }
    const { stdout } = await at.run()
    expect(stdout).toContain('reconcile doctor --rebuild-ledger')
    expect((await world.status('edited')).backups[0]!.state).not.toBe('ok')

    const doctor = await world.run('doctor', '--rebuild-ledger', 'edited')
    expect(doctor).toMatchObject({ code: 0 })
    expect(doctor.stdout).toMatch(/line \d+,\s+[0-9a-f]{64}/)
    expect(doctor.stdout).toContain(join(at.destination, '.reconcile/quarantine/'))
    const before = await at.published()
    expect(await at.pass()).toMatchObject({
      adopted: ['a.tar', 'b.tar'],
      bytes: 0,
      problems: [],
      exitCode: 0,
    })
    expect(await at.published()).toEqual(before)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
  })

  test.each([
    ['missing', async (file: string) => rm(file)],
    [
      'cut short by whole lines',
      async (file: string) => {
        const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
        await writeFile(file, `${lines.slice(0, -1).join('\n')}\n`)
      },
    ],
  ])('%s: 6', async (what, harm) => {
    const at = await holding(`ledger-${what.split(' ')[0]}`)
    await harm(join(at.destination, '.reconcile/ledger.jsonl'))
    expect(await at.pass()).toMatchObject({ result: 'halted', exitCode: 6 })
  })

  test('a torn last line: recovered, 0, and the ledger goes on', async () => {
    const at = await holding('torn')
    await appendFile(join(at.destination, '.reconcile/ledger.jsonl'), '{"seq":99,"torn')
    await at.offer('b.tar', 'b')
    expect(await at.pass()).toMatchObject({ published: ['b.tar'], problems: [], exitCode: 0 })
    expect(await ledgerOf(at)).toContain('"event":"recovered"')
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
  })
})

describe('a file under all specs that is gone and gave what they need', () => {
  test.each([
    ['_defaults.yaml', 'defaults-gone', 'source: { path: PATH }\n', {}],
    ['_hosts.yaml', 'hosts-gone', 'nas: { address: 127.0.0.1, user: me }\n', { host: 'nas', path: '.' }],
  ] as const)('%s is named once, and no key that it gave', async (name, code, text, source) => {
    const own = await makeWorld('local', { calls: 'here' })
    try {
      const file = join(own.specs, name)
      await own.offer('a.tar', 'one')
      await writeFile(file, text.replace('PATH', own.source))
      const spec = (of: string, more = '') =>
        writeFile(
          join(own.specs, `${of}.yaml`),
          stringify({ version: 1, source, destination: { path: join(own.folder, of) } }) + more,
        )
      for (const of of ['pg', 'web', 'wiki']) await spec(of)
      await own.run()
      await rm(file)
      for (const words of [['validate'], ['status'], ['--dry-run'], []]) {
        const { code: exit, stdout } = await own.run(...words, '--json')
        const { diagnostics } = JSON.parse(stdout)
        expect([words, diagnostics], stdout).toMatchObject([words, [{ code, file, severity: 'error' }]])
        expect(exit).toBe(3)
        const told = await own.run(...words)
        const all = `${told.stdout}\n${told.stderr}`.replace(/\s+/g, ' ')
        expect(all.match(/was there before and is gone/g), `${words} ${all}`).toHaveLength(1)
        expect(all).not.toMatch(/(is|are) missing/)
      }
      // What is its own fault is still one.
      await spec('web', 'x: 1\n')
      const both = JSON.parse((await own.run('validate', '--json')).stdout).diagnostics
      expect(both).toMatchObject([{ code }, { code: 'unknown-key' }])
      await spec('web')
      await writeFile(file, text.replace('PATH', own.source))
      expect(JSON.parse((await own.run('validate', '--json')).stdout).diagnostics).toEqual([])
    } finally {
      await own.end()
    }
  })

  test('a lost state beside it hides neither', async () => {
    const own = await makeWorld('local', { calls: 'here' })
    try {
      await own.offer('a.tar', 'one')
      await own.declare('pg')
      await own.declare('web', { destination: { path: join(own.folder, 'web') } })
      await writeFile(join(own.specs, '_defaults.yaml'), 'transfer: { order: oldest }\n')
      await own.run()
      await rm(join(own.specs, '_defaults.yaml'))
      // Of the state only what it knows of specs is left.
      for (const name of await readdir(own.state))
        if (!name.startsWith('spec-folders')) await rm(join(own.state, name), { recursive: true })
      for (const { problems = [] } of [await own.pass(), await own.status()])
        expect(problems.map(({ code }) => code).sort()).toEqual(['defaults-gone', 'state-lost'])
    } finally {
      await own.end()
    }
  })
})

describe('_defaults.yaml', () => {
  test('lies under every spec; when it vanishes everything is held until a release', async () => {
    const own = await makeWorld('local', { calls: 'here' })
    try {
      const one = await backupIn(own, 'one')
      await backupIn(own, 'two')
      await writeFile(join(own.specs, '_defaults.yaml'), 'select: { include: ["*.tar"] }\n')
      for (const name of ['one/a.tar', 'one/b.log', 'two/a.tar']) await own.offer(name, name)
      expect(await own.pass()).toMatchObject({ exitCode: 0 })
      expect(await one.names()).toEqual(['a.tar', 'a.tar.md5'])

      await rm(join(own.specs, '_defaults.yaml'))
      const held = await own.pass()
      expect(held.exitCode).toBe(7)
      const ids = held.backups.map(({ holds }) => holds[0]?.id)
      expect(held.backups.map(({ holds }) => holds[0]?.code)).toEqual(['defaults-gone', 'defaults-gone'])
      expect(held.problems).toMatchObject([{ code: 'defaults-gone', release: ids[0] }])
      for (const words of [[], ['-q'], ['-n'], ['status']]) {
        const { stdout } = await own.run(...words)
        expect(stdout.match(/_defaults.yaml was there/g), words.join(' ')).toHaveLength(1)
        expect(stdout.match(/reconcile release .*/g)).toEqual([`reconcile release ${ids[0]} --reason "…"`])
      }
      const check = await own.run('status', '--check')
      expect(check).toMatchObject({ code: 2, stdout: expect.stringContaining('2 of 2 not well for that') })
      const changed = await own.run('--on-change')
      expect(changed.stdout).toContain('_defaults.yaml was there')
      expect(await one.names()).toEqual(['a.tar', 'a.tar.md5'])

      expect(await own.run('release', ids[0]!, '--reason', 'no defaults any more')).toMatchObject({ code: 0 })
      const after = await own.run('--on-change')
      expect(after).toMatchObject({ code: 0, stdout: expect.stringContaining('Resolved: defaults-gone.') })
      expect(await one.names()).toContain('b.log')
      expect(await own.pass()).toMatchObject({ exitCode: 0, backups: [{ holds: [] }, { holds: [] }] })
    } finally {
      await own.end()
    }
  })
})

describe('a destination that is gone, and has no mount to say so', () => {
  const readers: readonly (readonly string[])[] = [
    ['restore', 'gone', '--list'],
    ['restore', 'gone', '.', '--to', 'out'],
    ['log', 'gone'],
    ['report', 'gone', '--month', new Date().toISOString().slice(0, 7)],
    ['explain', 'gone', '--lost-at', '2020-01-01'],
    ['prune', 'gone', 'a.tar', '--reason', 'test', '--dry-run'],
    ['verify', 'gone'],
    ['explain', 'gone'],
  ]
  let at: Backup
  beforeAll(async () => {
    at = await holding('gone')
    await at.declare({ prune: { mode: 'manual' } })
    await rename(at.destination, join(world.folder, 'away-gone'))
  })
  test.each(readers)('is no empty backup: %s', async (...words) => {
    const { stdout, stderr, code } = await world.run(...words)
    const said = `${stdout}${stderr}`.replace(/\s+/g, ' ')
    expect(said).toContain(`${at.destination} was the destination`)
    expect(said).toContain('is not there now')
    expect(said).not.toMatch(
      /holds nothing|no ledger yet|nothing has come|belongs to a series yet|right disk/,
    )
    expect(code).toBe(7)
  })

  test.each([
    ['is a file now', () => writeFile(at.destination, '')],
    ['is an empty folder now', () => mkdir(at.destination)],
    ['has files but no .reconcile now', () => at.putHere('x', 'x')],
    ['has no id now', () => mkdir(join(at.destination, '.reconcile'), { recursive: true, mode: 0o700 })],
  ])('what stands there in its place is named: it %s', async (left, put) => {
    await put()
    const { stdout, code } = await at.run()
    expect(stdout.replace(/\s+/g, ' ')).toContain(left)
    expect(code).toBe(7)
    await rm(at.destination, { recursive: true })
  })
})

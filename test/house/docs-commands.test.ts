import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DocWorld } from './doc-world.ts'
import { blocksIn, commandsIn, readDocument } from './documented.ts'
import { ELSEWHERE, followDocuments, shown } from './follow-documents.ts'

const { world, follow, ran, expectAllRun } = followDocuments('docs-commands.test.ts')

describe('README.md', () => {
  test('the tour validates, plans, pulls and tells how things stand', async () => {
    const { shareKeys, declare, finish, offsite } = await world()
    shareKeys()
    declare(blocksIn('README.md', 'yaml')[0]!)
    // A dump of today, for the spec expects one a day.
    const dump = `db-${new Date().toISOString().slice(0, 10)}.tar.gz`
    finish(dump, 'a backup')

    const type = (command: string) => follow('README.md', command)
    expect(await type('reconcile --version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
    expect(await type('reconcile validate')).toMatchObject({ code: 0 })
    const planned = await type('reconcile --dry-run')
    expect(planned.out).toMatch(/\+ pull +db-\S+\.tar\.gz +\d+ B +last 1, daily 1/)
    expect(planned.out).toMatch(/0 overwrites,\s0 removals/)
    expect(existsSync(offsite)).toBe(false)
    expect((await type('reconcile')).code).toBe(0)
    expect(readFileSync(join(offsite, dump), 'utf8')).toBe('a backup')
    expect((await type('reconcile status')).out).toMatch(/postgres +ok/)
    expect((await type('reconcile explain postgres')).out).toContain('last 1, daily 1')
  })
})

describe('docs/source-setup.md', () => {
  test('the script that it shows marks what is finished', async () => {
    const { source, folder } = await world()
    const type = (command: string) => follow('docs/source-setup.md', command)
    expect((await type('reconcile source marker-script > mark-finished')).code).toBe(0)
    copyFileSync(join(folder, 'box/mark-finished'), join(folder, 'bin/mark-finished'))
    chmodSync(join(folder, 'bin/mark-finished'), 0o755)
    writeFileSync(join(source, 'db.tar'), 'a dump')
    utimesSync(join(source, 'db.tar'), 1e9, 1e9)
    expect(await type('mark-finished -v /srv/backups')).toMatchObject({
      code: 0,
      all: join(source, 'db.tar'),
    })
    expect(existsSync(join(source, 'db.tar.md5'))).toBe(true)
    for (const unit of ['service', 'timer']) {
      const shows = `reconcile source marker-script --systemd ${unit} > mark-finished.${unit}`
      expect((await type(shows)).code).toBe(0)
      expect(readFileSync(join(folder, `box/mark-finished.${unit}`), 'utf8')).toContain('[Unit]')
    }
  })

  test('its steps lead to a source that gives nothing but rsync', async () => {
    const at = await world()
    const { here, authorize, declare, folder, source } = at
    const type = (command: string) => follow('docs/source-setup.md', command)
    const all = commandsIn('docs/source-setup.md')
    const shown = (beginning: string) => {
      const found = all.filter((command) => command.startsWith(beginning))
      expect(found.length, beginning).toBeGreaterThan(0)
      return found
    }

    // 1. A key
    for (const command of [
      ...shown('install -d -m 0755 /etc'),
      ...shown('install -d -o'),
      ...shown('runuser -u reconcile -- ssh-keygen'),
    ]) {
      expect(await type(command)).toMatchObject({ code: 0 })
    }
    const key = (await type('cat /etc/reconcile/keys/db1.pub')).out
    expect(key).toMatch(/^ssh-ed25519 \S+ reconcile@box$/)

    // 2. The account: its one line, as shown
    const rrsync = (await type(shown('command -v rrsync')[0]!)).out.split('\n')[0]!
    const line = blocksIn('docs/source-setup.md', '').find((block) => block.startsWith('restrict,'))!
    authorize(
      here(line)
        .trim()
        .replace('rrsync -ro', `${rrsync} -ro`)
        .replace(/ssh-ed25519 .*/, key),
    )
    for (const command of [...shown('chgrp'), ...shown('chmod')])
      expect(await type(command)).toMatchObject({ code: 0 })

    // 4. The host key
    await type(shown('ssh-keyscan')[0]!)
    const [scanned, own] = [
      await type('ssh-keygen -lf db1.hostkey'),
      await type(shown('ssh-keygen -lf /etc/ssh')[0]!),
    ]
    const fingerprint = /SHA256:\S+/
    expect(scanned.out.match(fingerprint)?.[0]).toBe(own.out.match(fingerprint)?.[0])
    expect(await type('cat db1.hostkey >> /etc/reconcile/known_hosts')).toMatchObject({ code: 0 })

    // 5. Finished files, and a list: each block is one script
    for (const block of blocksIn('docs/source-setup.md', 'sh').filter((text) =>
      text.startsWith('cd /srv/backups'),
    )) {
      for (const command of block.trim().split('\n')) ran.add(command)
      expect(await at.run(`set -e\n${block}`)).toMatchObject({ code: 0 })
    }
    const made = readFileSync(join(source, 'LIST'), 'utf8')
    expect(made).toMatch(/^db-\d{4}-\d\d-\d\d\.sql\.gz\ndb-\S+\.sql\.gz\.md5\n/)

    // 6. The proof
    declare(blocksIn('README.md', 'yaml')[0]!.replace('*.tar.gz', '*.sql.gz'))
    const proven = await type('runuser -u reconcile -- reconcile doctor postgres')
    expect(proven).toMatchObject({ code: 0, out: expect.stringMatching(/^All is well with 1 backup/) })
    expect(proven.out).toMatch(/ok: .*\bshell, write,\s+outside, forward\b/s)
    const planned = await type('runuser -u reconcile -- reconcile --dry-run postgres')
    expect(planned.all).toMatch(/\+ pull +db-\S+\.sql\.gz/)
    expect(existsSync(join(folder, 'srv/offsite/postgres'))).toBe(false)
  })
})

describe('docs/migrate.md', () => {
  test('the folder that the script filled is taken over without a transfer', async () => {
    const at = await world()
    const { shareKeys, declare, finish, here, folder, offsite, source } = at
    shareKeys()
    for (const day of [20, 21, 22])
      finish(`db-2026-11-${day}.tar.gz`, `the backup of day ${day}\n`.repeat(100))

    // The script itself, as shown; its ssh is told of the key that a person's ~/.ssh would hold.
    const ssh = `exec /usr/bin/ssh -F none -i ${here('/etc/reconcile/keys/db1')} -o UserKnownHostsFile=${here('/etc/reconcile/known_hosts')} "$@"`
    writeFileSync(join(folder, 'bin/ssh'), `#!/bin/sh\n${ssh}\n`, { mode: 0o755 })
    const script = blocksIn('docs/migrate.md', '').find((block) => block.startsWith('#!/bin/sh'))!
    await at.run(`mkdir -p /srv/offsite/postgres\n${script}`)
    expect(existsSync(join(offsite, 'db-2026-11-22.tar.gz.md5'))).toBe(true)
    rmSync(join(folder, 'bin/ssh'))
    // It was killed in the middle of one, its .md5 not yet there; and one has appeared since.
    truncateSync(join(offsite, 'db-2026-11-22.tar.gz'), 700)
    rmSync(join(offsite, 'db-2026-11-22.tar.gz.md5'))
    writeFileSync(join(offsite, '.db-2026-11-22.tar.gz.Xa81bQ'), 'left behind')
    writeFileSync(join(source, 'db-2026-11-24.tar.gz'), 'unfinished')
    finish('db-2026-11-23.tar.gz', 'the newest')
    const inode = statSync(join(offsite, 'db-2026-11-20.tar.gz')).ino

    declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    const type = (command: string) => follow('docs/migrate.md', command)
    expect(await type('chown -R reconcile: /srv/offsite/postgres')).toMatchObject({ code: 0 })
    expect(await type('reconcile validate')).toMatchObject({ code: 0 })
    const planned = await type('reconcile --dry-run postgres')
    expect(planned.all).toMatch(/= adopt +db-2026-11-20\.tar\.gz/)
    expect(planned.all).toMatch(/= adopt +db-2026-11-21\.tar\.gz/)
    expect(planned.all).toMatch(/pull +db-2026-11-22\.tar\.gz/)
    expect(planned.all).toMatch(/pull +db-2026-11-23\.tar\.gz/)
    expect(planned.all).toMatch(/\? wait +db-2026-11-24\.tar\.gz/)

    expect(await type('reconcile postgres')).toMatchObject({ code: 0 })
    expect(statSync(join(offsite, 'db-2026-11-20.tar.gz')).ino).toBe(inode)
    expect(await at.run(`cd /srv/offsite/postgres && cat db-*.md5 | md5sum -c`)).toMatchObject({ code: 0 })
    const again = await follow('docs/migrate.md', 'reconcile --dry-run postgres', (same) => `${same} --json`)
    expect(JSON.parse(again.out).summary).toMatchObject({ adopt: 0, pull: 0, resume: 0, wait: 1, keep: 4 })
    expect(
      (await type(commandsIn('docs/migrate.md').find((command) => command.startsWith('find'))!)).out,
    ).toContain('.db-2026-11-22.tar.gz.Xa81bQ')
  })
})

describe('docs/operations.md', () => {
  const name = 'db-2026-11-20.tar.gz'
  const type = (command: string, fill?: (command: string) => string) =>
    follow('docs/operations.md', command, fill)

  async function running(): Promise<DocWorld> {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    at.finish(name, 'held')
    expect(await at.run('reconcile')).toMatchObject({ code: 0 })
    return at
  }

  test('the cron lines are silent while all is fine', async () => {
    const at = await running()
    const lines = blocksIn('docs/operations.md', '')
      .flatMap((block) => block.split('\n'))
      .flatMap((line) => /^[\d*]+ [\d*]+ \* \* \* {2}reconcile {2}(reconcile.*)$/.exec(line)?.[1] ?? [])
    expect(lines).toEqual(['reconcile --on-change --max-time 6h', 'reconcile status'])
    expect(await at.run(lines[0]!)).toEqual({ code: 0, out: '', all: '' })
    expect((await at.run(lines[1]!)).out).toMatch(/postgres +ok/)
  })

  test('how things stand is told in every form that it names', async () => {
    await running()
    expect((await type('reconcile status')).out).toMatch(/postgres +ok/)
    expect((await type('reconcile status postgres')).out).toContain('last success')
    expect((await type('reconcile status --all')).out).toMatch(/^postgres is fine/)
    expect(await type('reconcile status --exit-code')).toMatchObject({ code: 0 })
    expect((await type('reconcile status --check')).out).toMatch(/^RECONCILE OK - 1 backup /)
    expect((await type('reconcile status /srv/offsite/postgres')).out).toContain('postgres')
    expect((await type('reconcile --dry-run')).out).toContain('in sync')
    expect(await type('reconcile --dry-run --diff postgres')).toMatchObject({ code: 0 })
    expect((await type('reconcile explain postgres')).out).toContain('1 kept')
    expect((await type(`reconcile explain postgres/${name}`)).out).toContain('next ')
    expect(JSON.parse((await type('reconcile --dry-run --json postgres')).out).format).toBe(
      'reconcile.plan/1',
    )
  })

  test('what is not wanted is removed when asked for, put back, and removed by name', async () => {
    const at = await running()
    for (const day of [21, 22, 23]) at.finish(`db-2026-11-${day}.tar.gz`, `day ${day}`)
    const rules = [
      'series: { pattern: "{series}-{YYYY}-{MM}-{DD}.tar.gz", timezone: Europe/Oslo }',
      'retain: { last: 3 }',
      'prune: { mode: manual, minAge: 0s }',
    ]
    expect(await at.run('reconcile')).toMatchObject({ code: 0 })
    at.declare(`${blocksIn('docs/migrate.md', 'yaml')[0]!}${rules.join('\n')}\n`)
    const isHere = () => existsSync(join(at.offsite, name))
    expect((await type('reconcile prune -n postgres')).out).toMatch(/- prune +db-2026-11-20\.tar\.gz/)
    expect(isHere()).toBe(true)
    expect(await type('reconcile prune postgres')).toMatchObject({ code: 0 })
    expect(isHere()).toBe(false)
    expect((await type('reconcile prune postgres --undo --last')).out).toContain(`restored ${name}`)
    expect(isHere()).toBe(true)
    const byName = `reconcile prune postgres ${name} --reason "holds a password"`
    expect(await type(byName)).toMatchObject({ code: 0 })
    expect(isHere()).toBe(false)
    expect(await type(`reconcile prune postgres --undo ${name}`)).toMatchObject({ code: 0 })
    expect(isHere()).toBe(true)
  })

  test('a conflict is settled by acknowledging one digest', async () => {
    const at = await running()
    at.finish(name, 'exported again')
    expect((await at.run('reconcile')).code).toBe(6)
    const held = (await type(`md5sum /srv/offsite/postgres/${name}`)).out.split(' ')[0]!
    expect((await type(`cat /srv/offsite/postgres/${name}.md5`)).out).toContain(held)
    const digest = readFileSync(join(at.source, `${name}.md5`), 'utf8').split(' ')[0]!
    const spec = blocksIn('docs/operations.md', 'yaml').find((block) => block.startsWith('acknowledge:'))!
    appendFileSync(
      join(at.folder, 'box/backups.d/postgres.yaml'),
      spec.replace(/digest: \w+/, `digest: ${digest}`),
    )
    expect((await at.run('reconcile')).code).toBe(0)
    expect(readFileSync(join(at.offsite, name), 'utf8')).toBe('held')
  })

  test('a hold is released by its id, once', async () => {
    const at = await running()
    rmSync(join(at.folder, 'state'), { recursive: true })
    const planned = await at.run('reconcile --dry-run --json')
    expect(planned.code).toBe(7)
    const [hold] = JSON.parse(planned.out).backups[0].holds
    expect(hold.code).toBe('destination-unknown')
    const release = commandsIn('docs/operations.md').find((command) =>
      command.startsWith('reconcile release'),
    )!
    expect(await type(release, (same) => same.replace(' ID ', ` ${hold.id} `))).toMatchObject({ code: 0 })
    expect(await type('reconcile postgres')).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.offsite, '.reconcile/ledger.jsonl'), 'utf8')).toContain(
      'old one was copied over',
    )
  })

  test('a damaged ledger is rebuilt, and the next pass reads every file anew', async () => {
    const at = await running()
    const ledger = join(at.offsite, '.reconcile/ledger.jsonl')
    copyFileSync(ledger, join(at.folder, 'before'))
    writeFileSync(ledger, readFileSync(ledger, 'utf8').replace('"path":"db-', '"path":"xx-'))
    appendFileSync(ledger, '')
    expect((await at.run('reconcile')).code).toBe(6)
    expect(await follow('docs/codes.md', 'reconcile doctor --rebuild-ledger postgres')).toMatchObject({
      code: 0,
    })
    expect(await follow('docs/codes.md', 'reconcile postgres')).toMatchObject({ code: 0 })
    expect(readFileSync(ledger, 'utf8')).toContain('"adopted"')
  })
})

describe('the commands of all documents', () => {
  test('are run by files of tests that are there', () => {
    for (const by of new Set(shown.map((one) => one.by)))
      expect(readDocument(`test/house/${by}`)).toContain(`followDocuments('${by}')`)
  })

  test('and nothing is reviewed that is not shown', () => {
    expect(Object.keys(ELSEWHERE).filter((command) => !shown.some((one) => one.command === command))).toEqual(
      [],
    )
  })

  test('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> }
    const named = shown.flatMap(({ command }) => /^npm run (\S+)/.exec(command)?.[1] ?? [])
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([])
  })
})

expectAllRun()

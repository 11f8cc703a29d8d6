import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type DocWorld, docWorld } from './doc-world.ts'
import { blocksIn, commandsIn, documents, projectRoot, readDocument } from './documented.ts'

/** Commands that are shown and not run below, each with where it is run instead, or why it is not. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm run demo': 'test/e2e/demo.test.ts runs the demo',
  'npm test': 'it is what runs this',
  'npm run build': 'scripts/set-up runs it, and test/house/set-up.test.ts looks when',
  'npx vitest run test/decide': 'it is what runs this, for another folder',
  'npm run check': '.ci/run runs its three parts',
  'npm run format': 'rewrites the clone under the tests that read it',
  'npm run docs': 'rewrites the clone; test/specs holds docs/spec.md to what it would write',
  '.ci/run': 'runs this',
  'sh scripts/set-up': 'npm test runs it; test/house/set-up.test.ts runs it on made-up machines',
  'npm install --global "$(npm pack --silent)"': 'changes the machine; what npm packs is looked at below',
  'apt-get install rsync openssh-server python3': 'needs root, changes the machine',
  'useradd --user-group --no-create-home --home-dir /var/lib/pull --shell /bin/sh pull':
    'needs root, changes the machine',
  "usermod --password '*' pull": 'needs root, changes the machine',
  'install -d -m 0755 /var/lib/pull /var/lib/pull/.ssh': 'needs root, changes the machine',
  "printf 'Port 222\\n' > /etc/ssh/sshd_config.d/port.conf": 'needs root, changes the machine',
  'sshd -t && systemctl reload ssh': 'needs root, changes the machine',
}

const ran = new Set<string>()
let open: DocWorld | null = null

async function world(): Promise<DocWorld> {
  open = await docWorld()
  return open
}
afterEach(async () => {
  await open?.close()
  open = null
})

/** Runs a command that the document shows, word for word. */
async function follow(document: string, command: string, fill: (command: string) => string = (same) => same) {
  expect(commandsIn(document), `${document} shows: ${command}`).toContain(command)
  ran.add(command)
  return open!.run(fill(command))
}

describe('README.md', () => {
  test('the tour validates, plans, pulls and tells how things stand', async () => {
    const { shareKeys, declare, finish, offsite } = await world()
    shareKeys()
    declare(blocksIn('README.md', 'yaml')[0]!)
    finish('db-2026-11-23.tar.gz', 'a backup')

    const type = (command: string) => follow('README.md', command)
    expect(await type('reconcile --version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
    expect(await type('reconcile validate')).toMatchObject({ code: 0 })
    const planned = await type('reconcile --dry-run')
    expect(planned.out).toMatch(/\+ pull +db-2026-11-23\.tar\.gz/)
    expect(planned.out).toContain('0 overwrites, 0 removals')
    expect(existsSync(offsite)).toBe(false)
    expect((await type('reconcile')).code).toBe(0)
    expect(readFileSync(join(offsite, 'db-2026-11-23.tar.gz'), 'utf8')).toBe('a backup')
    expect((await type('reconcile status')).out).toMatch(/postgres +ok/)
  })

  test('what npm packs holds the program, the schemas and the documents', async () => {
    const { stdout } = await execa('npm', ['pack', '--dry-run', '--json'], { cwd: projectRoot })
    const files = (JSON.parse(stdout) as { files: { path: string }[] }[])[0]!.files.map(({ path }) => path)
    expect(files).toEqual(
      expect.arrayContaining(['dist/cli.js', 'schemas/backup.schema.json', 'docs/operations.md', 'LICENSE']),
    )
    expect(files.filter((path) => /^(?:src|test)\/|\/\./.test(path))).toEqual([])
  })
})

describe('docs/source-setup.md', () => {
  test('its steps lead to a source that gives nothing but rsync', async () => {
    const { here, authorize, declare, folder, source } = await world()
    const type = (command: string) => follow('docs/source-setup.md', command)
    const all = commandsIn('docs/source-setup.md')
    const shown = (beginning: string) => {
      const found = all.filter((command) => command.startsWith(beginning))
      expect(found.length, beginning).toBeGreaterThan(0)
      return found
    }

    // 1. A key
    for (const command of [...shown('install -d -m 0700'), ...shown('ssh-keygen -q')]) {
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
        .replace('/usr/bin/rrsync', rrsync)
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
      expect(await open!.run(`set -e\n${block}`)).toMatchObject({ code: 0 })
    }
    const made = readFileSync(join(source, 'LIST'), 'utf8')
    expect(made).toMatch(/^db-\d{4}-\d\d-\d\d\.sql\.gz\ndb-\S+\.sql\.gz\.md5\n/)

    // 6. The proof
    const refused = await type(shown('ssh -F none')[0]!)
    expect(refused.code).not.toBe(0)
    expect(refused.all).toContain('rrsync')
    declare(blocksIn('README.md', 'yaml')[0]!.replace('*.tar.gz', '*.sql.gz'))
    const planned = await type('reconcile --dry-run postgres')
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
    expect(lines).toEqual(['reconcile -q --max-time 6h', 'reconcile status'])
    expect(await at.run(lines[0]!)).toEqual({ code: 0, out: '', all: '' })
    expect((await at.run(lines[1]!)).out).toMatch(/postgres +ok/)
  })

  test('how things stand is told in every form that it names', async () => {
    await running()
    expect((await type('reconcile status')).out).toMatch(/postgres +ok/)
    expect((await type('reconcile status postgres')).out).toContain('Ready: true')
    expect((await type('reconcile status /srv/offsite/postgres')).out).toContain('postgres')
    expect((await type('reconcile --dry-run')).out).toContain('in sync')
    expect(await type('reconcile --dry-run --diff postgres')).toMatchObject({ code: 0 })
    expect(JSON.parse((await type('reconcile --dry-run --json postgres')).out).format).toBe(
      'reconcile.plan/1',
    )
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
    expect(await type('reconcile doctor --rebuild-ledger postgres')).toMatchObject({ code: 0 })
    expect(await type('reconcile postgres')).toMatchObject({ code: 0 })
    expect(readFileSync(ledger, 'utf8')).toContain('"adopted"')
  })
})

describe('docs/review.md', () => {
  const type = (command: string, fill?: (command: string) => string) =>
    follow('docs/review.md', command, fill)

  test('a plan is saved, shown, applied once, and then refused', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    at.finish('db-2026-11-23.tar.gz', 'a backup')
    expect(await type('reconcile plan --out change.plan')).toMatchObject({ code: 0 })
    expect((await type('reconcile plan --show change.plan')).out).toMatch(/\+ pull +db-2026-11-23/)
    expect(await type('reconcile apply change.plan')).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.offsite, 'db-2026-11-23.tar.gz'), 'utf8')).toBe('a backup')
    expect(await at.run('reconcile apply change.plan')).toMatchObject({
      code: 4,
      all: expect.stringContaining('applied already'),
    })
  })

  test('the CI job comments on a change of _defaults.yaml with what it really does', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    for (const day of [21, 22]) at.finish(`db-2026-11-${day}.tar.gz`, `the backup of day ${day}`)
    expect(await type('reconcile snapshot --to /srv/snapshots')).toMatchObject({ code: 0 })
    // What the job finds: a repository with a change, and the snapshots; neither keys nor the source.
    const git = 'git -c user.name=a -c user.email=a@example.net -c init.defaultBranch=main'
    expect(
      await at.run(`cp -r /srv/snapshots . && ${git} init -q && git add backups.d && ${git} commit -qm old`),
    ).toMatchObject({ code: 0 })
    writeFileSync(join(at.folder, 'box/backups.d/_defaults.yaml'), 'select: { exclude: ["*-21.*"] }\n')
    for (const path of ['etc/reconcile/keys', 'srv', 'state'])
      rmSync(join(at.folder, path), { recursive: true, force: true })

    for (const command of commandsIn('docs/review.md').filter((one) => one.includes('--offline'))) {
      expect((await type(command)).out).toMatch(/\+ pull +db-2026-11-22/)
    }
    const job = parse(blocksIn('docs/review.md', 'yaml')[0]!)['plan-review'] as { script: string[] }
    const script = job.script.join('\n').replace('post-comment', 'cat').replace('$TARGET_COMMIT', 'HEAD')
    const { code, out, all } = await at.run(`set -e\n${script}`)
    expect(code, all).toBe(0)
    expect(out).toMatch(
      /^- `postgres`: `select\.exclude` `.*` → `\["\*-21\.\*"\]`: \*\*1 file is no longer wanted \(\d+ B\), .*0 removed\*\*$/m,
    )
    const compare = 'reconcile plan --show after.plan --against before.plan'
    expect((await type(compare)).out).toContain('1 file is no longer wanted')
    expect(JSON.parse((await type(`${compare} --json`)).out).against.backups).toHaveLength(1)
  })
})

describe('every command that a document shows', () => {
  const shown = documents.flatMap((path) => commandsIn(path).map((command) => ({ path, command })))

  test('is run above, or reviewed', () => {
    expect(shown.filter(({ command }) => !ran.has(command) && !(command in ELSEWHERE))).toEqual([])
  })

  test('and nothing is reviewed that is not shown', () => {
    expect(Object.keys(ELSEWHERE).filter((command) => !shown.some((one) => one.command === command))).toEqual(
      [],
    )
  })

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> }
    const named = shown.flatMap(({ command }) => /^npm run (\S+)/.exec(command)?.[1] ?? [])
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([])
  })
})

afterAll(async () => open?.close())

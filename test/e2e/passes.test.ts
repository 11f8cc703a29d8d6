import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world.end())

/** Backups of one file each, whose schedules are slower than they may be. */
async function backups(count: number): Promise<readonly string[]> {
  world = await makeWorld('local', { calls: 'here' })
  const names = Array.from({ length: count }, (_, i) => `b${String(i + 1).padStart(2, '0')}`)
  for (const name of names) {
    await world.offer(`${name}/db.tar`, name)
    await declare(name)
  }
  return names
}

const declare = (
  name: string,
  more: object = { schedule: { every: '48h' }, expect: { every: '24h' } },
): Promise<void> =>
  world.declare(name, {
    source: { path: join(world.source, name) },
    destination: { path: join(world.destination, name) },
    ...more,
  })

/** A conflict at the source. */
const sicken = (name: string): Promise<string> => world.offer(`${name}/db.tar`, 'other bytes')

const SICK = `b07  failed  1 file complete, 3 B
  ! conflict  db.tar   held 33f53f46, source 1ac3c4d0; same name, bytes differ;
                       neither is touched
              The copies here are kept. Fix the file at the source, or rename it
              there. If the change was intended, silence the conflict in the
              spec:
              acknowledge:
                - path: db.tar
                  digest: "1"
                  reason: "…"`

const resultOf = (inSync: number) => `Result: ${inSync} in sync, 1 in conflict, 1 failed (exit 6: a conflict,
a failed checksum, rot, loss or a damaged ledger: a person must look).`

const anyDigest = (text: string): string =>
  text
    .replace(/(held|source) [0-9a-f]{8}/g, '$1 <digest>')
    .replace(/digest: "?[0-9a-f]+"?/, 'digest: <digest>')

describe('a pass that prints only trouble', () => {
  test('with -q shows the one that is unwell of twenty, and no warning', async () => {
    await backups(20)
    expect(await world.run('-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    await sicken('b07')
    const { code, stdout, stderr } = await world.run('-q')
    expect({ code, stderr }).toEqual({ code: 6, stderr: '' })
    expect(anyDigest(stdout)).toBe(anyDigest(`${SICK}\n${resultOf(19)}`))
    expect((await world.run('-n', '-q')).stdout.split('\n')[0]).toMatch(/^b07\b/)
  })

  test('with a machine’s output, warnings of specs are silent; a fault is not', async () => {
    await backups(1)
    expect((await world.run('--json')).stderr).not.toContain('warning')
    expect((await world.run('validate')).stdout).toContain('warning')
    await writeFile(join(world.specs, 'x.yaml'), 'version: 1\n')
    expect((await world.run('-q')).stderr).toContain('error: "source" is missing')
  })

  test('with --on-change prints what came, changed or went, and nothing twice', async () => {
    await backups(8)
    const silent = (code: number) => ({ code, stdout: '', stderr: '' })
    const pass = () => world.run('run', '--on-change')
    expect(await pass()).toEqual(silent(0))
    await sicken('b07')
    expect(anyDigest((await pass()).stdout)).toBe(anyDigest(`${SICK}\n${resultOf(7)}`))
    expect(await pass()).toEqual(silent(6))
    // What another pass has printed is no news.
    await sicken('b03')
    expect((await world.run()).code).toBe(6)
    expect(await pass()).toEqual(silent(6))

    const there = join(world.source, 'b05')
    await rename(there, `${there}-away`)
    const came = (await pass()).stdout
    expect(came).toMatch(/^b05 {2}failed .*\n {2}! problem +The folder .* is not there/)
    expect(came).toContain('\nAs before: b03, b07.\n')
    expect(came).not.toContain('conflict  db.tar')
    expect(await pass()).toEqual(silent(6))
    await rename(`${there}-away`, there)
    expect(await pass()).toEqual({
      code: 6,
      stdout: 'b05  well again  1 file complete, 3 B',
      stderr: '',
    })
    expect(await pass()).toEqual(silent(6))

    // The other code of the same backup.
    await rm(join(world.source, 'b07/db.tar'))
    await rm(join(world.source, 'b07/db.tar.md5'))
    const other = (await pass()).stdout
    expect(other).toMatch(/^b07 /)
    expect(other).not.toContain('conflict  db.tar')
    expect(await pass()).toEqual(silent(6))
  })

  test('with --on-change remembers what no destination can keep: a disk that is away, a faulty spec', async () => {
    await backups(1)
    const pass = () => world.run('--on-change')
    await pass()
    await world.declare('b01', {
      source: { path: join(world.source, 'b01') },
      destination: { path: join(world.destination, 'b01'), mount: world.folder },
    })
    expect((await pass()).stdout).toMatch(/^b01 {2}halted/)
    expect(await pass()).toMatchObject({ code: 7, stdout: '' })
    await declare('b01')
    expect((await pass()).stdout).toMatch(/^b01 {2}well again/)

    const fault = join(world.specs, 'x.yaml')
    await writeFile(fault, 'version: 1\n')
    const faulty = await pass()
    expect(faulty.stderr).toContain('error: "source" is missing')
    expect(faulty.stdout).toContain('faults in specs or settings')
    expect(await pass()).toEqual({ code: 3, stdout: '', stderr: '' })
    await rm(fault)
    expect(await pass()).toEqual({ code: 0, stdout: 'Specs and settings are well again.', stderr: '' })
    expect(await pass()).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('faulty settings stop everything: it says so, once with --on-change', async () => {
    await backups(1)
    const config = join(world.folder, 'config.yaml')
    const run = (...words: string[]) => world.run('--config', config, ...words)
    for (const [text, other] of [
      ['concurency: 3\n', 'concurrency: many\n'],
      ['roots: [\nstate: 7\n', 'nonsense: 1\n'],
    ]) {
      await writeFile(config, text!)
      const nothing = 'Nothing ran because config.yaml is faulty. See reconcile validate.\n'
      expect(await run()).toMatchObject({ code: 3, stdout: expect.stringContaining(nothing) })
      const once = await run('--on-change')
      expect(once).toMatchObject({ code: 3, stdout: expect.stringContaining(nothing) })
      expect(once.stderr).toContain('config.yaml:')
      expect(await run('--on-change')).toEqual({ code: 3, stdout: '', stderr: '' })
      await writeFile(config, other!)
      expect((await run('--on-change')).stdout).toContain(nothing)
      expect(await run('--on-change')).toEqual({ code: 3, stdout: '', stderr: '' })
      expect((await run('-n')).stdout).toContain('Nothing is planned because config.yaml is faulty. See')
      expect((await run('-n')).stdout).not.toContain('faulty backups')
    }
  })

  test('with --on-change --json prints the document only where something changed', async () => {
    await backups(1)
    expect((await world.run('--on-change', '--json')).stdout).toBe('')
    await sicken('b01')
    expect(JSON.parse((await world.run('--on-change', '--json')).stdout)).toMatchObject({ exitCode: 6 })
    expect((await world.run('--on-change', '--json')).stdout).toBe('')
  })

  test.each([
    ['-n', '--on-change'],
    ['status', '--on-change'],
    ['apply', 'f', '--on-change'],
    ['--on-change', '--output', 'ndjson'],
  ])('%s %s is wrong usage', async (...words) => {
    await backups(1)
    expect((await world.run(...words)).code).toBe(64)
  })
})

describe('nothing is printed twice', () => {
  /** One that brings a file, one with a conflict, one in sync. */
  async function mixed(): Promise<void> {
    const names = await backups(3)
    await world.run()
    await world.offer('b01/new.tar', 'new')
    await sicken('b02')
    for (const name of names) await rm(join(world.specs, `${name}.yaml`))
    for (const name of names) await declare(name, {})
  }

  const SUMMARY = `b01  applied  1 pulled, 3 B in <while>, 2 files complete, 6 B
b02  failed   1 file complete, 3 B
  ! conflict  db.tar   held <digest>, source <digest>; same name, bytes differ;
                       neither is touched
              The copies here are kept. Fix the file at the source, or rename it
              there. If the change was intended, silence the conflict in the
              spec:
              acknowledge:
                - path: db.tar
                  digest: <digest>
                  reason: "…"
b03  in sync  1 file complete, 3 B
Result: 1 in sync, 1 published, 1 in conflict, 1 failed (exit 6: a conflict,
a failed checksum, rot, loss or a damaged ledger: a person must look).`

  const plain = (text: string): string =>
    anyDigest(text)
      .replace(/in (under )?[\d.]+ s/g, 'in <while>')
      .replace(/[\d.]+ [GT]iB free/g, '<free>')
      .replace(/ \([\d.]+ \w+\/s\)/, '')

  test('without a terminal: events, and a summary of the rest', async () => {
    await mixed()
    const { stdout, stderr } = await world.run('--concurrency', '1')
    expect(plain(stdout)).toBe(SUMMARY)
    const events = plain(stderr)
      .split('\n')
      .filter((line) => !line.includes(' ->') && !line.startsWith('  '))
    expect(events[0]).toMatch(/^Specs: /)
    expect(events.slice(1)).toEqual([
      'b01: plan: 1 to pull (3 B, <free>, no rate limit)',
      'b01: pulled new.tar (3 B)',
    ])
  })

  test('on a terminal: progress, and then the summary', async () => {
    await mixed()
    const { command, args } = world.command(['--concurrency', '1'])
    const line = `stty cols 80; ${[command, ...args].map((word) => `'${word}'`).join(' ')}`
    const { stdout } = await execa('script', ['-qec', line, '/dev/null'], {
      reject: false,
      stdin: 'ignore',
      cwd: world.folder,
      env: { TERM: 'xterm', NO_COLOR: '1', XDG_CONFIG_HOME: join(world.folder, 'none') },
    })
    const shown = stripVTControlCharacters(stdout).replaceAll('\r', '')
    expect(plain(shown)).toContain(SUMMARY)
    const before = shown.slice(0, shown.indexOf('b01  applied'))
    expect(before.match(/pulled new\.tar/g)).toHaveLength(1)
    expect(before).not.toMatch(/conflict:|finished|plan:/)
    for (const each of shown.split('\n').slice(2)) expect(each.length).toBeLessThanOrEqual(80)
  })
})

test('a plan lists transfers in the order in which they come', async () => {
  world = await makeWorld('local', { calls: 'here' })
  for (let day = 1; day <= 30; day++)
    await world.offer(`db-2026-01-${String(day).padStart(2, '0')}.tar`, `${day}`, {
      mtime: Date.UTC(2026, 0, day) / 1000,
    })
  await world.declare()
  const rows = (text: string) => text.match(/db-[\d-]+\.tar/g)!
  const newest = rows((await world.run('-n')).stdout)
  expect(newest).toEqual(newest.toSorted().reverse())
  const { steps } = (await world.plan()).backups[0]!
  const turns = steps.toSorted((a, b) => a.turn! - b.turn!).map(({ path }) => path)
  expect(turns.slice(0, newest.length)).toEqual(newest)
  await world.declare('pg', { transfer: { order: 'oldest' } })
  const oldest = rows((await world.run('-n')).stdout)
  expect(oldest).toEqual(oldest.toSorted())
  expect(oldest).not.toEqual(newest.toReversed())
})

describe('help', () => {
  test('fits 40 lines, and each of its screens 80 columns', async () => {
    await backups(0)
    const { stdout } = await world.run('--help')
    expect(stdout.split('\n').length).toBeLessThanOrEqual(40)
    const groups = stdout.match(/^[A-Z][a-z ]+:$/gm)
    expect(groups?.slice(0, 5)).toEqual([
      'Every day:',
      'Getting started:',
      'When something is wrong:',
      'Reviewing changes:',
      'Running it for good:',
    ])
    const commands = [...stdout.matchAll(/^ {2}([a-z/]+) /gm)].flatMap(([, names]) =>
      names!.split('/').map((name) => [name]),
    )
    expect(commands.length).toBeGreaterThan(14)
    for (const command of [[], ...commands, ['service', 'print']]) {
      const { stdout: screen } = await world.run(...command, '--help')
      for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    }
  })

  test.each([
    [['help'], ['--help']],
    [
      ['help', 'status'],
      ['status', '--help'],
    ],
    [
      ['help', 'service', 'print'],
      ['service', 'print', '--help'],
    ],
  ])('%j is %j', async (words, flag) => {
    await backups(0)
    expect(await world.run(...words)).toEqual(await world.run(...flag))
  })

  test.each([['-n'], [], ['status'], ['validate']])(
    'without any spec, %s says what to do',
    async (...words) => {
      await backups(0)
      const { stdout, stderr } = await world.run(...words)
      expect(`${stdout}${stderr}`.replace(/\s+/g, ' ')).toContain(
        'put one YAML file per backup there. Check: reconcile validate',
      )
    },
  )

  test.each(['source', 'service', 'notify'])('%s --help begins with its own commands', async (name) => {
    await backups(0)
    const { stdout } = await world.run(name, '--help')
    expect(stdout).toMatch(/\n\nCommands:\n[\s\S]+\n\nOptions:\n[\s\S]+\n\nGlobal Options:\n[\s\S]+[^\n]\n?$/)
  })

  test.each([
    [['stauts'], 'Did you mean reconcile status?'],
    [['stauts', '--check'], 'Did you mean reconcile status?'],
    [['--max-tme', '1h'], 'Did you mean --max-time?'],
    [['status', '--outptu', 'json'], 'Did you mean --output?'],
    [['status', '--chekc'], 'Did you mean --check?'],
    [['--shwo', 'f'], 'Did you mean --show, a flag of plan?'],
    [['service', 'prnt'], 'Did you mean reconcile service print?'],
    [['b0', '-n'], 'Did you mean b01?'],
    // What was typed, with what is missing.
    [
      ['release'],
      'release needs --reason: why; on the record For example: reconcile release ID --reason "what you have',
    ],
    [['release', '1a2b'], 'For example: reconcile release 1a2b --reason "what you have checked"'],
    [['release', '--reason', 'a b'], 'reconcile release ID --reason'],
    [['release', '--all-destinations'], 'reconcile release --all-destinations --reason'],
    [['release', '--forget-disk'], 'For example: reconcile release --forget-disk DISK'],
    [['suspend', 'b01', '--until', '2 d'], "suspend b01 --until '2 d' --reason"],
    [
      ['suspend', 'b01'],
      'suspend needs --reason: why; shown wherever the backup is skipped For example: reconcile suspend b01 --reason "disk swap"',
    ],
    [['suspend'], 'For example: reconcile suspend NAME --reason "disk swap"'],
    [['suspend', '--all'], 'For example: reconcile suspend --all --reason "disk swap"'],
    [['suspend', 'b01', '--reason'], 'For example: reconcile suspend b01 --reason "disk swap"'],
    [
      ['snapshot', 'b01'],
      'snapshot needs --to: folder to write to, one file per backup For example: reconcile snapshot b01 --to DIR',
    ],
    [['add', 'db1:'], 'For example: reconcile add db1: --to /srv/offsite/postgres'],
    [['plan', '--out'], 'For example: reconcile plan --out FILE'],
    [['plan', '--out', '--all'], 'reconcile: --out needs a value: save the plan there, for reconcile apply'],
    [['prune', 'b01', 'a.tar'], 'For example: reconcile prune b01 a.tar --reason "why they may go"'],
    [['prune', 'b01', '--reason', 'x'], 'For example: reconcile prune b01 --reason x PATH'],
    [['prune', '--reason', 'x'], 'For example: reconcile prune --reason x NAME PATH'],
    [['prune', 'b01', '--undo'], 'For example: reconcile prune b01 --undo PATH'],
    [['prune', '--undo'], 'For example: reconcile prune NAME --undo PATH'],
    [['prune', 'b01', '--last'], 'For example: reconcile prune b01 --last --undo'],
    [['--offline', 'x'], 'For example: reconcile --offline x --dry-run'],
    [['status', '--max-age', '1h'], 'For example: reconcile status --max-age 1h --check'],
    [['schema', 'spec'], 'spec is not one of: backup, hosts, config'],
    // Also where something required is missing.
    [['snapshot', '--too', 'x'], 'Did you mean --to?'],
    [['suspend', 'b01', '--reasn', 'x'], 'Did you mean --reason?'],
    [['explain', '--al'], 'Did you mean --all?'],
    [['help', 'statsu'], 'Did you mean reconcile help status?'],
    [['status', '--foo'], 'reconcile status --help shows how it is used.'],
    [['--lock-timeout', '1w5'], '--lock-timeout 1w5 is not a duration such as 90s'],
    [['nobody'], 'There are: b01.'],
    [['zebra'], 'There are: b01.'],
    // Words of other tools.
    [['scrub'], 'no command and no backup is named scrub'],
    [['check', 'b01'], 'no command and no backup is named check'],
    [['b01', 'recover'], 'reconcile restore NAME --list'],
    [['LIST'], 'reconcile status lists the backups'],
    [['logs'], 'reconcile log NAME prints what happened'],
    [['rm', '--force'], 'reconcile prune NAME PATH --reason R removes files by name'],
    [['version'], 'reconcile --version prints it'],
    [['diff'], 'reconcile --dry-run --diff'],
    [['help', 'completion'], 'There is no such command'],
    [['-v'], '--log-level debug logs more; -V prints the version.'],
    [['run', '--dry'], 'Did you mean --dry-run?'],
    [['source', 'init'], 'For example: reconcile source init NAME'],
    [['prune', 'b01', '--keep', '3'], 'reconcile prune --help shows how it is used.'],
    [['plan', '--save', 'x'], 'Did you mean --out?'],
    [['suspend', 'b01', '--reason', 'x', '--until', 'tomorrow'], 'It takes a time such as 2026-12-01'],
    [['report', '/srv/b01'], 'report takes names of backups, not the folder /srv/b01'],
    [['watch', 'b01'], 'watch takes no names reconcile watch --help'],
    // A backup by its file, in other letters, by a pattern.
    [['b01.yaml'], 'Did you mean b01? A backup is named, not its file'],
    [['status', 'B01'], 'Did you mean b01?'],
    [['backups.d/b01.yml'], 'Did you mean b01?'],
    [['-n', 'b01/'], 'Did you mean b01? There are: b01.'],
    [['b01/x.tar'], 'One file cannot be chosen here; reconcile explain b01/x.tar says'],
    [['b*'], 'Patterns are not taken. Name each: b01'],
  ])('a misspelt %j gets the nearest', async (words, hint) => {
    await backups(1)
    const { code, stderr } = await world.run(...words)
    for (const line of stderr.split('\n').filter((text) => text.includes(' ')))
      expect(line.length).toBeLessThanOrEqual(80)
    expect({ code, said: stderr.replace(/\s+/g, ' ').replace(/ --specs \S+ --state \S+/, '') }).toEqual({
      code: 64,
      said: expect.stringContaining(hint),
    })
  })
})

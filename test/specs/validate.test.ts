import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Output } from '../../src/commands/argv/console.ts'
import { validate } from '../../src/commands/validate.ts'
import { openWorkspace } from '../../src/commands/workspace.ts'
import { instant } from '../../src/model/instant.ts'
import { callHere } from '../helpers/call-here.ts'
import { fill, load, scratch, spec } from './spec-folder.ts'

async function run(
  files: Readonly<Record<string, string>>,
  output: Output = 'text',
  effective: string | null = null,
) {
  const loaded = await load(files)
  const said = { out: '', err: '' }
  const code = await validate(
    { loaded, diagnostics: loaded.faults },
    { effective, cwd: loaded.label },
    {
      output,
      write: (text) => {
        said.out += text
      },
      writeError: (text) => {
        said.err += text
      },
      color: { write: false, writeError: false },
      width: 80,
      height: 50,
      errorWidth: 80,
      stderr: process.stderr,
      quiet: false,
      flushed: async () => true,
    },
  )
  return { code, out: said.out.replaceAll(loaded.label, 'DIR'), err: said.err, folder: loaded.label }
}

const broken = { 'a.yaml': spec(), 'b.yaml': spec({ name: 'b', more: 'bwlimit: 25' }) }

test.each([
  ['specs: $HOME/backups.d\nbogus: 1\n', ['1 unsafe-path', '2 unknown-key']],
  ['specs: nowhere\nbogus: 1\n', ['2 unknown-key', '1 specs-not-found']],
])('settings that name no folder of specs, and another fault: both are told, %j', async (config, wanted) => {
  const folder = await scratch()
  await fill(folder, { 'config.yaml': config })
  const flags = { config: `${folder}/config.yaml`, state: `${folder}/state` }
  const run = { now: () => instant(0), signal: new AbortController().signal, emit: () => {} }
  const { diagnostics, loaded, settingsAreSound } = await openWorkspace(flags, 'newest', run)
  expect(diagnostics.map(({ line, code }) => `${line} ${code}`)).toEqual(wanted)
  expect({ specs: loaded.specs, settingsAreSound }).toEqual({ specs: [], settingsAreSound: false })
})

describe('reconcile validate', () => {
  test('shows what is written for all backups once, with how many it is wrong for', async () => {
    const own = 'version: 1\nsource: { path: /srv/x }\n'
    const names = ['a', 'b', 'c', 'd', 'e']
    const files = Object.fromEntries(names.map((name) => [`${name}.yaml`, own]))
    const { code, out } = await run({ '_defaults.yaml': 'destination: { path: "/etc/{name}" }\n', ...files })
    expect(code).toBe(3)
    expect(out.match(/_defaults\.yaml:1:/g)).toHaveLength(1)
    expect(out).toContain('  and 4 more at this place, for other backups\n')
    const few = await run({
      '_defaults.yaml': 'destination: { path: "/etc/{name}" }\n',
      'a.yaml': own,
      'b.yaml': own,
    })
    expect(few.out.match(/_defaults\.yaml:1:/g)).toHaveLength(2)
  })
  test('explains what is wrong in one way in many files three times, and names the place of each', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const of = (name: string) =>
      `version: 1\nsource: { path: /srv/x }\ndestination: { path: "/etc/${name}" }\n`
    const { out } = await run(Object.fromEntries(names.map((name) => [`${name}.yaml`, of(name)])))
    expect(out.match(/hint: /g)).toHaveLength(3)
    expect(out.match(/> 3 \|/g)).toHaveLength(3)
    for (const name of names) expect(out).toContain(`${name}.yaml:3:22: error: `)
    expect(out).toMatch(/\n\n5 faults;/)
  })
  test('says in one line that all is sound', async () => {
    expect(await run({ 'a.yaml': spec() })).toMatchObject({
      code: 0,
      out: '1 spec in DIR, no fault: a\n',
      err: '',
    })
  })

  test('shows each fault as a compiler would, then the sum, and ends with 3', async () => {
    const { code, out } = await run(broken)
    expect(code).toBe(3)
    expect(`\n${out}`).toBe(`
b.yaml:5:1: error: unknown key "bwlimit"
      3 | source: { host: db1.example.net, user: backup }
      4 | destination: { path: "/srv/offsite/{name}" }
    > 5 | bwlimit: 25
        | ^^^^^^^
      6 |
  hint: did you mean "transfer.bandwidth"?

1 fault; 1 of 2 specs in DIR valid.
`)
  })

  test('without a terminal messages and hints break at 80 columns, with one indent', async () => {
    const { out } = await run({
      'a.yaml': spec({ more: 'retain: { daily: 7 }\nexpect: { every: 1d }\nprune: { mode: auto }' }),
    })
    const lines = out.split('\n').filter((line) => !/^ +(?:> )?\d* ?\|/.test(line))
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(out).toMatch(/: warning: prune\.mode .*\n {4}\S/)
    expect(out).toMatch(/\n {2}hint: write how .*\n {4}\S/)
  })

  test('a warning alone leaves 0', async () => {
    const { code, out } = await run({ 'a.yaml': spec(), 'sub/b.yaml': '' })
    expect(code).toBe(0)
    expect(out).toContain('1 spec in DIR, no fault, 1 warning: a\n')
  })

  test('an empty folder is told from a sound one', async () => {
    expect(await run({ 'README.md': '' })).toMatchObject({
      code: 1,
      out: expect.stringContaining('No specs in DIR'),
    })
  })

  test('--json is one document of the documented fields, --output ndjson one line', async () => {
    const { code, out, folder } = await run(broken, 'json')
    expect(code).toBe(3)
    const document = {
      format: 'reconcile.validate/1',
      diagnostics: [
        {
          file: 'DIR/b.yaml',
          line: 5,
          column: 1,
          severity: 'error',
          code: 'unknown-key',
          message: 'unknown key "bwlimit"',
          hint: 'did you mean "transfer.bandwidth"?',
        },
      ],
    }
    expect(JSON.parse(out)).toEqual(document)
    expect(folder).not.toBe('DIR')
    const line = await run(broken, 'ndjson')
    expect(
      line.out
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each)),
    ).toEqual([document])
  })

  test('--effective prints the merged spec as YAML, with what is implied written out', async () => {
    const { code, out } = await run(
      {
        '_defaults.yaml': 'version: 1\nsource: { user: backup, port: 222 }\n',
        'a.yaml': '# mine\nsource: { host: h }\ndestination: { path: "/srv/{name}" }\n',
      },
      'text',
      'a',
    )
    expect(code).toBe(0)
    expect(Object.keys(parse(out))).toEqual([
      'version',
      'name',
      'suspend',
      'source',
      'checksum',
      'select',
      'destination',
      'transfer',
      'schedule',
      'prune',
      'verify',
      'acknowledge',
    ])
    expect(parse(out)).toMatchObject({
      name: 'a',
      source: { host: 'h', port: 222, user: 'backup', path: '.', identity: '/etc/reconcile/keys/{name}' },
      destination: { path: '/srv/{name}', minFree: '1GiB' },
    })
  })

  test('--effective of a faulty spec still prints it, with its faults beside it', async () => {
    const { code, out, err } = await run(broken, 'text', 'b')
    expect(code).toBe(3)
    expect(parse(out)).toMatchObject({ bwlimit: 25 })
    expect(err).toContain('unknown key "bwlimit"')
  })

  test('--effective of an unknown name is a failure that lists the known', async () => {
    await expect(run({ 'a.yaml': spec() }, 'text', 'x')).rejects.toMatchObject({
      code: 'unknown-backup',
      hint: expect.stringContaining('a'),
    })
  })

  test('what a file holds cannot reach the terminal as a control sequence', async () => {
    for (const output of ['text', 'json'] as const) {
      const { out } = await run(
        { 'a.yaml': spec({ more: '"k\\e[2J\\u202e": "\u202e\u009b2J" # \u001b[2J' }) },
        output,
      )
      expect(out).toContain('unknown')
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
  })
})

test('reconcile schema prints a schema as it is', async () => {
  const folder = await scratch()
  const { code, stdout } = await callHere(folder, ['schema', 'config'], {})
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ title: 'Box settings' })
})

test('of named backups it shows what concerns them, and counts the rest', async () => {
  const folder = await scratch()
  await fill(folder, {
    'backups.d/a.yaml': spec(),
    'backups.d/b.yaml': `${spec()}bwlimit: 25\n`,
    'backups.d/c.yaml': `${spec()}colour: red\nsize: 3\n`,
  })
  const call = (...names: readonly string[]) =>
    callHere(folder, ['validate', '--state', 'state', ...names], { XDG_CONFIG_HOME: folder })
  const sound = await call('a')
  expect([sound.code, sound.stdout.replaceAll(folder, '').replace(/\s+/g, ' ')]).toEqual([
    0,
    '1 spec in /backups.d, no fault: a Not shown: 3 faults and warnings of other specs.',
  ])
  const faulty = await call('a', 'b')
  expect([faulty.code, faulty.stdout.replaceAll(folder, '').replace(/\s+/g, ' ')]).toEqual([
    3,
    expect.stringMatching(/bwlimit.* 1 fault; 1 of 2 specs in \/backups\.d valid\. Not shown: 2 /),
  ])
  expect((await call('a', 'aa')).code).toBe(64)
})

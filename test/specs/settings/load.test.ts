import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadSpecs } from '../../../src/specs/load-specs.ts'
import { loadSettings, mustOwnState, type SettingsOptions } from '../../../src/specs/settings/load.ts'
import { fill, scratch, told } from '../spec-folder.ts'

/** A box with these files below one folder, which holds etc, home and cwd. */
async function box(files: Readonly<Record<string, string>>, options: Partial<SettingsOptions> = {}) {
  const folder = await scratch()
  await mkdir(join(folder, 'cwd'))
  await fill(folder, files)
  const { settings, faults } = await loadSettings({
    configFile: null,
    home: join(folder, 'home'),
    uid: 0,
    env: {},
    flags: {},
    cwd: join(folder, 'cwd'),
    etc: join(folder, 'etc'),
    ...options,
  })
  const cut = (path: string | null) => path?.replace(`${folder}/`, '') ?? null
  return {
    ...settings,
    file: cut(settings.file),
    specs: settings.specs.kind === 'folder' ? cut(settings.specs.path) : settings.specs,
    state: cut(settings.state),
    configFolders: settings.configFolders.map(cut),
    roots: settings.roots?.map(cut) ?? null,
    faults: told({ folder, faults }),
  }
}

const plain = { uid: 1000 }

describe('settings', () => {
  test('without any file have defaults for root', async () => {
    expect(await box({})).toEqual({
      file: null,
      configFolders: ['etc'],
      specs: 'etc/backups.d',
      state: '/var/lib/reconcile',
      concurrency: 2,
      bandwidth: null,
      roots: null,
      notify: [],
      heartbeat: null,
      drills: [],
      faults: [],
    })
  })

  test('a plain user has a state folder of their own', async () => {
    expect((await box({}, plain)).state).toBe('home/.local/state/reconcile')
    expect((await box({}, { ...plain, env: { XDG_STATE_HOME: '/x' } })).state).toBe('/x/reconcile')
    expect((await box({}, { ...plain, env: { XDG_STATE_HOME: 'rel' } })).state).toBe(
      'home/.local/state/reconcile',
    )
  })

  test("root with another user's file that names no state folder sees none of that user's state, and may not act on its own", async () => {
    const folder = await scratch()
    await fill(folder, { 'own.yaml': 'concurrency: 1\n', 'named.yaml': 'state: /s\n' })
    // Whoever is not root owns them as it is.
    if (process.getuid?.() === 0)
      for (const file of ['own.yaml', 'named.yaml']) await chown(join(folder, file), 65_534, 65_534)
    const load = async (file: string, more: Partial<SettingsOptions> = {}) =>
      loadSettings({
        ...{ configFile: join(folder, file), home: folder, uid: 0, env: {}, flags: {}, cwd: folder },
        ...more,
      })
    const { faults } = await load('own.yaml')
    expect(faults).toMatchObject([
      {
        severity: 'warning',
        code: 'others-state',
        message: expect.stringContaining(
          "and names no state folder: the state of its backups is that user's own, not root's in /var/lib/reconcile",
        ),
        hint: expect.stringMatching(/^Run it as that user: sudo -u \S+ reconcile \.\.\. Or name/),
      },
    ])
    expect(() => mustOwnState(faults)).toThrow('names no state folder')
    const fine = [
      await load('named.yaml'),
      await load('own.yaml', { flags: { state: '/s' } }),
      await load('own.yaml', { uid: 1000 }),
    ]
    expect(fine.map((one) => one.faults)).toEqual([[], [], []])
    for (const one of fine) mustOwnState(one.faults)
  })

  test("./backups.d comes before the box's, config.yaml before both, a flag before all", async () => {
    const here = { 'cwd/backups.d/x': '' }
    const config = { ...here, 'etc/config.yaml': 'specs: mine\n' }
    expect((await box(here)).specs).toBe('cwd/backups.d')
    expect((await box(config)).specs).toBe('etc/mine')
    expect((await box(config, { flags: { specs: 'flag' } })).specs).toBe('cwd/flag')
  })

  test("a plain user's own folder comes before the box's; where there is none, all places are named", async () => {
    const own = 'home/.config/reconcile/backups.d'
    const both = { [`${own}/x`]: '', 'etc/backups.d/x': '', 'etc/config.yaml': 'concurrency: 1\n' }
    expect((await box(both, plain)).specs).toBe(own)
    expect((await box(both)).specs).toBe('etc/backups.d')
    expect((await box({ 'etc/backups.d/x': '' }, plain)).specs).toBe('etc/backups.d')
    expect((await box({}, plain)).specs).toBe(own)
    const folder = await scratch()
    const { settings } = await loadSettings({
      ...{ configFile: null, cwd: folder, home: `${folder}/home`, etc: `${folder}/etc` },
      ...{ uid: 1000, env: {}, flags: {} },
    })
    const place = settings.specs as { path: string; lookedIn: readonly string[] }
    await expect(loadSpecs(place.path, { roots: null, home: '/' }, place.lookedIn)).rejects.toMatchObject({
      code: 'specs-not-found',
      message: `there is no folder of specs: looked for ${folder}/backups.d, ${folder}/${own}, ${folder}/etc/backups.d`,
    })
  })

  test('are read with units, and relative to their file', async () => {
    const text = 'specs: ../specs\nstate: /var/x\nconcurrency: 4\nbandwidth: 10Mbit/s\nroots: [/srv, data]\n'
    expect(await box({ 'etc/config.yaml': text })).toMatchObject({
      file: 'etc/config.yaml',
      specs: 'specs',
      state: '/var/x',
      concurrency: 4,
      bandwidth: 1_250_000,
      roots: ['/srv', 'etc/data'],
      faults: [],
    })
  })

  test('flags win, also with unlimited', async () => {
    const config = { 'etc/config.yaml': 'bandwidth: 1MiB/s\nconcurrency: 4\nstate: s\n' }
    const flags = { bandwidth: Number.POSITIVE_INFINITY, concurrency: 1, state: '/t' }
    await expect(box(config, { flags: { bandwidth: 2048, concurrency: 3 } })).rejects.toThrow(
      'bandwidth leaves each of 3 backups at once less than 1KiB/s',
    )
    expect(await box(config, { flags })).toMatchObject({ ...flags, bandwidth: null })
  })

  test('name files of URLs, relative to their own file, each with the kinds that are wanted', async () => {
    const text =
      'notify: [{ urlFile: keys/ops, on: [recovered, late] }, { urlFile: /x }]\nheartbeat: { urlFile: ~/beat }\n'
    const { notify, heartbeat, faults } = await box({ 'etc/config.yaml': text })
    expect(faults).toEqual([])
    expect(notify).toMatchObject([
      { urlFile: expect.stringMatching(/\/etc\/keys\/ops$/), on: ['late', 'recovered'] },
      {
        urlFile: '/x',
        on: ['lost', 'conflict', 'held', 'failing', 'anomaly', 'late', 'pushed', 'recovered'],
      },
    ])
    expect(heartbeat?.urlFile).toMatch(/\/home\/beat$/)
    const more = await box({
      'etc/config.yaml':
        'notify: [{ kind: sendmail, to: root }, { kind: uptime-kuma, urlFile: /k, on: [lost], caFile: ca.pem }]\n' +
        'heartbeat: { eachFile: "keys/beat-{name}" }\n',
    })
    expect(more.notify).toMatchObject([
      { kind: 'sendmail', id: 'mailto:root', to: 'root', from: null },
      {
        kind: 'uptime-kuma',
        id: '/k',
        urlFile: '/k',
        caFile: expect.stringMatching(/etc\/ca.pem$/),
        on: ['lost', 'recovered'],
      },
    ])
    expect(more.heartbeat).toMatchObject({
      urlFile: null,
      eachFile: expect.stringMatching(/etc\/keys\/beat-\{name\}$/),
    })
  })

  test('name drills: words, or a command with its timeout; a name never becomes code of a shell', async () => {
    const config = (text: string) => box({ 'etc/config.yaml': text })
    const { drills, faults } = await config(
      'drills: { tar: [tar, -tf, "{path}"], big: { command: [gzip, -t, "{path}"], timeout: 6h } }\n',
    )
    expect(faults).toEqual([])
    expect(drills).toEqual([
      { name: 'tar', command: ['tar', '-tf', '{path}'], timeout: 3600 },
      { name: 'big', command: ['gzip', '-t', '{path}'], timeout: 21_600 },
    ])
    const said = async (text: string) => (await config(`drills: { x: ${text} }\n`)).faults.join('\n')
    expect(await said('[sh, -c, "tar -t {path}"]')).toContain(
      "a file's name would be run as part of the shell's code",
    )
    expect(await said('[bin/check, "{path}"]')).toContain('neither absolute nor a bare name')
    expect(await said('{ comand: [true] }')).toContain('unknown key "comand"')
    expect(await said('{ command: [true], timeout: 6 }')).not.toBe('')
    expect(await said('[]')).not.toBe('')
    expect(await said('tar -t')).not.toBe('')
  })

  test("of a plain user come from their own file, else from the box's", async () => {
    const etc = { 'etc/config.yaml': 'concurrency: 3\n' }
    const own = { ...etc, 'home/.config/reconcile/config.yaml': 'concurrency: 5\n' }
    expect((await box(etc, plain)).concurrency).toBe(3)
    expect((await box(own, plain)).concurrency).toBe(5)
    expect((await box(own)).concurrency).toBe(3)
  })

  test('an empty file says nothing', async () => {
    expect((await box({ 'etc/config.yaml': '# nothing yet\n' })).faults).toEqual([])
  })

  test('a file named by --config has to be there', async () => {
    await expect(box({}, { configFile: 'no.yaml' })).rejects.toMatchObject({
      code: 'config-not-found',
      message: expect.stringMatching(/cwd\/no\.yaml/),
    })
  })

  test.each([
    ['a typo', 'bandwith: 1MiB/s', '1:1 unknown-key unknown key "bandwith" (did you mean "bandwidth"?)'],
    [
      'a version',
      'version: 1',
      '1:1 unknown-key unknown key "version" (remove it: config.yaml has no version)',
    ],
    [
      'a name',
      'name: box',
      '1:1 unknown-key unknown key "name" (remove it: each backup has its name in its own spec)',
    ],
    [
      'what belongs in a spec',
      'retain: { last: 3 }',
      '1:1 unknown-key unknown key "retain" (it belongs in a spec)',
    ],
    ['another word', 'jobs: 4', '1:1 unknown-key unknown key "jobs" (did you mean "concurrency"?)'],
    ['a bare rate', 'bandwidth: 10', '1:12 bad-unit bandwidth: 10 has no unit'],
    [
      'a rate past reason',
      'bandwidth: 99999999TiB/s',
      '1:12 bad-unit bandwidth: "99999999TiB/s" is too large',
    ],
    [
      'a rate that its shares bring to nothing',
      'bandwidth: 2KiB/s\nconcurrency: 3',
      '1:12 out-of-range bandwidth leaves',
    ],
    ['no slots', 'concurrency: 0', '1:14 out-of-range concurrency is 0'],
    ['a way out', 'specs: /x/../y', '1:8 unsafe-path specs: "/x/../y" holds ".."'],
    ['a variable', 'roots: [$HOME]', '1:9 unsafe-path roots[0]: "$HOME" holds "$"'],
    [
      'a kind that there is not',
      'notify: [{ urlFile: x, on: [lates] }]',
      '1:29 wrong-value notify[0].on[0] is "lates"',
    ],
    [
      'a URL in place of its file',
      'notify: [{ urlFile: "https://hooks.example.net/T0/s3cret" }]',
      `1:21 unsafe-path notify[0].urlFile: "https://${'*'.repeat(27)}" is a URL: write it into a file`,
    ],
    [
      'a URL without its scheme',
      'notify: [{ urlFile: hooks.example.net/T0/s3cret }]',
      `1:21 unsafe-path notify[0].urlFile: "${'*'.repeat(27)}" is a URL: write it into a file`,
    ],
    ['no kind', 'notify: [{ urlFile: x, on: [] }]', '1:28 wrong-value notify[0].on is an empty list'],
    ['no file', 'notify: [{ on: [late] }]', '1:10 missing-key "urlFile" is missing in notify[0]'],
    [
      'the same file twice',
      'notify: [{ urlFile: x }, { urlFile: ./x }]',
      '1:37 wrong-value notify[1].urlFile',
    ],
    [
      'a service that there is not',
      'notify: [{ kind: nfty, urlFile: x }]',
      '1:18 wrong-value notify[0].kind is "nfty"',
    ],
    ['mail to nobody', 'notify: [{ kind: sendmail }]', '1:10 missing-key "to" is missing in notify[0]'],
    [
      'mail with a header in the address',
      'notify: [{ kind: sendmail, to: "a@x\\nBcc: b@x" }]',
      '1:32 wrong-value notify[0].to',
    ],
    [
      'a service by mail',
      'notify: [{ kind: ntfy, urlFile: x, to: a@x }]',
      '1:40 wrong-value notify[0].to is not',
    ],
    ['a heartbeat of nothing', 'heartbeat: {}', '1:12 missing-key "urlFile" is missing in heartbeat'],
    [
      'one URL for all backups',
      'heartbeat: { eachFile: keys/beat }',
      '1:24 wrong-value heartbeat.eachFile has no {name}',
    ],
    ['another template', 'heartbeat: { eachFile: "beat-{nam}" }', '1:24 unsafe-path heartbeat.eachFile'],
    ['a list', '- a', '1:1 wrong-type the file holds a list'],
    [
      'a password',
      'git: { url: "https://bot:hunter2@git.example.net/x" }',
      '1:13 bad-git-url git.url: "https://***********@git.example.net/x" holds a user or a password',
    ],
    [
      'a password over ssh',
      'git: { url: "ssh://git:hunter2@git.example.net/x" }',
      '1:13 bad-git-url git.url: "ssh://git:*******@git.example.net/x" holds a password',
    ],
  ])('%s is a fault', async (_, text, fault) => {
    const { faults } = await box({ 'etc/config.yaml': text })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`etc/config.yaml:${fault}`)
  })

  test.each([
    'notify: [{ urlFile: hooks.example.net/T0/s3cret }]',
    'notify: [{ url: "https://hooks.example.net/T0/s3cret" }]',
    'notify:\n  - url: s3cret\n    kind: nfty',
    'notify: ["https://hooks.example.net/T0/s3cret"]',
    'notify:\n  - urlFile: >-\n      hooks.example.net/T0/s3cret',
    'heartbeat: { url: hooks.example.net/s3cret }',
    'heartbeet: { urlFile: bot@example.net/s3cret }',
    'heartbeat: { url: "https://example.net/s3cret"\nroots: 3',
    'heartbeat: { urlFile: example.net/s3cret',
  ])('%s: no fault shows the URL, nor do the lines around it', async (text) => {
    const folder = await scratch()
    await fill(folder, { 'c.yaml': text })
    const { faults } = await loadSettings({
      ...{ configFile: 'c.yaml', cwd: folder, home: folder, etc: folder },
      ...{ uid: 0, env: {}, flags: {} },
    })
    expect(faults).not.toEqual([])
    expect(JSON.stringify(faults)).not.toContain('s3cret')
  })

  test('a folder of keys may be called as a host is', async () => {
    const config = 'notify: [{ urlFile: keys.example/ops }]'
    expect(await box({ 'etc/config.yaml': config, 'etc/keys.example/ops': 'x' })).toMatchObject({
      faults: [],
      notify: [{ urlFile: expect.stringMatching(/keys\.example\/ops$/) }],
    })
  })

  test('a faulty root allows no more than the others', async () => {
    const { roots } = await box({ 'etc/config.yaml': 'roots: [/srv, "$X"]' })
    expect(roots).toEqual(['/srv'])
    expect((await box({ 'etc/config.yaml': 'roots: all' })).roots).toEqual([])
  })
})

import { execFile } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { faultyNames } from '../../src/decide/specs/faults.ts'
import { plainRate } from '../../src/decide/time/timetable.ts'
import { loadSpecs } from '../../src/specs/load-specs.ts'
import { fill, load, scratch, spec, told } from './spec-folder.ts'

describe('a sound spec', () => {
  test('with everything written is read into values and units', async () => {
    const { specs, faults } = await load({
      'postgres.yaml': `# nightly dumps
version: 1
name: pg
source:
  host: db1.example.net
  port: 222
  user: foo
  path: ./dumps//nightly/
  identity: ~/keys/{name}
  knownHosts: /etc/kh
  jump: [me@gate, "me@[2001:db8::1]:2222"]
  listing: LIST
  protocol: 29
  algorithms: legacy
checksum: sha256
select: { include: ["*.tar.gz"], exclude: ["tmp-*"] }
series: { pattern: "{series}-{YYYY}-{MM}-{DD}.tar.gz", timezone: Europe/Oslo }
retain: { last: 3, daily: 7, weekly: 4, monthly: 12, yearly: 3, within: 2w, pick: oldest, pin: ["db-2025*"] }
destination: { path: "~/off/{name}/", mount: /home/me/off, rotate: true, minFree: 10GiB, maxSize: 2TiB }
transfer: { bandwidth: 25KiB/s, timeout: 2m, maxFileSize: 500GB, order: oldest }
expect: [{ series: "tmp*", every: never }, { cron: "30 2 * * *", grace: 2h, until: 2026-12-31 }, { every: 24h }]
prune: { mode: auto, keepAtLeast: 7, minAge: 30d, trashFor: 0s }
verify: { every: 2w }
prove: { every: 30d, drill: pg }
acknowledge: [{ path: a/b.tar.gz, digest: "60303AE22B998861BCE3B28F33EEC1BE", reason: known }]
`,
    })
    expect(faults).toEqual([])
    expect(specs).toEqual([
      {
        name: 'pg',
        file: expect.stringMatching(/\/postgres\.yaml$/),
        line: 2,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        source: {
          kind: 'ssh',
          host: 'db1.example.net',
          port: 222,
          user: 'foo',
          path: 'dumps/nightly',
          identity: '/home/me/keys/pg',
          knownHosts: '/etc/kh',
          jump: [
            { user: 'me', host: 'gate', port: 22 },
            { user: 'me', host: '2001:db8::1', port: 2222 },
          ],
          listing: 'LIST',
          protocol: 29,
          algorithms: 'legacy',
        },
        finished: { kind: 'marker' },
        checksum: 'sha256',
        select: { include: ['*.tar.gz'], exclude: ['tmp-*'] },
        series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar.gz'], timezone: 'Europe/Oslo' },
        retain: {
          last: 3,
          hourly: null,
          daily: 7,
          weekly: 4,
          monthly: 12,
          yearly: 3,
          within: { days: 14, seconds: 0, text: '2w' },
          pick: 'oldest',
          pin: ['db-2025*'],
        },
        expect: [
          { series: 'tmp*', rhythm: { kind: 'never' }, grace: 0, until: null },
          {
            series: null,
            rhythm: { kind: 'cron', cron: '30 2 * * *' },
            grace: 7200,
            until: Date.parse('2026-12-31T23:00:00Z'),
          },
          { series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 0, until: null },
        ],
        prune: { mode: 'auto', keepAtLeast: 7, minAge: 30 * 86_400, trashFor: 0 },
        verifyEvery: 14 * 86_400,
        prove: { every: 30 * 86_400, drill: 'pg' },
        schedule: { kind: 'every', seconds: 3600 },
        suspend: null,
        destination: {
          path: '/home/me/off/pg',
          mount: '/home/me/off',
          rotate: true,
          minFree: 10 * 2 ** 30,
          maxSize: 2 ** 41,
        },
        transfer: { bandwidth: plainRate(25_600), timeout: 120, maxFileSize: 500e9, order: 'oldest' },
        acknowledge: [
          { path: 'a/b.tar.gz', digest: '60303ae22b998861bce3b28f33eec1be', reason: 'known', lost: false },
        ],
      },
    ])
  })

  test('with only what is required has the defaults of the schema', async () => {
    const { specs, faults } = await load({ 'db.yml': spec() })
    expect(faults).toEqual([])
    expect(specs[0]).toMatchObject({
      name: 'db',
      source: {
        kind: 'ssh',
        port: 22,
        path: '.',
        identity: '/etc/reconcile/keys/db',
        knownHosts: '/etc/reconcile/known_hosts',
        jump: [],
        listing: null,
        protocol: null,
        algorithms: 'default',
      },
      finished: { kind: 'marker' },
      checksum: 'md5',
      select: { include: ['**'], exclude: [] },
      series: { patterns: [], timezone: 'UTC' },
      retain: null,
      expect: [],
      prune: { mode: 'never', keepAtLeast: 3, minAge: 7 * 86_400, trashFor: 7 * 86_400 },
      verifyEvery: 30 * 86_400,
      destination: { path: '/srv/offsite/db', mount: null, rotate: false, minFree: 2 ** 30, maxSize: null },
      transfer: { bandwidth: plainRate(null), timeout: 60, maxFileSize: null, order: 'newest' },
      acknowledge: [],
    })
  })

  test('without a host is a folder on this machine', async () => {
    const { specs } = await load({ 'a.yaml': spec({ source: '{ path: ~/exports }' }) })
    expect(specs[0]?.source).toEqual({ kind: 'local', path: '/home/me/exports', listing: null })
  })
})

describe('a digest', () => {
  const digestOf = async (text: string, file = 'db.yaml') => (await load({ [file]: text })).specs[0]?.digest
  const plain = spec()

  test.each([
    ['a comment', `# why\n${plain}`],
    [
      'layout and the order of keys',
      '{destination: {path: "/srv/offsite/{name}"}, source: {user: backup,\n host: db1.example.net}, version: 1}',
    ],
    ['a default written out', `${plain}checksum: md5\ntransfer: { timeout: 60s }\n`],
    ['an implied path written out', plain.replace('user: backup', 'user: backup, path: .')],
    ['an implied name written out', `${plain}name: db\n`],
    ['a byte order mark and CRLF', `\ufeff${plain.replaceAll('\n', '\r\n')}`],
  ])('is not changed by %s', async (_, text) => {
    expect(await digestOf(text)).toBe(await digestOf(plain))
  })

  test.each([
    ['a value', plain.replace('backup', 'other')],
    ['a key', `${plain}checksum: sha256\n`],
  ])('is changed by %s', async (_, text) => {
    expect(await digestOf(text)).not.toBe(await digestOf(plain))
  })

  test('is not changed by moving a value into the defaults, nor by the folder', async () => {
    const split = await load({
      '_defaults.yaml': 'version: 1\nsource: { user: backup }\n',
      'db.yaml': 'source: { host: db1.example.net }\ndestination: { path: "/srv/offsite/{name}" }\n',
    })
    expect(split.specs[0]?.digest).toBe(await digestOf(plain))
  })
})

test('select.as is merged from _defaults.yaml, and a spec may take it back', async () => {
  const as = 'version: 1\nselect: { as: "{name}-{YYYY}{MM}{DD}" }\nseries: { timezone: UTC }\n'
  const files = { '_defaults.yaml': as, 'a.yaml': spec({ more: 'select: { include: [x] }' }) }
  const { specs } = await load({
    ...files,
    'b.yaml': spec({ more: 'select: { as: null }' }),
  })
  expect(specs.map(({ select }) => select)).toEqual([
    { include: ['x'], exclude: [], as: '{name}-{YYYY}{MM}{DD}' },
    { include: ['**'], exclude: [] },
  ])
})

describe('_defaults.yaml', () => {
  const defaults =
    'version: 1\nsource: { user: backup, port: 222 }\nselect: { exclude: ["tmp-*", "*.bak"] }\n'

  test('lies under every spec: maps merge, lists replace, an empty value removes', async () => {
    const { specs, faults, ...found } = await load({
      '_defaults.yaml': defaults,
      'a.yaml': 'source: { host: a }\ndestination: { path: /srv/a }\n',
      'b.yaml': 'source: { host: b, port: }\ndestination: { path: /srv/b }\nselect: { exclude: [x] }\n',
      'c.yaml': 'source: { path: /data, user: null, port: null }\ndestination: { path: /srv/c }\nselect:\n',
    })
    expect(faults).toEqual([])
    expect(found).toMatchObject({ shared: ['_defaults.yaml'], fileCount: 3, faulty: [] })
    expect(specs.map(({ source, select }) => [source, select.exclude])).toMatchObject([
      [{ host: 'a', user: 'backup', port: 222 }, ['tmp-*', '*.bak']],
      [{ host: 'b', user: 'backup', port: 22 }, ['x']],
      [{ kind: 'local' }, []],
    ])
  })

  test('points its faults where they were written, once, however many specs it lies under', async () => {
    const found = await load({
      '_defaults.yaml': `${defaults}transfer: { bandwidth: 25 }\nname: all\n`,
      'a.yaml': 'source: { host: a }\ndestination: { path: /srv/a }\n',
      'b.yaml':
        'name: b\nsource: { host: b }\ndestination: { path: /srv/b }\ntransfer: { bandwidth: 25KiB/s }\n',
    })
    expect(told(found)).toEqual([
      expect.stringMatching(/^_defaults\.yaml:4:24 bad-unit transfer\.bandwidth: 25 has no unit/),
      expect.stringMatching(/^_defaults\.yaml:5:1 wrong-value a "name" for all/),
    ])
    expect(found.specs.map(({ name }) => name)).toEqual(['b'])
  })

  test('that cannot be parsed stops every spec, and their own faults are still told', async () => {
    const found = await load({ '_defaults.yaml': 'a: [\n', 'a.yaml': spec(), 'b.yaml': 'prot: 1\n' })
    expect(found.specs).toEqual([])
    expect(faultyNames(found)).toEqual(['a', 'b'])
    expect(told(found).map((line) => line.split(' ', 2).join(' '))).toEqual([
      '_defaults.yaml:2:1 yaml',
      'b.yaml:1:1 unknown-key',
    ])
  })

  test('is not looked for under another suffix', async () => {
    const found = await load({ '_defaults.yml': 'version: 1\n', 'a.yaml': spec() })
    expect(told(found)[0]).toMatch(/^_defaults\.yml:1:1 not-read .*rename it/)
  })
})

describe('_hosts.yaml', () => {
  const NAS = 'address: nas.example.net, port: 222, user: backup, identity: "/keys/{name}"'
  const of = (source: string): string => spec({ source })

  test('defaults < host < spec, upper case or not, and the digest is that of what is merged', async () => {
    const found = await load({
      '_defaults.yaml': 'source: { port: 2, protocol: 30, knownHosts: /kh }\n',
      '_hosts.yaml': `nas: { ${NAS}, protocol: null }\nplain: { user: me }\n`,
      'a.yaml': of('{ host: nas }'),
      'b.yaml': of('{ host: NAS, port: 7, identity: null, path: /srv }'),
      'c.yaml': of('{ host: plain }'),
      'd.yaml': of('{ host: nas.example.net, user: x }'),
    })
    expect(told(found)).toEqual([])
    expect(found.shared).toEqual(['_defaults.yaml', '_hosts.yaml'])
    const nas = { host: 'nas.example.net', user: 'backup', knownHosts: '/kh', protocol: null }
    expect(found.specs.map(({ source }) => source)).toMatchObject([
      { ...nas, port: 222, identity: '/keys/a' },
      { ...nas, port: 7, identity: '/etc/reconcile/keys/b', path: '/srv' },
      { host: 'plain', user: 'me', port: 2, protocol: 30 },
      { host: 'nas.example.net', user: 'x', port: 2 },
    ])
    const inline = await load({
      'a.yaml': of(`{ host: nas.example.net, ${NAS.slice(26)}, knownHosts: /kh }`),
    })
    expect(told(inline)).toEqual([])
    expect(inline.specs[0]?.digest).toBe(found.specs[0]?.digest)
    expect(inline.shared).toEqual([])
  })

  test('serves a host that the defaults name, and what is missing is missing where source was written', async () => {
    const found = await load({
      '_defaults.yaml': 'source: { host: nas }\n',
      '_hosts.yaml': `nas: { address: nas.example.net }\n`,
      'a.yaml': of('{ user: me }'),
      'b.yaml': of('{ path: x }'),
    })
    expect(found.specs).toMatchObject([{ name: 'a', source: { host: 'nas.example.net', user: 'me' } }])
    expect(told(found)).toEqual([
      'b.yaml:2:1 missing-key "host" without "user" in source (name the account on the source, for example "user: backup")',
    ])
  })

  test('has its faults told once, where they are; only backups that use a faulty host are faulty', async () => {
    const found = await load({
      '_hosts.yaml': [
        'nas: { adress: x, port: 0, identity: ~root/k, key: /k, hostname: y, path: /srv }',
        'gone:',
        'Big: { user: a }',
        'text: 10.0.0.1',
        'fine: { address: f, user: u }',
        'ip: { address: "1:2", jump: ["u@[::g]"] }',
        'odd: { user: u }',
        '',
      ].join('\n'),
      'a.yaml': of('{ host: nas, user: u }'),
      'b.yaml': of('{ host: nas, user: u }'),
      'c.yaml': of('{ host: gone, user: u }'),
      'd.yaml': of('{ host: BIG, user: u }'),
      'e.yaml': of('{ host: text, user: u }'),
      'f.yaml': of('{ host: fine }'),
      'g.yaml': of('{ host: other, user: u }'),
      'h.yaml': of('{ host: ip, user: u }'),
    })
    expect(told(found)).toMatchInlineSnapshot(`
      [
        "_hosts.yaml:1:8 unknown-key unknown key "adress" in nas (did you mean "address"?)",
        "_hosts.yaml:1:25 out-of-range nas.port is 0, not between 1 and 65535",
        "_hosts.yaml:1:38 wrong-value nas.identity: "~root/k" is not an absolute path: begin it with / or ~/",
        "_hosts.yaml:1:47 unknown-key unknown key "key" in nas (did you mean "identity"?)",
        "_hosts.yaml:1:56 unknown-key unknown key "hostname" in nas (did you mean "address"?)",
        "_hosts.yaml:1:69 unknown-key unknown key "path" in nas",
        "_hosts.yaml:2:1 wrong-value gone is empty (give it an "address", or remove it)",
        "_hosts.yaml:3:1 bad-name "Big" is no name: lower-case letters, digits, ".", "_" and "-", beginning with a letter or digit",
        "_hosts.yaml:4:7 wrong-type text is "10.0.0.1", not keys with values",
        "_hosts.yaml:6:16 unsafe-host ip.address: "1:2" is no IPv6 address",
        "_hosts.yaml:6:30 wrong-value ip.jump[0]: "u@[::g]" is no jump host: write user@host or user@host:port",
        "_hosts.yaml:7:6 unused-host no spec uses the host odd (remove it, or name it in source.host)",
      ]
    `)
    expect(found.specs.map(({ name }) => name)).toEqual(['f', 'g'])
    expect(found.faulty.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'h'])
  })

  test('that cannot be parsed stops every spec with a host; an empty one, or another suffix', async () => {
    const broken = await load({
      '_hosts.yaml': 'nas: { address\n',
      'a.yaml': of('{ host: db1, user: u }'),
      'b.yaml': of('{ path: /data }'),
      'c.yaml': of('{ host: nas }'),
    })
    expect(told(broken).map((text) => text.split(' ')[0])).toEqual(['_hosts.yaml:2:1'])
    expect(broken.specs.map(({ name }) => name)).toEqual(['b'])
    const empty = await load({ '_hosts.yaml': '# none\n', '_hosts.yml': '', 'a.yaml': of('{ path: /data }') })
    expect(empty.shared).toEqual(['_hosts.yaml'])
    expect(told(empty)).toEqual([
      '_hosts.yml:1:1 not-read hosts are read from _hosts.yaml alone (rename it to _hosts.yaml)',
    ])
  })

  test('a second one of a name makes what all of them mean unknown', async () => {
    const found = await load({
      '_hosts.yaml': 'nas: { user: u }\nnas: { user: v }\n',
      'a.yaml': of('{ host: nas }'),
    })
    expect([found.specs, found.faulty.length, told(found).length]).toEqual([[], 1, 1])
  })
})

describe('the folder', () => {
  test('good specs beside broken ones are returned, with every fault of every file', async () => {
    const found = await load({
      'a.yaml': spec(),
      'b.yaml': 'version: 1\nsoruce: {}\ndestination: { path: rel }\n',
      'c.yaml': ': :\n',
      'd.yaml': '',
    })
    expect(found.specs.map(({ name }) => name)).toEqual(['a'])
    expect(faultyNames(found)).toEqual(['b', 'c', 'd'])
    expect(new Set(found.faults.map(({ file }) => file.at(-6)))).toEqual(new Set(['b', 'c', 'd']))
    expect(told(found).filter((line) => line.startsWith('b'))).toEqual([
      'b.yaml:1:1 missing-key "source" is missing',
      expect.stringMatching(/^b\.yaml:2:1 unknown-key unknown key "soruce" \(did you mean "source"\?\)$/),
      expect.stringMatching(/^b\.yaml:3:22 wrong-value destination\.path: "rel" is not an absolute path/),
    ])
  })

  test('hidden files and other suffixes are passed over; what looks meant to be read draws a warning', async () => {
    const found = await load({
      '.a.yaml': 'x',
      'README.md': 'x',
      'b.yaml.off': 'x',
      'c.YAML': 'x',
      'sub/d.yaml': spec(),
      '.git/e.yaml': 'x',
      'ok.yaml': spec(),
    })
    expect(found.specs.map(({ name }) => name)).toEqual(['ok'])
    expect(found.faults.map(({ severity, code }) => [severity, code])).toEqual([
      ['warning', 'not-read'],
      ['warning', 'subfolder'],
    ])
  })

  test.each([
    ['is not there', 'no/such/folder', 'there is no such folder', /reconcile add .*reconcile init\./],
    ['is a file', 'a.yaml', 'a.yaml is a file, not a folder', /Name its folder: --specs/],
  ])('that %s is a failure', async (_, name, why, next) => {
    const folder = await scratch()
    await fill(folder, { 'a.yaml': spec() })
    await expect(loadSpecs(join(folder, name), { roots: null, home: '/' })).rejects.toMatchObject({
      name: 'Failure',
      code: 'specs-not-found',
      message: expect.stringContaining(why),
      hint: expect.stringMatching(next),
    })
  })

  test('a FIFO, a dangling link, a huge file and bad UTF-8 are faults of their own, and block nothing', async () => {
    const folder = await scratch()
    await fill(folder, {
      'big.yaml': `#${'x'.repeat(256 * 1024)}`,
      'bytes.yaml': Buffer.from('a: \xff', 'latin1'),
    })
    await fill(folder, { 'edge.yaml': `${spec()}#${'x'.repeat(256 * 1024 - spec().length - 1)}` })
    await symlink('nowhere', join(folder, 'link.yaml'))
    await promisify(execFile)('mkfifo', [join(folder, 'pipe.yaml')])
    const found = await loadSpecs(folder, { roots: null, home: '/' })
    expect(found.specs.map(({ name }) => name)).toEqual(['edge'])
    expect(told(found).map((line) => line.split(' ', 2).join(' '))).toEqual([
      'big.yaml:1:1 too-large',
      'bytes.yaml:1:1 not-utf-8',
      'link.yaml:1:1 unreadable',
      'pipe.yaml:1:1 unreadable',
    ])
  })
})

describe('specs among themselves', () => {
  test('two of one name are both faulty, and each points at the other', async () => {
    const found = await load({
      'a.yaml': spec(),
      'b.yaml': spec({ name: 'a', destination: '{ path: /srv/b }' }),
    })
    expect(found.specs).toEqual([])
    expect(told(found)).toEqual([
      expect.stringMatching(/^a\.yaml:1:1 duplicate-name .*b\.yaml:2/),
      expect.stringMatching(/^b\.yaml:2:7 duplicate-name .*a\.yaml:1/),
    ])
  })

  test.each([
    ['shared', 'off/x', 'off/x', 'is the same folder as', 'is the same folder as'],
    ['shared but for a slash', 'off/x', 'off//x/', 'is the same folder as', 'is the same folder as'],
    ['nested', 'off', 'off/x/y', 'holds', 'lies inside'],
    ['shared through a symlink', 'real/x', 'link/x', 'is the same folder as', 'is the same folder as'],
    ['nested through a dangling symlink', 'new', 'dangling/deep', 'holds', 'lies inside'],
    ['nested through a link that goes up', 'real', 'real/up/real/z', 'holds', 'lies inside'],
  ])(
    'destinations that are %s stop both, also where they are not there yet',
    async (_, one, other, first, second) => {
      const world = await scratch()
      await mkdir(join(world, 'real'))
      await symlink(join(world, 'real'), join(world, 'link'))
      await symlink('new', join(world, 'dangling'))
      await symlink('..', join(world, 'real/up'))
      const found = await load({
        'a.yaml': spec({ destination: `{ path: ${world}/${one} }` }),
        'b.yaml': spec({ destination: `{ path: ${world}/${other} }` }),
        'c.yaml': spec({ destination: `{ path: ${world}/elsewhere }` }),
      })
      expect(found.specs.map(({ name }) => name)).toEqual(['c'])
      expect(faultyNames(found)).toEqual(['a', 'b'])
      expect(told(found)).toEqual([
        expect.stringMatching(new RegExp(`^a\\.yaml:3:22 destination-clash .*${first} .*"b", b\\.yaml:3`)),
        expect.stringMatching(new RegExp(`^b\\.yaml:3:22 destination-clash .*${second} .*"a", a\\.yaml:3`)),
      ])
    },
  )

  test('names that only begin alike do not clash', async () => {
    const found = await load({
      'a.yaml': spec({ destination: '{ path: /srv/db }' }),
      'b.yaml': spec({ destination: '{ path: /srv/db2 }' }),
    })
    expect(found.faults).toEqual([])
  })

  test('a spec that is faulty for another reason still keeps its destination from others', async () => {
    const found = await load({
      'a.yaml': spec({ destination: '{ path: /srv/x }' }),
      'b.yaml': spec({ destination: '{ path: /srv/x }', more: 'typo: 1' }),
    })
    expect(found.specs).toEqual([])
  })
})

describe('a spec and the box', () => {
  test.each([
    ['/srv/in/src', '/srv/in', 'holds its own source'],
    ['/srv/in', '/srv/in/dst', 'lies inside its own source'],
    ['/srv/in', '/srv/in/', 'is the same folder as its own source'],
  ])('source %s with destination %s: the destination %s', async (source, destination, words) => {
    const found = await load({
      'a.yaml': spec({ source: `{ path: ${source} }`, destination: `{ path: ${destination} }` }),
    })
    expect(told(found)).toEqual([expect.stringContaining(words)])
    expect(found.specs).toEqual([])
  })

  test('I6: destinations and local sources lie under the roots, by real path', async () => {
    const world = await scratch()
    await mkdir(join(world, 'root'))
    await mkdir(join(world, 'out'))
    await symlink(join(world, 'out'), join(world, 'root/escape'))
    await symlink(join(world, 'root'), join(world, 'alias'))
    const found = await load(
      {
        'a.yaml': spec({ destination: `{ path: ${world}/root/a }` }),
        'b.yaml': spec({ destination: `{ path: ${world}/root/escape/b }` }),
        'c.yaml': spec({ destination: `{ path: ${world}/alias/c }` }),
        'd.yaml': spec({ source: `{ path: ${world}/out }`, destination: `{ path: ${world}/root/d }` }),
        'e.yaml': spec({ destination: `{ path: ${world}/root2 }` }),
      },
      [`${world}/alias`],
    )
    expect(found.specs.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(told(found).map((line) => line.split(' ', 2).join(' '))).toEqual([
      'b.yaml:3:22 outside-roots',
      'd.yaml:2:17 outside-roots',
      'e.yaml:3:22 outside-roots',
    ])
  })

  test('links that go round in circles are under no root', async () => {
    const world = await scratch()
    await symlink('b', join(world, 'a'))
    await symlink('a', join(world, 'b'))
    const found = await load({ 'x.yaml': spec({ destination: `{ path: ${world}/a/x }` }) }, [world])
    expect(told(found)).toEqual([expect.stringContaining('cannot resolve')])
  })

  test('a mount that does not hold the destination would protect nothing', async () => {
    const found = await load({ 'a.yaml': spec({ destination: '{ path: /srv/a, mount: /mnt/b }' }) })
    expect(told(found)).toEqual([expect.stringMatching(/^a\.yaml:3:37 mount-elsewhere/)])
  })
})

test('a spec that is a link out of its folder is not read, nor quoted; one to its neighbour is', async () => {
  const folder = await scratch()
  await fill(folder, { 'secret.txt': 'root:$6$hash', 'specs/.shared': spec() })
  await symlink('../secret.txt', join(folder, 'specs/outside.yaml'))
  await symlink('.shared', join(folder, 'specs/linked.yaml'))
  const loaded = await loadSpecs(join(folder, 'specs'), { roots: null, home: '/home/me' })
  expect(told(loaded)).toEqual([
    'outside.yaml:1:1 unreadable the file is a link that leads out of the folder (put the file itself there)',
  ])
  expect(JSON.stringify(loaded.faults)).not.toContain('hash')
  expect(loaded.specs.map(({ name }) => name)).toEqual(['linked'])
})

test('a version in _hosts.yaml is one fault, which says that there is none', async () => {
  const { faults } = await load({ '_hosts.yaml': 'version: 1\n', 'a.yaml': spec() })
  expect(faults).toMatchObject([
    { code: 'wrong-type', line: 1, hint: 'remove it: _hosts.yaml has no version' },
  ])
})

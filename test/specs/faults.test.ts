import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { load, spec, told } from './spec-folder.ts'

/** The only file's faults, without its name. */
const faultsOf = async (text: string): Promise<readonly string[]> => {
  const { faults, specs, folder } = await load({ 'db.yaml': text })
  expect(specs).toEqual([])
  return told({ folder, faults }).map((line) => line.replace('db.yaml:', ''))
}

const ssh = (keys: string) => spec({ source: `{ host: h, user: u, ${keys} }` })
const more = (text: string) => spec({ more: text })

describe('each fault points at its place and says what to do', () => {
  test.each<[string, string, string]>([
    // Keys: at the key.
    [
      'an unknown key',
      more('checksums: md5'),
      '4:1 unknown-key unknown key "checksums" (did you mean "checksum"?)',
    ],
    [
      "rsync's own word",
      more('transfer: { bwlimit: 25 }'),
      '4:13 unknown-key unknown key "bwlimit" in transfer (did you mean "bandwidth"?)',
    ],
    [
      'the right key in the wrong map',
      ssh('bandwidth: 25KiB/s'),
      '2:29 unknown-key unknown key "bandwidth" in source (did you mean "transfer.bandwidth"?)',
    ],
    [
      'another spelling',
      spec({ destination: '{ path: /d, min_free: 1GiB }' }),
      '3:26 unknown-key unknown key "min_free" in destination (did you mean "minFree"?)',
    ],
    [
      "ssh's word at the top",
      more('IdentityFile: /k'),
      '4:1 unknown-key unknown key "IdentityFile" (did you mean "source.identity"?)',
    ],
    [
      'letters that changed places',
      more('retain: { dialy: 7 }'),
      '4:11 unknown-key unknown key "dialy" in retain (did you mean "daily"?)',
    ],
    [
      'a word for a key of this very map',
      more('retain: { keep: 3 }'),
      '4:11 unknown-key unknown key "keep" in retain (did you mean "last"?)',
    ],
    ['short words', more('dest: /x'), '4:1 unknown-key unknown key "dest" (did you mean "destination"?)'],
    [
      'a folder by another word',
      spec({ destination: '{ path: /d, dir: /e }' }),
      '3:26 unknown-key unknown key "dir" in destination (did you mean "path"?)',
    ],
    [
      "a key of a list's entry",
      more('acknowledge: [{ path: a, digets: x }]'),
      '4:26 unknown-key unknown key "digets" in acknowledge[0] (did you mean "digest"?)',
    ],
    ['nothing near', more('xyzzy: 1'), '4:1 unknown-key unknown key "xyzzy"'],
    ['a hostile key', more('__proto__: { polluted: 1 }'), '4:1 unknown-key unknown key "__proto__"'],
    [
      'a merge key',
      more('<<: { checksum: md5 }'),
      '4:1 unknown-key unknown key "<<" (merge keys are not read',
    ],
    [
      'a key written twice',
      more('checksum: md5\nchecksum: md5'),
      '5:1 duplicate-key "checksum" is written twice: first in line 4',
    ],
    [
      'disks that take turns at no mount point',
      spec({ destination: '{ path: /d, rotate: true }' }),
      '3:34 missing-key "rotate" without "mount" in destination (name the mount point at which the disks take turns)',
    ],
    [
      'rotate that is no boolean',
      spec({ destination: '{ path: /d, mount: /d, rotate: 2 }' }),
      '3:45 wrong-type destination.rotate is 2, not true or false',
    ],
    ['a missing key', 'version: 1\nsource: { path: /a }', '1:1 missing-key "destination" is missing'],
    [
      'a missing version',
      'source: { path: /a }\ndestination: { path: /b }',
      '1:1 missing-key "version" is missing (begin the file with "version: 1")',
    ],
    [
      'a key left empty',
      spec({ destination: '\n  path:\n  minFree: 1GiB' }),
      '4:3 missing-key destination.path is empty',
    ],
    [
      'a host without a user',
      spec({ source: '{ host: h }' }),
      '2:11 missing-key "host" without "user" in source (name the account',
    ],
    [
      'a forgotten host',
      spec({ source: '{ user: u, port: 2, path: x }' }),
      '2:11 missing-key "user" and "port" without "host" in source (add "host"',
    ],
    [
      'no source path at all',
      spec({ source: '{ listing: L }' }),
      '2:1 missing-key "path" is missing in source',
    ],
    // Values: at the value.
    ['another version', spec().replace('1', '2'), '1:10 wrong-value version is 2; this program reads 1'],
    ['a wrong word', more('checksum: crc'), '4:11 wrong-value checksum is "crc", not "md5" or "sha256"'],
    [
      'a list that is text',
      more('select: { include: "*.gz" }'),
      '4:20 wrong-type select.include is "*.gz", not a list (write a list: ["*.gz"])',
    ],
    [
      'text that is a list',
      more('checksum: [md5]'),
      '4:11 wrong-value checksum is a list, not "md5" or "sha256"',
    ],
    [
      'a map that is text',
      more('transfer: fast'),
      '4:11 wrong-type transfer is "fast", not keys with values',
    ],
    [
      'a number that is text',
      ssh('port: "22"'),
      '2:35 wrong-type source.port is "22", not a whole number (write it without quotes: 22)',
    ],
    [
      'text that is a number',
      spec({ name: '2024' }),
      '2:7 wrong-type name is 2024, not text (put it in quotes: "2024")',
    ],
    [
      'a digest that YAML takes for a number',
      more('acknowledge: [{ path: a, reason: r, digest: 12345678901234567890123456789012 }]'),
      '4:45 wrong-type acknowledge[0].digest is 12345678901234567890123456789012, not text',
    ],
    [
      'a cut digest',
      more('acknowledge: [{ path: a, reason: r, digest: abc }]'),
      '4:45 wrong-value acknowledge[0].digest: "abc" is no md5 or sha256',
    ],
    [
      'a blank reason',
      more('acknowledge: [{ path: a, reason: " ", digest: 60303ae22b998861bce3b28f33eec1be }]'),
      '4:34 wrong-value acknowledge[0].reason: " " is blank',
    ],
    [
      'a port out of range',
      ssh('port: 65536'),
      '2:35 out-of-range source.port is 65536, not between 1 and 65535',
    ],
    ['an empty list', more('select: { include: [] }'), '4:20 wrong-value select.include is an empty list'],
    // Units.
    [
      'a bare rate',
      more('transfer: { bandwidth: 25 }'),
      '4:24 bad-unit transfer.bandwidth: 25 has no unit: write 25KiB/s (as rsync',
    ],
    [
      'a bare rate in quotes',
      more('transfer: { bandwidth: "25" }'),
      '4:24 bad-unit transfer.bandwidth: "25" has no unit',
    ],
    [
      'a bare duration',
      more('transfer: { timeout: 60 }'),
      '4:22 bad-unit transfer.timeout: 60 has no unit: write 60s, 60m (minutes) or 60h',
    ],
    [
      'a bare size',
      spec({ destination: '{ path: /d, minFree: 10 }' }),
      '3:35 bad-unit destination.minFree: 10 has no unit: write 10GiB or 10MiB',
    ],
    [
      'an unknown unit',
      spec({ destination: '{ path: /d, maxSize: 2T }' }),
      '3:35 bad-unit destination.maxSize: "2T" has the unknown unit "T": write 2TiB or 2TB',
    ],
    [
      'a rate that rsync would take for unlimited',
      more('transfer: { bandwidth: 1000B/s }'),
      '4:24 out-of-range transfer.bandwidth: "1000B/s" is below 1KiB/s',
    ],
    [
      'no patience at all',
      more('transfer: { timeout: 0s }'),
      '4:22 out-of-range transfer.timeout: "0s" is below 1s',
    ],
    [
      'a size past all disks',
      spec({ destination: '{ path: /d, minFree: 99999999TiB }' }),
      '3:35 out-of-range destination.minFree: "99999999TiB" is too large',
    ],
    // Names.
    ["a command's word", spec({ name: 'status' }), '2:7 bad-name name: "status" is a command\'s word'],
    ['a name in capitals', spec({ name: 'Db' }), '2:7 wrong-value name: "Db" is no name'],
    ['a name that leaves its folder', spec({ name: '../x' }), '2:7 wrong-value name: "../x" is no name'],
    // Globs.
    [
      'an open bracket',
      more('select: { include: ["[ab"] }'),
      '4:21 bad-glob select.include[0]: "[ab" is no glob: missing closing: "]"',
    ],
    [
      'a negation',
      more('select: { exclude: ["!a"] }'),
      '4:21 bad-glob select.exclude[0]: "!a" begins with "!"',
    ],
    [
      'a folder',
      more('select: { include: ["a/"] }'),
      '4:21 bad-glob select.include[0]: "a/" names a folder: write a/**',
    ],
    [
      'a glob that takes exponential time',
      more('select: { include: ["+(+(a)b)"] }'),
      '4:21 bad-glob select.include[0]: "+(+(a)b)" repeats',
    ],
    [
      'a glob without quotes',
      more('select: { include: [*.gz] }'),
      '4:21 yaml the value begins with "*", which begins an alias in YAML (put it in quotes: "*.gz")',
    ],
    // YAML.
    [
      'a tab',
      'version: 1\nsource:\n\tpath: x',
      '3:1 yaml Tabs are not allowed as indentation (indent with spaces)',
    ],
    ['an unknown tag', more('checksum: !x md5'), '4:11 yaml Unresolved tag: !x'],
    ['an open quote', more('checksum: "md5'), '5:1 yaml Missing closing "quote'],
    ['two documents', `${spec()}---\n${spec()}`, '4:1 yaml the file holds more than one document'],
    ['another YAML', `%YAML 1.1\n---\n${spec()}`, '1:1 yaml YAML 1.1 is not read here'],
    ['a list', '- version: 1', '1:1 wrong-type the file holds a list, not keys with values'],
    ['nothing', '# soon\n', '1:1 empty the file holds no keys'],
  ])('%s', async (_, text, fault) => {
    expect((await faultsOf(text)).map((line) => line.slice(0, fault.length))).toContain(fault)
  })

  const TEXT = 'without quotes: yes, no, on and off are text in YAML 1.2'
  test.each<[string, string]>([
    [
      'suspend: yes',
      `4:10 wrong-type suspend is "yes", not true, false, or keys with values (write true, ${TEXT})`,
    ],
    [
      'suspend: Off',
      `4:10 wrong-type suspend is "Off", not true, false, or keys with values (write false, ${TEXT})`,
    ],
    [
      'suspend: "true"',
      `4:10 wrong-type suspend is "true", not true, false, or keys with values (write true, ${TEXT})`,
    ],
    ['suspend: soon', '4:10 wrong-type suspend is "soon", not true, false, or keys with values'],
    [
      'prune: { mode: off }',
      '4:16 wrong-value prune.mode is "off", not "never" or "manual" or "auto" (did you mean "never"?)',
    ],
    [
      'prune: { mode: false }',
      '4:16 wrong-value prune.mode is false, not "never" or "manual" or "auto" (did you mean "never"?)',
    ],
    [
      'retain: no',
      '4:9 wrong-type retain is "no", not keys with values (write it as retain: { daily: 7, weekly: 4 })',
    ],
    [
      'schedule: { cron: 0022 }',
      '4:19 wrong-type schedule.cron is 0022, not text (put it in quotes: "0022")',
    ],
    ['schedule: { every: 22:00 }', '4:20 bad-unit schedule.every: "22:00" is not a duration such as 90s'],
    [
      'suspend: { until: 2026-12-01 10:00 }',
      '4:19 bad-time suspend.until: "2026-12-01 10:00" has no offset: end it with Z or, for example, +01:00',
    ],
  ])('without quotes, YAML 1.2 reads it as one value with one fault: %s', async (text, fault) => {
    expect(await faultsOf(more(text))).toEqual([fault])
  })

  test('the frame shows the lines around, and marks the place', async () => {
    const { faults } = await load({ 'db.yaml': more('transfer:\n  bwlimit: 25\n  order: newest\n') })
    expect(`\n${faults[0]?.frame}\n`).toBe(`
  3 | destination: { path: "/srv/offsite/{name}" }
  4 | transfer:
> 5 |   bwlimit: 25
    |   ^^^^^^^
  6 |   order: newest
`)
  })
})

describe('I6: what would reach ssh, rsync or a shell is refused', () => {
  test.each([
    ...[
      '-oProxyCommand=x',
      'a b',
      'u@h',
      'h:22',
      '[::1]',
      ':::',
      'a$(x)',
      '$x',
      'h%h',
      "h'",
      'ü.example',
    ].map((host) => ['host', host] as const),
    ...['-l', 'root;x', 'a b', 'a@b', '$USER', '', '%u'].map((user) => ['user', user] as const),
    ...[
      '/abs/../up',
      '/-x',
      '/a$(x)',
      '/a\nb',
      '/.reconcile/x',
      '../up',
      'a/../b',
      '-x',
      'a/-x',
      'a*',
      '$(x)',
      '`x`',
      "a'b",
      'a\\b',
      'a\nb',
      '~/x',
      'a;b',
      'a|b',
    ].map((path) => ['path', path] as const),
    ...['a/b', '..', '.', '', '-L', '.reconcile', 'LIST.md5', 'a\u0000b', '\u202eLIST'].map(
      (listing) => ['listing', listing] as const,
    ),
    ...['k', '/a\tb', '/k%h', '/k$x', '/k"', '/../k', '/k\n', '/{user}'].map(
      (key) => ['identity', key] as const,
    ),
    ...['/a\u00a0b', '/a,%h', '~other/k', '/k#'].map((pin) => ['knownHosts', pin] as const),
  ])('source.%s %j', async (key, value) => {
    const source = { host: 'h', user: 'u', [key]: value }
    const faults = await faultsOf(spec({ source: JSON.stringify(source) }))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`source.${key}`)
  })

  test.each(['gate', 'me@', '@gate', 'me@gate:0', 'me@gate:70000', 'me@-x', 'me@gate x', 'me@[zz]', 'a@b@c'])(
    'source.jump %j',
    async (hop) => {
      const source = { host: 'h', user: 'u', jump: [hop] }
      expect(await faultsOf(spec({ source: JSON.stringify(source) }))).toHaveLength(1)
    },
  )

  test.each([
    ...[
      'rel',
      '/',
      '//',
      '/..',
      '/a/../b',
      '/a/.reconcile/b',
      '/a/.Reconcile',
      '/a\u0000',
      '/$HOME',
      '/{nmae}',
      '~',
      '~x/y',
    ],
    ...['/a\u202eb', '/a\nb', '/proc/self/cwd/x', '/etc/x', '/dev/shm/x'],
  ])('destination.path %j', async (path) => {
    const faults = await faultsOf(spec({ destination: JSON.stringify({ path }) }))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/destination(?:\.path|-forbidden)/)
  })

  test.each(['/dev/stdin', '/dev/null', '/dev/fd/3', '/proc/self/fd/0', '/proc/self/cwd/known_hosts'])(
    'source.knownHosts and source.identity %j',
    async (path) => {
      for (const key of ['knownHosts', 'identity']) {
        const source = JSON.stringify({ host: 'h', user: 'u', [key]: path })
        expect(await faultsOf(spec({ source }))).toEqual([expect.stringContaining(`source.${key}`)])
      }
    },
  )

  test.each(['*', 'LIST*', '?', '[L]IST', '{a,b}', 'a\\b', 'sub/LIST', '../LIST', '-x', '.', '..'])(
    'source.listing %j',
    async (listing) => {
      const source = JSON.stringify({ host: 'h', user: 'u', listing })
      expect(await faultsOf(spec({ source }))).toEqual([expect.stringContaining('source.listing')])
    },
  )

  test.each(['::mod', ':', ':x', 'h:x', 'u@h:x', 'h::mod/x', 'rsync://h/mod', '[::1]:x'])(
    'source.path %j, which rsync would take for another machine or a module',
    async (path) => {
      const source = JSON.stringify({ host: 'h', user: 'u', path })
      expect(await faultsOf(spec({ source }))).toEqual([expect.stringContaining('source.path')])
    },
  )
  test.each(['./a:b', 'a/b:c', 'a/::b'])('while %j is a folder', async (path) => {
    const source = JSON.stringify({ host: 'h', user: 'u', path })
    expect((await load({ 'a.yaml': spec({ source }) })).faults).toEqual([])
  })

  test.each(['/abs', '../x', 'a/../b', '.reconcile/x', '', 'a\nb'])('acknowledge.path %j', async (path) => {
    const entry = { path, digest: '60303ae22b998861bce3b28f33eec1be', reason: 'r' }
    expect(await faultsOf(spec({ more: `acknowledge: ${JSON.stringify([entry])}` }))).toHaveLength(1)
  })

  test.each([
    ['/srv//dumps/./x/', '/srv/dumps/x'],
    ['/srv/a:b', '/srv/a:b'],
    ['/', '/'],
  ])('while the absolute path %s is fine', async (path, read) => {
    const { specs } = await load({
      'a.yaml': spec({ source: JSON.stringify({ host: 'a', user: 'u', path }) }),
    })
    expect(specs[0]?.source).toMatchObject({ path: read })
  })

  test.each(['2001:db8::17', '192.0.2.7', 'db_1.example.net', 'DB1'])(
    'while the host %s is fine',
    async (host) => {
      const { specs } = await load({ 'a.yaml': spec({ source: JSON.stringify({ host, user: 'u' }) }) })
      expect(specs[0]?.source).toMatchObject({ host })
    },
  )
})

test('many values side by side are not nested', async () => {
  const windows = Array.from(
    { length: 7 },
    (_, i) => `{ from: "0${i}:00", to: "0${i + 1}:00", rate: 1MiB/s }`,
  )
  const more = `transfer: { timezone: UTC, bandwidth: [${windows.join(',\n  ')}] }`
  expect((await load({ 'a.yaml': spec({ more }) })).faults).toEqual([])
})

describe('bombs end quickly as one fault', () => {
  const lines = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n')
  test.each<[string, string, string]>([
    ['deep lists', `a: ${'['.repeat(200_000)}`, 'too-deep'],
    ['deep maps', '{a: '.repeat(60_000), 'too-deep'],
    ['deep lists on one line', '- '.repeat(100_000), 'too-deep'],
    ['deep keys on one line', '? '.repeat(100_000), 'too-deep'],
    ['deep values on one line', 'a: '.repeat(50_000), 'too-deep'],
    ['deep values behind quoted keys', '"a": '.repeat(50_000), 'too-deep'],
    ['deep values behind aliases', '*a : '.repeat(50_000), 'too-deep'],
    ['deep values, one a line that no parser ends', 'a:\r'.repeat(80_000), 'too-deep'],
    ['deep values in a map', `{ ${'a:\n'.repeat(60_000)}}`, 'too-deep'],
    ['deep values in a list', `[ ${'a: '.repeat(60_000)}]`, 'too-deep'],
    [
      'deep lists after brackets that close nothing',
      `${']'.repeat(90_000)}\n${'['.repeat(90_000)}`,
      'too-deep',
    ],
    ['maps nested line by line', lines(600, (i) => `${' '.repeat(i)}a:`), 'too-deep'],
    [
      'a billion laughs',
      `a0: &a0 [x]\n${lines(12, (i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)}`,
      'too-many-aliases',
    ],
    [
      'a few laughs, each of them long',
      `a: &a [${'x,'.repeat(9000)}]\nb: [*a,*a,*a,*a,*a,*a]`,
      'too-many-values',
    ],
    ['a value that holds itself', 'a: &a [*a]', 'circular-alias'],
    ['a hundred thousand values', `a: [${'x,'.repeat(100_000)}]`, 'too-many-values'],
  ])('%s', async (_, text, code) => {
    const faults = await faultsOf(text)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(` ${code} `)
  })

  test('thousands of unknown keys are told as a hundred and a count', async () => {
    const faults = await faultsOf(lines(9000, (i) => `k${i}: 1`))
    expect(faults).toHaveLength(101)
    expect(faults.at(-1)).toContain('more-faults and 8903 more')
  })

  // Where each spec searches the nearest name of each again, this takes half a minute.
  test('thousands in _defaults.yaml are those of one file, and stop every spec', async () => {
    const some = Object.fromEntries(
      lines(20, (i) => `b${i}`)
        .split('\n')
        .filter((name) => name !== '')
        .map((name) => [`${name}.yaml`, spec()]),
    )
    const { faults, specs } = await load({ '_defaults.yaml': lines(15_000, (i) => `k${i}: 1`), ...some })
    expect(specs).toEqual([])
    expect(faults).toHaveLength(101)
    expect(faults.at(-1)).toMatchObject({ code: 'more-faults', message: 'and 14900 more' })
  })

  test('thousands of duplicate keys are too', async () => {
    expect(await faultsOf(lines(9000, () => 'k: 1'))).toHaveLength(101)
  })
})

describe('whatever a file holds', () => {
  const piece = fc.constantFrom(
    ...[
      'version: 1\n',
      'source:',
      '\n  ',
      'host: h\n',
      'user: u\n',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '? ',
      '*a ',
      '&a ',
    ],
    ...[
      '!x ',
      '"',
      "'",
      '|\n',
      '#',
      '\t',
      '\r\n',
      'null',
      '~',
      '\u0000',
      '\ud83d',
      'path: /x\n',
      'destination:',
      '1e9',
      '%YAML 1.1\n---\n',
    ],
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
    fc
      .tuple(fc.nat(spec().length), fc.string({ maxLength: 4 }))
      .map(([at, cut]) => spec().slice(0, at) + cut + spec().slice(at + 2)),
  )

  test('it loads, or its faults are told with places inside it; it never throws', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (sample) => {
        const { specs, faults } = await load({ 'a.yaml': sample })
        const errors = faults.filter(({ severity }) => severity === 'error')
        expect(specs.length > 0).toBe(errors.length === 0)
        const lines = sample.split('\n')
        for (const { line, column } of faults) {
          expect(line).toBeLessThanOrEqual(lines.length)
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1)
        }
      }),
      { numRuns: 150 },
    )
  })
})

test.each([
  ['schedule: daily', 'schedule: { every: 1h }'],
  ['expect: 24h', 'expect: { every: 24h }'],
  ['retain: 7', 'retain: { daily: 7, weekly: 4 }'],
  ['expect: 6h', 'expect: { every: 6h }'],
  ['schedule: 6h', 'schedule: { every: 6h }, or'],
  ['verify: 7d', 'verify: { every: 7d }'],
  ['prune: auto', 'prune: { mode: auto }'],
  ['prune: never', 'prune: { mode: never }'],
  ['prune: false', 'prune: { mode: never }'],
  ['prune: yearly', 'prune: { mode: manual }'],
  ['select: "*.tar"', 'select: { include: ["*.tar.gz"] }'],
  ['prove: pg', 'prove: { every: 90d, drill: pg }'],
  ['prove: 30d', 'prove: { every: 30d, drill: pg }'],
  ['anomaly: true', 'anomaly: { size: [0.5, 2], kind: true }'],
  ['anomaly: { size: 2 }', 'anomaly.size: [0.5, 2]'],
  ['acknowledge: {}', 'acknowledge: [{ path: '],
])('%s: how it is written', async (text, written) => {
  const { faults } = await load({ 'db.yaml': more(text) })
  expect(faults).toMatchObject([
    { code: 'wrong-type', hint: expect.stringContaining(`write it as ${written}`) },
  ])
})

test.each([
  ['anomaly: {}', 'anomaly: { size: [0.5, 2], kind: true }, or leave it out'],
  ['prove: {}', 'prove: { every: 90d, drill: pg }, or leave it out'],
  ['expect: {}', 'expect: { every: 24h }, or leave it out'],
  ['expect: [{}]', '{ every: 24h }, or leave it out'],
  ['retain: {}', 'retain: { daily: 7, weekly: 4 }, or leave it out'],
  ['finished: {}', 'finished: { sums: MD5SUMS }, or finished: { quiet: 30m }, or leave it out'],
])('%s: one fault, and what to write', async (text, written) => {
  const { faults } = await load({ 'db.yaml': more(text) })
  expect(faults).toMatchObject([{ code: 'wrong-value', hint: `write it as ${written}` }])
})

test.each([
  [
    'source: { path: "C:\\\\Backups\\\\db" }\ndestination: { path: /d }',
    'is a path of Windows; in WSL it is /mnt/c/Backups/db',
  ],
  ['source: { path: /s }\ndestination: { path: "D:/x" }', 'is a path of Windows; in WSL it is /mnt/d/x'],
  ['source: { host: h, user: u, path: "C:/x" }\ndestination: { path: /d }', 'in WSL it is /mnt/c/x'],
  [
    'source: { host: h, user: u, path: "{name}" }\ndestination: { path: /d }',
    'holds {name}, which is filled in only in paths on this machine',
  ],
])('%s: what is wrong with the path', async (text, message) => {
  const { faults } = await load({ 'db.yaml': `version: 1\n${text}\n` })
  expect(faults).toMatchObject([{ message: expect.stringContaining(message) }])
})

test.each([
  ['apiVersion: v1', 'apiVersion', 'no Kubernetes manifest'],
  ['kind: Backup', 'kind', 'no Kubernetes manifest'],
  ['metadata: {}', 'metadata', 'no Kubernetes manifest'],
  ['$schema: x', '$schema', 'yaml-language-server'],
  ['schema: x', 'schema', 'yaml-language-server'],
  ['description: x', 'description', 'as a comment'],
  ['enabled: false', 'enabled', 'suspend: true'],
  ['log-level: debug', 'log-level', '--log-level'],
  ['compress: true', 'compress', 'as they are'],
  ['email: me@example.net', 'email', 'notify'],
  ['concurrency: 2', 'concurrency', 'it belongs in config.yaml'],
  ['roots: [/srv]', 'roots', 'it belongs in config.yaml'],
  ['source2: {}', 'source2', 'did you mean "source"'],
])('%s: a habit is answered', async (text, key, hint) => {
  expect(await faultsOf(more(text))).toEqual([
    expect.stringMatching(`^4:1 unknown-key unknown key "${key.replace('$', '.')}" \\(.*${hint}`),
  ])
})

test.each([
  ['- a', 'this line begins a list among keys (indent it below the key that it belongs to)'],
  ['just words', 'this line is no key with a value (write it as KEY: VALUE, or as a comment: # …)'],
  ['null', 'this line is no key with a value (write it as KEY: VALUE, or as a comment: # …)'],
])('%s: a line among keys that is none is one fault', async (line, fault) => {
  expect(await faultsOf(more(line))).toEqual([`4:1 yaml ${fault}`])
})

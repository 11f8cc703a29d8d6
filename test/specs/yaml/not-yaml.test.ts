import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { notASpec, unquoted } from '../../../src/specs/yaml/not-yaml.ts'
import { load, spec, told } from '../spec-folder.ts'

const faultsOf = async (text: string | Buffer): Promise<readonly string[]> => {
  const { faults, specs, folder } = await load({ 'db.yaml': text as string })
  expect(specs).toEqual([])
  return told({ folder, faults }).map((line) => line.replace('db.yaml:', ''))
}
const quoted = (line: string, begins: string, value: string) =>
  `${line} yaml the value begins with "${begins} in YAML (put it in quotes: "${value}")`
const RESERVED = ', which is reserved'
const MAP = '{", which begins a map'
const ALIAS = '*", which begins an alias'

describe('a value that has to stand in quotes is one fault, which no others follow', () => {
  const head = 'version: 1\nsource: { path: /s }\n'
  test.each([
    ['path: {name}/x', `${head}destination:\n  path: {name}/x\n`, quoted('4:9', MAP, '{name}/x')],
    [
      'path: {name}, which is sound YAML',
      `${head}destination:\n  path: {name}\n`,
      '4:9 wrong-type destination.path is keys with values, not text (put it in quotes: "{name}")',
    ],
    [
      'a pattern',
      `${head}destination: { path: /d }\nseries:\n  pattern: {series}-{YYYY}-{MM}-{DD}.tar\n  timezone: UTC\n`,
      quoted('5:12', MAP, '{series}-{YYYY}-{MM}-{DD}.tar'),
    ],
    [
      'a pattern in a flow map',
      `${head}destination: { path: /d }\nseries: { pattern: {series}-{YYYY}.tar, timezone: UTC }\n`,
      quoted('4:20', MAP, '{series}-{YYYY}.tar'),
    ],
    [
      'a pattern in a list',
      `${head}destination: { path: /d }\nseries:\n  pattern:\n    - {series}-{YYYY}.tar\n  timezone: UTC\n`,
      quoted('6:7', MAP, '{series}-{YYYY}.tar'),
    ],
    [
      'a cron line',
      `${head}destination: { path: /d }\nschedule:\n  cron: */15 * * * *\n`,
      quoted('5:9', ALIAS, '*/15 * * * *'),
    ],
    [
      'a cron line in a flow map',
      `${head}destination: { path: /d }\nschedule: { cron: * 3 * * 1-5, timezone: UTC }\n`,
      quoted('4:19', ALIAS, '* 3 * * 1-5'),
    ],
    [
      'a path in a flow map',
      `${head}destination: { path: /srv/{name}, mount: /srv }\n`,
      '3:22 yaml the value holds "{", which begins a map in YAML (put it in quotes: "/srv/{name}")',
    ],
    [
      'a pattern in a flow map that does not begin with a brace',
      `${head}series: { pattern: db-{YYYY}.tar.{a,b}, timezone: UTC }\n`,
      '3:20 yaml the value holds "{", which begins a map in YAML (put it in quotes: "db-{YYYY}.tar.{a,b}")',
    ],
    ['a glob', `${head}select:\n  include: *.gz # all\n`, quoted('4:12', ALIAS, '*.gz')],
    [
      'two globs in a line',
      `${head}select: { include: [*.gz, ab[0-9].gz] }\n`,
      `3:21 yaml the value begins with "${ALIAS} in YAML (put each in quotes: "*.gz", "ab[0-9].gz")`,
    ],
    [
      'a glob of brackets',
      `${head}select:\n  include:\n    - [ab]*.gz\n`,
      quoted('5:7', '[", which begins a list', '[ab]*.gz'),
    ],
    ['a glob of braces', `${head}select: { include: [{a,b}.gz] }\n`, quoted('3:21', MAP, '{a,b}.gz')],
    ['a nickname of cron', `${head}schedule: { cron: @daily }\n`, quoted('3:19', `@"${RESERVED}`, '@daily')],
    ['a percent sign', `${head}destination:\n  path: %d/x y\n`, quoted('4:9', `%"${RESERVED}`, '%d/x y')],
    ['a backtick', `${head}destination:\n  path: \`date\`\n`, quoted('4:9', `\`"${RESERVED}`, '`date`')],
  ])('%s', async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([fault])
  })

  test('a word behind an asterisk may be an alias whose anchor is missing', async () => {
    expect(await faultsOf(`a: &x 1\nb: *x\nc: *y\n`)).toEqual([
      '3:4 unknown-alias *y refers to an anchor that is not there (if it is a glob, put it in quotes: "*y")',
    ])
  })

  test('what is sound around a fault is not part of it', async () => {
    const text = `a: {b: "{name}", "c":"{d}"}\ne: it's {x}\nsuspend: { reason: in {rack} }\nf: /srv/{name}\ng: *.gz\n`
    expect(await faultsOf(text)).toEqual([quoted('5:4', ALIAS, '*.gz')])
  })

  test('tabs are one fault of the file', async () => {
    expect(await faultsOf(`${head}destination:\n\tpath: /d\n\tmount: /d\n`)).toEqual([
      '4:1 yaml Tabs are not allowed as indentation (indent with spaces)',
    ])
  })

  const noBlank = (line: string, key: string) =>
    `${line} yaml no blank follows "${key}:" (put a blank after ${key}:)`
  test.each([
    ['first', `source:\n  host:127.0.0.1\n  user: b\n`, noBlank('2:3', 'host')],
    ['last', `source:\n  user: b\n  host:127.0.0.1\n`, noBlank('3:3', 'host')],
    ['at the top', `version:1\nsource: { path: /s }\n`, noBlank('1:1', 'version')],
    ['of a path', `source:\n  path:/srv/x\n  user: b\n`, noBlank('2:3', 'path')],
  ])('a key without a blank after its colon, %s', async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([fault])
  })

  test('the same in a flow map is named, too', async () => {
    expect(await faultsOf('version: 1\nsource: { host:127.0.0.1, user: b }\n')).toContain(
      noBlank('2:11', 'host'),
    )
  })

  test.each([
    ['deeper', `source:\n  host: h\n   user: b\n`, '3:4'],
    ['less deep', `source:\n   host: h\n  user: b\n`, '3:3'],
    ['below a value', `version: 1\n source:\n  path: /x\n`, '2:2'],
    ['below a text in quotes', `version: "1"\n   source: 1\n`, '2:4'],
    ['in a list', `a:\n  - x\n - y\n`, '3:2'],
  ])('a line that is indented amiss, %s', async (_, text, line) => {
    expect(await faultsOf(text)).toEqual([
      expect.stringMatching(
        `^${line} yaml this line's indentation does not fit the lines around it \\(begin`,
      ),
    ])
  })

  test.each([
    ['in quotes', spec({ more: 'series: { pattern: "{series}-{YYYY}.tar", timezone: UTC }' })],
    ['in a comment', `# path: {name} and cron: * * * * *\n${spec({})}`],
    ['a name inside a path', spec({ destination: '{ path: "/d/{name}" }' })],
    ['maps without blanks', spec({ more: 'retain: {last: 3}' })],
    [
      'inside a value',
      spec({ more: 'series:\n  pattern: db - {YYYY}-{MM}-{DD}.tar\n  timezone: UTC\nretain: { last: 3 }' }),
    ],
    ['in a comment behind a value', spec({ more: 'retain: { last: 3 } # path: {name}, cron: * * * * *' })],
    ['in a reason', spec({ more: 'suspend:\n  reason: >\n    moved, {rack} is full\n    cron: * * * * *' })],
  ])('none where it stands %s', async (_, text) => {
    expect(await load({ 'db.yaml': text })).toMatchObject({ faults: [], specs: [{ name: 'db' }] })
  })
})

describe('what is no spec yet is named as what it is, in one fault', () => {
  test.each<[string, string | Buffer, RegExp]>([
    [
      'a template of Jinja or Helm',
      `version: 1\nsource: { path: {{ item.path }} }\n`,
      /^2:17 yaml a template/,
    ],
    ['one in quotes', `version: 1\nsource: { path: "{{ path }}" }\n`, /^2:18 yaml a template/],
    ['one of Hiera', `version: 1\nsource: { path: %{hiera} }\na: 1\n`, /^2:17 yaml a template of Hiera/],
    ['one of ERB', `version: 1\nsource: { path: <%= @path %> }\n`, /^2:17 yaml a template of ERB/],
    ['one of sed', `version: 1\nsource: { path: @@PATH@@ }\n`, /^2:17 yaml a template of sed/],
    [
      'one of autoconf',
      `version: 1\nsource: { path: @prefix@/x }\na: @PATH@\n`,
      /^3:4 yaml a template of sed/,
    ],
    ['one of a shell', `version: 1\nsource: { path: \${PATH}/x }\n`, /^2:17 yaml a template of a shell/],
    ['one of make', `version: 1\nsource: { path: /x/$(NAME) }\n`, /^2:20 yaml a template of a shell/],
    ['a comment of Jinja', `{# old #}\nversion: 1\n`, /^1:1 yaml a template of Jinja/],
    ['a page of HTML', `<!DOCTYPE html>\n<html><body>404</body></html>\n`, /^1:1 yaml .*HTML/],
    ['ansible-vault', `$ANSIBLE_VAULT;1.1;AES256\n6231\n`, /^1:1 yaml the file is encrypted/],
    ['PGP', `-----BEGIN PGP MESSAGE-----\n\nhQ\n`, /^1:1 yaml the file is encrypted/],
    ['a template statement', `{% if x %}\nversion: 1\n{% endif %}\n`, /^1:1 yaml a template/],
    ['a merge', `version: 1\n<<<<<<< HEAD\nsource: { path: /a }\n=======\n>>>>>>> x\n`, /^2:1 yaml a merge/],
    [
      'git-crypt',
      Buffer.from('\0GITCRYPT\0\xff\xfe\x80', 'latin1'),
      /^1:1 not-utf-8 the file is encrypted with git-crypt/,
    ],
    ['sops', 'version: ENC[AES256_GCM,data:AA==,iv:x,type:int]\nsops: { mac: x }\n', /^1:10 yaml .*sops/],
    ['Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n', /^1:1 yaml .*LFS/],
  ])('%s', async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([expect.stringMatching(fault)])
  })

  test.each([
    ['a comment', `# was {{ path }}, ENC[AES256_GCM,data:x]\n${spec({})}`],
    [
      'a comment behind a value',
      spec({ more: 'retain: { last: 3 } # {{ last }} {% x %} ENC[AES256_GCM,x]' }),
    ],
    ['a reason', spec({ more: 'suspend: { reason: "wait for {{ticket}}" }' })],
    ['a reason of two lines', spec({ more: 'suspend:\n  reason: wait\n    for {{ticket}} %{x}' })],
    ['a reason in quotes of two lines', spec({ more: 'suspend:\n  reason: "wait\n    for @@X@@"' })],
    ['a block', spec({ more: `suspend:\n  reason: |-\n    wait\n\n    for \${x}\n    <%= y %>` })],
  ])('%s that speaks of such things is none', async (_, text) => {
    expect(await load({ 'db.yaml': text })).toMatchObject({ faults: [], specs: [{ name: 'db' }] })
  })
})

// Where each sign asks for a look through all the rest, one of these takes a minute.
describe('hostile text of 256 KiB is read through once', () => {
  const SIGNS = [
    '{',
    '{% ',
    '{{a ',
    'ENC[AES256_GCM,',
    ' ',
    '- ',
    ': ',
    '[{a',
    ': {a}',
    'cron: ',
    'cron: * *,*',
    '#',
    'a#',
    ...['%{', '${', '$(', '@@', '@A', '<%', '{#', ' "', " '", '"\\', '&a.b *a.b ', '*.b ', '{a}', '[a]'],
    ...['reason: ', 'reason: a\n', 'a: |\n', ' a: |\n', '\r', 'a:\r', 'a: {\r', '\u2028', '%Y\n', '<<<<<<< '],
  ]
  // The parser takes a second for some of these by itself: what is ours alone has to read them whole.
  test.each(SIGNS)(
    '%j',
    async (sign) => {
      const long = sign.repeat(Math.floor((256 * 1024) / sign.length))
      const source = { file: 'db.yaml', text: long }
      const faults = [notASpec(source) ?? [], unquoted(source)].flat()
      expect(faults.every(({ place }) => place.end <= long.length)).toBe(true)
      expect((await load({ 'db.yaml': long.slice(0, 8192) })).specs).toEqual([])
    },
    60_000,
  )

  test.each([
    ['a key', `${spec({})}? ${'ab'.repeat(125_000)}\n: 1\n`, 'unknown-key'],
    ['a path', spec({ destination: `{ path: "/${'a/'.repeat(125_000)}" }` }), 'wrong-value'],
  ])(
    '%s too',
    async (_, text, code) => {
      expect((await load({ 'db.yaml': text })).faults).toMatchObject([{ code }])
    },
    60_000,
  )
})

test.each([']', '}', '] ', '}{', '"}', '& '])(
  'I15: a file full of %s is faulty, with a bounded number of faults, and nothing else',
  async (piece) => {
    const hostile = `version: 1\na: ${piece.repeat(20_000)}\n`
    const { faults, specs } = await load({ 'db.yaml': hostile, 'well.yaml': spec() })
    expect(specs).toHaveLength(1)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.length).toBeLessThanOrEqual(200)
  },
)

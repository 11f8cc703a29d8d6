import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { load, spec, told } from '../spec-folder.ts'

const faultsOf = async (text: string | Buffer): Promise<readonly string[]> => {
  const { faults, specs, folder } = await load({ 'db.yaml': text as string })
  expect(specs).toEqual([])
  return told({ folder, faults }).map((line) => line.replace('db.yaml:', ''))
}
const quoted = (line: string, begins: string, value: string) =>
  `${line} yaml the value begins with "${begins} in YAML (put it in quotes: "${value}")`
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
  ])('%s', async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([fault])
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
  ]
  test.each(SIGNS.map((sign) => [sign, sign.repeat(Math.floor((256 * 1024) / sign.length))]))(
    '%j',
    async (_, text) => {
      expect((await load({ 'db.yaml': text })).specs).toEqual([])
    },
    20_000,
  )

  test.each([
    ['a key', `${spec({})}? ${'ab'.repeat(125_000)}\n: 1\n`, 'unknown-key'],
    ['a path', spec({ destination: `{ path: "/${'a/'.repeat(125_000)}" }` }), 'wrong-value'],
  ])(
    '%s too',
    async (_, text, code) => {
      expect((await load({ 'db.yaml': text })).faults).toMatchObject([{ code }])
    },
    20_000,
  )
})

test.each([']', '}', '] ', '}{', '"}', '& '])(
  'I15: a file full of %s is faulty, with a bounded number of faults, and nothing else',
  async (piece) => {
    const hostile = `version: 1\na: ${piece.repeat(250_000).slice(0, 250_000)}\n`
    const { faults, specs } = await load({ 'db.yaml': hostile, 'well.yaml': spec() })
    expect(specs).toHaveLength(1)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.length).toBeLessThanOrEqual(200)
  },
)

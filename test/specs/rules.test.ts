import { describe, expect, test } from 'vitest'
import { parsePeriod } from '../../src/specs/spec/units.ts'
import { load, spec, told } from './spec-folder.ts'

const one = async (more: string, defaults?: string) => {
  const loaded = await load({
    ...(defaults === undefined ? {} : { '_defaults.yaml': defaults }),
    'db.yaml': spec({ more }),
  })
  expect(told(loaded)).toEqual([])
  return { spec: loaded.specs[0]!, effective: loaded.effective.get('db') as Record<string, unknown> }
}

test.each([
  ['14d', 14, 0],
  ['2w', 14, 0],
  ['36h', 0, 36 * 3600],
  ['90m', 0, 5400],
  ['1.5d', 1, 12 * 3600],
])('%s is %i days and %i seconds', (text, days, seconds) => {
  expect(parsePeriod(text)).toEqual({ ok: true, value: { days, seconds } })
})

test.each([
  ['a day, which is its end in the zone', '2026-03-29', 'Europe/Oslo', '2026-03-29T22:00:00.000Z'],
  ['a day in UTC', '2026-03-28', null, '2026-03-29T00:00:00.000Z'],
  ['a time', '2026-03-28T12:00:00+02:00', 'Europe/Oslo', '2026-03-28T10:00:00.000Z'],
  ['a time with a fraction', '2026-03-28t12:00:00.5z', null, '2026-03-28T12:00:00.500Z'],
])('expected until %s', async (_, until, zone, wanted) => {
  const series = zone === null ? '' : `series: { timezone: ${zone} }\n`
  const { spec } = await one(`${series}expect: { every: 1d, until: ${until} }`)
  expect(new Date(spec.expect[0]!.until!).toISOString()).toBe(wanted)
})

describe('in _defaults.yaml', () => {
  const defaults = `series: { pattern: "{series}-{YYYY}", timezone: Europe/Oslo }
retain: { daily: 7, yearly: 2 }
expect: { every: 1d, grace: 1h }
prune: { mode: manual, keepAtLeast: 5 }
`
  test('series, retain and expect are replaced whole, and prune is merged', async () => {
    const { spec } = await one(
      'series: { timezone: UTC }\nretain: { last: 1 }\nexpect: { cron: "0 0 * * *" }\nprune: { keepAtLeast: 9 }',
      defaults.replace('daily: 7, ', ''),
    )
    expect(spec.series).toEqual({ patterns: [], timezone: 'UTC' })
    expect(spec.retain).toMatchObject({ last: 1, daily: null, yearly: null })
    expect(spec.expect).toMatchObject([{ rhythm: { kind: 'cron' }, grace: 0 }])
    expect(spec.prune).toMatchObject({ mode: 'manual', keepAtLeast: 9 })
  })
  test('an empty value removes them', async () => {
    const { spec, effective } = await one('series:\nretain: null\nexpect: ~', defaults)
    expect(spec).toMatchObject({ series: { patterns: [] }, retain: null, expect: [] })
    expect(Object.keys(effective)).not.toContain('retain')
  })
  test('faults are told there, once', async () => {
    const files = { '_defaults.yaml': defaults, 'a.yaml': spec(), 'b.yaml': spec() }
    expect(told(await load(files))).toEqual([
      expect.stringMatching(/^_defaults\.yaml:2:18 too-coarse retain\.daily/),
    ])
  })
})

test('what is implied is written out, and what is not said stays unsaid', async () => {
  const { effective } = await one('retain: { daily: 7 }\nexpect: { every: 1d }')
  expect(effective).toMatchObject({
    retain: { daily: 7, pick: 'newest', pin: [] },
    expect: [{ every: '1d', grace: '0s' }],
    prune: { mode: 'never', keepAtLeast: 3, minAge: '7d', trashFor: '7d' },
    verify: { every: '30d' },
  })
  expect(effective).not.toHaveProperty('series')
})

describe('the digest', () => {
  const digest = async (more: string) => (await one(more)).spec.digest
  test.each([
    ['a list of one and the one', 'expect: { every: 1d }', 'expect: [{ every: 1d, grace: 0s }]'],
    [
      'a list of one pattern and the pattern',
      'series: { pattern: "{series}", timezone: UTC }',
      'series: { timezone: UTC, pattern: ["{series}"] }',
    ],
    ['nothing and the defaults', '', 'prune: { mode: never }\nverify: { every: 30d }'],
    [
      'a rule and the same with defaults',
      'retain: { last: 1 }',
      'retain: { pin: [], pick: newest, last: 1 }',
    ],
  ])('is the same for %s', async (_, one, other) => {
    expect(await digest(one)).toBe(await digest(other))
  })
  test.each([
    'retain: { last: 1 }',
    'series: { timezone: UTC }',
    'expect: { every: never }',
    'prune: { minAge: 8d }',
  ])('is another with %s', async (more) => {
    expect(await digest(more)).not.toBe(await digest(''))
  })
})

test('rotate is off where it is not written; it comes from _defaults.yaml with the mount, and faults point there', async () => {
  const under = (text: string, destination: string) =>
    load({ '_defaults.yaml': text, 'db.yaml': spec({ destination }) })
  const place = async (text: string, destination: string) =>
    (await under(text, destination)).specs[0]?.destination
  expect(await place('destination: { mount: /d }', '{ path: /d/x }')).toMatchObject({ rotate: false })
  const both = 'destination: { mount: /d, rotate: true }'
  expect(await place(both, '{ path: /d/x }')).toMatchObject({ mount: '/d', rotate: true })
  expect(await place(both, '{ path: /d/x, rotate: null }')).toMatchObject({ mount: '/d', rotate: false })
  const alone = 'destination: { rotate: true }'
  expect(await place(alone, '{ path: /d/x, mount: /d }')).toMatchObject({ mount: '/d', rotate: true })
  expect(await place(alone, '{ path: /d/x, rotate: false }')).toMatchObject({ mount: null, rotate: false })
  expect(told(await under(alone, '{ path: /d/x }'))).toEqual([
    expect.stringContaining('_defaults.yaml:1:24 missing-key "rotate" without "mount" in destination'),
  ])
  expect(told(await under('destination: { mount: [ }', '{ path: /d/x, rotate: true }')).join()).not.toContain(
    'rotate',
  )
})

test.each(
  [
    'run plan apply watch status serve explain verify prune restore log release suspend resume snapshot validate',
    'schema doctor source service demo completion help version',
  ].flatMap((words) => words.split(' ')),
)("no backup is called %s, a command's word", async (name) => {
  const loaded = await load({ [`${name}.yaml`]: spec(), 'b.yaml': spec({ name }) })
  expect(loaded.specs).toEqual([])
  expect(told(loaded).filter((line) => line.includes(' bad-name '))).toHaveLength(2)
})

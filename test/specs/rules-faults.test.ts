import { describe, expect, test } from 'vitest'
import { load, spec, told } from './spec-folder.ts'

/** The only file's faults, without its name; the keys are written from line 4 on. */
async function faultsOf(keys: string): Promise<readonly string[]> {
  const { faults, specs, folder } = await load({ 'db.yaml': spec({ more: keys }) })
  expect(specs).toEqual([])
  return told({ folder, faults }).map((line) => line.replace('db.yaml:', ''))
}

const daily = 'series: { pattern: "db-{YYYY}-{MM}-{DD}.gz", timezone: UTC }\n'

describe('each fault points at its place and says what to do', () => {
  test.each<[string, string, string]>([
    // series
    [
      'a pattern without a zone',
      'series: { pattern: "db-{YYYY}" }',
      '4:11 missing-key "pattern" without "timezone" in series (name the zone',
    ],
    [
      'finished by nothing known',
      'finished: markers',
      '4:11 wrong-value finished is "markers", not "marker"',
    ],
    [
      'finished by two',
      'finished: { sums: A, quiet: 1h }',
      '4:11 wrong-value finished has more than one of its keys',
    ],
    [
      'a quiet time of nothing',
      'finished: { quiet: 0s }',
      '4:20 out-of-range finished.quiet: "0s" is below 1s',
    ],
    [
      'finished, in a list',
      'finished: [marker]',
      '4:11 wrong-type finished is a list, not text, or keys with values',
    ],
    ['a bare quiet time', 'finished: { quiet: 30 }', '4:20 bad-unit finished.quiet: 30'],
    [
      'sums in a folder',
      'finished: { sums: a/MD5SUMS }',
      '4:19 wrong-value finished.sums: "a/MD5SUMS" holds a "/"',
    ],
    [
      'sums of everything',
      "finished: { sums: '*' }",
      '4:19 bad-glob finished.sums: "*" fits data too, such as x, and what it fits is never pulled (write the name of the file',
    ],
    [
      'sums of everything below',
      "finished: { sums: '**' }",
      '4:19 bad-glob finished.sums: "**" fits data too',
    ],
    [
      'sums of everything with a dot',
      "finished: { sums: '*.*' }",
      '4:19 bad-glob finished.sums: "*.*" fits data too, such as backup.tar',
    ],
    ['sums of any sign', "finished: { sums: '?*' }", '4:19 bad-glob finished.sums: "?*" fits data too'],
    [
      'sums of what archives end with',
      "finished: { sums: '*.gz' }",
      '4:19 bad-glob finished.sums: "*.gz" fits data too, such as db-2026-11-29.tar.gz',
    ],
    [
      'sums of choices of endings',
      "finished: { sums: '*.{tar,md5}' }",
      '4:19 bad-glob finished.sums: "*.{tar,md5}" fits data too',
    ],
    ['sums of no file', "finished: { sums: '.' }", '4:19 bad-glob finished.sums: "." is no name of a file'],
    ['sums of the folder above', "finished: { sums: '..' }", '4:19 bad-glob finished.sums: ".." holds'],
    [
      'sums of what is selected',
      "finished: { sums: 'db-*' }\nselect: { include: ['db-*.bak'] }",
      '4:19 bad-glob finished.sums: "db-*" fits data too, such as db-x.bak',
    ],
    ['sums of no name', "finished: { sums: '' }", '4:19 wrong-value finished.sums is empty'],
    [
      'dated names without a zone',
      'select: { as: "{stem}-{YYYY}-{MM}-{DD}{ext}" }',
      '4:15 missing-key select.as needs series.timezone',
    ],
    [
      'dated names without a day',
      'select: { as: "{stem}-{YYYY}-{MM}{ext}" }\nseries: { timezone: UTC }',
      '4:16 bad-pattern select.as: no whole date: {DD} is missing',
    ],
    [
      'dated names with a token that is none',
      'select: { as: "{stem}-{date}{ext}" }\nseries: { timezone: UTC }',
      '4:23 bad-pattern select.as: there is no token {date}; did you mean {YYYY}-{MM}-{DD}?',
    ],
    [
      'dated names in a folder of their own',
      'select: { as: "{YYYY}/{stem}-{MM}-{DD}" }\nseries: { timezone: UTC }',
      '4:22 bad-pattern select.as: "/" in it',
    ],
    ['an empty series', 'series: {}', '4:9 wrong-value series is empty'],
    [
      'a zone that is near one',
      'series: { timezone: Europe/Olso }',
      '4:21 bad-timezone series.timezone: "Europe/Olso" is no time zone: did you mean Europe/Oslo?',
    ],
    [
      'a city alone',
      'series: { timezone: oslo }',
      '4:21 bad-timezone series.timezone: "oslo" is no time zone: did you mean Europe/Oslo?',
    ],
    [
      'a zone that is near none',
      'series: { timezone: Mars/Base }',
      '4:21 bad-timezone series.timezone: "Mars/Base" is no time zone: write an IANA name',
    ],
    [
      'an offset',
      'series: { timezone: "+01:00" }',
      '4:21 bad-timezone series.timezone: "+01:00" is an offset',
    ],
    [
      'an offset by another name',
      'series: { timezone: UTC+1 }',
      '4:21 bad-timezone series.timezone: "UTC+1" is an offset',
    ],
    [
      'an unknown token, at the token',
      'series: { pattern: "db-{yyyy}.gz", timezone: UTC }',
      '4:24 bad-pattern series.pattern: there is no token {yyyy}; did you mean {YYYY}?',
    ],
    [
      'a token in a list, without quotes',
      'series:\n  timezone: UTC\n  pattern:\n    - "{series}.gz"\n    - db-{YYYY}-{DD}',
      '8:17 bad-pattern series.pattern[1]: {DD} without {MM}',
    ],
    [
      'a pattern that is written otherwise than it is read, at its beginning',
      'series: { pattern: "db\\x2d{yyyy}", timezone: UTC }',
      '4:20 bad-pattern series.pattern: there is no token {yyyy}',
    ],
    ['a pattern that YAML takes for a map', 'series: { pattern: {series}.gz, timezone: UTC }', '4:20 yaml'],
    [
      'a pattern that is a number',
      'series: { pattern: 7, timezone: UTC }',
      '4:20 wrong-type series.pattern is 7, not text or a list',
    ],
    [
      'no pattern in the list',
      'series: { pattern: [], timezone: UTC }',
      '4:20 wrong-value series.pattern is an empty list',
    ],
    [
      'more patterns than fifty',
      `series: { pattern: [${'"{series}",'.repeat(51)}], timezone: UTC }`,
      '4:20 wrong-value series.pattern has more than 50 entries',
    ],
    [
      "strftime's letters",
      'series: { pattern: "db-%Y-%m.gz", timezone: UTC }',
      '4:21 bad-pattern series.pattern: the pattern has no token',
    ],
    // retain
    ['no rule', 'retain: {}', '4:9 wrong-value retain is empty'],
    [
      'pick alone',
      'retain: { pick: oldest }',
      '4:9 wrong-value retain says which point stands for a period, and of none how many',
    ],
    ['none to keep', 'retain: { daily: 0 }', '4:18 out-of-range retain.daily is 0, not between 1 and 100000'],
    ['half a day', 'retain: { daily: 1.5 }', '4:18 wrong-type retain.daily is 1.5, not a whole number'],
    [
      "restic's word",
      'retain: { keep-daily: 7 }',
      '4:11 unknown-key unknown key "keep-daily" in retain (did you mean "daily"?)',
    ],
    [
      "restic's word at the top",
      'keepDaily: 7',
      '4:1 unknown-key unknown key "keepDaily" (did you mean "retain.daily"?)',
    ],
    [
      'another word',
      'retention: { daily: 7 }',
      '4:1 unknown-key unknown key "retention" (did you mean "retain"?)',
    ],
    ['keep', 'keep: 7', '4:1 unknown-key unknown key "keep" (did you mean "retain"?)'],
    ['policy', 'policy: {}', '4:1 unknown-key unknown key "policy" (did you mean "retain"?)'],
    ['tz at the top', 'tz: UTC', '4:1 unknown-key unknown key "tz" (did you mean "series.timezone"?)'],
    [
      'tz in its map',
      'series: { tz: UTC }',
      '4:11 unknown-key unknown key "tz" in series (did you mean "timezone"?)',
    ],
    ['autoprune', 'autoprune: true', '4:1 unknown-key unknown key "autoprune" (did you mean "prune"?)'],
    ['a bare period', 'retain: { within: 14 }', '4:19 bad-unit retain.within: 14 has no unit'],
    ['no period', 'retain: { within: 0d }', '4:19 out-of-range retain.within: "0d" is below 1s'],
    [
      'a wrong pick',
      'retain: { daily: 1, pick: latest }',
      '4:27 wrong-value retain.pick is "latest", not "newest" or "oldest"',
    ],
    ['a pin that is no glob', 'retain: { pin: ["[a"] }', '4:17 bad-glob retain.pin[0]: "[a" is no glob'],
    [
      'hours of names that tell the day',
      `${daily}retain: { daily: 7, hourly: 24 }`,
      '5:29 too-coarse retain.hourly needs the hour, and series.pattern tells the day only (remove it, or add the hour',
    ],
    [
      'weeks of names that tell the month',
      'series: { pattern: "db-{YYYY}-{MM}", timezone: UTC }\nretain: { weekly: 7 }',
      '5:19 too-coarse retain.weekly needs the day, and series.pattern tells the month only',
    ],
    // expect
    [
      'neither every nor cron',
      'expect: { grace: 2h }',
      '4:9 missing-key "every" is missing in expect (write "every: 24h"',
    ],
    [
      'neither in a list',
      'expect: [{ every: 1h }, { grace: 2h }]',
      '4:25 missing-key "every" is missing in expect[1]',
    ],
    [
      'both',
      'expect: { every: 1d, cron: "0 0 * * *" }',
      '4:9 wrong-value expect has both "every" and "cron"',
    ],
    ['text', 'expect: daily', '4:9 wrong-type expect is "daily", not keys with values, or a list of such'],
    [
      'an unknown key',
      'expect: { cron: "0 0 * * *", evry: 1h }',
      '4:30 unknown-key unknown key "evry" in expect (did you mean "every"?)',
    ],
    [
      'an unknown key in a list',
      'expect: [{ every: 1h, until_: x }]',
      '4:23 unknown-key unknown key "until_" in expect[0] (did you mean "until"?)',
    ],
    ['no list at all', 'expect: []', '4:9 wrong-value expect is an empty list'],
    [
      'a bare interval',
      'expect: { every: 24 }',
      '4:18 bad-unit expect.every: 24 has no unit: write 24s, 24m (minutes) or 24h',
    ],
    [
      'a word for an interval',
      'expect: { every: daily }',
      '4:18 bad-unit expect.every: "daily" is no duration: write 1d',
    ],
    ['no interval', 'expect: { every: 0s }', '4:18 out-of-range expect.every: "0s" is below 1s'],
    [
      'seconds in a timetable',
      'expect: { cron: "0 0 0 * * *" }',
      '4:17 bad-cron expect.cron: "0 0 0 * * *" has six fields: seconds are not read',
    ],
    [
      'a short timetable',
      'expect: { cron: "0 0" }',
      '4:17 bad-cron expect.cron: "0 0" has 2 fields, not five',
    ],
    ['a nickname', 'expect: { cron: "@daily" }', '4:17 bad-cron expect.cron: "@daily" is a nickname'],
    ['hour 25', 'expect: { cron: "0 25 * * *" }', '4:17 bad-cron expect.cron: "0 25 * * *" is no timetable'],
    [
      '30 February',
      'expect: { cron: "0 0 30 2 *" }',
      '4:17 bad-cron expect.cron: "0 0 30 2 *" is at no time at all',
    ],
    [
      'a reach without a unit',
      'expect: { every: 1d, reach: 365 }',
      '4:29 bad-unit expect.reach: 365 has no unit',
    ],
    ['no reach', 'expect: { every: 1d, reach: 0s }', '4:29 out-of-range expect.reach: "0s" is below 1s'],
    [
      'a reach of what nothing is asked of',
      'expect: { every: never, reach: 1d }',
      '4:32 wrong-value expect: "reach" beside "every: never"',
    ],
    ['half of the bounds', 'anomaly: { size: [0.5] }', '4:18 wrong-value anomaly.size needs 2 entries'],
    ['a bound alone', 'anomaly: { size: 2 }', '4:18 wrong-type anomaly.size'],
    [
      'bounds that leave out the median',
      'anomaly: { size: [2, 0.5] }',
      '4:18 out-of-range anomaly.size: [2,0.5] does not hold 1',
    ],
    ['a bound in words', 'anomaly: { size: [0.5, big] }', '4:24 wrong-type anomaly.size'],
    ['no truth', 'anomaly: { kind: maybe }', '4:18 wrong-type anomaly.kind'],
    [
      'no anomaly at all',
      'anomaly: {}',
      '4:10 wrong-value anomaly is empty (write it as anomaly: { size: [0.5, 2], kind: true }, or leave it out)',
    ],
    ['anomalies', 'anomalies: { kind: true }', '4:1 unknown-key unknown key "anomalies"'],
    [
      'a day that is none',
      'expect: { every: 1d, until: 2026-02-30 }',
      '4:29 bad-time expect.until: "2026-02-30" is no time: write',
    ],
    [
      'a time without offset',
      'expect: { every: 1d, until: 2026-02-20T12:00:00 }',
      '4:29 bad-time expect.until: "2026-02-20T12:00:00" has no offset',
    ],
    ['a time that is none', 'expect: { every: 1d, until: 2026-02-20T25:00:00Z }', '4:29 bad-time'],
    [
      'a glob that is none',
      `${daily}expect: { series: "!a", every: 1d }`,
      '5:19 bad-glob expect.series: "!a" begins with "!"',
    ],
    // prune and verify
    ['a word for a map', 'prune: true', '4:8 wrong-type prune is true, not keys with values'],
    [
      'another mode',
      'prune: { mode: always }',
      '4:16 wrong-value prune.mode is "always", not "never" or "manual" or "auto"',
    ],
    [
      'I9: by itself, with nothing expected',
      'retain: { last: 9 }\nprune: { mode: auto }',
      '5:16 missing-key prune.mode is "auto" without "expect"',
    ],
    [
      'I9: no floor',
      'prune: { keepAtLeast: 0 }',
      '4:23 out-of-range prune.keepAtLeast is 0, not between 1 and 100000',
    ],
    ['a bare age', 'prune: { minAge: 7 }', '4:18 bad-unit prune.minAge: 7 has no unit'],
    [
      'an endless age',
      'prune: { minAge: 9999999999999999w }',
      '4:18 out-of-range prune.minAge: "9999999999999999w" is too large',
    ],
    ['never verified', 'verify: { every: 0s }', '4:18 out-of-range verify.every: "0s" is below 1s'],
    [
      'never verified, in a word',
      'verify: { every: never }',
      '4:18 bad-unit verify.every: "never" is not a duration',
    ],
  ])('%s', async (_, keys, fault) => {
    const found = await faultsOf(keys)
    expect(found.map((line) => line.slice(0, fault.length))).toEqual([fault])
  })
})

test.each([
  [
    'names of several kinds, one of which tells the hour',
    'series: { pattern: ["a-{YYYY}", "b-{epoch}"], timezone: UTC }\nretain: { hourly: 3 }',
  ],
  [
    'names without a date, which have modification times',
    'series: { pattern: ["{series}.gz"], timezone: UTC }\nretain: { hourly: 3 }',
  ],
  ...['MD5SUMS', "'*.md5'", 'SUMS.md5', "'*SUMS'", "'*.sums.txt'", "'SHA256SUMS-*'", 'db.tar', 'LIST'].map(
    (name): [string, string] => [`sums files called ${name}`, `finished: { sums: ${name} }`],
  ),
  ['a zone alone', 'series: { timezone: America/New_York }\nretain: { daily: 3 }'],
  ['a series that is guessed', 'expect: [{ series: "a-*", every: 1d }]'],
  ['pins alone', 'retain: { pin: ["db-*"] }'],
  ['a leap day', 'expect: { cron: "0 0 29 2 *", grace: 1d }'],
  [
    'never, with grace',
    `${daily}expect: { every: never, grace: 1d, until: 2026-12-31T12:00:00+01:00 }\nretain: { last: 9 }\nprune: { mode: auto }`,
  ],
])('fine: %s', async (_, keys) => {
  expect(told(await load({ 'db.yaml': spec({ more: keys }) }))).toEqual([])
})

test('I9: auto removes nothing of series that are guessed: a warning with the pattern to write', async () => {
  const more =
    'select: { include: ["*.sql.gz"] }\nexpect: { every: 24h }\nretain: { daily: 7 }\nprune: { mode: auto }'
  const { faults } = await load({ 'db.yaml': spec({ more }) })
  expect(faults).toMatchObject([
    {
      ...{ severity: 'warning', code: 'guessed-series', line: 7, column: 16 },
      hint: expect.stringContaining('{series}-{YYYY}-{MM}-{DD}.sql.gz'),
    },
  ])
  expect((await load({ 'db.yaml': spec({ more: `${daily}${more}` }) })).faults).toEqual([])
})

test('a prune without retain has nothing to remove: a warning', async () => {
  const { faults, specs } = await load({ 'db.yaml': spec({ more: 'prune: { mode: manual }' }) })
  expect(specs).toHaveLength(1)
  expect(faults).toMatchObject([{ severity: 'warning', code: 'prunes-nothing', line: 4, column: 16 }])
  const sound = await load({
    'db.yaml': spec({ more: `${daily}retain: { daily: 7 }\nprune: { mode: manual }` }),
  })
  expect(sound.faults).toEqual([])
})

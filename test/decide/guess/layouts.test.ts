import { describe, expect, test } from 'vitest'
import { guessSpec } from '../../../src/decide/guess/guess.ts'
import { ago, DAY, daysBack, listing, MB, NOW, type Part, ymd } from './listing.ts'

/** What is found, by key: its value; `?` where it is left to a person, and `VALUE ?` where it is not sure. */
function found(parts: readonly Part[], texts: Readonly<Record<string, string>> = {}, zone = 'Europe/Oslo') {
  const guess = guessSpec(listing(parts), { now: NOW, texts: new Map(Object.entries(texts)), zone })
  const findings = Object.fromEntries(
    guess.findings.map(({ key, value, question }) => [
      key,
      value === undefined ? '?' : question === undefined ? value : [value, '?'],
    ]),
  )
  const { backups, sidecars, sums, others } = guess.files
  const counts = [backups, sidecars, sums, others].map(({ count }) => count).join(' ')
  return { ...findings, files: counts }
}

const later = (date: Date, minutes: number): Date => new Date(date.getTime() + minutes * 60_000)
const OSLO = ['Europe/Oslo', '?']
const QUIET = [{ quiet: '30m' }, '?']
const DAILY = { every: '24h', grace: '6h' }
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const dmy = (date: Date, between: string): string => ymd(date).split('-').reverse().join(between)

describe('thirteen layouts of sources', () => {
  test('dated dumps with sidecars', () => {
    const parts = daysBack(30).flatMap((day): Part[] => [
      [`db-${ymd(day)}.sql.gz`, later(day, 7)],
      [`db-${ymd(day)}.sql.gz.MD5`, later(day, 8), 60],
    ])
    expect(found(parts)).toEqual({
      finished: 'marker',
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}.sql.gz',
      'series.timezone': OSLO,
      retain: [{ daily: 30, weekly: 4, monthly: 12 }, '?'],
      expect: DAILY,
      files: '30 30 0 0',
    })
  })

  test('vzdump', () => {
    const parts = daysBack(5, 1, 0).flatMap((day) =>
      ['qemu-100', 'lxc-101'].flatMap((guest, i): Part[] => {
        const name = `vzdump-${guest}-${ymd(day, '_')}-0${i + 1}_00_02`
        const at = later(day, i * 60 + 20)
        const end = i === 0 ? 'vma.zst' : 'tar.zst'
        return [
          [`${name}.${end}`, at, 30_000 * MB],
          [`${name}.log`, at, 4000],
          [`${name}.${end}.notes`, at, 20],
        ]
      }),
    )
    expect(found(parts)).toEqual({
      finished: QUIET,
      'select.exclude': ['*.log', '*.notes'],
      'series.pattern': [
        '{series}-{YYYY}_{MM}_{DD}-{hh}_{mm}_{ss}.vma.zst',
        '{series}-{YYYY}_{MM}_{DD}-{hh}_{mm}_{ss}.tar.zst',
      ],
      // 01:00 in the name, and written at 00:20 UTC.
      'series.timezone': 'Europe/Oslo',
      retain: [{ daily: 7, weekly: 4, monthly: 12 }, '?'],
      expect: DAILY,
      files: '10 0 0 20',
    })
  })

  test('folders with dates', () => {
    const parts = daysBack(14).flatMap((day): Part[] => [
      [`${ymd(day)}/db.sql.gz`, later(day, 5)],
      [`${ymd(day)}/files.tar.gz`, later(day, 35)],
    ])
    expect(found(parts)).toEqual({
      finished: QUIET,
      'series.pattern': ['{YYYY}-{MM}-{DD}/{series}.sql.gz', '{YYYY}-{MM}-{DD}/{series}.tar.gz'],
      'series.timezone': OSLO,
      retain: [{ daily: 14, weekly: 4, monthly: 12 }, '?'],
      expect: DAILY,
      files: '28 0 0 0',
    })
  })

  test.each([
    [
      'by date',
      (day: Date, i: number) => `2026/${ymd(day).slice(5, 7)}/IMG_${ymd(day, '')}_1530${10 + (i % 50)}.jpg`,
    ],
    ['by number', (_: Date, i: number) => `Camera/${i % 9}/DSC_0${100 + i}.NEF`],
    ['of any name', (_: Date, i: number) => `Albums/a${i % 40}/${'abcdefghij'[i % 10]} at the sea ${i}.jpeg`],
  ])('photos: everything is kept and nothing is expected, %s', (_, name) => {
    const parts = daysBack(160, 2).map((day, i): Part => [name(day, i), day, 4 * MB])
    expect(found([...parts, ['Albums/notes.txt', ago(40), 900]])).toEqual({
      finished: QUIET,
      retain: '?',
      files: '161 0 0 0',
    })
  })

  test('a name that is written anew', () => {
    expect(
      found([
        ['backup.tar.gz', ago(8)],
        ['README.txt', ago(9000), 400],
      ]),
    ).toEqual({
      finished: QUIET,
      'select.exclude': ['README.txt'],
      'select.as': ['{stem}-{YYYY}-{MM}-{DD}{ext}', '?'],
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}.tar.gz',
      'series.timezone': OSLO,
      retain: [{ daily: 7, weekly: 4, monthly: 12 }, '?'],
      expect: '?',
      files: '1 0 0 1',
    })
  })

  test.each([
    [(n: number) => `backup.tar.${n}`, 'backup-{YYYY}-{MM}-{DD}.tar'],
    [(n: number) => `backup-${n}.tar`, 'backup-{YYYY}-{MM}-{DD}.tar'],
    [(n: number) => `daily.${n - 1}`, 'daily-{YYYY}-{MM}-{DD}'],
    [(n: number) => `db.sql.${n}.gz`, 'db-{YYYY}-{MM}-{DD}.sql.gz'],
    [(n: number) => `${n}.tar`, '{YYYY}-{MM}-{DD}.tar'],
    [(n: number) => `db (${n}).bak`, 'db-{YYYY}-{MM}-{DD}.bak'],
    [(n: number) => (n === 1 ? 'dump.gz' : `dump.gz.${n - 1}`), 'dump-{YYYY}-{MM}-{DD}.gz'],
  ])('rotated numbers: all become one dated name, %s', (name, as) => {
    const parts = [1, 2, 3, 4, 5, 6].map((n): Part => [name(n), ago(8 + 24 * (n - 1))])
    expect(found(parts)).toEqual({
      finished: QUIET,
      'select.as': as,
      'series.pattern': as,
      'series.timezone': OSLO,
      retain: [{ daily: 7, weekly: 4, monthly: 12 }, '?'],
      expect: DAILY,
      files: '6 0 0 0',
    })
  })

  describe('split archives', () => {
    const split = (ending: (n: number) => string): Part[] =>
      [0, 1, 2].map((n) => [`vm.tar${ending(n)}`, later(ago(30), n), n === 2 ? 5 * MB : 700 * MB])

    test.each([
      ['vm.md5', (n: number) => `.00${n + 1}`],
      ['vm.tar.md5', (n: number) => `.part-a${'abc'[n]}`],
      ['vm.tar.md5', (n: number) => `.a${'abc'[n]}`],
    ])('one %s names several parts', (sidecar, ending) => {
      const parts: Part[] = [...split(ending), [sidecar, ago(29), 200]]
      const text = split(ending)
        .map(([name]) => `${MD5}  ${name}\n`)
        .join('')
      expect(found(parts, { [sidecar]: text })).toMatchObject({
        finished: { sums: '*.md5' },
        files: '3 1 0 0',
      })
      expect(found(parts)).toMatchObject({ finished: [{ sums: '*.md5' }, '?'] })
    })

    test('the parts of one date are one point', () => {
      const parts = daysBack(8, 7).flatMap((day) => [
        ...['aa', 'ab', 'ac'].map((part): Part => [`vm-${ymd(day)}.tar.part-${part}`, later(day, 5)]),
        [`vm-${ymd(day)}.tar.md5`, later(day, 9), 200] as const,
      ])
      expect(found(parts)).toEqual({
        finished: [{ sums: '*.md5' }, '?'],
        'series.pattern': '{series}-{YYYY}-{MM}-{DD}.tar.part-{part}',
        'series.timezone': OSLO,
        retain: [{ weekly: 8, monthly: 12 }, '?'],
        expect: { every: '7d', grace: '24h' },
        files: '24 8 0 0',
      })
    })
  })

  describe('one file with the sums of many', () => {
    const dumps = daysBack(10).map((day): Part => [`www_${ymd(day, '')}.tgz`, later(day, 20)])
    const sums = (digest: string) => dumps.map(([name]) => `${digest}  ${name}\n`).join('')

    test.each([
      ['MD5SUMS', MD5, {}],
      ['SHA256SUMS', SHA256, { checksum: 'sha256' }],
      ['what-is-here', SHA256, { checksum: 'sha256' }],
      ['manifest.txt', MD5, {}],
    ])('%s', (name, digest, more) => {
      const wanted = { finished: { sums: name }, ...more, expect: DAILY, files: '10 0 1 0' }
      expect(found([...dumps, [name, ago(7), 900]], { [name]: sums(digest) })).toMatchObject(wanted)
    })

    test('of a kind that cannot be checked here: quiet', () => {
      expect(found([...dumps, ['SHA1SUMS', ago(7), 900]])).toMatchObject({
        finished: QUIET,
        'select.exclude': ['SHA1SUMS'],
      })
    })

    test('what it does not name is asked about', () => {
      const parts: Part[] = [...dumps, ['config-2026-11-20.tar', ago(30)], ['MD5SUMS', ago(7), 900]]
      expect(found(parts, { MD5SUMS: sums(MD5) })).toMatchObject({ finished: [{ sums: 'MD5SUMS' }, '?'] })
    })
  })

  test('folders daily, weekly and monthly: each has its own pace', () => {
    const parts = [
      ...daysBack(9).map((day): Part => [`daily/db-${ymd(day)}.tar.gz`, later(day, 9)]),
      ...daysBack(6, 7).map((day): Part => [`weekly/db-${ymd(day)}.tar.gz`, later(day, 9)]),
      ...[11, 10, 9, 8, 7, 6].map((month): Part => {
        const day = new Date(Date.UTC(2026, month - 1, 1, 2))
        return [`monthly/db-${ymd(day)}.tar.gz`, later(day, 9)]
      }),
    ]
    expect(found(parts)).toEqual({
      finished: QUIET,
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}.tar.gz',
      'series.timezone': OSLO,
      retain: [{ daily: 9, weekly: 6, monthly: 12 }, '?'],
      expect: [
        { series: 'weekly/**', every: '7d', grace: '24h' },
        { series: 'daily/**', ...DAILY },
        { every: '31d', grace: '3d' },
      ],
      files: '21 0 0 0',
    })
  })

  test('empty: all is a question', () => {
    expect(found([])).toEqual({ finished: '?', expect: '?', files: '0 0 0 0' })
    expect(found([['README', ago(3), 300]])).toMatchObject({ expect: '?', files: '1 0 0 0' })
  })

  test('huge: 200,000 files', () => {
    const parts = Array.from({ length: 100_000 }, (_, i): Part[] => {
      const day = new Date(Date.UTC(2026, 10, 29 - (i % 400), 2))
      const name = `host${Math.floor(i / 400)}/db-${ymd(day)}.sql.gz`
      return [
        [name, day],
        [`${name}.sha256`, day, 100],
      ]
    }).flat()
    expect(found(parts)).toEqual({
      finished: 'marker',
      checksum: 'sha256',
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}.sql.gz',
      'series.timezone': OSLO,
      retain: [{ daily: 400, weekly: 4, monthly: 12 }, '?'],
      expect: DAILY,
      files: '100000 100000 0 0',
    })
  })

  test('several producers: what is written anew is to have a spec of its own', () => {
    const parts: Part[] = [
      ...daysBack(20).map((day): Part => [`db-${ymd(day)}.dump`, later(day, 9)]),
      ...daysBack(6, 7).map((day): Part => [`media-${ymd(day)}.tar`, later(day, 99)]),
      ['config.tar.gz', ago(7)],
    ]
    expect(found(parts)).toEqual({
      finished: QUIET,
      'select.as': '?',
      'series.pattern': [['{series}-{YYYY}-{MM}-{DD}.dump', '{series}-{YYYY}-{MM}-{DD}.tar'], '?'],
      'series.timezone': OSLO,
      retain: [{ daily: 20, weekly: 6, monthly: 12 }, '?'],
      expect: [
        { series: 'db', ...DAILY },
        { every: '7d', grace: '24h' },
      ],
      files: '27 0 0 0',
    })
  })

  describe('Windows', () => {
    const names = daysBack(9).map((day): Part => [`Backup ${dmy(day, '.')}.zip`, later(day, 9)])
    const sidecars = names.map(([name, at]): Part => [`${name}.sha256`, at, 90])

    test('blanks, days first, and hashes alone', () => {
      const texts = Object.fromEntries(sidecars.map(([name]) => [name, `${SHA256.toUpperCase()}\r\n`]))
      expect(
        found([...names, ...sidecars, ['Thumbs.db', ago(50), 9000], ['desktop.ini', ago(90), 90]], texts),
      ).toEqual({
        finished: 'marker',
        checksum: 'sha256',
        'select.exclude': ['Thumbs.db', 'desktop.ini'],
        'series.pattern': '{series}{DD}.{MM}.{YYYY}.zip',
        'series.timezone': OSLO,
        retain: [{ daily: 9, weekly: 4, monthly: 12 }, '?'],
        expect: DAILY,
        files: '9 9 0 2',
      })
    })

    test("Get-FileHash's table is no marker", () => {
      const table = `\r\nAlgorithm       Hash                     Path\r\n---------       ----                     ----\r\nSHA256          ${SHA256.toUpperCase()}       C:\\Backup.zip\r\n`
      const texts = Object.fromEntries(sidecars.map(([name]) => [name, table]))
      const guess = guessSpec(listing([...names, ...sidecars]), {
        ...{ now: NOW, zone: 'UTC', texts: new Map(Object.entries(texts)) },
      })
      const finished = guess.findings.find(({ key }) => key === 'finished')
      expect(finished).toMatchObject({ value: { quiet: '30m' }, question: expect.any(String) })
      expect(finished?.ground).toContain("PowerShell's table")
    })
  })
})

describe('other sources', () => {
  test('Home Assistant: names that are ids count by when they were made', () => {
    const parts = ['2a3b4c5d', '9f8e7d6c', '01ab23cd', 'deadbee1'].map(
      (slug, i): Part => [`${slug}.tar`, ago(6 + 24 * i)],
    )
    expect(found(parts)).toMatchObject({ 'series.pattern': '{part}.tar', expect: DAILY, files: '4 0 0 0' })
  })

  test('Nextcloud', () => {
    const parts = daysBack(12).flatMap((day): Part[] => [
      [`nextcloud-dirbkp_${ymd(day, '')}.tar.gz`, later(day, 59)],
      [`nextcloud-sqlbkp_${ymd(day, '')}.bak`, later(day, 9), 30 * MB],
    ])
    expect(found(parts)).toMatchObject({
      'series.pattern': ['{series}_{YYYY}{MM}{DD}.tar.gz', '{series}_{YYYY}{MM}{DD}.bak'],
      expect: DAILY,
    })
  })

  test('configurations of routers', () => {
    const anew = ['core.cfg', 'edge.cfg', 'wifi.rsc'].map((name, i): Part => [name, ago(5 + i), 9000])
    expect(found(anew)).toMatchObject({
      'select.as': ['{stem}-{YYYY}-{MM}-{DD}{ext}', '?'],
      'series.pattern': ['{series}-{YYYY}-{MM}-{DD}.cfg', '{series}-{YYYY}-{MM}-{DD}.rsc'],
    })
    const dated = daysBack(9, 7).flatMap((day): Part[] => [
      [`mikrotik-${ymd(day)}.backup`, day, 90_000],
      [`mikrotik-${ymd(day)}.txt`, day, 9000],
      [`switch-${ymd(day)}.txt`, day, 9000],
    ])
    // The text of the same name as a backup is about it; another is a backup.
    expect(found(dated)).toMatchObject({ expect: { every: '7d', grace: '24h' }, files: '18 0 0 9' })
  })

  test('hourly dumps that are named by an epoch', () => {
    const parts = Array.from({ length: 48 }, (_, i): Part => {
      const at = ago(i)
      return [`mysql-${at.getTime() / 1000}.sql.gz`, later(at, 3)]
    })
    expect(found(parts)).toEqual({
      finished: [{ quiet: '15m' }, '?'],
      'series.pattern': '{series}-{epoch}.sql.gz',
      'series.timezone': OSLO,
      retain: [{ hourly: 48, daily: 7, weekly: 4, monthly: 12 }, '?'],
      expect: { every: '1h', grace: '1h' },
      schedule: { every: '30m' },
      files: '48 0 0 0',
    })
  })

  const hex = (byte: string): string => byte.repeat(32)
  test.each([
    ['restic', ['config', `keys/${hex('a1')}`, `data/0a/${hex('0a')}`, `snapshots/${hex('b1')}`]],
    [
      'borg',
      ['repo/config', 'repo/README', 'repo/data/0/1', 'repo/data/0/17', 'repo/index.17', 'repo/hints.17'],
    ],
    ['kopia', ['kopia.repository.f', 'p/1a/2b3c.f']],
  ])('a repository of %s is no pile of finished files', (tool, names) => {
    const parts = names.map((name, i): Part => [name, ago(20 + i), 900])
    const guess = guessSpec(listing(parts), { now: NOW, zone: 'UTC' })
    expect(guess.findings[0]).toMatchObject({ key: 'source', value: undefined, question: expect.any(String) })
    expect(guess.findings[0]?.ground).toContain(tool)
    expect(found(parts)).toMatchObject({ source: '?', expect: '?' })
    expect(found(parts)).not.toHaveProperty('retain')
  })

  test('live files', () => {
    expect(
      found([
        ['data/appdata_oc7x/preview/1.png', ago(3)],
        ['data/me/files/a.odt', ago(3)],
      ]),
    ).toMatchObject({
      source: '?',
    })
    expect(
      found([
        ['mysql/ibdata1', ago(1)],
        ['mysql/shop/orders.ibd', ago(1)],
      ]),
    ).toMatchObject({ source: '?' })
  })

  test.each([
    [(day: Date) => `db-2026-W${isoWeek(day)}.tar`, 'db-{part}.tar'],
    [(day: Date) => `KW${isoWeek(day)}-2026.zip`, '{part}.zip'],
  ])('weeks count by when they were made, %s', (name, pattern) => {
    const parts = daysBack(9, 7).map((day): Part => [name(day), day])
    expect(found(parts)).toMatchObject({
      'series.pattern': pattern,
      expect: { every: '7d', grace: '24h' },
      retain: [{ weekly: 9, monthly: 12 }, '?'],
    })
  })

  test('months', () => {
    const parts = [11, 10, 9, 8, 7].map((month): Part => {
      const day = new Date(Date.UTC(2026, month - 1, 2))
      return [`catalogue-${ymd(day).slice(0, 7)}.db`, day]
    })
    expect(found(parts)).toMatchObject({
      'series.pattern': '{series}-{YYYY}-{MM}.db',
      expect: { every: '31d', grace: '3d' },
      retain: [{ monthly: 12 }, '?'],
    })
  })

  test('a name for each day of the week', () => {
    const parts = daysBack(7).map((day): Part => {
      const name = day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
      return [`db-${name}.sql.gz`, day]
    })
    expect(found(parts)).toMatchObject({ 'select.as': 'db-{YYYY}-{MM}-{DD}.sql.gz', expect: DAILY })
  })

  test('rotated names in the folder of each host', () => {
    const parts = ['web', 'db'].flatMap((host) =>
      [1, 2, 3].map((n): Part => [`${host}/backup.tar.${n}`, ago(8 + 24 * (n - 1))]),
    )
    const as = 'backup-{YYYY}-{MM}-{DD}.tar'
    expect(found(parts)).toMatchObject({ 'select.as': as, 'series.pattern': as, expect: DAILY })
    const two = [1, 2, 3].flatMap((n): Part[] => [
      [`a.${n}`, ago(24 * n)],
      [`b.${n}`, ago(24 * n)],
    ])
    expect(found(two)).toMatchObject({ 'select.as': '?' })
  })

  test('hosts with numbers are no rotation', () => {
    const parts = ['web1', 'web2', 'web3'].map((name, i): Part => [`${name}.tar`, ago(8 - i / 2)])
    expect(found(parts)).toMatchObject({
      'select.as': ['{stem}-{YYYY}-{MM}-{DD}{ext}', '?'],
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}.tar',
    })
  })

  test('rotated trees are asked about', () => {
    const parts = ['daily', 'weekly'].flatMap((kind, k) =>
      [0, 1, 2].flatMap((n) =>
        Array.from({ length: 60 }, (_, i): Part => {
          const name = `${kind}.${n}/web1/etc/${'abcdefgh'[i % 8]}/conf${i}.cfg`
          return [name, ago(8 + n * (k === 0 ? 24 : 168)), 900]
        }),
      ),
    )
    expect(found(parts)).toMatchObject({ 'select.include': '?', files: '360 0 0 0' })
  })

  test('rotated folders: only the first is new', () => {
    const parts = [0, 1, 2, 3].flatMap((n): Part[] => [
      [`daily.${n}/db.tar.gz`, ago(8 + 24 * n)],
      [`daily.${n}/www.tar.gz`, ago(7 + 24 * n)],
    ])
    expect(found(parts)).toMatchObject({
      'select.include': [['daily.0/**'], '?'],
      'select.as': '{stem}-{YYYY}-{MM}-{DD}{ext}',
    })
  })
})

const isoWeek = (day: Date): string =>
  String(Math.ceil((Number(day) / 1000 - Date.UTC(2025, 11, 29) / 1000) / DAY / 7)).padStart(2, '0')

describe('cousins of these layouts', () => {
  test('years and months as folders, the day in the name', () => {
    const days = daysBack(40)
    for (const [name, pattern] of [
      [(day: string) => `db-${day}.sql.gz`, '{YYYY}/{MM}/{series}-{DD}.sql.gz'],
      [(day: string) => `${day}.zip`, '{YYYY}/{MM}/{DD}.zip'],
    ] as const) {
      const parts = days.map((day): Part => {
        const [year, month, date] = ymd(day).split('-')
        return [`${year}/${month}/${name(date!)}`, day]
      })
      expect(found(parts)).toMatchObject({ 'series.pattern': pattern, expect: DAILY })
    }
  })

  test('the hour behind the date', () => {
    const parts = Array.from({ length: 60 }, (_, i): Part => {
      const at = ago(i)
      return [`log-${ymd(at)}-${at.toISOString().slice(11, 13)}.wal`, at]
    })
    expect(found(parts)).toMatchObject({
      'series.pattern': '{series}-{YYYY}-{MM}-{DD}-{hh}.wal',
      expect: { every: '1h', grace: '1h' },
    })
    // Numbers that do not follow the clock are no hours.
    const pieces = daysBack(5).flatMap((day) =>
      Array.from({ length: 6 }, (_, i): Part => [`a-${ymd(day)}-0${i}.tar`, later(day, i)]),
    )
    expect(JSON.stringify(found(pieces))).not.toContain('{hh}')
  })

  test('dates that are written in no known way tell names apart', () => {
    for (const [name, pattern] of [
      [(day: Date) => `dump-${day.getTime()}.sql.gz`, 'dump-{part}.sql.gz'],
      [(day: Date) => `db-${ymd(day, '').slice(2)}.dump`, 'db-{part}.dump'],
      [(day: Date) => `${MONTHS[day.getUTCMonth()]} ${day.getUTCDate()}, 2026 all.zip`, '{part} all.zip'],
      [(day: Date) => `rb-${MONTHS[day.getUTCMonth()]}${day.getUTCDate()}.2026.rsc`, 'rb-{part}.rsc'],
    ] as const) {
      const guess = found(daysBack(40).map((day): Part => [name(day), day]))
      expect(guess).toMatchObject({ 'series.pattern': pattern, expect: DAILY })
      expect(guess).not.toHaveProperty('select.as')
    }
    // Serial numbers of machines, each of whose files is written anew.
    const serials = [48_213_377, 10_442_817, 93_120_008, 20_871_455, 61_000_932]
    const configs = serials.map((serial, i): Part => [`cam-${serial}.cfg`, ago(i * 50)])
    expect(found(configs)).toHaveProperty('select.as')
  })

  test('the store of a Proxmox Backup Server cannot be copied', () => {
    const guess = found([
      ...daysBack(4).map((day): Part => [`vm/100/${ymd(day)}T03:00:00Z/index.json.blob`, day]),
      [`.chunks/0000/${SHA256}`, ago(3)],
    ])
    expect(guess).toHaveProperty('source', '?')
    expect(guess).not.toHaveProperty('retain')
  })
})
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

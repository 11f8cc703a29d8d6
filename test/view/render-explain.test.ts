import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { explainBackup } from '../../src/decide/explain/backup.ts'
import { explainFile } from '../../src/decide/explain/file.ts'
import type { BackupExplanation, FileExplanation, SeriesExplanation } from '../../src/model/explanation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { shellWords } from '../../src/model/shell-words.ts'
import { renderExplain } from '../../src/view/render-explain.ts'
import { ordinal } from '../../src/view/render-file.ts'
import { dated, lookAt } from '../helpers/explained.ts'
import { picture } from '../helpers/picture.ts'
import { NASTY, nastyText } from './nasty.ts'

const text = (explained: FileExplanation | BackupExplanation, all = false): string =>
  renderExplain(explained, { color: false, width: 80, all })

const drawn = [19, 20, 21, 22]
  .map((day) => `held db-2026-11-${day}.tar 2048 A\nremote db-2026-11-${day}.tar 2048 A`)
  .join('\n')
const both = `${drawn}\nremote db-2026-11-23.tar 2048 -\nremote db-2026-10-30.tar 2048 A`
const look = lookAt(picture(both))
const spec = dated('last=2 weekly=2')
const backup = explainBackup(spec, look)
const file = (path: string) => explainFile(spec, look, path as RelPath)

describe('a file explained', () => {
  it('shows selection, point, every rule, both sides, what is next and what would change that', () => {
    expect(text(file('db-2026-11-20.tar'))).toMatchInlineSnapshot(`
      "postgres/db-2026-11-20.tar  source -> /dest
        selected     yes: include "*.tar" matches it, and no exclude does
        series       db
        point        2026-11-20 in UTC (2026-11-20T23:59:59.999Z); dated by its name
                     all its files are published here
        wanted       no: outside last=2 weekly=2
          last       no: among the newest points it is 3rd, and it keeps 2
          weekly     no: its week, 2026-W47, is 1st of 2, and db-2026-11-22.tar
                       represents it, the newest of its points
          oldest     no: the oldest is db-2026-10-30.tar
          not set    hourly, daily, monthly, yearly, within, pin
        source       2.0 KiB (2,048 bytes), modified 1970-01-01T00:16:40Z (57 years
                       ago)
                     marker db-2026-11-20.tar.md5, read just now:
                     md5 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        destination  2.0 KiB (2,048 bytes), with its marker db-2026-11-20.tar.md5
        ledger       published 1970-01-01T00:00:00Z (57 years ago)
                     md5 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                     sha256
                     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                     last read 2026-11-23T12:00:00Z (just now), and sound
        next         It is surplus and stays: outside last=2 weekly=2, and
                       prune.mode is never
        to change    Let surplus go: prune.mode in the spec, manual (when asked) or
                       auto (with each pass)
                     Remove this one file anyway; that is remembered, and it is
                       never pulled again:
                       reconcile prune postgres db-2026-11-20.tar --reason '…'
      "
    `)
  })

  it('quotes a command so that it can be copied', () => {
    const odd = [2, 3, 4].map((day) => `it's;db-2026-11-0${day}.tar`)
    const held = odd.map((path) => `held ${path} 10 A\nremote ${path} 10 A`).join('\n')
    expect(text(explainFile(dated('last=2'), lookAt(picture(held)), odd[0] as RelPath))).toContain(
      `reconcile prune postgres 'it'\\''s;db-2026-11-02.tar' --reason`,
    )
    expect(shellWords(['a', 'b c', '$(x)', ''])).toBe(`a 'b c' '$(x)' ''`)
  })
})

describe('a backup explained', () => {
  it('shows a calendar, the points with why, and what leaves next', () => {
    expect(text(backup)).toMatchInlineSnapshot(`
      "postgres  source -> /dest
        keeps last=2 weekly=2; days and times of UTC; prune: never

      db
        newest 2026-11-22 (12 h ago), nothing is expected
        points: 2 kept, 1 coming, 1 waiting, 2 surplus

                 1   5    10   15   20   25   30
        2026-11  ..................oo##?
        2026-10  .............................+.
                 # kept   + coming   ? waiting   o surplus   . none

        ? waiting   db-2026-11-23.tar   2026-11-23   last 1, weekly 1
        # kept      db-2026-11-22.tar   2026-11-22   last 1, weekly 1
        # kept      db-2026-11-21.tar   2026-11-21   last 2
        + coming    db-2026-10-30.tar   2026-10-30   weekly 2
        o surplus   db-2026-11-20.tar   2026-11-20   kept (prune: never)
        o surplus   db-2026-11-19.tar   2026-11-19   kept (prune: never)

        Next to be dropped: db-2026-11-21.tar (last 2), db-2026-10-30.tar (weekly
          2), when the next point comes: 2026-11-23 (in 12 h), if one comes every 24h,
          as usual.
      "
    `)
  })

  const series = (days: readonly string[]): SeriesExplanation => ({
    ...backup.series[0]!,
    days: days.map((day) => ({ day, mark: 'kept', points: 1 })),
    points: days.map((local) => ({
      mark: 'kept',
      time: `${local}T00:00:00Z`,
      local,
      files: [`${local}.tar`],
      why: ['last 1'],
    })),
  })
  const withDays = (days: readonly string[], all = false) => text({ ...backup, series: [series(days)] }, all)

  it('draws short gaps, tells long ones, and stops after two years of months', () => {
    expect(withDays(['2026-03-31', '2026-01-15', '2025-06-01'])).toContain(
      [
        '  2026-03  ..............................#',
        '  2026-02  ............................',
        '  2026-01  ..............#................',
        '  6 months without a point',
        '  2025-06  #.............................',
      ].join('\n'),
    )
    const years = Array.from(
      { length: 30 },
      (_, i) => `${2026 - Math.floor(i / 12)}-${String(12 - (i % 12)).padStart(2, '0')}-01`,
    )
    const told = withDays(years)
    expect(told.match(/^ {2}\d{4}-\d\d {2}/gm)).toHaveLength(24)
    expect(told).toContain('… and 6 earlier months, not shown')
  })

  it('leaves days to come blank', () => {
    expect(withDays(['2026-11-03'])).toContain('  2026-11  ..#\n')
  })

  it('tells as one of surplus that stays for the same reason, unless all is asked for', () => {
    const point = backup.series[0]!.points[0]!
    const surplus = ['kept', 'kept', 'kept', 'kept', 'held', 'kept', 'kept'].map((why, i) => ({
      ...point,
      mark: 'surplus' as const,
      local: `2026-11-0${9 - i}`,
      files: [`f${i}`],
      why: ['outside', why],
    }))
    const told = (all: boolean) =>
      text({ ...backup, series: [{ ...backup.series[0]!, points: surplus }] }, all).match(
        /^ {2}o surplus.*$/gm,
      )
    expect(told(false)).toEqual([
      '  o surplus   f0   2026-11-09   kept; so are 3 older ones, back to 2026-11-06',
      '  o surplus   f4   2026-11-05   held',
      '  o surplus   f5   2026-11-04   kept',
      '  o surplus   f6   2026-11-03   kept',
    ])
    expect(told(true)).toHaveLength(7)
  })

  it('sums up what is beyond sixty points, unless all are asked for', () => {
    const days = Array.from({ length: 100 }, (_, i) =>
      new Date(Date.UTC(2026, 9, 30 - i)).toISOString().slice(0, 10),
    )
    expect(withDays(days)).toContain(`… and 40 older points, back to ${days.at(-1)} (--all shows them)`)
    expect(withDays(days).match(/# kept {6}/g)).toHaveLength(60)
    expect(withDays(days, true).match(/# kept {6}/g)).toHaveLength(100)
  })
})

it('no name or word of a source reaches a terminal as it is, and columns are counted as a terminal does', () => {
  fc.assert(
    fc.property(nastyText, nastyText, (name, word) => {
      const of = file('db-2026-11-20.tar')
      const nasty: FileExplanation = {
        ...of,
        path: name,
        point: { ...of.point!, series: word, others: [{ path: name, standing: 'here' }] },
        source: { ...of.source!, marker: 'claimed', markerPath: name },
        destination: { size: 1, marker: { path: name, digest: null, wrong: false } },
        pruned: { path: name, at: of.asOf, by: 'person', reason: word, planId: null, until: null },
        selection: { selected: false, include: word, exclude: word, never: null },
        verdicts: [{ rule: 'oldest', verdict: 'not-oldest', oldest: { time: of.asOf, name } }],
        problems: [{ code: 'x', path: name, message: word, hint: word }],
        advice: [{ message: word, command: ['reconcile', name] }],
        next: [word],
      }
      const one = backup.series[0]!
      const calendar: BackupExplanation = {
        ...backup,
        series: [
          {
            ...one,
            series: name,
            points: one.points.map((point) => ({ ...point, files: [name], why: [word] })),
            forecast: {
              state: 'drops',
              points: [{ time: '', local: '', name, reasons: [word] }],
              at: one.newest!,
              after: 1,
              every: word,
            },
          },
        ],
        trash: [nasty.pruned!],
      }
      for (const told of [text(nasty), text(calendar)]) {
        expect(told.replaceAll('\n', '')).not.toMatch(NASTY)
      }
    }),
  )
  const wide = 'データ'.repeat(3)
  const lines = text({
    ...backup,
    series: [
      {
        ...backup.series[0]!,
        points: [wide, 'ab'].map((name) => ({ ...backup.series[0]!.points[0]!, files: [name] })),
      },
    ],
  }).split('\n')
  const rows = lines.filter((line) => line.includes('2026-11-23   '))
  expect(new Set(rows.map((line) => stringWidth(line.slice(0, line.indexOf('2026-11-23'))))).size).toBe(1)
})

it('ordinals are those that people write', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 113].map(ordinal).join(' ')).toBe(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th 113th',
  )
})

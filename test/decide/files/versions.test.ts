import { describe, expect, test } from 'vitest'
import { changedUnderMarker } from '../../../src/decide/files/as-published.ts'
import { gatherFacts } from '../../../src/decide/files/facts.ts'
import { judgeFile } from '../../../src/decide/files/judge-file.ts'
import { lastSame, listedCount, sameEvents, versionsOf } from '../../../src/decide/files/versions.ts'
import { nextSeen } from '../../../src/decide/look/next-seen.ts'
import type { Holding, LedgerRecord } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation, SourceView } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { SourceFile } from '../../../src/model/source-file.ts'
import { md5, NOON, picture, spec } from '../../helpers/picture.ts'

const day = (n: number): number => Date.UTC(2026, 10, n, 2) / 1000
const by = (as: string, over: Partial<Parameters<typeof spec>[0]> = {}) =>
  spec({ select: { include: ['**'], exclude: [], as }, ...over })
const AS = by('{stem}-{YYYY}-{MM}-{DD}{ext}')
const ROTATED = by('b-{YYYY}-{MM}-{DD}.tar')

/** At the source: `name mtime letter`; a marker as old as its file, or `older`. */
const view = (text: string): SourceView => ({
  completeness: 'complete',
  problems: [],
  files: new Map(
    text
      .trim()
      .split('\n')
      .map((line): [RelPath, SourceFile] => {
        const [name, of, letter = '-', older] = line.trim().split(/\s+/)
        const mtime = day(Number(of))
        const marker = { suffix: '.md5', size: 40, mtime: older === undefined ? mtime : mtime - 1 }
        return [
          name as RelPath,
          {
            listed: { size: 10, mtime },
            marker:
              letter === '-'
                ? { state: 'none' }
                : letter === '?'
                  ? { state: 'unread', ...marker }
                  : { state: 'claimed', digest: md5(letter), text: 'theirs', ...marker },
          },
        ]
      }),
  ),
})

/** Held here: `path mtime letter [from]`. */
const held = (text: string): Holding => {
  const lines = text.trim() === '' ? [] : text.trim().split('\n')
  const { destination } = picture(
    lines.map((line) => `held ${line.trim().split(/\s+/)[0]} 10 ${line.trim().split(/\s+/)[2]}`).join('\n'),
  )
  const records = new Map(destination.records)
  for (const line of lines) {
    const [path, mtime, , from] = line.trim().split(/\s+/)
    const record: LedgerRecord = { ...records.get(path as RelPath)!, mtime: day(Number(mtime)) }
    records.set(path as RelPath, from === undefined ? record : { ...record, from: from as RelPath })
  }
  return { ...destination, records }
}

const look = (of: typeof AS, source: string, here = ''): Observation => {
  const destination = held(here)
  return { source: versionsOf(of, destination)!.viewOf(view(source)), destination }
}
const shown = ({ source }: Observation) =>
  [...source.files].map(([path, { from, marker, others }]) =>
    [from, path, marker.state, ...(others ?? []).map((one) => `+${one.from}`)].join(' '),
  )
const judged = (of: typeof AS, observation: Observation, path: string) =>
  judgeFile(
    gatherFacts(
      path as RelPath,
      observation.source.files.get(path as RelPath),
      observation,
      new Set<string>(),
    ),
    of,
    NOON,
  ).steps.map(({ action }) => action)

describe('where a version is kept', () => {
  test.each<[string, typeof AS, string, string, readonly string[]]>([
    ['by its time', AS, 'a.tar 20 A', '', ['a.tar a-2026-11-20.tar claimed']],
    [
      'with the version before it, whose bytes it has',
      AS,
      'a.tar 20 A',
      'a-2026-11-18.tar 18 A a.tar',
      ['a.tar a-2026-11-18.tar claimed'],
    ],
    [
      'by its time, where one with other bytes came between',
      AS,
      'a.tar 20 A',
      'a-2026-11-18.tar 18 A a.tar\na-2026-11-19.tar 19 B a.tar',
      ['a.tar a-2026-11-20.tar claimed'],
    ],
    [
      'by its time, where one of another file has its bytes',
      AS,
      'a.tar 20 A',
      'b-2026-11-18.tar 18 A b.tar',
      ['a.tar a-2026-11-20.tar claimed'],
    ],
    [
      'under the name that another zone gave it, though another version has its name by now',
      AS,
      'a.tar 20 A',
      'a-2026-11-19.tar 20 A a.tar\na-2026-11-20.tar 21 B a.tar',
      ['a.tar a-2026-11-19.tar claimed'],
    ],
    ['under its own name, held before', AS, 'a.tar 18 A', 'a.tar 18 A', ['a.tar a.tar claimed']],
    [
      'by its time, while its claim is unread',
      AS,
      'a.tar 20 ?',
      'a-2026-11-18.tar 18 A a.tar',
      ['a.tar a-2026-11-20.tar unread'],
    ],
    ['waiting, with an older marker', AS, 'a.tar 20 A older', '', ['a.tar a-2026-11-20.tar none']],
    [
      'as one, where two files are the same',
      ROTATED,
      'x.0 20 A\nx.1 20 A',
      '',
      ['x.0 b-2026-11-20.tar claimed +x.1'],
    ],
    [
      'by the one that differs, where one is held',
      ROTATED,
      'x.0 20 A\nx.1 20 B',
      'b-2026-11-20.tar 20 A x.0',
      ['x.1 b-2026-11-20.tar claimed +x.0'],
    ],
    [
      'whatever it is called by now',
      ROTATED,
      'x.0 20 B\nx.1 19 A',
      'b-2026-11-19.tar 19 A x.0',
      ['x.0 b-2026-11-20.tar claimed', 'x.1 b-2026-11-19.tar claimed'],
    ],
  ])('%s', (_, of, source, here, paths) => {
    expect(shown(look(of, source, here))).toEqual(paths)
  })

  test('its marker names it by that', () => {
    const { marker } = look(AS, 'd/a.tar 20 A').source.files.get('d/a-2026-11-20.tar' as RelPath)!
    expect(marker).toMatchObject({ text: `${md5('A')}  a-2026-11-20.tar\n` })
  })
})

describe('what is done about it', () => {
  test('two new ones that differ are a conflict, unless one of them is acknowledged', () => {
    const observation = look(ROTATED, 'x.0 20 A\nx.1 20 B')
    expect(judged(ROTATED, observation, 'b-2026-11-20.tar')).toEqual(['conflict'])
    const entry = { path: 'b-2026-11-20.tar', digest: md5('B'), reason: '' }
    const lenient = by(ROTATED.select.as!, { acknowledge: [entry] })
    expect(judged(lenient, look(lenient, 'x.0 20 A\nx.1 20 B'), 'b-2026-11-20.tar')).toEqual(['pull'])
  })
  test('the same bytes are on record once, and the cache knows all by the source’s names', () => {
    const observation = look(ROTATED, 'x.0 20 A\nx.1 20 A', 'b-2026-11-18.tar 18 A x.0')
    const events = sameEvents(observation, NOON)
    expect(events).toEqual([{ event: 'same', path: 'b-2026-11-18.tar', from: 'x.0', mtime: day(20) }])
    expect([...nextSeen(observation, NOON).keys()]).toEqual(['x.0', 'x.1'])
    expect(listedCount(observation.source)).toBe(2)
    const path = 'b-2026-11-18.tar' as RelPath
    const record = { ...observation.destination.records.get(path)!, same: day(20) }
    const { source } = observation
    const records = new Map([[path, record]])
    expect(sameEvents({ source, destination: { ...observation.destination, records } }, NOON)).toEqual([])
    expect(lastSame({ source: undefined, record }, NOON)).toBe(instant(day(20) * 1000))
  })
  test.each([
    [
      'a newer one that is not finished is waited for, next to the copy of its name',
      'B older',
      19,
      'keep wait',
    ],
    ['one without a marker too', '', 19, 'keep wait'],
    ['the copy’s own, without its marker by now', '', 20, 'keep'],
  ])('%s', (_, marker, mtime, actions) => {
    const path = 'a-2026-11-20.tar'
    const observation = look(AS, `a.tar 20 ${marker}`, `${path} ${mtime} A a.tar`)
    expect(judged(AS, observation, path).join(' ')).toBe(actions)
  })
  test('a copy that is rotten is repaired by the source’s newer file with its bytes', () => {
    const observation = look(AS, 'a.tar 20 A', 'a-2026-11-18.tar 18 A a.tar')
    const path = 'a-2026-11-18.tar' as RelPath
    const rotten = { ...observation.destination.records.get(path)!, isRotten: true as const }
    const destination = { ...observation.destination, records: new Map([[path, rotten]]) }
    expect(judged(AS, { ...observation, destination }, path)).toEqual(['repair'])
  })
  test('what was removed is no version before another', () => {
    const destination = held('a-2026-11-18.tar 18 A a.tar')
    const gone = {
      at: NOON,
      trash: null,
      by: 'person',
      reason: '',
      planId: null,
      series: '',
      point: NOON,
    } as const
    const removed = {
      ...destination,
      files: new Map(),
      pruned: new Map([['a-2026-11-18.tar' as RelPath, gone]]),
    }
    expect([...versionsOf(AS, removed)!.viewOf(view('a.tar 20 A')).files.keys()]).toEqual([
      'a-2026-11-20.tar',
    ])
    expect([...versionsOf(AS, removed)!.viewOf(view('a.tar 18 A')).files.keys()]).toEqual([
      'a-2026-11-18.tar',
    ])
    // By another template it would be a new name, and would come again.
    const other = versionsOf(by('{YYYY}{MM}{DD}-{name}'), removed)!
    expect([...other.viewOf(view('a.tar 18 A')).files.keys()]).toEqual(['a-2026-11-18.tar'])
    expect([...other.viewOf(view('a.tar 18 B\nb.tar 18 A')).files.keys()]).toEqual([
      '20261118-a.tar',
      '20261118-b.tar',
    ])
  })
  test('another size is other bytes, whatever a claim says that was written again', () => {
    const observation = look(AS, 'a.tar 20 A', 'a-2026-11-18.tar 18 A a.tar')
    const path = 'a-2026-11-18.tar' as RelPath
    const record = observation.destination.records.get(path)!
    const file = observation.source.files.get(path)!
    const source: SourceFile = { ...file, listed: { ...file.listed!, size: 9 } }
    const changed = { ...observation, source: { ...observation.source, files: new Map([[path, source]]) } }
    expect(sameEvents(changed, NOON)).toEqual([])
    expect(lastSame({ source, record }, NOON)).toBeNull()
    expect(changedUnderMarker(source, record, undefined)).toBe(true)
    expect(changedUnderMarker(file, record, undefined)).toBe(false)
  })
  test('a time that is far ahead makes nothing fresh, nor keeps later ones from doing so', () => {
    const path = 'a-2026-11-18.tar' as RelPath
    const observation = look(AS, 'a.tar 27 A', `${path} 18 A a.tar`)
    expect(sameEvents(observation, NOON)).toEqual([])
    const record = { ...observation.destination.records.get(path)!, same: day(20) }
    const source = observation.source.files.get(path)!
    expect(lastSame({ source, record }, NOON)).toBe(instant(day(20) * 1000))
  })
})

describe('names that are refused (I6)', () => {
  test.each<[string, typeof AS, string, readonly string[]]>([
    ['too long', AS, `${'x'.repeat(240)}.tar 20 A`, ['name-too-long']],
    ['too long for a marker', AS, `${'ü'.repeat(118)}.tar 20 A`, ['name-too-long']],
    ['a checksum file’s', by('{YYYY}-{MM}-{DD}-{stem}'), 'x.sha256.gz 20 A', ['name-checksum-file']],
    [
      'folding together',
      by('b-{YYYY}-{MM}-{DD}{ext}'),
      'x.TAR 20 A\ny.tar 20 A',
      ['name-collision', 'name-collision'],
    ],
    ['a folder’s too', by('b-{YYYY}-{MM}-{DD}'), 'x 20 A\nb-2026-11-20/y 20 A', ['name-collision']],
  ])('%s', (_, of, source, codes) => {
    const { problems } = look(of, source).source
    expect(problems.map(({ code }) => code)).toEqual(codes)
  })
})

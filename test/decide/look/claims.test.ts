import { describe, expect, test } from 'vitest'
import { type ClaimMaker, claimMaker, nextToAsk, withAnswers } from '../../../src/decide/look/claims.ts'
import { nothingHeld, type Seen } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Fetched, ListedFile } from '../../../src/model/listing.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { QuietLook, SourceFile, SourceMarker } from '../../../src/model/source-file.ts'
import type { Finished } from '../../../src/model/spec.ts'
import type { Problem } from '../../../src/model/trouble.ts'
import { md5 } from '../../helpers/picture.ts'

const A = 'a.tar' as RelPath
const NOW = { at: instant(Date.UTC(2026, 10, 23, 12)), boot: 'this', up: 5000 }
const look = (over: Partial<QuietLook> = {}): QuietLook => ({ ...NOW, stops: 0, ...over })
const listing = (files: Readonly<Record<string, ListedFile>>) => ({
  completeness: 'complete' as const,
  files: new Map(Object.entries(files)) as Map<RelPath, ListedFile>,
  problems: [],
})
const data: ListedFile = { size: 10, mtime: 1000 }
const seen = (marker: Seen['marker'], listed: ListedFile = data) => {
  const one: Seen = { listed, marker, readAt: null, stagedFor: null, gate: null, waitingSince: null }
  return { ...nothingHeld, seen: new Map([[A, one]]) }
}
const NONE: Fetched = { list: null, markers: new Map(), problems: [] }
const beside = { size: 40, mtime: 2000 }
const marked = (lower: Parameters<typeof md5>[0], upper: Parameters<typeof md5>[0]): Fetched => ({
  ...NONE,
  markers: new Map([
    ['a.tar.md5' as RelPath, { digest: md5(lower), text: 'text' }],
    ['a.tar.MD5' as RelPath, { digest: md5(upper), text: 'text' }],
  ]),
})
const summed = (digest: ReturnType<typeof md5> | null): Fetched => ({
  ...NONE,
  sums: new Map([['MD5SUMS' as RelPath, new Map([[A, digest]])]]),
})

/** What each maker promises, by a source in which `a.tar` is claimed, not claimed, or claimed twice with two digests. */
describe.each<[string, Finished, Record<string, ListedFile>, Fetched, Fetched]>([
  [
    'marker',
    { kind: 'marker' },
    { 'a.tar.md5': beside, 'a.tar.MD5': beside },
    marked('A', 'A'),
    marked('A', 'B'),
  ],
  ['sums', { kind: 'sums', name: 'MD5SUMS' }, { MD5SUMS: beside }, summed(md5('A')), summed(null)],
])('claims by %s', (_, finished, claims, once, twice) => {
  const make = (files: Record<string, ListedFile>): ClaimMaker =>
    claimMaker({ finished, checksum: 'md5' }, listing({ 'a.tar': data, ...files }), nothingHeld, NOW)
  const read = (fetched: Fetched) => {
    const problems: Problem[] = []
    return { marker: make(claims).read(A, fetched, problems), problems }
  }
  test('where nothing is next to it there is none', () => {
    expect(make({}).evidence(A)).toBeNull()
  })
  test('what is there to read is named, and read it is the claim', () => {
    const { markers, sums } = make(claims).request([A, A])
    expect([...markers, ...sums]).toEqual(expect.arrayContaining(Object.keys(claims)))
    expect(read(once).marker).toMatchObject({ state: 'claimed', digest: md5('A'), mtime: 2000 })
  })
  test('gone when it is read, it claims nothing', () => {
    expect(read(NONE).marker).toEqual({ state: 'none' })
  })
  test('two that disagree are none, and a problem', () => {
    const { marker, problems } = read(twice)
    expect(marker).toEqual({ state: 'unreadable' })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([['markers-disagree', A]])
  })
})

describe('claims by quiet', () => {
  const known = (holding: Parameters<typeof claimMaker>[2]): SourceMarker | null =>
    claimMaker({ finished: { kind: 'quiet', seconds: 60 }, checksum: 'md5' }, listing({}), holding, NOW)
      .known!(A, data)
  const first = (over: Partial<QuietLook>) => ({ state: 'none', quiet: look(over) }) as const

  test('the first look begins the wait, the second ends it', () => {
    expect(known(nothingHeld)).toEqual(first({}))
    expect(known(seen(first({ up: 4941 })))).toEqual(first({ up: 4941 }))
    expect(known(seen(first({ up: 4940 })))).toMatchObject({ state: 'unread' })
  })
  test.each([
    { ...data, size: 9 },
    { ...data, mtime: 999 },
  ])('another size or time begins it anew: %o', (listed) => {
    expect(known(seen(first({ up: 1 }), listed))).toEqual(first({}))
  })
  test('within a boot no clock counts; across boots the time of day does, and one that went back proves nothing', () => {
    const at = (seconds: number) => instant(NOW.at + seconds * 1000)
    const other = { boot: 'before', up: 90_000 }
    expect(known(seen(first({ at: at(-9000), up: 4990 })))).toMatchObject({ state: 'none' })
    expect(known(seen(first({ at: at(-60), ...other })))).toMatchObject({ state: 'unread' })
    expect(known(seen(first({ at: at(60), ...other })))).toEqual(first({}))
    expect(known(seen(first({ up: 6000 })))).toEqual(first({}))
  })
  test('what was answered stays known while the file is as it was', () => {
    const claim = {
      state: 'claimed',
      by: 'source',
      suffix: '.md5',
      digest: md5('A'),
      ...data,
      text: null,
    } as const
    expect(known(seen(claim))).toEqual({ ...claim, text: `${md5('A')}  a.tar\n` })
    expect(known(seen(claim, { ...data, size: 11 }))).toEqual(first({}))
  })

  const settled = (listed: ListedFile): SourceFile => ({
    listed,
    marker: { state: 'unread', suffix: '.md5', ...listed, quiet: look() },
  })
  const filesOf = (sizes: readonly number[]) =>
    new Map(sizes.map((size, i) => [`f${i}` as RelPath, settled({ size, mtime: i })] as const))
  test('the newest are asked about first, a part at a time, and one in any case', () => {
    const GIB = 1024 ** 3
    const files = filesOf([GIB, GIB, 9 * GIB])
    const paths = [...files.keys()]
    expect(nextToAsk(paths, files)).toEqual(['f2'])
    expect(nextToAsk(paths.slice(0, 2), files)).toEqual(['f1', 'f0'])
    const many = filesOf(Array<number>(3000).fill(1))
    expect(nextToAsk([...many.keys()], many).length).toBe(2000)
  })
  test('an answer counts only for the file as it was listed; where the source was stopped, it gets longer', () => {
    const answered = (shown: Parameters<typeof withAnswers>[2]) =>
      withAnswers(new Map([[A, settled(data)]]), [A], shown, NOW).get(A)?.marker
    const right = { ...data, digest: md5('A') }
    expect(answered(new Map([[A, right]]))).toMatchObject({
      state: 'claimed',
      by: 'source',
      digest: md5('A'),
    })
    for (const other of [
      { ...right, size: 11 },
      { ...right, mtime: 1001 },
      { ...right, digest: null },
    ])
      expect(answered(new Map([[A, other]]))).toEqual(first({}))
    expect(answered(new Map())).toEqual(first({}))
    expect(answered(null)).toMatchObject({ state: 'unread', quiet: { stops: 1 } })
  })
})

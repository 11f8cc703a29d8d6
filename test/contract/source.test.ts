import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/model/failure.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('hex')
const codes = (problems: readonly { readonly code: string; readonly path?: string }[]): readonly string[] =>
  problems.map(({ code, path }) => `${code} ${path ?? ''}`.trim()).sort()

describe.each(['ssh', 'local'] as const)('a source over %s', (kind) => {
  let bed: SourceBed
  const put = async (name: string, content: string | Buffer, mtime = 1_700_000_000): Promise<void> => {
    await mkdir(join(bed.served, name, '..'), { recursive: true })
    await writeFile(join(bed.served, name), content)
    await utimes(join(bed.served, name), mtime, mtime)
  }

  beforeAll(async () => {
    bed = await makeSourceBed(kind)
  })
  afterAll(() => bed.end())
  beforeEach(async () => {
    for (const folder of [bed.served, bed.staging])
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
  })

  test('lists files with size and time, in folders too', async () => {
    await put('a.tar', 'abc')
    await put('deep/er/b.tar', '', 1_600_000_000)
    const listing = await bed.open().list(quietRun())
    expect(listing.completeness).toBe('complete')
    expect(listing.problems).toEqual([])
    expect(Object.fromEntries(listing.files)).toEqual({
      'a.tar': { size: 3, mtime: 1_700_000_000 },
      'deep/er/b.tar': { size: 0, mtime: 1_600_000_000 },
    })
  })

  test('lists only the folder itself where a list file says what counts', async () => {
    await put('a.tar', 'abc')
    await put('deep/b.tar', '')
    const listing = await bed.open({ listing: 'LIST' as RelPath }).list(quietRun())
    expect([...listing.files.keys()]).toEqual(['a.tar'])
  })

  test('an empty folder is a complete listing of nothing', async () => {
    const listing = await bed.open().list(quietRun())
    const { booted, ...shown } = listing
    expect(shown).toEqual({ completeness: 'complete', files: new Map(), links: new Set(), problems: [] })
    expect(booted?.up).toBeGreaterThan(0)
  })

  test('a folder that is not there is a failure, never an empty listing', async () => {
    const away = `${bed.served}-away`
    const { rename } = await import('node:fs/promises')
    await rename(bed.served, away)
    const failure = await bed
      .open()
      .list(quietRun())
      .catch((error: Failure) => error)
    await rename(away, bed.served)
    expect(failure).toMatchObject({
      name: 'Failure',
      code: kind === 'local' ? 'path-missing' : 'rrsync-folder-missing',
    })
  })

  test('fetches the list and the markers that were asked for, and nothing is left behind', async () => {
    await put('LIST', 'a.tar\r\n./b.tar\n\nLIST\na.tar.md5\n.hidden\n')
    await put('LIST.md5', `${md5(await readFile(join(bed.served, 'LIST')))}  LIST\n`)
    await put('a.tar.md5', `${md5('abc')}  a.tar\n`)
    await put('b.tar.MD5', 'junk\n')
    await put('c.tar.md5', `${md5('c')}  c.tar\n`)
    const source = bed.open({ listing: 'LIST' as RelPath })
    const listed = await source.list(quietRun())
    const wanted = ['a.tar.md5', 'b.tar.MD5', 'gone.md5'] as RelPath[]
    const fetched = await source.fetch({ list: true, markers: wanted, listed }, quietRun())
    expect([...fetched.list!.names]).toEqual([
      ['a.tar', null],
      ['b.tar', null],
    ])
    expect([...fetched.markers]).toEqual([
      ['a.tar.md5', { digest: md5('abc'), text: `${md5('abc')}  a.tar\n` }],
    ])
    expect(codes(fetched.problems)).toEqual(['marker-no-digest b.tar.MD5'])
  })

  test.each([
    ['missing', 'list-missing', async () => {}],
    [
      'not what its marker says',
      'list-mismatch',
      async () => {
        await put('LIST', 'a.tar\n')
        await put('LIST.md5', `${md5('a.tar\nb.tar\n')}  LIST\n`)
      },
    ],
  ])('a list file that is %s is a failure', async (_, code, make) => {
    await make()
    const source = bed.open({ listing: 'LIST' as RelPath })
    const listed = await source.list(quietRun())
    const failure = await source
      .fetch({ list: true, markers: [], listed }, quietRun())
      .catch((error: Error) => error)
    expect(failure).toMatchObject({ code })
    if (code === 'list-missing')
      expect(failure).toMatchObject({ message: expect.stringMatching(/no such file in ./) })
  })

  test('many markers come in one session', async () => {
    const names = Array.from({ length: 2_100 }, (_, i) => `f${i}`)
    for (const name of names) await writeFile(join(bed.served, `${name}.md5`), `${md5(name)}  ${name}\n`)
    await put('LIST', names.join('\n'))
    await put('huge.md5', 'x'.repeat(5000))
    await put('data.bin', 'x')
    const source = bed.open({ listing: 'LIST' as RelPath })
    const listed = await source.list(quietRun())
    const before = bed.sshd?.countSessions()
    const markers = names.map((name) => `${name}.md5` as RelPath)
    const fetched = await source.fetch({ list: true, markers, listed }, quietRun())
    expect(fetched.list!.names.size).toBe(2_100)
    expect(fetched.markers.size).toBe(2_100)
    expect(fetched.markers.get('f7.md5' as RelPath)!.digest).toBe(md5('f7'))
    if (bed.sshd !== null) expect(bed.sshd.countSessions()).toBe(before! + 1)
  })

  test('asking for nothing connects to nothing', async () => {
    const before = bed.sshd?.countSessions()
    const listed = { completeness: 'complete', files: new Map(), problems: [] } as const
    const fetched = await bed.open().fetch({ list: true, markers: [], listed }, quietRun())
    expect(fetched).toEqual({ list: null, markers: new Map(), problems: [] })
    expect(bed.sshd?.countSessions()).toBe(before)
  })

  test('pulls files into staging with their times, odd names too', async () => {
    const names = [
      'a.tar',
      '-x',
      '#y',
      ' sp ',
      'é ü.tar',
      '$(id)',
      'a;b',
      "it's",
      '"q"',
      'deep/c.tar',
      '*',
      '[a]',
      'C:\\x',
      '!',
    ]
    for (const name of names) await put(name, `content of ${name}`)
    const source = bed.open()
    const listed = await source.list(quietRun())
    expect([...listed.files.keys()].sort()).toEqual([...names].sort())
    await mkdir(join(bed.staging, 'deep'))
    const report = await bed.pull(
      source,
      [...listed.files].map(([path, { size }]) => [path, size]),
    )
    expect(report).toMatchObject({ ended: 'done', failure: null, problems: [] })
    for (const name of names)
      expect(await readFile(join(bed.staging, name), 'utf8')).toBe(`content of ${name}`)
  })

  test.each([
    ['append', 1_000_000, 2_000_000],
    ['mend', 1_000_000, 900_000],
  ] as const)('%s sends only what is missing or wrong', async (mode, staged, atMost) => {
    const data = randomBytes(2_500_000)
    await put('big', data)
    const start = Buffer.from(mode === 'append' ? data.subarray(0, staged) : data)
    if (mode === 'mend') start.fill(0, 1_000_000, 1_100_000)
    await writeFile(join(bed.staging, 'big'), start)
    const report = await bed.pull(bed.open(), [['big', data.length, start.length]], { mode })
    expect(report).toMatchObject({ ended: 'done', problems: [] })
    expect(data.equals(await readFile(join(bed.staging, 'big')))).toBe(true)
    expect(report.received).toBeGreaterThan(0)
    expect(report.received).toBeLessThan(atMost)
  })

  test('a corrupt prefix mends itself while it is appended to', async () => {
    const data = randomBytes(2_500_000)
    await put('big', data)
    await writeFile(join(bed.staging, 'big'), data.subarray(0, 2_000_000))
    const { open } = await import('node:fs/promises')
    const file = await open(join(bed.staging, 'big'), 'r+')
    await file.write(Buffer.from('rot'), 0, 3, 1_000_000)
    await file.close()
    expect(await bed.pull(bed.open(), [['big', data.length, 2_000_000]])).toMatchObject({ ended: 'done' })
    expect(data.equals(await readFile(join(bed.staging, 'big')))).toBe(true)
  })

  test('files that are gone or no files any more are told one by one, and the rest comes', async () => {
    await put('a.tar', 'abc')
    await mkdir(join(bed.served, 'folder.tar'))
    await symlink('a.tar', join(bed.served, 'link.tar'))
    const report = await bed.pull(bed.open(), [
      ['a.tar', 3],
      ['gone.tar', 10],
      ['folder.tar', 10],
      ['link.tar', 10],
    ])
    expect(report.ended).toBe('partial')
    expect(codes(report.problems)).toEqual([
      'not-regular folder.tar',
      'not-regular link.tar',
      'vanished gone.tar',
    ])
    expect(await readFile(join(bed.staging, 'a.tar'), 'utf8')).toBe('abc')
  })

  test('not a byte more than was listed is accepted of the largest, and no file that has grown beyond it', async () => {
    await put('a.tar', 'abcdef')
    const report = await bed.pull(bed.open(), [['a.tar', 3]])
    expect(report.ended).toBe('done')
    expect(report.problems).toMatchObject([
      {
        code: 'changed-during-transfer',
        path: 'a.tar',
        message: expect.stringMatching(/has grown .* from 3 bytes to more than 3/),
      },
    ])
    expect(await readdir(bed.staging)).toEqual([])
    await truncate(join(bed.served, 'a.tar'), 3)
    await bed.pull(bed.open(), [['a.tar', 3]])
    expect(await readFile(join(bed.staging, 'a.tar'), 'utf8')).toBe('abc')
  })
})

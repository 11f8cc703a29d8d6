import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backup, backupIn, problemsOf } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// What a source shows, in each of the ways in which one can show it, over one real sshd. One pass over all of them.

let world: World
const backups = new Map<string, Backup>()
const listing = { source: { listing: 'LIST' } }

/** A backup whose source is made before the one pass that all cases look at. */
async function given(
  name: string,
  over: Readonly<Record<string, unknown>>,
  fill: (backup: Backup) => Promise<unknown>,
): Promise<void> {
  const backup = await backupIn(world, name, over)
  await fill(backup)
  backups.set(name, backup)
}

const outcomes = new Map<string, Awaited<ReturnType<Backup['pass']>>>()
let exitCode: number

beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  await given('names', listing, async (at) => {
    for (const name of ['a.tar', 'b.tar', 'unlisted.tar']) await at.offer(name, name)
    await at.put('LIST', './a.tar\r\n\r\nb.tar\r\nnot-yet.tar\r\n')
  })
  await given('ls', listing, async (at) => {
    for (const name of ['a.tar', 'b c.tar']) await at.offer(name, name)
    await at.put('.hidden', 'x')
    // What `ls -A > LIST` writes.
    await at.put('LIST', '.hidden\nLIST\na.tar\na.tar.md5\nb c.tar\nb c.tar.md5\n')
  })
  await given('sums', listing, async (at) => {
    const a = await at.offer('a.tar', 'a')
    await at.offer('b.tar', 'b')
    await at.put('LIST', `${a}  a.tar\n${'0'.repeat(32)} *b.tar\n`)
  })
  await given('bad-names', listing, async (at) => {
    await at.offer('a.tar', 'a')
    await at.put('LIST', 'a.tar\n/etc/passwd\n../up.tar\nsub/in.tar\n')
  })
  await given('no-list', listing, (at) => at.offer('a.tar', 'a'))
  await given('checked-list', listing, async (at) => {
    await at.offer('a.tar', 'a')
    await at.put('LIST', 'a.tar\n')
    await at.put('LIST.md5', `${'0'.repeat(32)}  LIST\n`)
  })
  await given('folders', {}, async (at) => {
    for (const name of ['top.tar', 'sub/deep/in.tar', 'sub/other.tar']) await at.offer(name, name)
    await at.put('lost+found/x.tar', 'x')
  })
  await given('selected', { select: { include: ['*.tar'], exclude: ['tmp-*'] } }, async (at) => {
    for (const name of ['a.tar', 'tmp-b.tar', 'c.log', 'sub/d.tar']) await at.offer(name, name)
  })
  await given('sha', { checksum: 'sha256' }, async (at) => {
    await at.offer('a.tar', 'a', { kind: 'sha256' })
    await at.offer('b.tar', 'b', { kind: 'sha256', suffix: '.SHA256' })
    await at.offer('only-md5.tar', 'c')
  })
  await given('spelling', {}, async (at) => {
    const digest = await at.offer('upper.tar', 'u', { suffix: '.MD5' })
    await at.offer('both.tar', 'b')
    await at.offer('both.tar', 'b', { suffix: '.MD5' })
    await at.offer('differ.tar', 'd')
    await at.offer('differ.tar', 'd', { suffix: '.MD5', marker: `${digest}  differ.tar\n` })
  })
  await given('marker-forms', {}, async (at) => {
    const put = async (name: string, words: (digest: string) => string) => {
      const digest = await at.offer(name, name, { marker: null })
      await at.put(`${name}.md5`, words(digest))
    }
    await put('bare.tar', (digest) => digest)
    await put('bsd.tar', (digest) => `MD5 (bsd.tar) = ${digest}\n`)
    await put('crlf.tar', (digest) => `${digest.toUpperCase()} *crlf.tar\r\n`)
    await put('other-name.tar', (digest) => `${digest}  elsewhere.tar\n`)
    await put('empty.tar', () => '')
  })
  await given('old', { source: { protocol: 29, listing: 'LIST' } }, async (at) => {
    await at.offer('a.tar', 'a')
    await at.put('LIST', 'a.tar\n')
  })
  await given('old-folders', { source: { protocol: 29 } }, (at) => at.offer('sub/a.tar', 'a'))
  const result = await world.pass()
  exitCode = result.exitCode
  for (const outcome of result.backups) outcomes.set(outcome.backup, outcome)
})
afterAll(() => world.end())

interface Came {
  readonly published: readonly string[]
  readonly waiting?: readonly string[]
  readonly problems?: readonly string[]
  readonly code: number
}

describe('one pass over sources of every kind', () => {
  test.each<[string, string, Came]>([
    [
      'a list of names, with CRLF, ./ and blank lines: unlisted is absent, listed and not there waits',
      'names',
      { published: ['a.tar', 'b.tar'], waiting: ['not-yet.tar'], code: 0 },
    ],
    ['a list made by ls -A > LIST', 'ls', { published: ['a.tar', 'b c.tar'], code: 0 }],
    [
      'a list of md5sum lines: its sums are hints, a disagreement is a problem, the marker is believed',
      'sums',
      { published: ['a.tar', 'b.tar'], problems: ['list-disagrees b.tar'], code: 1 },
    ],
    [
      'I6: a list with names outside its folder: refused, the list is to blame, the rest comes',
      'bad-names',
      {
        published: ['a.tar'],
        problems: ['list-folder LIST', 'name-absolute LIST', 'name-dot-part LIST'],
        code: 1,
      },
    ],
    [
      'a missing list: a failure, never a fallback',
      'no-list',
      { published: [], problems: ['list-missing LIST'], code: 1 },
    ],
    [
      'a list that its own marker denies: nothing is taken from it',
      'checked-list',
      { published: [], problems: ['list-mismatch LIST'], code: 1 },
    ],
    [
      "rsync's own listing, with folders, without lost+found",
      'folders',
      { published: ['sub/deep/in.tar', 'sub/other.tar', 'top.tar'], code: 0 },
    ],
    ['select: base names without a slash', 'selected', { published: ['a.tar', 'sub/d.tar'], code: 0 }],
    [
      'I14: sha256 sidecars: an .md5 does not finish a file then, which is a problem',
      'sha',
      {
        published: ['a.tar', 'b.tar'],
        waiting: ['only-md5.tar'],
        problems: ['other-checksum only-md5.tar'],
        code: 1,
      },
    ],
    [
      'an .MD5, both spellings, and two that disagree',
      'spelling',
      { published: ['both.tar', 'upper.tar'], problems: ['markers-disagree differ.tar'], code: 1 },
    ],
    [
      'markers bare, BSD and with CRLF; another file’s and an empty one are problems',
      'marker-forms',
      {
        published: ['bare.tar', 'bsd.tar', 'crlf.tar'],
        problems: ['marker-empty empty.tar.md5', 'marker-other-name other-name.tar.md5'],
        code: 1,
      },
    ],
    ['protocol 29 with a list file', 'old', { published: ['a.tar'], code: 0 }],
    ['protocol 29 with folders', 'old-folders', { published: ['sub/a.tar'], code: 0 }],
  ])('%s', (_, name, { published, waiting = [], problems = [], code }) => {
    const outcome = outcomes.get(name)!
    expect({
      published: outcome.published,
      waiting: outcome.waiting,
      problems: problemsOf(outcome),
      code: outcome.exitCode,
    }).toEqual({ published, waiting, problems, code })
  })

  test('the whole pass exits as its worst backup does', () => expect(exitCode).toBe(1))

  test('markers keep the spelling of the source, the lower-case one where there are both', async () => {
    expect(await backups.get('spelling')!.names()).toEqual([
      'both.tar',
      'both.tar.md5',
      'upper.tar',
      'upper.tar.MD5',
    ])
    expect(await backups.get('sha')!.names()).toEqual(['a.tar', 'a.tar.sha256', 'b.tar', 'b.tar.SHA256'])
  })

  test('data and marker are, byte for byte, the source’s', async () => {
    const held = await backups.get('marker-forms')!.published()
    expect(held.get('bsd.tar')).toBe('bsd.tar')
    expect(held.get('bsd.tar.md5')).toMatch(/^MD5 \(bsd\.tar\) = [0-9a-f]{32}\n$/)
    expect(held.get('crlf.tar.md5')).toMatch(/^[0-9A-F]{32} \*crlf\.tar\r\n$/)
  })

  test('a list that disappears makes nothing lost, and what is held stays in sync', async () => {
    const at = backups.get('ls')!
    await rename(join(at.source, 'LIST'), join(at.source, 'list.gone'))
    const outcome = await at.pass()
    expect(outcome).toMatchObject({ result: 'failed', lost: [], exitCode: 1 })
    expect(problemsOf(outcome)).toEqual(['list-missing LIST'])
    expect(await at.names()).toHaveLength(4)
  })

  test('I8: what the source no longer has stays here, without a word', async () => {
    const at = backups.get('folders')!
    await rm(join(at.source, 'sub'), { recursive: true })
    const outcome = await at.pass()
    expect(outcome).toMatchObject({ result: 'in-sync', exitCode: 0, lost: [], problems: [] })
    expect(await at.names()).toContain('sub/deep/in.tar')
  })
})

import { readdirSync, readlinkSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import type { PullReport } from '../../src/model/ports.ts'
import { pathFault } from '../../src/model/rel-path.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

const SENDER = fileURLToPath(new URL('../helpers/source-hostile-sender.js', import.meta.url))

/** Seconds. Each of these senders ends by itself. */
const PATIENCE = 300

let bed: SourceBed
afterEach(() => bed.end())

/** Pulls what we want from a sender that lists and sends what it likes. */
async function pull(
  wanted: readonly (readonly [string, number])[],
  listed: readonly (readonly [name: string, size: number])[],
  sent: readonly (readonly [index: number, text: string, times: number, pause: number])[],
): Promise<PullReport> {
  const words = [listed, sent].map((words) => Buffer.from(JSON.stringify(words)).toString('hex'))
  bed = await makeSourceBed('ssh', { command: `'${process.execPath}' '${SENDER}' ${words.join(' ')}` })
  return bed.pull(bed.open({}, PATIENCE), wanted, { timeout: PATIENCE })
}
const staged = (name: string): Promise<string> => readFile(join(bed.staging, name), 'utf8')

/** Everything under the bed but keys and what is served. */
const made = async (): Promise<readonly string[]> =>
  (await readdir(bed.folder, { recursive: true })).filter((path) => !/^(keys|served)/.test(path)).sort()
const NOTHING = ['lock', 'staging']

test('the scripted sender is one that rsync understands', async () => {
  const both = [
    ['a', 5],
    ['b', 3],
  ] as const
  const report = await pull(both, both, [
    [0, 'hello', 1, 0],
    [1, 'abc', 1, 0],
  ])
  expect(report).toMatchObject({ ended: 'done', failure: null, problems: [], received: 8 })
  expect(await staged('a')).toBe('hello')
  expect(await staged('b')).toBe('abc')
})

test('I1: one that writes a file twice has written it for good when pull comes back', async () => {
  const report = await pull(
    [['a', 5]],
    [['a', 5]],
    [
      [0, 'hello', 1, 1500],
      [0, 'EVIL!', 1, 0],
    ],
  )
  // The first line said that it was through. The gate reads only now, and what it reads nobody changes any more.
  expect(report).toMatchObject({ ended: 'done' })
  expect(await staged('a')).toBe('EVIL!')
  const holders = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && opens(pid, bed.staging))
  expect(holders).toEqual([])
})

test.each([
  ['beside it', 'b'],
  ['in a folder', 'x/b'],
  ['upwards', '../b'],
  ['absolute', '/b'],
  ['our own', '../../.ssh/authorized_keys'],
])('I6: a name that nobody asked for makes nothing: %s', async (_, name) => {
  const report = await pull(
    [['a', 5]],
    [
      ['a', 5],
      [name, 4],
    ],
    [
      [0, 'hello', 1, 0],
      [1, 'EVIL', 1, 0],
    ],
  )
  expect(report).toMatchObject({
    ended: 'broken',
    failure: { code: 'garbage-from-source', retryable: false },
  })
  expect((await made()).filter((path) => path !== 'staging/a')).toEqual(NOTHING)
})

test('one that sends more than it listed is cut off, and no byte more is on the disk', async () => {
  const report = await pull([['a', 5]], [['a', 5]], [[0, 'x'.repeat(60_000), 200, 0]])
  expect(report).toMatchObject({ ended: 'broken', failure: { code: 'source-grew', retryable: true } })
  expect((await stat(join(bed.staging, 'a'))).size).toBeLessThanOrEqual(5)
})

test('one that lists more than it did before is not asked for it', async () => {
  const report = await pull([['a', 5]], [['a', 500]], [])
  expect(report.ended).not.toBe('stopped')
  expect(await made()).toEqual(NOTHING)
})

test.each(['../../x', '/etc/passwd', 'a/../../b', 'a\nb', '.reconcile/id'])(
  'I6: a listing with %j lists no such thing',
  async (name) => {
    const words = [
      [
        [name, 1],
        ['good', 2],
      ],
      [],
    ].map((word) => Buffer.from(JSON.stringify(word)).toString('hex'))
    bed = await makeSourceBed('ssh', { command: `'${process.execPath}' '${SENDER}' ${words.join(' ')}` })
    const listing = await bed
      .open({}, PATIENCE)
      .list(quietRun())
      .catch((failure: Failure) => failure)
    if (listing instanceof Failure) return
    for (const path of listing.files.keys()) expect(pathFault(path)).toBeNull()
    expect([...listing.files.keys()]).toEqual(['good'])
    expect(listing.problems).toHaveLength(1)
  },
)

function opens(pid: string, folder: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${folder}/`),
    )
  } catch {
    return false
  }
}

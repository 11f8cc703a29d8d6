import { appendFile, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import { digestOf, makeWorld, type World, type WorldOptions } from '../helpers/world.ts'

let world: World
afterEach(() => world?.end())

const begin = async (quiet = '1s', options: WorldOptions = {}): Promise<void> => {
  world = await makeWorld('ssh', { calls: 'here', ...options })
  await world.declare('pg', { finished: { quiet } })
}
const put = (name: string, text: string): Promise<string> => world.offer(name, text, { marker: null })
const pass = async (): Promise<BackupOutcome> => (await world.pass()).backups[0]!
/** Passes until one has published something: two looks a second apart. */
const untilPublished = (): Promise<readonly string[]> =>
  vi.waitFor(
    async () => {
      const { published } = await pass()
      expect(published).not.toEqual([])
      return published.toSorted()
    },
    { timeout: 300_000, interval: 200 },
  )

describe('a file without any marker', () => {
  test('is taken after two looks between which it did not change, by the md5 of the source’s rsync', async () => {
    await begin()
    await put('a.tar', 'a')
    await put('with blank\\and "more" ü.tar', 'b')
    const first = await pass()
    expect(first.result).toBe('incomplete')
    expect(first.exitCode).toBe(0)
    expect(first.waiting.length).toBe(2)
    expect((await world.run('status', '--check')).stdout).toMatch(/^RECONCILE OK - /)
    expect(await untilPublished()).toEqual(['a.tar', 'with blank\\and "more" ü.tar'])
    const held = await world.published()
    expect(held.get('a.tar.md5')).toBe(`${digestOf('md5', 'a')}  a.tar\n`)
    expect(await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8')).toContain(
      '"vouched":"source"',
    )
    expect((await pass()).result).toBe('in-sync')
    // A cache: without it nothing is asked of what is held and has not changed.
    await rm(join(world.destination, '.reconcile/seen.jsonl'))
    expect((await pass()).result).toBe('in-sync')
  })
  test('waits while it grows', async () => {
    await begin()
    await put('a.tar', 'a')
    for (const _ of [1, 2, 3]) {
      expect((await pass()).published).toEqual([])
      await appendFile(join(world.source, 'a.tar'), 'more')
    }
    expect(await untilPublished()).toEqual(['a.tar'])
    expect((await world.published()).get('a.tar')).toBe('amoremoremore')
  })
  test('that has changed after it was held is asked for again: a conflict on every run, or the same', async () => {
    await begin()
    await put('a.tar', 'a')
    await put('b.tar', 'b')
    await untilPublished()
    await put('a.tar', 'other')
    await utimes(join(world.source, 'b.tar'), 1_700_000_000, 1_700_000_000)
    await vi.waitFor(
      async () => expect((await pass()).conflicts.map(({ path }) => path)).toEqual(['a.tar']),
      {
        timeout: 300_000,
      },
    )
    const again = await pass()
    expect(again.conflicts.map(({ path }) => path)).toEqual(['a.tar'])
    expect(again.problems).toEqual([])
    expect((await world.published()).get('a.tar')).toBe('a')
  })
  test('a source that cannot say md5s is reported once, and nothing is taken', async () => {
    await begin('1s', {
      command: (served) => `RSYNC_CHECKSUM_LIST=xxh64 exec rrsync -ro ${served}`,
    })
    await put('a.tar', 'a')
    await writeFile(join(world.source, 'b.tar'), 'b')
    await vi.waitFor(
      async () => {
        const { problems, published } = await pass()
        expect(published).toEqual([])
        expect(problems.map(({ code }) => code)).toEqual(['claims-unsupported'])
      },
      { timeout: 300_000 },
    )
    expect((await world.run()).stderr.match(/the source is reading/g)).toHaveLength(1)
  })
})

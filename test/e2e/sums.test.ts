import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world?.end())

const sum = (kind: 'md5' | 'sha256', text: string) => createHash(kind).update(text).digest('hex')
const put = async (name: string, text: string): Promise<void> => {
  const path = join(world.source, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}
const begin = async (finished: unknown, over: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  world = await makeWorld('ssh', { calls: 'here' })
  await world.declare('pg', { finished, ...over })
}
const byAction = async (action: string): Promise<readonly string[]> =>
  (await world.plan()).backups[0]!.steps.filter((step) => step.action === action).map(({ path }) => path)

describe('a sums file finishes what it names', () => {
  test('in path and in each folder that has one, and what none names waits', async () => {
    await begin({ sums: 'MD5SUMS' })
    await put('a.tar', 'a')
    await put('b.tar', 'b')
    await put('late.tar', 'late')
    await put('deep/c.tar', 'c')
    await put('deep/er/d.tar', 'd')
    await put(
      'MD5SUMS',
      `${sum('md5', 'a')}  a.tar\n${sum('md5', 'b')} *./b.tar\n${sum('md5', 'd')}  deep/er/d.tar\n`,
    )
    await put('deep/MD5SUMS', `MD5 (c.tar) = ${sum('md5', 'c')}\r\n`)
    expect(await byAction('wait')).toEqual(['late.tar'])
    const { exitCode, backups } = await world.pass()
    expect(exitCode).toBe(0)
    expect(backups[0]!.problems).toEqual([])
    expect(backups[0]!.published.toSorted()).toEqual(['a.tar', 'b.tar', 'deep/c.tar', 'deep/er/d.tar'])
    const held = await world.published()
    expect([...held.keys()].toSorted()).toEqual([
      ...['a.tar', 'a.tar.md5', 'b.tar', 'b.tar.md5'],
      ...['deep/c.tar', 'deep/c.tar.md5', 'deep/er/d.tar', 'deep/er/d.tar.md5'],
    ])
    expect(held.get('deep/c.tar.md5')).toBe(`${sum('md5', 'c')}  c.tar\n`)
    const ledger = await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8')
    expect(ledger).toContain('"vouched":"sums"')
    expect((await world.pass()).backups[0]!.result).toBe('in-sync')
  })
  test('sha256, a name of its own, and a line of the other length that does not count', async () => {
    await begin({ sums: 'CHECKSUMS.txt' }, { checksum: 'sha256' })
    await put('a.tar', 'a')
    await put('b.tar', 'b')
    await put('CHECKSUMS.txt', `${sum('sha256', 'a')}  a.tar\n${sum('md5', 'b')}  b.tar\n`)
    const { backups } = await world.pass()
    expect(backups[0]!.published).toEqual(['a.tar'])
    expect(await world.published().then((held) => held.get('a.tar.sha256'))).toBe(
      `${sum('sha256', 'a')}  a.tar\n`,
    )
  })
  test('one X.md5 that names the parts of a split archive', async () => {
    await begin({ sums: '*.md5' })
    await put('vm.tar.001', 'one')
    await put('vm.tar.002', 'two')
    await put('vm.tar.md5', `${sum('md5', 'one')}  vm.tar.001\n${sum('md5', 'two')}  vm.tar.002\n`)
    expect((await world.pass()).backups[0]!.published.toSorted()).toEqual(['vm.tar.001', 'vm.tar.002'])
  })
})

describe('what a sums file says is hostile until checked', () => {
  test('named twice with two sums, and in two files that disagree', async () => {
    await begin({ sums: 'MD5SUMS' })
    await put('a.tar', 'a')
    await put('deep/b.tar', 'b')
    await put(
      'MD5SUMS',
      `${sum('md5', 'a')}  a.tar\n${sum('md5', 'x')}  a.tar\n${sum('md5', 'x')}  deep/b.tar\n`,
    )
    await put('deep/MD5SUMS', `${sum('md5', 'b')}  b.tar\n`)
    const { exitCode, backups } = await world.pass()
    expect(exitCode).toBe(1)
    expect(backups[0]!.published).toEqual([])
    expect(
      backups[0]!.problems
        .filter(({ code }) => code === 'markers-disagree')
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(['a.tar', 'deep/b.tar'])
  })
  test('absolute names count by their base name; names that leave the folder name nothing else', async () => {
    await begin({ sums: 'MD5SUMS' })
    await put('a.tar', 'a')
    await put('x/b.tar', 'b')
    await put('MD5SUMS', `${sum('md5', 'a')}  /srv/dumps/a.tar\n${sum('md5', 'b')}  ../../x/b.tar\n`)
    expect((await world.pass()).backups[0]!.published).toEqual(['a.tar'])
    expect(await byAction('wait')).toEqual(['x/b.tar'])
  })
  test('sums of the other kind alone, UTF-16 and an empty file are named as what they are', async () => {
    await begin({ sums: 'SUMS' })
    await put('a.tar', 'a')
    const problem = async () =>
      (await world.pass()).backups[0]!.problems.find(({ code }) => code === 'sums-fit-nothing')
    await put('SUMS', `${sum('sha256', 'a')}  a.tar\n`)
    expect((await problem())?.hint).toBe('Set checksum: sha256 in the spec.')
    await writeFile(join(world.source, 'SUMS'), Buffer.from(`\ufeff${sum('md5', 'a')}  a.tar\n`, 'utf16le'))
    expect((await problem())?.message).toContain('UTF-16')
    await put('SUMS', '')
    expect((await problem())?.message).toContain('is empty')
  })
  test('a wrong sum publishes nothing, and a corrected one does', async () => {
    await begin({ sums: 'MD5SUMS' })
    await put('a.tar', 'a')
    await put('MD5SUMS', `${sum('md5', 'b')}  a.tar\n`)
    const first = await world.pass()
    expect(first.exitCode).toBe(6)
    expect(await world.published()).toEqual(new Map())
    await rm(join(world.source, 'MD5SUMS'))
    await put('MD5SUMS', `${sum('md5', 'a')}  a.tar\n# written again\n`)
    expect((await world.pass()).backups[0]!.published).toEqual(['a.tar'])
  })
  test('another sum for a held file is a conflict on every run', async () => {
    await begin({ sums: 'MD5SUMS' })
    await put('a.tar', 'a')
    await put('MD5SUMS', `${sum('md5', 'a')}  a.tar\n`)
    await world.pass()
    await put('a.tar', 'other')
    await put('MD5SUMS', `${sum('md5', 'other')}  a.tar\n`)
    for (const _ of [1, 2]) expect((await world.pass()).exitCode).toBe(6)
    expect((await world.published()).get('a.tar')).toBe('a')
  })
})

import { chmod, chown, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'
import { DUMPS } from '../helpers/world-of-dumps.ts'

let world: World
let ledger: string
let good: string

beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  ledger = join(world.destination, '.reconcile/ledger.jsonl')
  for (const day of ['20', '21', '22'])
    await world.offer(`db-2025-11-${day}.tar`, day.repeat(100), { mtime: 1_763_000_000 })
  await world.declare('pg', { ...DUMPS, expect: undefined })
  expect((await world.pass()).exitCode).toBe(0)
  await world.run('prune', 'pg', 'db-2025-11-20.tar', '--reason', 'holds\ta secret')
  good = await readFile(ledger, 'utf8')
})
afterAll(() => world.end())

test('sentences, the oldest first, and nothing is written', async () => {
  const { code, stdout } = await world.run('log', 'pg')
  expect(code).toBe(0)
  const text = stdout.replace(/\n {4}/g, ' ')
  expect(text.split('\n')[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d (?:UTC|[+-]\d\d:\d\d) {2}this destination began/,
  )
  expect(text).toMatch(
    /published db-2025-11-22\.tar \(200 B, md5 \w{8}\): db-2025-11-22\.tar\.md5 at the source vouches for it; plan \w{8}/,
  )
  expect(text).toMatch(
    /began to remove db-2025-11-20\.tar \(series db, point of 2025-11-2\d [^)]*\): a person said: holds a secret \(\w+\);.*\n.* {2}removed db-2025-11-20\.tar; it is in trash\/\S+$/,
  )
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(await readFile(ledger, 'utf8')).toBe(good)
})

test('--json holds each line with its hash, in UTC, and the head; ndjson the same as a stream', async () => {
  const { stdout } = await world.run('log', 'pg', '--json')
  const document = JSON.parse(stdout)
  const lines = good
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { seq, hash } = lines.at(-1)
  expect(document).toMatchObject({
    format: 'reconcile.log/1',
    since: null,
    ledgers: [
      {
        backup: 'pg',
        destination: world.destination,
        lines: lines.length,
        head: { seq, hash },
        torn: 0,
        halt: null,
      },
    ],
    exitCode: 0,
  })
  expect(document.entries.map((one: { hash: string }) => one.hash)).toEqual(lines.map((one) => one.hash))
  expect(document.entries[1]).toMatchObject({
    backup: 'pg',
    seq: 2,
    event: 'published',
    size: 200,
    time: lines[1].time,
  })
  const stream = (await world.run('log', 'pg', '--output', 'ndjson')).stdout
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(stream.map(({ type }) => type)).toEqual([...lines.map(() => 'entry'), 'log'])
  expect(stream.at(-1).log).toMatchObject({
    format: 'reconcile.log/1',
    exitCode: 0,
    ledgers: [{ head: { seq, hash } }],
  })
})

test('--since takes a span, a day or a moment; the bare folder is enough', async () => {
  expect((await world.run('log', '--since', '1h')).stdout).toContain('removed db-2025-11-20.tar')
  expect((await world.run('log', '--since', '2025-01-01')).stdout).toContain('this destination began')
  expect((await world.run('log', '--since', '2999-01-01T00:00:00Z')).stdout).toBe(
    'Nothing is recorded since then.',
  )
  const wrong = await world.run('log', '--since', 'yesterday')
  expect([wrong.code, wrong.stderr.replace(/\s+/g, ' ')]).toEqual([
    64,
    expect.stringContaining('such as 7d, 2026-11-24 or'),
  ])
  const none = await world.run('log', world.source)
  expect([none.code, none.stderr]).toEqual([64, expect.stringContaining('is not a destination')])
  const bare = await world.run('--state', join(world.folder, 'no-state'), 'log', world.destination)
  expect([bare.code, bare.stderr]).toEqual([0, ''])
  expect(bare.stdout).toContain('removed db-2025-11-20.tar')
  // Another user's is read as that user would read it.
  const own = join(world.destination, '.reconcile')
  const { seq, hash } = JSON.parse(good.trim().split('\n').at(-1)!)
  await chown(own, 1234, 1234)
  for (const what of ['pg', world.destination])
    for (const words of [
      ['log', what],
      ['verify', what, '--head', `${seq}:${hash}`],
    ])
      expect(await world.run(...words), words.join(' ')).toMatchObject({ code: 0 })
  await chown(own, 0, 0)
})

test('a damaged ledger: what can be read before and after, where it is damaged, exit 6', async () => {
  await chmod(ledger, 0o600)
  const damaged = async (text: string) => {
    await writeFile(ledger, text)
    return world.run('log', world.destination)
  }
  const edited = await damaged(good.replace('"size":200', '"size":201'))
  expect(edited.code).toBe(6)
  const text = edited.stdout.replace(/\n {2,4}/g, ' ')
  expect(text).toMatch(/this destination began.*\n! damaged here: .*\n.*published db-2025-11-21\.tar/)
  expect(text).toMatch(
    /removed db-2025-11-20\.tar[^\n]*\n! ledger-damaged the ledger .* line 2 \(byte \d+\) was changed/,
  )
  const document = JSON.parse((await world.run('log', 'pg', '--json')).stdout)
  expect(document.entries[1]).toMatchObject({ seq: 3, afterDamage: true })
  expect(document).toMatchObject({
    exitCode: 6,
    ledgers: [{ head: { seq: 1 }, halt: { code: 'ledger-damaged' } }],
  })
  // Also within the last write, of which this box knows that it was whole.
  const last = good.lastIndexOf('"event":"prune-begin"')
  const garbled = await damaged(`${good.slice(0, last)}"event":"prune-began"${good.slice(last + 21)}`)
  expect([garbled.code, garbled.stdout.replace(/\n {2,4}/g, ' ')]).toEqual([
    6,
    expect.stringMatching(/\n! damaged here: .*\n.*removed db-2025-11-20\.tar/),
  ])
  const cut = await damaged(`${good.split('\n').slice(0, 3).join('\n')}\n`)
  expect([cut.code, cut.stdout.replace(/\s+/g, ' ')]).toEqual([
    6,
    expect.stringContaining('it ends with line 3, and an earlier run wrote line'),
  ])
  const torn = await damaged(`${good}{"seq":`)
  expect([torn.code, torn.stdout.replace(/\s+/g, ' ')]).toEqual([
    0,
    expect.stringContaining('is not whole (7 bytes)'),
  ])
  await rm(ledger)
  const gone = await world.run('log')
  expect([gone.code, gone.stdout]).toEqual([6, expect.stringContaining('! ledger-missing')])
  await writeFile(ledger, good)
})

test('several backups in the order of time, each line with its name', async () => {
  await world.declare('web', {
    ...DUMPS,
    expect: undefined,
    destination: { path: join(world.folder, 'second') },
  })
  expect((await world.pass('web')).exitCode).toBe(0)
  const { code, stdout } = await world.run('log')
  expect(code).toBe(0)
  const names = stdout.split('\n').flatMap((line) => / {2}(pg|web): /.exec(line)?.[1] ?? [])
  expect(names.join(' ')).toMatch(/^(?:pg )+(?:web ?)+$/)
})

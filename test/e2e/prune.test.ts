import { existsSync } from 'node:fs'
import { chmod, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'
import { DUMPS, dump, heldThenLowered as makeDumps } from '../helpers/world-of-dumps.ts'

let open: World | null = null
afterEach(async () => {
  await open?.end()
  open = null
})

const DAY = 86_400_000

const heldThenLowered = async (...of: Parameters<typeof makeDumps>): Promise<World> => {
  open = await makeDumps(...of)
  return open
}

const data = async (world: World): Promise<readonly string[]> =>
  [...(await world.published()).keys()].filter((path) => !path.endsWith('.md5')).sort()

const ledger = (world: World): Promise<string> =>
  readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8')

async function inTrash(world: World): Promise<readonly string[]> {
  const trash = join(world.destination, '.reconcile/trash')
  const entries = await readdir(trash, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort()
}

describe('a pass with prune: auto', () => {
  test('moves what no rule keeps to the trash, with its marker, and the next pass does nothing', async () => {
    const world = await heldThenLowered(6, 5, { place: 'ssh' })
    const planned = await world.plan()
    expect(planned.backups[0]!.steps).toMatchObject([
      { action: 'prune', path: dump(5), because: ['outside last=5'], series: 'db' },
    ])
    const result = await world.pass()
    expect(result).toMatchObject({ exitCode: 0, backups: [{ result: 'applied', pruned: [dump(5)] }] })
    expect(await data(world)).toEqual([4, 3, 2, 1, 0].map(dump))
    expect(await inTrash(world)).toEqual([dump(5), `${dump(5)}.md5`])
    // The source still lists it: what was pruned is not pulled again.
    const before = await ledger(world)
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ result: 'in-sync', published: [] }] })
    expect(await ledger(world)).toBe(before)
    expect((await world.plan()).backups[0]).toMatchObject({ steps: [], unwanted: { files: 1 } })
  })

  test('is held by a cliff until that is released, and then a fifth goes in a day', async () => {
    const world = await heldThenLowered(15, 4)
    const held = await world.pass()
    expect(held).toMatchObject({
      exitCode: 7,
      backups: [{ result: 'in-sync', holds: [{ code: 'prune-cliff' }] }],
    })
    expect(await data(world)).toHaveLength(15)
    const [hold] = held.backups[0]!.holds
    expect((await world.plan()).backups[0]!.holds).toEqual([hold])
    expect(await world.run('release', hold!.id, '--reason', 'fewer will do')).toMatchObject({ code: 0 })
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ pruned: [14, 13, 12].map(dump) }] })
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ pruned: [] }] })
    expect((await world.plan()).summary).toMatchObject({ surplus: 8, prune: 0 })
    expect(await ledger(world)).toContain('"reason":"fewer will do"')
  })

  test('is held while the series is late, and tells so', async () => {
    const world = await heldThenLowered(6, 5)
    const plan = await world.run('--dry-run', '--as-of', new Date(Date.now() + 7 * DAY).toISOString())
    expect(plan.code).toBe(7)
    expect(plan.stdout).toContain('the series is late')
    expect(plan.stdout).toMatch(/late +db +its newest complete point/)
  })

  test('is held where the source lists half of what it listed', async () => {
    const world = await heldThenLowered(6, 5)
    for (const ago of [1, 2, 3, 4]) {
      await rm(join(world.source, dump(ago)))
      await rm(join(world.source, `${dump(ago)}.md5`))
    }
    for (const _ of [1, 2]) {
      const held = await world.pass()
      expect(held).toMatchObject({ exitCode: 7, backups: [{ holds: [{ code: 'prune-listing-shrank' }] }] })
    }
    expect(await data(world)).toHaveLength(6)
  })

  test('reads the points that it relies on first, and removes nothing on the strength of rot', async () => {
    const world = await heldThenLowered(4, 3, { more: { verify: { every: '1s' } } })
    const newest = join(world.destination, dump(0))
    const { mtime, size } = await stat(newest)
    await chmod(newest, 0o644)
    await writeFile(newest, 'x'.repeat(size))
    await utimes(newest, mtime, mtime)
    await chmod(newest, 0o444)
    // Only what was read longer than verify.every ago is read again.
    const heldBy = Date.now()
    await expect.poll(() => Date.now() - heldBy).toBeGreaterThan(1500)
    const result = await world.pass()
    expect(result.exitCode).toBe(6)
    expect(result.backups[0]).toMatchObject({ pruned: [], problems: [{ code: 'rot', path: dump(0) }] })
    expect(await data(world)).toHaveLength(4)
    // It is known from now on, and put right from the source, which still has the same bytes.
    expect((await world.pass()).backups[0]).toMatchObject({ repaired: [dump(0)] })
    expect(await readFile(newest, 'utf8')).toBe('dump of 0 days ago')
  })

  test('empties the trash when its time is over', async () => {
    const world = await heldThenLowered(6, 5, {
      more: { prune: { mode: 'auto', minAge: '0s', keepAtLeast: 3, trashFor: '0s' } },
    })
    expect((await world.pass()).backups[0]).toMatchObject({ pruned: [dump(5)] })
    expect((await world.plan()).backups[0]!.steps).toMatchObject([{ action: 'expire', path: dump(5) }])
    expect((await world.pass()).exitCode).toBe(0)
    expect(await inTrash(world)).toEqual([])
    expect((await world.run('prune', 'pg', '--undo', dump(5))).code).toBe(1)
  })
})

describe('reconcile prune', () => {
  test('shows plan and reasons, and does what manual waits for', async () => {
    const world = await heldThenLowered(6, 5, { mode: 'manual' })
    expect((await world.pass()).backups[0]).toMatchObject({ pruned: [] })
    expect((await world.plan()).backups[0]!.steps).toMatchObject([
      { action: 'surplus', because: ['outside last=5', 'kept (prune: manual)'] },
    ])
    const dry = await world.run('prune', '-n')
    expect(dry.stdout).toMatch(/- prune +db-\S+ +\d+ B +outside last=5/)
    expect(await world.run('prune', '-n', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await world.run('prune', '-n', '--detailed-exitcode')).toMatchObject({ code: 2 })
    expect(await data(world)).toHaveLength(6)
    const done = await world.run('prune')
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toMatch(/1 to prune\. 0 overwrites, 1 removal\.[\s\S]*1 pruned/)
    expect(await data(world)).toHaveLength(5)
  })

  test('removes nothing where the spec does not let it, and says what would', async () => {
    const world = await heldThenLowered(6, 5, { mode: 'never' })
    const refused = await world.run('prune', 'pg')
    expect(refused.code).toBe(64)
    expect(refused.stderr).toContain('prune: { mode: manual }')
    const unnamed = await world.run('prune')
    expect(unnamed.code).toBe(1)
    expect(unnamed.stdout.replace(/\s+/g, ' ')).toMatch(
      /Result: nothing pruned \(exit 1: no spec has both retain/,
    )
    expect(unnamed.stdout).not.toContain('found to back up')
    expect(await data(world)).toHaveLength(6)
  })

  test('by name and with a reason: gone, not pulled again, and back with --undo', async () => {
    const world = await heldThenLowered(4, 4, { mode: 'never' })
    expect((await world.run('prune', 'pg', dump(1))).code).toBe(64)
    expect(await world.run('prune', 'pg', dump(1), '--reason', 'holds a password')).toMatchObject({ code: 0 })
    expect(await ledger(world)).toContain('holds a password')
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: [], lost: [] }] })
    expect(await data(world)).not.toContain(dump(1))
    expect((await world.status()).backups[0]!.state).toBe('ok')
    expect((await world.run('prune', '--undo', dump(1))).code).toBe(64)
    expect(await world.run('prune', 'pg', '--undo', dump(1))).toMatchObject({ code: 0 })
    expect(await data(world)).toContain(dump(1))
    expect(await inTrash(world)).toEqual([])
    expect((await world.pass()).exitCode).toBe(0)
  })

  test('--undo --last brings back all that the last prune took, and the next pass leaves it for minAge', async () => {
    const world = await heldThenLowered(6, 5)
    expect((await world.pass()).backups[0]).toMatchObject({ pruned: [dump(5)] })
    await world.declare('pg', { ...DUMPS, retain: { last: 5 }, prune: { mode: 'auto', minAge: '1h' } })
    expect(await world.run('prune', 'pg', '--undo', '--last')).toMatchObject({ code: 0 })
    expect((await world.pass()).backups[0]).toMatchObject({ pruned: [] })
    expect(await data(world)).toContain(dump(5))
  })

  test('never takes what has another size than was published, nor a name that is not held', async () => {
    const world = await heldThenLowered(4, 4)
    const file = join(world.destination, dump(2))
    await rename(file, `${file}.old`)
    await writeFile(file, 'another thing')
    const refused = await world.run('prune', 'pg', dump(2), '--reason', 'r')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('was published with 18')
    expect(await readFile(file, 'utf8')).toBe('another thing')
    expect((await world.run('prune', 'pg', 'nothing.tar', '--reason', 'r')).code).toBe(64)
    expect((await world.run('prune', 'pg', '../x', '--reason', 'r')).code).toBe(64)
    const pattern = await world.run('prune', 'pg', '*.tar', '--reason', 'r')
    expect([pattern.code, pattern.stderr.replace(/\s+/g, ' ')]).toEqual([
      64,
      expect.stringContaining('Patterns are not expanded here: name each file'),
    ])
    expect(existsSync(join(world.destination, '.reconcile/trash'))).toBe(true)
  })
})

test('of many files removed by name, and put back, the first are named and all are summed up', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  try {
    const names = Array.from({ length: 30 }, (_, i) => `file-${i + 10}.tar`)
    for (const name of names) await world.offer(name, 'ab')
    await world.declare('pg', {})
    await world.run('pg')
    const lines = async (...words: string[]) =>
      (await world.run('prune', 'pg', ...words)).stdout.trimEnd().split('\n')
    const dry = await lines(...names, '--reason', 'x', '--dry-run')
    expect(dry.slice(24)).toEqual([
      'would move to the trash: 6 more files; --all shows them',
      'Result: 30 files (60 B) would be removed.',
    ])
    const done = await lines(...names, '--reason', 'x')
    expect(done.slice(23, 25)).toEqual([`removed ${names[23]}`, 'removed 6 more files; --all shows them'])
    expect(done.slice(25).join(' ').replace(/\s+/g, ' ')).toMatch(
      /^Result: 30 files \(60 B\) removed: in the trash until .*: reconcile prune pg --undo --last$/,
    )
    const undone = await lines('--undo', '--last', '--all')
    expect(undone).toEqual([...names.map((name) => `restored ${name}`), 'Result: 30 files restored.'])
  } finally {
    await world.end()
  }
})

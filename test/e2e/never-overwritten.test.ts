import { chmod, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ageCache, type Backup, backupIn, problemsOf, stepsOf } from '../helpers/backup.ts'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

// Row 1 of the contract's table: what is published stays as it is, whatever the source shows later.

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

const NAME = 'wiki.tar'
const OLD = 1_700_000_000

/** A backup that holds NAME with these bytes, published by a pass of its own. */
async function holding(name: string, bytes: Uint8Array | string = 'good'): Promise<Backup> {
  const at = await backupIn(world, name)
  await at.offer(NAME, bytes, { mtime: OLD })
  expect(await at.pass()).toMatchObject({ published: [NAME], exitCode: 0 })
  return at
}

describe('I1, I4: what is published is never overwritten', () => {
  test('a file exported anew: a conflict on every run, 6, until it is acknowledged', async () => {
    const at = await holding('export')
    const other = await at.offer(NAME, 'evil')
    const conflict = { path: NAME, held: digestOf('md5', 'good'), source: other }
    const planned = await at.plan()
    expect(stepsOf(planned)).toEqual([`conflict ${NAME}`])
    for (const run of ['first', 'second']) {
      expect(await at.pass(), run).toMatchObject({
        conflicts: [conflict],
        published: [],
        bytes: 0,
        exitCode: 6,
      })
    }
    const { code, stdout } = await at.run()
    expect(code).toBe(6)
    expect(stdout).toContain(`held ${conflict.held.slice(0, 8)}, source ${other.slice(0, 8)}`)
    expect(stdout).toContain('acknowledge')
    expect((await at.published()).get(NAME)).toBe('good')
    expect((await world.status('export')).backups).toMatchObject([
      {
        state: 'conflict',
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Ready', reason: 'conflict', message: '1 in conflict: wiki.tar' }),
        ]),
      },
    ])

    await at.declare({ acknowledge: [{ path: NAME, digest: other, reason: 'exported anew' }] })
    expect(await at.pass()).toMatchObject({ result: 'in-sync', conflicts: [], exitCode: 0 })
    await at.offer(NAME, 'third')
    expect(await at.pass()).toMatchObject({ conflicts: [{ path: NAME }], exitCode: 6 })
    expect((await at.published()).get(NAME)).toBe('good')
  })

  test('a marker rewritten with its size and time kept: seen when markers are read anew after 30 days', async () => {
    const at = await holding('same-time')
    const other = digestOf('md5', 'evil')
    await writeFile(join(at.source, `${NAME}.md5`), `${other}  ${NAME}\n`)
    await utimes(join(at.source, `${NAME}.md5`), OLD, OLD)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
    await ageCache(at, 31 * 24)
    const conflicts = [{ path: NAME, held: digestOf('md5', 'good'), source: other }]
    expect(await at.pass()).toMatchObject({ conflicts, exitCode: 6 })
    // Remembered, though nothing at the source looks new.
    expect(await at.pass()).toMatchObject({ conflicts, exitCode: 6 })
  })

  test('data that rots at the source under its old marker: a problem on every run, nothing is fetched', async () => {
    const at = await holding('rotting')
    await writeFile(join(at.source, NAME), 'rot!')
    for (const run of ['first', 'second']) {
      const outcome = await at.pass()
      expect(problemsOf(outcome), run).toEqual([`source-changed ${NAME}`])
      expect(outcome).toMatchObject({ bytes: 0, exitCode: 1 })
    }
    expect((await at.published()).get(NAME)).toBe('good')
  })

  test.each([
    ['of another size', 'rotten'],
    ['of the same size', 'rot!'],
  ])('data that rots %s after the source was mended from our copy is told as well', async (what, rotten) => {
    const at = await holding(`mended-${rotten.length}`)
    const mend = async (mtime: number) => {
      const held = await at.published()
      for (const name of [NAME, `${NAME}.md5`]) {
        await writeFile(join(at.source, name), held.get(name)!)
        await utimes(join(at.source, name), mtime, mtime)
      }
    }
    await at.offer(NAME, 'evil', { mtime: OLD + 10 })
    expect(await at.pass(), what).toMatchObject({ exitCode: 6 })
    // As `cp` does it: other times than those that were published, and no alarm.
    for (const mtime of [OLD + 20, OLD + 30]) {
      await mend(mtime)
      for (const run of ['first', 'second'])
        expect(await at.pass(), run).toMatchObject({ result: 'in-sync', problems: [], exitCode: 0 })
    }
    await writeFile(join(at.source, NAME), rotten)
    for (const run of ['first', 'second', 'third']) {
      const outcome = await at.pass()
      expect(problemsOf(outcome), run).toEqual([`source-changed ${NAME}`])
      expect(outcome).toMatchObject({ exitCode: 1 })
    }
    await mend(OLD + 40)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', problems: [], exitCode: 0 })
    expect((await at.published()).get(NAME)).toBe('good')
  })

  test('a marker lost here while the source rots: put back from the ledger, and the conflict is told', async () => {
    const at = await holding('lost-marker')
    await rm(join(at.destination, `${NAME}.md5`))
    const other = await at.offer(NAME, 'evil')
    expect(stepsOf(await at.plan())).toEqual([`adopt ${NAME}`, `conflict ${NAME}`])
    const outcome = await at.pass()
    expect(outcome).toMatchObject({
      adopted: [NAME],
      conflicts: [{ path: NAME, source: other }],
      exitCode: 6,
    })
    const held = await at.published()
    expect(held.get(NAME)).toBe('good')
    expect(held.get(`${NAME}.md5`)).toBe(`${digestOf('md5', 'good')}  ${NAME}\n`)
  })

  test('a marker lost here alone: put back without a transfer', async () => {
    const at = await holding('marker-back')
    const before = await at.published()
    await rm(join(at.destination, `${NAME}.md5`))
    expect(await at.pass()).toMatchObject({ adopted: [NAME], bytes: 0, exitCode: 0 })
    expect(await at.published()).toEqual(before)
  })
})

describe('what was published and is gone or rotten here', () => {
  test.each([
    ['data', [NAME]],
    ['both', [NAME, `${NAME}.md5`]],
  ])('%s gone: repaired while the source has the same bytes', async (what, gone) => {
    const at = await holding(`gone-${what}`)
    const before = await at.published()
    for (const name of gone) await rm(join(at.destination, name))
    expect(stepsOf(await at.plan())).toEqual([`repair ${NAME}`])
    expect(await at.pass()).toMatchObject({ repaired: [NAME], published: [NAME], exitCode: 0 })
    expect(await at.published()).toEqual(before)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
  })

  test('altered here at the same size: read again by the next pass for its time of change, and repaired', async () => {
    const at = await holding('altered')
    const file = join(at.destination, NAME)
    const bytes = await readFile(file)
    await chmod(file, 0o644)
    await writeFile(file, Buffer.alloc(bytes.length, 'x'))
    expect(await at.pass()).toMatchObject({ repaired: [NAME], exitCode: 0 })
    expect(await readFile(file)).toEqual(bytes)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', repaired: [] })
    // The same bytes: only the record is brought up to date, once.
    await utimes(file, 1_600_000_000, 1_600_000_000)
    const ledger = () => readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')
    expect(await at.pass()).toMatchObject({ result: 'in-sync', published: [], exitCode: 0 })
    const after = await ledger()
    expect(after.trim().split('\n').at(-1)).toContain('"verified"')
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
    expect(await ledger()).toBe(after)
    // Without the source's copy it is lost.
    await rm(join(at.source, NAME))
    await rm(join(at.source, `${NAME}.md5`))
    await chmod(file, 0o644)
    await writeFile(file, Buffer.alloc(bytes.length, 'y'))
    expect(await at.pass()).toMatchObject({ exitCode: 6, lost: [NAME] })
  })

  test('what was repaired is said with -q and --on-change, and exits with 0; the next pass is silent', async () => {
    const at = await holding('said')
    for (const word of ['-q', '--on-change']) {
      await rm(join(at.destination, NAME))
      const told = await at.run(word)
      expect(told).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/1 published file was rotten or gone/),
      })
      expect(told.stdout).toContain(NAME)
      expect(await at.run(word)).toMatchObject({ code: 0, stdout: '' })
    }
    await rm(join(at.destination, NAME))
    expect((await at.pass()).warnings).toMatchObject([{ code: 'repaired' }])
  })

  test('cut short here: repaired from a copy of it, and the rotten file is kept in quarantine', async () => {
    const bytes = noise(300_000)
    const at = await holding('cut', bytes)
    await chmod(join(at.destination, NAME), 0o600)
    await truncate(join(at.destination, NAME), 290_000)
    const outcome = await at.pass()
    expect(outcome).toMatchObject({ repaired: [NAME], exitCode: 0 })
    expect(outcome.bytes).toBeLessThan(100_000)
    expect((await at.published()).get(NAME)).toBe(bytes.toString('latin1'))
    const ledger = await readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')
    const begun = ledger.split('\n').find((line) => line.includes('"repair-begin"'))!
    const { quarantine } = JSON.parse(begun) as { quarantine: string }
    const kept = await stat(
      join(at.destination, '.reconcile/quarantine', quarantine.split('/').at(-1)!, NAME),
    )
    expect(kept.size).toBe(290_000)
  })

  test('gone here and at the source: lost, 6, on every run', async () => {
    const at = await holding('lost')
    await at.offer('other.tar', 'x')
    for (const folder of [at.source, at.destination])
      for (const name of [NAME, `${NAME}.md5`]) await rm(join(folder, name))
    expect(stepsOf(await at.plan())).toEqual(['pull other.tar', `lost ${NAME}`])
    for (const run of ['first', 'second'])
      expect(await at.pass(), run).toMatchObject({ lost: [NAME], exitCode: 6 })
    const { stdout } = await at.run()
    expect(stdout).toContain('lost')
  })

  test('gone here, and the source has other bytes: a conflict, and they are not taken', async () => {
    const at = await holding('gone-other')
    for (const name of [NAME, `${NAME}.md5`]) await rm(join(at.destination, name))
    await at.offer(NAME, 'evil')
    expect(await at.pass()).toMatchObject({ conflicts: [{ path: NAME }], published: [], exitCode: 6 })
    expect(await at.names()).toEqual([])
  })
})

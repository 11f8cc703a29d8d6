import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World | null = null
afterEach(async () => {
  await world?.end()
  world = null
})

const DAY = 86_400_000
const MINUTE = 60_000

/** `db-20261123T0215.tar`. */
const dumpAt = (at: number): string =>
  `db-${new Date(at).toISOString().slice(0, 16).replace(/[-:]/g, '')}.tar`

const SPEC = {
  series: { pattern: '{series}-{YYYY}{MM}{DD}T{hh}{mm}.tar', timezone: 'UTC' },
  expect: { every: '36h', grace: '12h' },
  prune: { mode: 'auto', minAge: '0s' },
}

/** Ten good dumps, one a day, published and settled, under `retain`. */
async function tenGood(retain: object): Promise<{ readonly at: World; readonly good: readonly string[] }> {
  world = await makeWorld('local', { calls: 'here' })
  const today = Date.now() - 2 * 60 * MINUTE
  const good = Array.from({ length: 10 }, (_, i) => dumpAt(today - (9 - i) * DAY))
  for (const [i, name] of good.entries()) await world.offer(name, `good ${i}`)
  await world.declare('pg', { ...SPEC, retain })
  expect((await world.pass()).exitCode).toBe(0)
  return { at: world, good }
}

const held = async (at: World): Promise<readonly string[]> => [...(await at.published()).keys()]

test('I9: a flood in order pushes nothing out, and is said at once', async () => {
  const { at, good } = await tenGood({ last: 10 })
  const begin = Date.now() - 100 * MINUTE
  for (let i = 0; i < 40; i++) await at.offer(dumpAt(begin + i * MINUTE), `junk ${i}`)
  const pass = await at.pass()
  expect(pass).toMatchObject({ exitCode: 0, backups: [{ pruned: [], holds: [] }] })
  expect(pass.backups[0]!.warnings).toEqual([
    expect.objectContaining({
      code: 'points-pushed',
      message: expect.stringMatching(
        /^the rules alone would drop \d+ of \d+ wanted points of db, .*: db-\d{8}T\d{4}\.tar, .* and others\. They are kept$/,
      ),
    }),
  ])
  // Nor with any later pass.
  for (const _ of [1, 2]) expect((await at.pass()).backups[0]).toMatchObject({ pruned: [] })
  expect(await held(at)).toEqual(expect.arrayContaining([...good]))
  expect((await at.plan()).backups[0]!.warnings).toMatchObject([{ code: 'points-pushed' }])
  const [status] = (await at.status()).backups
  expect(status).toMatchObject({ state: 'ok' })
  expect(status!.conditions.find(({ type }) => type === 'Pushed')).toMatchObject({
    status: 'true',
    reason: 'points-pushed',
  })
  expect((await at.run('status')).stdout).toContain('points-pushed: ')
})

test('I9: a back-dated point for each day, later than the good one, pushes nothing out', async () => {
  const { at, good } = await tenGood({ daily: 10 })
  for (const [i, name] of good.slice(0, -1).entries())
    await at.offer(name.replace(/T\d{4}/, 'T2359'), `junk ${i}`)
  const pass = await at.pass()
  expect(pass).toMatchObject({ exitCode: 0, backups: [{ pruned: [] }] })
  expect(pass.backups[0]!.warnings).toMatchObject([{ code: 'points-pushed' }])
  for (const _ of [1, 2]) expect((await at.pass()).backups[0]).toMatchObject({ pruned: [] })
  expect(await held(at)).toEqual(expect.arrayContaining([...good]))
  expect(await readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')).not.toContain('"surplus"')
})

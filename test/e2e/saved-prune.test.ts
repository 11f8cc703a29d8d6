import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Plan } from '../../src/model/plan.ts'
import type { World } from '../helpers/world.ts'
import { publishedIn } from '../helpers/world.ts'
import { dump, heldThenLowered } from '../helpers/world-of-dumps.ts'

let world: World | null = null
afterEach(async () => {
  await world?.end()
  world = null
})

const ledger = (at: World): Promise<string> =>
  readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')

describe('a saved plan that removes', () => {
  test('removes exactly that under its own id, leaves what came since, and is done then', async () => {
    world = await heldThenLowered(6, 5)
    const file = join(world.folder, 'plan.json')
    expect(await world.run('plan', '--out', file)).toMatchObject({ code: 0 })
    const { planId } = JSON.parse(await readFile(file, 'utf8'))
    await world.offer('wiki-2020-01-01.tar', 'nobody named it')
    const applied = await world.run('apply', file)
    expect(applied).toMatchObject({ code: 0 })
    const paths = [...(await publishedIn(world.destination)).keys()]
    expect(paths).not.toContain(dump(5))
    expect(paths).not.toContain('wiki-2020-01-01.tar')
    expect(await ledger(world)).toMatch(new RegExp(`"prune-begin","path":"${dump(5)}".*"planId":"${planId}"`))
    const again = await world.run('apply', file)
    expect(again.code).toBe(4)
    expect(again.stdout + again.stderr).toContain('applied already')
  })

  test('is stale where what it relied on is gone, and nothing is touched', async () => {
    world = await heldThenLowered(6, 5)
    const file = join(world.folder, 'plan.json')
    await world.run('plan', '--out', file)
    // Now dump 5 is one of the five that are here.
    await rm(join(world.destination, dump(0)))
    await rm(join(world.destination, `${dump(0)}.md5`))
    await rm(join(world.source, dump(0)))
    await rm(join(world.source, `${dump(0)}.md5`))
    const before = await ledger(world)
    const refused = await world.run('apply', file)
    expect(refused.code).not.toBe(0)
    expect(await ledger(world)).toBe(before)
    expect([...(await publishedIn(world.destination)).keys()]).toContain(dump(5))
  })

  test('is held where the fresh plan is', async () => {
    world = await heldThenLowered(6, 5)
    const file = join(world.folder, 'plan.json')
    await world.run('plan', '--out', file)
    for (const ago of [1, 2, 3, 4]) {
      await rm(join(world.source, dump(ago)))
      await rm(join(world.source, `${dump(ago)}.md5`))
    }
    const held = await world.run('apply', file)
    expect(held.code).toBe(7)
    expect([...(await publishedIn(world.destination)).keys()]).toContain(dump(5))
  })

  test.each([
    ['its reasons', (plan: Plan) => Object.assign(plan.backups[0]!.steps[0]!, { because: ['as agreed'] })],
    ['its sums', (plan: Plan) => Object.assign(plan.summary, { prune: 0 })],
    ['the specs it is held against', (plan: Plan) => Object.assign(plan, { specs: {} })],
    ['its backups', (plan: Plan) => Object.assign(plan, { backups: [] })],
  ])('is refused where somebody has changed %s', async (_, change) => {
    world = await heldThenLowered(6, 5)
    const file = join(world.folder, 'plan.json')
    await world.run('plan', '--out', file)
    const plan: Plan = JSON.parse(await readFile(file, 'utf8'))
    change(plan)
    await writeFile(file, JSON.stringify(plan, null, 2))
    expect((await world.run('apply', file)).code).toBe(4)
    expect((await world.run('plan', '--show', file)).stderr).toContain('was changed after it was saved')
    expect([...(await publishedIn(world.destination)).keys()]).toContain(dump(5))
  })
})

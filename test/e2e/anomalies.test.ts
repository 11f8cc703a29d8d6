import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

let world: World | null = null
afterEach(async () => {
  await world?.end()
  world = null
})

const DAY = 86_400_000
const dump = (daysAgo: number): string =>
  `db-${new Date(Date.now() - daysAgo * DAY).toISOString().slice(0, 10)}.tar.gz`
const bytes = (seed: string, size: number): Buffer => gzipSync(noise(size, seed))

const SPEC = {
  series: { pattern: '{series}-{YYYY}-{MM}-{DD}.tar.gz', timezone: 'UTC' },
  expect: { every: '24h', grace: '7d' },
  anomaly: { size: [0.5, 2], kind: true },
}

const found = async (at: World) => {
  const pass = await at.pass()
  const [one] = pass.backups
  return {
    exit: pass.exitCode,
    result: one!.result,
    published: one!.published,
    odd: one!.problems.map(({ code, path }) => `${code} ${path}`),
  }
}

test('what is odd is published, reported until it is acknowledged, and holds pruning in its series', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const at = world
  // A web page among what comes first, and one of a hundredth of the others: the first import is compared with nothing.
  for (let i = 12; i >= 3; i--) await at.offer(dump(i), i === 8 ? bytes('8', 20) : bytes(`${i}`, 3000))
  const html = `<html>502 Bad Gateway${' '.repeat(3000)}</html>`
  await at.offer(dump(9), html)
  await at.declare('pg', SPEC)
  expect(await found(at)).toMatchObject({ exit: 1, result: 'applied', odd: [`anomaly-kind ${dump(9)}`] })
  const page = digestOf('md5', html)
  const first = { path: dump(9), digest: page, reason: 'known' }
  await at.declare('pg', { ...SPEC, acknowledge: [first] })
  expect(await found(at)).toMatchObject({ exit: 0, result: 'in-sync', odd: [] })

  const short = await at.offer(dump(2), bytes('short', 900))
  const odd = { exit: 1, odd: [`anomaly-size ${dump(2)}`] }
  expect(await found(at)).toEqual({ ...odd, result: 'applied', published: [dump(2)] })
  expect(await found(at)).toEqual({ ...odd, result: 'in-sync', published: [] })
  const ledger = await readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')
  expect(ledger).toContain(`"anomalies":[{"kind":"size","size":${bytes('short', 900).length},"median":`)
  // A plan says so as well, and nothing keeps the next ones from coming.
  expect((await at.plan()).backups[0]!.problems).toMatchObject([{ code: 'anomaly-size', path: dump(2) }])
  const shown = await at.run('status')
  expect(shown.stdout).toContain('1 of 1 needs you: pg (a file has an unusual size)')
  expect(shown.stdout).toContain('anomaly-size: ')
  expect(shown.stdout).toContain(dump(2))
  const check = await at.run('status', '--check')
  expect(check.code).toBe(2)
  expect(check.stdout).toContain('a file has an unusual size')
  const [status] = (await at.status()).backups
  expect(status!.conditions.find(({ type }) => type === 'Anomalous')).toMatchObject({
    status: 'true',
    reason: 'anomaly-size',
    message: expect.stringContaining(`${dump(2)}: unusually small: `),
  })
  expect((await at.run('status', '--output', 'prometheus')).stdout).toContain(
    `reconcile_cause{backup="pg",code="anomaly-size",place="${dump(2)}"} 1`,
  )
  expect((await at.run('explain', `pg/${dump(2)}`)).stdout).toContain('unusually small')

  const pruned = { retain: { last: 2 }, prune: { mode: 'manual', minAge: '0s', keepAtLeast: 1 } }
  await at.declare('pg', { ...SPEC, ...pruned, acknowledge: [first] })
  await at.pass()
  const held = JSON.parse((await at.run('prune', 'pg', '--json')).stdout)
  expect(held.backups[0]).toMatchObject({ pruned: [] })
  expect(held.backups[0].holds.map(({ code }: { code: string }) => code)).toContain('prune-anomaly')

  const known = [first, { path: dump(2), digest: short, reason: 'known' }]
  await at.declare('pg', { ...SPEC, ...pruned, acknowledge: known })
  const free = JSON.parse((await at.run('prune', 'pg', '--json')).stdout)
  expect(free.backups[0].holds.map(({ code }: { code: string }) => code)).not.toContain('prune-anomaly')

  // Who accepts that it is odd has not accepted that it is lost.
  await rm(join(at.source, dump(9)))
  await rm(join(at.source, `${dump(9)}.md5`))
  await rename(join(at.destination, dump(9)), join(at.folder, 'away'))
  expect(await found(at)).toMatchObject({ exit: 6, result: 'failed' })
  const verified = JSON.parse((await at.run('verify', 'pg', '--json')).stdout)
  expect(verified.backups[0].findings).toMatchObject([{ code: 'missing-here', path: dump(9) }])
  expect((await at.run('explain', `pg/${dump(9)}`)).stdout).toContain('lost: true')
  await at.declare('pg', { ...SPEC, acknowledge: [...known, { ...first, lost: true }] })
  expect(await found(at)).toMatchObject({ exit: 0 })
  await rename(join(at.folder, 'away'), join(at.destination, dump(9)))

  // The bytes of the day before, and in a series where that never happened.
  await at.declare('pg', { ...SPEC, acknowledge: known })
  await at.offer(dump(1), bytes('1', 3000))
  await at.offer(dump(0), bytes('1', 3000))
  expect(await found(at)).toMatchObject({ exit: 1, odd: [`anomaly-same ${dump(1)}`] })
  // Who asks for nothing is told nothing.
  const { anomaly: _, ...none } = SPEC
  await at.declare('pg', none)
  expect(await found(at)).toMatchObject({ exit: 0, odd: [] })
})

test('what is adopted is judged too, and once', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const at = world
  await at.declare('pg', SPEC)
  for (let i = 9; i >= 1; i--) await at.offer(dump(i), bytes(`${i}`, 3000))
  await at.pass()
  const bad = 'cannot connect to the server'
  await at.offer(dump(0), bad)
  await writeFile(join(at.destination, dump(0)), bad)
  const odd = [`anomaly-kind ${dump(0)}`, `anomaly-size ${dump(0)}`]
  expect(await found(at)).toMatchObject({ exit: 1, result: 'applied', odd })
  expect(await found(at)).toMatchObject({ exit: 1, result: 'in-sync', odd })
})

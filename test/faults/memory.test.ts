import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const NAMES = 500_000
/** Of the heap, MiB: over twice what it takes; with all lines at once and a step for each, twice as much did not do. */
const HEAP = 256

let world: World
beforeAll(async () => {
  world = await makeWorld('local')
})
afterAll(() => world.end())

test('I15: a list of half a million names that are not there is one problem, in little memory, and what is there comes', async () => {
  await world.offer('here.tar', 'here')
  const lines = Array.from({ length: NAMES }, (_, i) => `nightly-dump-of-${i}-2026-11-23.sql.gz\n`)
  await writeFile(join(world.source, 'LIST'), `${lines.join('')}here.tar\n`)
  await world.declare('pg', { source: { listing: 'LIST' } })
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP}` }
  const { stdout, stderr, exitCode } = await world.start(['--json'], { env })
  expect(exitCode, String(stderr).slice(-2000)).toBe(1)
  const [outcome] = (JSON.parse(String(stdout)) as Result).backups
  expect(outcome!.published).toEqual(['here.tar'])
  expect(outcome!.waiting).toEqual([])
  expect(outcome!.problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['listed-missing LIST'])
  expect(outcome!.problems[0]!.message).toContain(`names ${NAMES} files that are not there`)
  expect(outcome!.problems[0]!.message).toContain('nightly-dump-of-0-')
})

test('a few names that are not there yet are waited for', async () => {
  await writeFile(join(world.source, 'LIST'), 'here.tar\ncoming-1.tar\ncoming-2.tar\n')
  const plan = await world.plan()
  expect(plan.backups[0]!.problems).toEqual([])
  expect(plan.summary).toMatchObject({ wait: 2, keep: 1 })
})

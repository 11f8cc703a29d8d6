import { expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import {
  begin,
  checkMarkers,
  chooser,
  complete,
  pair,
  passOf,
  SCENARIOS,
  treeOf,
} from '../helpers/crash-scenarios.ts'

const CODES = ['ENOSPC', 'EIO', 'EROFS']

/**
 * The disk refuses one call, or all from one on; then somebody mends it, and the power goes at the end. A failed fsync takes the
 * bytes with it, as it does on Linux.
 */
async function refuse(name: string, count: number, code: string, lasting: boolean): Promise<void> {
  const scenario = SCENARIOS[name]!
  const disk = await begin(name, true)
  disk.onStep = () => checkMarkers(disk, scenario, 'while running')
  const reported = new Set<string>()
  const words: string[] = []
  disk.failAt({ count: disk.steps + count, code, lasting })
  try {
    await passOf(
      disk,
      scenario.wanted,
      (path) => reported.add(path),
      ({ message, hint }) => words.push(message, hint),
    )
  } catch (error) {
    // Never anything else: a stack would be a bug's.
    if (!(error instanceof Failure)) throw error
    words.push(error.message, error.hint)
  }
  for (const text of words) expect(text).toMatch(/[a-z]{3}/)
  disk.failAt(null)
  disk.onStep = null
  // A disk that refused everything is mounted anew: memory and disk are one again.
  if (lasting || count % 2 === 0) disk.powerCut(chooser(count))
  checkMarkers(disk, scenario, 'after the disk refused')
  for (const path of reported)
    expect(treeOf(disk), `I5: ${path} was reported`).toMatchObject(pair(path, scenario.wanted[path]!))
  await passOf(disk, scenario.wanted)
  disk.powerCut(chooser(count))
  expect(treeOf(disk), 'I7').toEqual(complete(scenario.wanted))
}

test.each(Object.keys(SCENARIOS))(
  'I2 I5 I7: %s, on a disk that refuses any one step, or all from it on',
  async (name) => {
    const disk = await begin(name, true)
    const from = disk.steps
    await passOf(disk, SCENARIOS[name]!.wanted)
    for (let count = 0; count < disk.steps - from; count++) {
      await refuse(name, count, CODES[count % 3]!, false)
      await refuse(name, count, CODES[(count + 1) % 3]!, true)
    }
  },
)

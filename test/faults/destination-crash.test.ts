import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  begin,
  checkMarkers,
  chooser,
  complete,
  digests,
  pair,
  passOf,
  SCENARIOS,
  treeOf,
} from '../helpers/crash-scenarios.ts'
import { Stopped } from '../helpers/model-disk.ts'

interface Crash {
  /** After how many effects, of the pass it interrupts. */
  readonly after: number
  /** Null: the process was killed, and the machine ran on. */
  readonly powerCut: number | null
}

async function survive(name: string, crashes: readonly Crash[], hardLinks: boolean): Promise<void> {
  const scenario = SCENARIOS[name]!
  const disk = await begin(name, hardLinks)
  disk.onStep = () => checkMarkers(disk, scenario, 'while running')
  const reported = new Set<string>()
  for (const { after, powerCut } of crashes) {
    disk.stopAfter(disk.steps + after)
    try {
      await passOf(disk, scenario.wanted, (path) => reported.add(path))
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
    }
    if (powerCut === null) disk.restart()
    else disk.powerCut(chooser(powerCut))
    checkMarkers(disk, scenario, powerCut === null ? 'after a kill' : 'after a power cut')
    for (const path of reported)
      expect(treeOf(disk), `I5: ${path} was reported`).toMatchObject(pair(path, scenario.wanted[path]!))
  }
  await passOf(disk, scenario.wanted)
  expect(treeOf(disk), 'I7').toEqual(complete(scenario.wanted))
  // And it stays so: once more, with nothing to do, changes no byte anywhere.
  const before = digests(disk)
  await passOf(disk, scenario.wanted)
  expect(digests(disk), 'I7').toEqual(before)
  disk.powerCut(chooser(1))
  expect(treeOf(disk), 'I5: all of it was reported').toEqual(complete(scenario.wanted))
}

/** How often the power is cut after each step; each time something else survives. */
const CUTS = 2

describe.each([true, false])('a destination (hard links: %s)', (hardLinks) => {
  test.each(Object.keys(SCENARIOS))(
    'I1 I2 I3 I5 I7: %s, stopped after any step, whatever of the unsynced survives',
    async (name) => {
      const disk = await begin(name, hardLinks)
      const from = disk.steps
      await passOf(disk, SCENARIOS[name]!.wanted)
      const steps = disk.steps - from
      expect(steps).toBeGreaterThan(5)
      for (let after = 0; after <= steps; after++) {
        await survive(name, [{ after, powerCut: null }], hardLinks)
        for (let cut = 0; cut < CUTS; cut++)
          await survive(name, [{ after, powerCut: after * CUTS + cut }], hardLinks)
      }
    },
  )
})

test('I1 I2 I3 I5 I7: kills and power cuts in a row', async () => {
  const crash = fc.record({ after: fc.nat({ max: 100 }), powerCut: fc.option(fc.integer(), { freq: 2 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(SCENARIOS)),
      fc.array(crash, { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      survive,
    ),
    { numRuns: 100 },
  )
})

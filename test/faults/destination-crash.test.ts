import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  begin,
  changedSince,
  checkMarkers,
  chooser,
  complete,
  ledgerOf,
  openIntents,
  PATH,
  pair,
  passOf,
  SCENARIOS,
  treeOf,
} from '../helpers/crash-scenarios.ts'
import { inFull } from '../helpers/extent.ts'
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
  expect(openIntents(disk), 'intents left open').toBe(0)
  // And it stays so: once more, with nothing to do, changes no byte anywhere.
  const before = disk.peek(PATH)
  await passOf(disk, scenario.wanted)
  expect(changedSince(before, disk), 'I7').toEqual([])
  // Whatever earlier, killed runs left unsynced.
  for (let seed = 0; seed < 5; seed++) {
    const cut = disk.fork()
    cut.powerCut(chooser(seed))
    expect(treeOf(cut), 'I5: all of it was reported').toEqual(complete(scenario.wanted))
    expect(ledgerOf(cut), 'I10: the ledger lost lines').toBe(ledgerOf(disk))
  }
}

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
        const cuts = SCENARIOS[name]!.cuts ?? inFull(2, 1)
        for (let cut = 0; cut < cuts; cut++)
          await survive(name, [{ after, powerCut: after * cuts + cut }], hardLinks)
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
    { numRuns: inFull(100, 50) },
  )
})

test.each([true, false])(
  'a rotten file is never without its replacement for long: if that vanishes, the old bytes are put back (hard links: %s)',
  async (hardLinks) => {
    const scenario = SCENARIOS['repairing rot, a lost file and a lost folder']!
    const rotten = scenario.harm!['a']!
    let putBack = 0
    for (let after = 0, ended = false; !ended; after++) {
      const disk = await begin('repairing rot, a lost file and a lost folder', hardLinks)
      disk.stopAfter(disk.steps + after)
      try {
        await passOf(disk, scenario.wanted)
        ended = true
      } catch (error) {
        if (!(error instanceof Stopped)) throw error
      }
      disk.restart()
      const wasGone = treeOf(disk)['a'] === undefined
      for (const path of disk.peek('/model/held/.reconcile/staging').keys())
        await disk.unlink(`/model/held/.reconcile/staging/${path}`)
      // Nothing is wanted: this pass only recovers.
      await passOf(disk, {})
      const tree = treeOf(disk)
      expect([rotten, scenario.wanted['a']]).toContain(tree['a'])
      if (wasGone && tree['a'] === rotten) {
        expect(tree['a.md5']).toBeUndefined()
        putBack++
      }
      expect(openIntents(disk)).toBe(0)
    }
    expect(putBack).toBeGreaterThan(0)
  },
)

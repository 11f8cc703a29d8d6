import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import { changedSince, chooser, PATH, treeOf } from '../helpers/crash-scenarios.ts'
import { inFull } from '../helpers/extent.ts'
import { type ModelDisk, Stopped } from '../helpers/model-disk.ts'
import {
  beginRemoval,
  checkRemoval,
  isReported,
  openRemovals,
  REMOVALS,
  removalPass,
  trashOf,
} from '../helpers/removal-scenarios.ts'

/** How often the power is cut after each step, each time with other survivors. */
const CUTS = inFull(4, 2)

interface Crash {
  /** After how many effects, of the pass it interrupts. */
  readonly after: number
  /** Null: the process was killed, and the machine ran on. */
  readonly powerCut: number | null
}

async function expectEnd(disk: ModelDisk, name: string): Promise<void> {
  const { published, trash } = REMOVALS[name]!
  const sorted = (files: object) => Object.fromEntries(Object.entries(files).sort())
  expect(treeOf(disk), 'I7').toEqual(sorted(published))
  expect(trashOf(disk), 'I7').toEqual(sorted(trash))
  expect(openRemovals(disk), 'intents left open').toBe(0)
  if (Object.keys(trash).length === 0)
    expect(await disk.list(`${PATH}/.reconcile/trash`), 'emptied folders').toEqual([])
  // Of the ledger's torn tails alone.
  const aside = [...disk.peek(`${PATH}/.reconcile/quarantine`).keys()]
  expect(aside.filter((path) => !path.endsWith('/ledger-tail.jsonl'))).toEqual([])
}

async function survive(name: string, crashes: readonly Crash[], hardLinks: boolean): Promise<void> {
  const { act } = REMOVALS[name]!
  const disk = await beginRemoval(name, hardLinks)
  disk.onStep = () => checkRemoval(disk, name, 'while running')
  const reported = new Set<string>()
  for (const { after, powerCut } of crashes) {
    disk.stopAfter(disk.steps + after)
    try {
      await removalPass(disk, act, (path) => reported.add(path))
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
    }
    if (powerCut === null) disk.restart()
    else disk.powerCut(chooser(powerCut))
    checkRemoval(disk, name, powerCut === null ? 'after a kill' : 'after a power cut')
    for (const path of reported) expect(isReported(disk, name, path), `I5: ${path} was reported`).toBe(true)
  }
  await removalPass(disk, act)
  await expectEnd(disk, name)
  const before = disk.peek(PATH)
  await removalPass(disk, act)
  expect(changedSince(before, disk), 'I7').toEqual([])
  for (let seed = 0; seed < 3; seed++) {
    const cut = disk.fork()
    cut.powerCut(chooser(seed))
    await expectEnd(cut, name)
  }
}

describe.each([true, false])('a destination (hard links: %s)', (hardLinks) => {
  test.each(Object.keys(REMOVALS))(
    'I2 I3 I5 I7: %s, stopped after any step, whatever of the unsynced survives',
    async (name) => {
      const disk = await beginRemoval(name, hardLinks)
      const from = disk.steps
      await removalPass(disk, REMOVALS[name]!.act)
      const steps = disk.steps - from
      expect(steps).toBeGreaterThan(8)
      for (let after = 0; after <= steps; after++) {
        await survive(name, [{ after, powerCut: null }], hardLinks)
        for (let cut = 0; cut < CUTS; cut++)
          await survive(name, [{ after, powerCut: after * 4 + cut }], hardLinks)
      }
    },
  )
})

test('I2 I3 I5 I7: kills and power cuts in a row', async () => {
  const crash = fc.record({ after: fc.nat({ max: 60 }), powerCut: fc.option(fc.integer(), { freq: 2 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(REMOVALS)),
      fc.array(crash, { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      survive,
    ),
    { numRuns: inFull(60, 30) },
  )
})

test.each(Object.keys(REMOVALS))(
  'I2 I5 I7: %s, on a disk that refuses any one step, or all from it on',
  async (name) => {
    const { act } = REMOVALS[name]!
    const whole = await beginRemoval(name, true)
    const from = whole.steps
    await removalPass(whole, act)
    for (let count = 0; count < whole.steps - from; count++) {
      for (const lasting of [false, true]) {
        const disk = await beginRemoval(name, true)
        disk.onStep = () => checkRemoval(disk, name, 'while running')
        const reported = new Set<string>()
        const words: string[] = []
        disk.failAt({
          count: disk.steps + count,
          code: ['ENOSPC', 'EIO', 'EROFS'][(count + Number(lasting)) % 3]!,
          lasting,
        })
        try {
          await removalPass(
            disk,
            act,
            (path) => reported.add(path),
            (message) => words.push(message),
          )
        } catch (error) {
          // Never anything else: a stack would be a bug's.
          if (!(error instanceof Failure)) throw error
          words.push(error.message)
        }
        for (const text of words) expect(text).toMatch(/[a-z]{3}/)
        disk.failAt(null)
        if (lasting || count % 2 === 0) disk.powerCut(chooser(count))
        checkRemoval(disk, name, 'after the disk refused')
        for (const path of reported) expect(isReported(disk, name, path), `I5: ${path}`).toBe(true)
        await removalPass(disk, act)
        disk.powerCut(chooser(count))
        await expectEnd(disk, name)
      }
    }
  },
)

import { expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import {
  begin,
  checkMarkers,
  chooser,
  complete,
  lockedOn,
  PATH,
  pair,
  passOf,
  SCENARIOS,
  treeOf,
} from '../helpers/crash-scenarios.ts'
import type { ModelDisk } from '../helpers/model-disk.ts'
import { smallPass } from '../helpers/small-pass.ts'

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

/** As Node makes them of what the kernel gives: some have a name, some have but a number. */
const GIVEN = [
  { errno: -122, code: 'Unknown system error -122' },
  { errno: -116, code: 'ESTALE' },
  { errno: -117, code: 'Unknown system error -117' },
  { errno: -28, code: 'ENOSPC' },
  { errno: -12, code: 'ENOMEM' },
  { errno: -24, code: 'EMFILE' },
  { errno: -133, code: 'Unknown system error -133' },
  { errno: -512, code: 'Unknown system error -512' },
]

const CODE = /^disk-(full|gone|failing|error)$/

/** The same disk, but that the `nth` call of any kind fails, those that only read too; tells how often it was called. */
function refusing(disk: ModelDisk, nth: number, given: object) {
  let calls = 0
  const refused = new Proxy(disk, {
    get(target, name, receiver) {
      const found = Reflect.get(target, name, receiver)
      if (typeof found !== 'function' || name === 'hash') return found
      return (...words: unknown[]) =>
        calls++ === nth
          ? Promise.reject(Object.assign(new Error('refused'), given, { syscall: String(name) }))
          : found.apply(target, words)
    },
  })
  return { disk: refused, calls: () => calls }
}

test.each(Object.keys(SCENARIOS))(
  'I15: %s, on a disk that refuses any one call with any error: a code, nothing half, and a rerun ends it',
  async (name) => {
    const { wanted } = SCENARIOS[name]!
    for (let nth = 0; ; nth++) {
      const given = GIVEN[nth % GIVEN.length]!
      const disk = await begin(name, true)
      const faulty = refusing(disk, nth, given)
      const codes: string[] = []
      try {
        const locked = await lockedOn(faulty.disk)
        await smallPass(
          disk,
          locked,
          PATH,
          wanted,
          () => {},
          ({ code }) => codes.push(code),
        )
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        codes.push(error.code)
      }
      for (const code of codes) expect(code, `${nth} ${given.code}`).toMatch(CODE)
      checkMarkers(disk, SCENARIOS[name]!, 'after the disk refused')
      await passOf(disk, wanted)
      expect(treeOf(disk), `I7: ${nth} ${given.code}`).toEqual(complete(wanted))
      if (faulty.calls() <= nth) break
    }
  },
)

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

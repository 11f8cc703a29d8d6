import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { bytesOf, markerText } from '../contract/destination.ts'
import {
  build,
  checkMarkers,
  chooser,
  complete,
  ledgerOf,
  openIntents,
  pair,
  passOf,
  ROTTEN,
  type Scenario,
  treeOf,
} from '../helpers/crash-scenarios.ts'
import { countInFull, inFull } from '../helpers/extent.ts'
import type { ModelDisk } from '../helpers/model-disk.ts'
import {
  beginRemoval,
  checkRemoval,
  isReported,
  openRemovals,
  REMOVALS,
  removalPass,
  trashOf,
} from '../helpers/removal-scenarios.ts'

/**
 * A schedule: one run of an operation, cut off after one of its steps, and one choice of what of the unsynced survives. On each, what is
 * on the disk at once is checked: I2, I3, I5, I10. Of those that leave a disk as no other of that operation has left it, each `RERUN`th
 * is run over again: I7.
 */
const SCHEDULES = countInFull(10_000_000, 100_000)
const RERUN = inFull(1, 12)
/** Power cuts after each step. */
const CUTS = 12
const SEED = Number(process.env['SIMULATED_SEED'] ?? 1)

interface Operation {
  begin(): Promise<ModelDisk>
  run(disk: ModelDisk, report?: (path: string) => void): Promise<void>
  /** What holds at any moment. */
  check(disk: ModelDisk, reported: readonly string[], when: string): void
  /** What holds in the end. */
  checkEnd(disk: ModelDisk, when: string): void
}

function publishing(scenario: Scenario, hardLinks: boolean): Operation {
  return {
    begin: () => build(scenario, hardLinks),
    run: (disk, report) => passOf(disk, scenario.wanted, report),
    check(disk, reported, when) {
      checkMarkers(disk, scenario, when)
      const tree = treeOf(disk)
      for (const path of reported)
        for (const [name, text] of Object.entries(pair(path, scenario.wanted[path]!)))
          if (tree[name] !== text) throw new Error(`I5 broken ${when}: ${path} was reported`)
    },
    checkEnd(disk, when) {
      expect(treeOf(disk), `I7 ${when}`).toEqual(complete(scenario.wanted))
      expect(openIntents(disk), `intents left open ${when}`).toBe(0)
    },
  }
}

function removing(name: string, hardLinks: boolean): Operation {
  const { act, published, trash } = REMOVALS[name]!
  return {
    begin: () => beginRemoval(name, hardLinks),
    run: (disk, report) => removalPass(disk, act, report),
    check(disk, reported, when) {
      checkRemoval(disk, name, when)
      for (const path of reported)
        if (!isReported(disk, name, path)) throw new Error(`I5 broken ${when}: ${path} was reported`)
    },
    checkEnd(disk, when) {
      expect([treeOf(disk), trashOf(disk)], `I7 ${when}`).toEqual([sorted(published), sorted(trash)])
      expect(openRemovals(disk), `intents left open ${when}`).toBe(0)
    },
  }
}

const sorted = (files: object) => Object.fromEntries(Object.entries(files).sort())

/** What has befallen a file that was published, or stands where one is to be: name -> what is there; null: nothing is. */
const HELD = {
  sound: () => ({}),
  rotten: (path: string) => ({ [path]: ROTTEN }),
  gone: (path: string) => ({ [path]: null, [`${path}.md5`]: null }),
  'its data gone': (path: string) => ({ [path]: null }),
  'its marker gone': (path: string) => ({ [`${path}.md5`]: null }),
} as const
const UNKNOWN = {
  absent: () => ({}),
  bare: (path: string, text: string) => ({ [path]: text }),
  marked: (path: string, text: string) => pair(path, text),
  half: (path: string, text: string) => ({ [path]: text.slice(1) }),
  'marked and wrong': (path: string, text: string) => ({
    [path]: ROTTEN,
    [`${path}.md5`]: markerText(path, bytesOf(text)),
  }),
} as const

const path = fc.constantFrom('a', 'b', 'c', 'd/a', 'd/b', 'e/a', 'v-a', 'd/v-b')
const text = fc.constantFrom('one', 'two', 'three')
const file = fc.record({
  text,
  fate: fc.oneof(
    fc.constantFrom(...(Object.keys(HELD) as (keyof typeof HELD)[])).map((held) => ({ held })),
    fc.constantFrom(...(Object.keys(UNKNOWN) as (keyof typeof UNKNOWN)[])).map((unknown) => ({ unknown })),
  ),
})

const scenario = fc
  .record({
    files: fc.dictionary(path, file, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    fresh: fc.boolean(),
  })
  .map(({ files, fresh }): Scenario => {
    const wanted: Record<string, string> = {}
    const before: Record<string, string> = {}
    const harm: Record<string, string | null> = {}
    for (const [path, { text, fate }] of Object.entries(files)) {
      wanted[path] = text
      // What a version is called at the source is not known of one that nobody recorded.
      const isVersion = path.includes('v-')
      if ('held' in fate) {
        before[path] = text
        Object.assign(harm, HELD[fate.held](path))
      } else if (!isVersion) Object.assign(harm, UNKNOWN[fate.unknown](path, text))
    }
    // A marker that is not ours promises nothing until it is durable.
    const isBare =
      Object.keys(harm).every((name) => !name.endsWith('.md5')) && Object.keys(before).length === 0
    return { wanted, before, harm, fresh: fresh && isBare }
  })

const operation = fc.tuple(
  fc.oneof(
    { weight: 5, arbitrary: scenario.map((one) => ({ scenario: one })) },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(REMOVALS)).map((removal) => ({ removal })) },
  ),
  fc.boolean(),
)

const done = { schedules: 0, disks: 0, reruns: 0 }
afterAll(() => console.log(`schedules: ${JSON.stringify(done)}`))

test(`I1 I2 I3 I4 I5 I7 I10: ${SCHEDULES} schedules on a disk that drops and reorders what was not synced`, async () => {
  const live = fc.asyncProperty(operation, fc.nat(), async ([what, hardLinks], seed) => {
    const work = 'scenario' in what ? publishing(what.scenario, hardLinks) : removing(what.removal, hardLinks)
    const disk = await work.begin()
    const ledger = ledgerOf(disk)
    const reported: string[] = []
    const stops: { readonly disk: ModelDisk; readonly reported: readonly string[] }[] = []
    const stop = () => stops.push({ disk: disk.fork(), reported: [...reported] })
    stop()
    disk.onStep = () => {
      work.check(disk, reported, 'while running')
      stop()
    }
    await work.run(disk, (path) => reported.push(path))
    disk.onStep = null
    stop()
    work.checkEnd(disk, 'without any crash')
    const seen = new Set<string>()
    for (const [step, stopped] of stops.entries()) {
      for (let cut = 0; cut < CUTS; cut++) {
        const when = `stopped after step ${step}, cut ${cut}`
        const after = stopped.disk.fork()
        // The first is killed, and the machine runs on.
        if (cut > 0) after.powerCut(chooser(seed + step * CUTS + cut))
        done.schedules++
        work.check(after, stopped.reported, when)
        if (!ledgerOf(after).startsWith(ledger)) throw new Error(`I10 broken ${when}`)
        const state = `${cut === 0} ${after.fingerprint()}`
        if (seen.has(state)) continue
        seen.add(state)
        done.disks++
        if (done.disks % RERUN > 0) continue
        done.reruns++
        await work.run(after)
        work.checkEnd(after, when)
        after.powerCut(chooser(seed + step))
        work.checkEnd(after, `${when}, and cut once it had ended`)
        if (!ledgerOf(after).startsWith(ledger)) throw new Error(`I10 broken ${when}, in the end`)
      }
    }
  })
  for (let seed = SEED; done.schedules < SCHEDULES; seed++)
    await fc.assert(live, { numRuns: 20, seed, endOnFailure: true })
})

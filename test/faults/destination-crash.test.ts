import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BoxState, openBox } from '../../src/destination/box.ts'
import { layout } from '../../src/destination/layout.ts'
import { lockedDestination } from '../../src/destination/locked-destination.ts'
import { makePrivateFolders } from '../../src/destination/ownership.ts'
import { markerOf } from '../../src/model/marker-name.ts'
import { bytesOf, digestsOf, markerText } from '../contract/destination.ts'
import { type ModelDisk, modelDisk, Stopped } from '../helpers/model-disk.ts'
import { smallPass } from '../helpers/small-pass.ts'

const PATH = '/model/held'
const ROTTEN = 'rotten bytes'

type Files = Readonly<Record<string, string>>

interface Scenario {
  /** What the source has, and what the destination has to end with. */
  readonly wanted: Files
  /** Published by an earlier pass, before what `harm` does to it. */
  readonly before?: Files
  /** Path -> bytes that stand there afterwards; null: gone. */
  readonly harm?: Readonly<Record<string, string | null>>
}

const pair = (path: string, text: string): Files => ({
  [path]: text,
  [`${path}.md5`]: markerText(path, bytesOf(text)),
})

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'publishing into an empty folder': { wanted: { a: 'one', 'd/b': 'two', 'd/e/c': 'three' } },
  'publishing beside what is published': {
    before: { a: 'one', 'd/b': 'two' },
    wanted: { a: 'one', 'd/b': 'two', 'd/c': 'x' },
  },
  "adopting an old script's folder": {
    wanted: { a: 'one', 'd/b': 'two', c: 'three' },
    harm: { a: 'one', ...pair('d/b', 'two'), ...pair('c', 'three') },
  },
  'replacing unknown halves, and a pair that was never right': {
    wanted: { a: 'one', 'd/b': 'two' },
    harm: { a: 'on', 'd/b': ROTTEN, 'd/b.md5': markerText('d/b', bytesOf('two')) },
  },
  'repairing rot, a lost file and a lost folder': {
    before: { a: 'one', b: 'two', 'd/c': 'three' },
    wanted: { a: 'one', b: 'two', 'd/c': 'three' },
    harm: { a: ROTTEN, b: null, 'd/c': null, 'd/c.md5': null, d: null },
  },
  'restoring a lost marker': {
    before: { 'd/a': 'one', b: 'two' },
    wanted: { 'd/a': 'one', b: 'two' },
    harm: { 'd/a.md5': null, 'b.md5': null },
  },
}

/** A box that remembers nothing: a destination alone has to survive. */
const box: BoxState = {
  ...openBox('/nonexistent', { concurrency: 1 }),
  knownId: async () => null,
  lastPlaceOf: async () => null,
  expect: async () => {},
  knownHead: async () => null,
}

const passOf = async (disk: ModelDisk, wanted: Files, report: (path: string) => void = () => {}) => {
  await makePrivateFolders(disk, layout(PATH), PATH)
  const locked = lockedDestination(
    {
      place: { path: PATH, mount: null, minFree: 0, maxSize: null },
      disk,
      box,
      uid: process.getuid!(),
      backup: 'test',
      hash: disk.hash,
      filesystemOf: async () => 'model',
    },
    { descriptor: -1, close: () => {} },
  )
  await smallPass(disk, locked, PATH, wanted, report)
}

/** The scenario's disk, all of it durable. */
const begun = new Map<string, Promise<ModelDisk>>()
async function begin(name: string, hardLinks: boolean): Promise<ModelDisk> {
  const key = `${hardLinks} ${name}`
  const first = begun.get(key) ?? build(SCENARIOS[name]!, hardLinks)
  begun.set(key, first)
  return (await first).fork()
}

async function build(scenario: Scenario, hardLinks: boolean): Promise<ModelDisk> {
  const disk = modelDisk({ hardLinks })
  await disk.mkdir('/model', 0o755)
  await disk.mkdir(PATH, 0o755)
  if (scenario.before !== undefined) await passOf(disk, scenario.before)
  for (const [path, text] of Object.entries(scenario.harm ?? {})) {
    const at = join(PATH, path)
    if ((await disk.lstat(at))?.kind === 'folder') await disk.rmdir(at)
    else await disk.unlink(at)
    if (text === null) continue
    if (path.includes('/')) await disk.mkdir(join(at, '..'), 0o755)
    await disk.create(at, bytesOf(text), 0o644)
  }
  disk.powerCut((count) => count - 1)
  return disk
}

const treeOf = (disk: ModelDisk): Record<string, string> =>
  Object.fromEntries(
    [...disk.peek(PATH)]
      .filter(([path]) => !path.startsWith('.reconcile/'))
      .map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])
      .sort(),
  )

const digests = (disk: ModelDisk): Record<string, string> =>
  Object.fromEntries([...disk.peek(PATH)].map(([path, bytes]) => [path, digestsOf(bytes).md5]).sort())

const complete = (wanted: Files): Record<string, string> =>
  Object.fromEntries(
    Object.entries(wanted)
      .flatMap(([path, text]) => Object.entries(pair(path, text)))
      .sort(),
  )

/** I2, but for what the scenario itself broke before we came. */
function checkMarkers(disk: ModelDisk, scenario: Scenario, when: string): void {
  const files = disk.peek(PATH)
  for (const [path] of files) {
    const of = path.startsWith('.reconcile/') ? null : markerOf(path)
    if (of === null) continue
    const bytes = files.get(of.data)
    const text = bytes === undefined ? null : Buffer.from(bytes).toString('latin1')
    const broken = scenario.harm?.[of.data]
    if (broken !== undefined && text === broken && text !== scenario.wanted[of.data]) continue
    if (text !== scenario.wanted[of.data])
      throw new Error(`I2 broken ${when}: ${path} stands beside ${JSON.stringify(text)}`)
  }
}

/** Deterministic and well spread: what survives follows from the seed alone. */
function chooser(seed: number): (count: number) => number {
  let x = seed | 0
  return (count) => {
    x = (x + 0x6d2b79f5) | 0
    let t = Math.imul(x ^ (x >>> 15), 1 | x)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % count
  }
}

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

for (const hardLinks of [true, false]) {
  describe(`a destination ${hardLinks ? 'with' : 'without'} hard links`, () => {
    // Without hard links the property below has to do: the steps are the same but for the moves.
    test.runIf(hardLinks).each(Object.keys(SCENARIOS))(
      'I1 I2 I5 I7: %s, killed after any step',
      async (name) => {
        const scenario = SCENARIOS[name]!
        const disk = await begin(name, hardLinks)
        const from = disk.steps
        await passOf(disk, scenario.wanted)
        const steps = disk.steps - from
        expect(steps).toBeGreaterThan(5)
        for (let after = 0; after <= steps; after++)
          await survive(name, [{ after, powerCut: null }], hardLinks)
      },
    )

    test.each(Object.keys(SCENARIOS))(
      'I1 I2 I3 I5 I7: %s, any power cuts and kills in a row, whatever of the unsynced survives',
      async (name) => {
        const crash = fc.record({
          after: fc.nat({ max: 140 }),
          powerCut: fc.option(fc.integer(), { freq: 5 }),
        })
        await fc.assert(
          fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 3 }), (crashes) =>
            survive(name, crashes, hardLinks),
          ),
          { numRuns: 60 },
        )
      },
    )
  })
}

import { join } from 'node:path'
import { openBox } from '../../src/box/box.ts'
import { layout } from '../../src/destination/layout.ts'
import { lockedDestination } from '../../src/destination/locked-destination.ts'
import { makePrivateFolders } from '../../src/destination/look/ownership.ts'
import type { BoxState } from '../../src/model/box.ts'
import { markerOf } from '../../src/model/marker-name.ts'
import type { LockedDestination } from '../../src/model/ports.ts'
import type { Problem } from '../../src/model/trouble.ts'
import { bytesOf, markerText } from '../contract/destination.ts'
import { NO_DISK } from './disk-folder.ts'
import { type ModelDisk, modelDisk } from './model-disk.ts'
import { smallPass } from './small-pass.ts'

export const PATH = '/model/held'
export const ROTTEN = 'rotten bytes'

type Files = Readonly<Record<string, string>>

export interface Scenario {
  /** What the source has, and what the destination has to end with. */
  readonly wanted: Files
  /** Published by an earlier pass, before what `harm` does to it. */
  readonly before?: Files
  /** How often the power is cut after each step, each time with other survivors; left out: once or twice. */
  readonly cuts?: number
  /** The harm is not durable yet. */
  readonly fresh?: boolean
  /** Path -> bytes that stand there afterwards; null: gone. */
  readonly harm?: Readonly<Record<string, string | null>>
}

export const pair = (path: string, text: string): Files => ({
  [path]: text,
  [`${path}.md5`]: markerText(path, bytesOf(text)),
})

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'publishing into an empty folder': { wanted: { a: 'one', 'd/b': 'two', 'd/e/c': 'three' } },
  'publishing beside what is published': {
    before: { a: 'one', 'd/b': 'two' },
    wanted: { a: 'one', 'd/b': 'two', 'd/c': 'x' },
  },
  'publishing versions, and repairing one': {
    before: { 'v-a': 'one', 'd/v-b': 'two' },
    wanted: { 'v-a': 'one', 'd/v-b': 'two', 'v-c': 'three', 'd/v-d': 'four' },
    harm: { 'v-a': ROTTEN, 'd/v-b': null, 'd/v-b.md5': null },
  },
  "adopting an old script's folder": {
    before: {},
    wanted: { a: 'one', 'd/b': 'two', c: 'three' },
    harm: { a: 'one', ...pair('d/b', 'two'), ...pair('c', 'three') },
  },
  'adopting what somebody wrote only just now': {
    before: {},
    wanted: { a: 'one', 'd/b': 'two' },
    harm: { a: 'one', 'd/b': 'two' },
    fresh: true,
  },
  'replacing unknown halves, and a pair that was never right': {
    before: {},
    wanted: { a: 'one', 'd/b': 'two' },
    harm: { a: 'on', 'd/b': ROTTEN, 'd/b.md5': markerText('d/b', bytesOf('two')) },
  },
  'repairing rot, a lost file and a lost folder': {
    // Its order shows only where one rename of several is lost.
    cuts: 8,
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
  wasHere: async () => null,
  expect: async () => {},
  knownHead: async () => null,
  learn: async () => {},
  recordHead: async () => {},
}

export const passOf = async (
  disk: ModelDisk,
  wanted: Files,
  report: (path: string) => void = () => {},
  trouble: (problem: Problem) => void = unexpected,
) => {
  await smallPass(disk, await lockedOn(disk), PATH, wanted, report, trouble)
}

/** The destination on this disk, as one run has it. */
export async function lockedOn(disk: ModelDisk): Promise<LockedDestination> {
  await makePrivateFolders(disk, layout(PATH), PATH)
  return lockedDestination(
    {
      place: { path: PATH, mount: null, rotate: false },
      disk,
      box,
      uid: process.getuid!(),
      backup: 'test',
      hash: disk.hash,
      diskOf: async () => NO_DISK,
      freeOn: async () => 2 ** 40,
    },
    { descriptor: -1, close: () => {} },
  )
}

const unexpected = (problem: Problem) => {
  throw new Error(`${problem.code} ${problem.path}: ${problem.message}`)
}

/** The scenario's disk, all of it durable. */
const begun = new Map<string, Promise<ModelDisk>>()
export async function begin(name: string, hardLinks: boolean): Promise<ModelDisk> {
  const key = `${hardLinks} ${name}`
  const first = begun.get(key) ?? build(SCENARIOS[name]!, hardLinks)
  begun.set(key, first)
  return (await first).fork()
}

/** All of it durable, but where the scenario says otherwise. */
export async function build(scenario: Scenario, hardLinks: boolean): Promise<ModelDisk> {
  const disk = modelDisk({ hardLinks })
  await disk.mkdir('/model', 0o755)
  await disk.mkdir(PATH, 0o755)
  if (scenario.before !== undefined) await passOf(disk, scenario.before)
  disk.powerCut((count) => count - 1)
  for (const [path, text] of Object.entries(scenario.harm ?? {})) {
    const at = join(PATH, path)
    if ((await disk.lstat(at))?.kind === 'folder') await disk.rmdir(at)
    else await disk.unlink(at)
    if (text === null) continue
    if (path.includes('/')) await disk.mkdir(join(at, '..'), 0o755)
    await disk.create(at, bytesOf(text), 0o644)
  }
  if (scenario.fresh !== true) disk.powerCut((count) => count - 1)
  return disk
}

export const treeOf = (disk: ModelDisk): Record<string, string> =>
  Object.fromEntries(
    [...disk.peek(PATH)]
      .filter(([path]) => !path.startsWith('.reconcile/'))
      .map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])
      .sort(),
  )

/** Files that are others than they were by this `peek`, or were or are not there. */
export function changedSince(before: ReadonlyMap<string, Uint8Array>, disk: ModelDisk): readonly string[] {
  const now = disk.peek(PATH)
  const isSame = (path: string): boolean => {
    const [was, is] = [before.get(path), now.get(path)]
    return was !== undefined && is !== undefined && (was === is || Buffer.compare(was, is) === 0)
  }
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => !isSame(path))
}

export const ledgerOf = (disk: ModelDisk): string =>
  Buffer.from(disk.peek(PATH).get('.reconcile/ledger.jsonl') ?? []).toString()

/** Replacements that the ledger saw begin and not end. */
export function openIntents(disk: ModelDisk): number {
  const ledger = ledgerOf(disk)
  return ledger.split('"repair-begin"').length - ledger.split('"repair-done"').length
}

export const complete = (wanted: Files): Record<string, string> =>
  Object.fromEntries(
    Object.entries(wanted)
      .flatMap(([path, text]) => Object.entries(pair(path, text)))
      .sort(),
  )

/** I2, but for what the scenario itself broke before we came. */
export function checkMarkers(disk: ModelDisk, scenario: Scenario, when: string): void {
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
export function chooser(seed: number): (count: number) => number {
  let x = seed | 0
  return (count) => {
    x = (x + 0x6d2b79f5) | 0
    let t = Math.imul(x ^ (x >>> 15), 1 | x)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % count
  }
}

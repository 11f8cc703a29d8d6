import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { decideBackup } from '../../src/decide/plan/backup.ts'
import type { SavedPart } from '../../src/decide/plan/saved.ts'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { Step } from '../../src/model/plan.ts'
import type { Source } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Pass } from '../../src/reconcile/pass-context.ts'
import { choose } from '../../src/reconcile/plan-pass.ts'
import { pruneSurplus } from '../../src/reconcile/prune-surplus.ts'
import { newTally } from '../../src/reconcile/tally.ts'
import { bring, lockOf, quietRun, toPublish } from '../contract/destination.ts'
import { context, options, spec } from '../helpers/picture.ts'
import { policy } from '../helpers/points.ts'

const volume = (day: number, part: number) => `db-2026-10-${day}.p${part}.tar`
const SAVED = { planId: 'plan', revision: null } as unknown as SavedPart
const NOTHING_LISTED: SourceView = { completeness: 'complete', files: new Map(), problems: [] }

/** Six points of two volumes each, of which the policy, new here, wants three: a cliff, which has been released. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'surplus-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'held')
  const box = openBox(join(folder, 'state'), { concurrency: 1 })
  let broken: (name: string) => boolean = () => false
  const disk: Disk = {
    ...realDisk,
    async lstat(name) {
      if (broken(name)) throw Object.assign(new Error('EIO: broken'), { code: 'EIO' })
      return realDisk.lstat(name)
    },
  }
  const place = { path, mount: null, rotate: false, minFree: 0, maxSize: null }
  const destination = openDestination(place, { disk, box, uid: process.getuid!(), backup: 'test' })
  const locked = await lockOf(destination)
  onTestFinished(() => locked.close())
  for (const day of [10, 11, 12, 13, 14, 15])
    for (const part of [1, 2])
      await bring({ disk }, locked, toPublish(volume(day, part), `${day} ${part}`), `${day} ${part}`)
  const declared = spec({
    series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.p{part}.tar'], timezone: 'UTC' },
    retain: policy({ last: 3 }),
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 1e9, until: null }],
    prune: { mode: 'auto', keepAtLeast: 1, minAge: 0, trashFor: 86_400 },
    destination: place,
  })
  const now = instant((await locked.inspect(quietRun())).lastTime! + 60_000)
  const run = quietRun({ now: () => now })
  const terms = async () => context({ asOf: now, released: await box.releases() })
  const planned = async () =>
    decideBackup(declared, { source: NOTHING_LISTED, destination: await locked.inspect(run) }, await terms())
  const { policy: rules } = (await planned()).prune!
  const { keepAtLeast, minAge, trashFor } = declared.prune
  // The last prune was of another source.
  const before = { policy: rules, basis: 'another', keepAtLeast, minAge, trashFor }
  await locked.record([{ event: 'prune-terms', ...before }], run)
  const [hold] = (await planned()).plan.holds
  expect(hold).toMatchObject({ code: 'prune-source-changed' })
  await box.writeRelease(hold!.id, 'fewer will do', 'ann', now)
  /** A prune during which what is named cannot be looked at. */
  const prune = async (
    faulty: (name: string) => boolean = () => false,
    only: ReadonlySet<RelPath> | null = null,
  ) => {
    const tally = newTally('test', () => {})
    const seen = { source: NOTHING_LISTED, destination: await locked.inspect(run) }
    const pass: Pass = {
      source: undefined as unknown as Source,
      place: destination,
      identity: seen.destination.identity,
      options: options(),
      run,
      destination: {
        ...locked,
        async prune(...given: Parameters<typeof locked.prune>) {
          broken = faulty
          try {
            return await locked.prune(...given)
          } finally {
            broken = () => false
          }
        },
      },
      box,
      spec: declared,
      context: await terms(),
      origin: { planId: 'plan', revision: null },
      tally,
    }
    const first = choose(pass, seen)
    // Of a saved plan only its steps are left to be applied.
    const removal = (path: RelPath): Step => ({ action: 'prune', path, because: [] })
    const saved = only === null ? first : { ...first, plan: { ...first.plan, steps: [...only].map(removal) } }
    const asked = only === null ? pass : { ...pass, options: options({ saved: SAVED }) }
    const { used, observation } = await pruneSurplus(asked, saved)
    return {
      used: used.map(({ code }) => code),
      pruned: tally.pruned,
      problems: tally.problems.map((one) => `${one.code} ${one.path}`),
      isHere: (name: string) => observation.destination.files.has(name as RelPath),
    }
  }
  return { prune, released: async () => [...(await box.releases())], hold: hold! }
}

test('a release is spent by a removal, and by none that came to nothing', async () => {
  const { prune, released, hold } = await world()
  const failed = await prune((name) => name.endsWith('.tar'))
  expect(failed).toMatchObject({ pruned: [], used: [] })
  expect(failed.problems).toHaveLength(2)
  expect(await released()).toEqual([hold.id])
  expect(await prune()).toMatchObject({
    pruned: [volume(10, 1), volume(10, 2)],
    used: ['prune-source-changed'],
    problems: [],
  })
  expect(await released()).toEqual([])
})

test('I9: a point of which one file cannot be removed stays whole, and goes once that is over', async () => {
  const { prune } = await world()
  const failed = await prune((name) => name.endsWith(volume(10, 1)))
  expect(failed.pruned).toEqual([])
  expect(failed.problems).toEqual([
    expect.stringMatching(`disk-failing ${volume(10, 1)}`),
    `prune-point-stays ${volume(10, 2)}`,
  ])
  expect(failed.isHere(volume(10, 2))).toBe(true)
  expect((await prune()).pruned).toEqual([volume(10, 1), volume(10, 2)])
})

test('a removal of a saved plan that has to wait is told', async () => {
  const { prune } = await world()
  const only = new Set([volume(11, 1), volume(11, 2)] as RelPath[])
  expect(await prune(() => false, only)).toMatchObject({
    pruned: [],
    problems: [`prune-left ${volume(11, 1)}`, `prune-left ${volume(11, 2)}`],
  })
})

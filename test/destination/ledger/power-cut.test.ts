import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { layout } from '../../../src/destination/layout.ts'
import { openLedger } from '../../../src/destination/ledger/ledger.ts'
import { rebuildLedger } from '../../../src/destination/ledger/rebuild.ts'
import { establishIdentity, readId } from '../../../src/destination/look/identity.ts'
import { makePrivateFolders, syncEarlier } from '../../../src/destination/look/ownership.ts'
import { openSeen } from '../../../src/destination/look/seen-cache.ts'
import { readStatus, writeStatus } from '../../../src/destination/look/status-file.ts'
import type { LedgerHead } from '../../../src/model/holding.ts'
import type { DestinationStatus } from '../../../src/model/status.ts'
import { NOON, published, rel } from '../../helpers/disk-folder.ts'
import { type ModelDisk, modelDisk, Stopped } from '../../helpers/model-disk.ts'

const PATH = '/offsite'
const files = layout(PATH)
const now = () => NOON

/** What was promised to somebody: it must be there for ever after. */
interface Promises {
  readonly announced: Set<string>
  readonly recorded: Set<string>
  /** As the box remembers it, on another disk. */
  head: { readonly id: string; readonly head: LedgerHead } | null
}

const status = (head: LedgerHead): DestinationStatus => ({
  format: 'reconcile.destination/1',
  backup: 'x',
  finished: '',
  result: 'applied',
  exitCode: 0,
  lastSuccess: null,
  conditions: [],
  troubles: [],
  counts: { waiting: 0, conflict: 0, lost: 0, problems: 0, pending: 0 },
  listed: null,
  observed: null,
  promised: null,
  series: [],
  awaited: [],
  lookBy: null,
  clock: '2026-11-23T12:00:00Z',
  holds: [],
  head,
})

/** A run of a destination's memory alone: who it is, what it recorded, what it saw and how it went. */
async function pass(disk: ModelDisk, promises: Promises): Promise<string> {
  await makePrivateFolders(disk, files, PATH)
  await syncEarlier(disk, files, PATH)
  await establishIdentity(disk, files, { now, announce: async (id) => void promises.announced.add(id) })
  const id = await readId(disk, files)
  expect(promises.announced).toContain(id)
  const heads = [
    (await readStatus(disk, files))?.head ?? null,
    promises.head?.id === id ? promises.head.head : null,
  ]
  const knownHead = heads.reduce((a, b) => ((a?.seq ?? 0) >= (b?.seq ?? 0) ? a : b))
  const opened = await openLedger(disk, files, { mode: 'write', now, knownHead })
  if (opened.state !== 'open') throw new Error(JSON.stringify(opened))
  const { ledger } = opened
  for (const path of promises.recorded) expect([...ledger.records.keys()]).toContain(path)
  const seen = await openSeen(disk, files, new Map())
  for (const group of ['abc', 'd', 'efgh']) {
    const missing = [...group].filter((path) => !ledger.records.has(rel(path)))
    if (missing.length === 0) continue
    await ledger.append(missing.map((path) => published(path)))
    for (const path of missing) promises.recorded.add(path)
    await seen.remember(
      new Map(
        missing.map((path) => [
          rel(path),
          {
            listed: { size: 1, mtime: 1 },
            marker: { state: 'none' },
            readAt: NOON,
            stagedFor: null,
            gate: null,
            waitingSince: null,
          },
        ]),
      ),
    )
    await writeStatus(disk, files, status(ledger.head))
    promises.head = { id: ledger.id, head: ledger.head }
  }
  return [...ledger.records.keys()].sort().join('')
}

/** Whether the work came to its end before the disk stopped. */
const endedBefore = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Stopped) return false
      throw error
    },
  )

/** Durable as such folders are: they stood long before any run. */
async function longStanding(): Promise<ModelDisk> {
  const disk = modelDisk()
  await disk.mkdir(PATH, 0o755)
  await disk.syncFolder('/')
  return disk
}

const choices = (seed: readonly number[]): ((count: number) => number) => {
  let at = 0
  return (count) => seed[at++ % seed.length]! % count
}
const seeds = fc.array(fc.nat(1 << 16), { minLength: 20, maxLength: 60 })

describe('I5, I7, I10: what was recorded survives, and no crash makes damage', () => {
  test('a power cut after every single step', async () => {
    const whole = await longStanding()
    await pass(whole, { announced: new Set(), recorded: new Set(), head: null })
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        for (let steps = 0; steps <= whole.steps; steps++) {
          const disk = await longStanding()
          const promises: Promises = { announced: new Set(), recorded: new Set(), head: null }
          disk.stopAfter(steps)
          await endedBefore(pass(disk, promises))
          disk.powerCut(choices(seed))
          expect(await pass(disk, promises)).toBe('abcdefgh')
        }
      }),
      { numRuns: 4 },
    )
  })

  test('a kill after every single step, a whole pass after it, and only then the power cut', async () => {
    const whole = await longStanding()
    await pass(whole, { announced: new Set(), recorded: new Set(), head: null })
    for (let steps = 0; steps <= whole.steps; steps++) {
      for (const seed of [[0], [0, 1], [1, 0], [2, 0, 1]]) {
        const disk = await longStanding()
        const promises: Promises = { announced: new Set(), recorded: new Set(), head: null }
        disk.stopAfter(steps)
        await endedBefore(pass(disk, promises))
        disk.restart()
        expect(await pass(disk, promises)).toBe('abcdefgh')
        // What the killed one had written and not synced, this one has read and reported.
        for (const path of 'abcdefgh') promises.recorded.add(path)
        disk.powerCut(choices(seed))
        expect(await pass(disk, promises), `killed after ${steps}`).toBe('abcdefgh')
      }
    }
  })

  test('cuts and kills, one after another, recovery among them', async () => {
    const falls = fc.array(
      fc.record({ steps: fc.integer({ min: 0, max: 45 }), powerCut: fc.boolean(), seed: seeds }),
      { minLength: 1, maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(falls, async (all) => {
        const disk = await longStanding()
        const promises: Promises = { announced: new Set(), recorded: new Set(), head: null }
        for (const { steps, powerCut, seed } of all) {
          disk.stopAfter(disk.steps + steps)
          await endedBefore(pass(disk, promises))
          if (powerCut) disk.powerCut(choices(seed))
          else disk.restart()
        }
        expect(await pass(disk, promises)).toBe('abcdefgh')
      }),
      { numRuns: 60 },
    )
  })

  test('a rebuild that is cut leaves the old ledger, or the new one, or lets itself be repeated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        seeds,
        fc.boolean(),
        async (steps, seed, powerCut) => {
          const disk = await longStanding()
          const promises: Promises = { announced: new Set(), recorded: new Set(), head: null }
          await pass(disk, promises)
          const id = await readId(disk, files)
          const options = {
            now,
            recordHead: async (of: string, head: LedgerHead) => {
              promises.head = { id: of, head }
            },
          }
          disk.stopAfter(disk.steps + steps)
          await endedBefore(rebuildLedger(disk, files, options))
          if (powerCut) disk.powerCut(choices(seed))
          else disk.restart()
          promises.recorded.clear()
          if (!(await endedBefore(pass(disk, promises).catch(() => Promise.reject(new Stopped()))))) {
            await rebuildLedger(disk, files, options)
            await pass(disk, promises)
          }
          expect(await readId(disk, files)).toBe(id)
        },
      ),
      { numRuns: 60 },
    )
  })
})

import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPorts, openWorkspace, passOptions } from '../../src/commands/workspace.ts'
import type { PassEvent } from '../../src/model/event.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import { reconcileBackup } from '../../src/reconcile/pass.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const MIB = 1024 ** 2
const SIZE = 24 * MIB
/** Fast by night, slow by day, not at all at noon, and from one o'clock on without a limit. */
const TIMETABLE = [
  { from: '22:00', to: '06:00', rate: '4MiB/s' },
  { from: '06:00', to: '12:00', rate: '256KiB/s' },
  { from: '12:00', to: '13:00', rate: 'off' },
]
/** A time of one day, or of another that is named. */
const at = (time: string): Instant =>
  instant(Date.parse(time.includes('T') ? `${time}Z` : `2026-11-24T${time}Z`))

let world: World
beforeEach(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  await mkdir(join(world.folder, 'etc'))
  await writeFile(join(world.folder, 'etc/config.yaml'), 'concurrency: 2\n')
  await world.declare('pg', { transfer: { timezone: 'UTC', bandwidth: TIMETABLE } })
})
afterEach(() => world.end())

const staged = (): number =>
  statSync(join(world.destination, '.reconcile/staging/dump.tar'), { throwIfNoEntry: false })?.size ?? 0

/** A change of the rate, what was staged when the clock came to it and after it, and how long it took to go on; milliseconds. */
interface Change {
  readonly rate: number | null | 'off'
  readonly before: number
  readonly after: number
  readonly took: number
}

/**
 * One pass over real ssh and rsync, of which the clock stands still at `start` and, each time so many bytes more have come, at the next
 * of `then`.
 */
async function passAt(
  start: string,
  then: readonly string[] = [],
  flags: { readonly now?: boolean } = {},
): Promise<{
  readonly outcome: BackupOutcome
  readonly changes: readonly Change[]
  readonly types: readonly PassEvent['type'][]
}> {
  const workspace = await openWorkspace(
    {
      ...flags,
      specs: world.specs,
      state: world.state,
      config: join(world.folder, 'etc/config.yaml'),
    },
    'look',
    { now: () => at(start), signal: new AbortController().signal, emit: () => {} },
  )
  const spec = workspace.loaded.specs[0]!
  let clock = at(start)
  const ahead = [...then]
  let moved: { readonly when: number; readonly staged: number } | null = null
  let rate: Change['rate'] | undefined
  let base: number | null = null
  const changes: Change[] = []
  const types: PassEvent['type'][] = []
  const emit = (event: PassEvent) => {
    types.push(event.type)
    if (event.type === 'rate-changed') rate = event.rate
    const goesOn = event.type === 'batch-started' || (event.type === 'rate-changed' && rate === 'off')
    if (goesOn && moved !== null && rate !== undefined) {
      const took = performance.now() - moved.when
      changes.push({ rate, before: moved.staged, after: staged(), took })
      moved = null
      base = null
    }
    if (event.type !== 'progress' || moved !== null) return
    base ??= event.bytes.done
    const next = ahead[0]
    if (next === undefined || event.bytes.done < base + 512 * 1024) return
    ahead.shift()
    moved = { when: performance.now(), staged: staged() }
    clock = at(next)
  }
  const run = { now: () => clock, signal: new AbortController().signal, emit }
  const options = passOptions(spec, workspace, { lockWait: 0, all: false, named: true, holds: [] })
  const { outcome } = await reconcileBackup(await openPorts(spec, workspace), spec, options, run)
  return { outcome, changes, types }
}

describe('fast by night, 256 KiB/s by day, off at noon', () => {
  test('a transfer goes on at each new rate within 5 s, stops where it is off, and no byte comes twice', async () => {
    await world.offer('dump.tar', randomBytes(SIZE))

    const morning = await passAt('05:59:00', ['06:00:00', '12:00:00'])
    expect(morning.changes.map(({ rate }) => rate)).toEqual([256 * 1024, 'off'])
    expect(morning.outcome).toMatchObject({
      result: 'incomplete',
      exitCode: 0,
      pending: 1,
      published: [],
      problems: [],
      off: { until: '2026-11-24T13:00:00Z' },
    })
    const kept = staged()
    expect(morning.outcome.bytes).toBe(kept)

    const noon = await passAt('12:30:00')
    expect(noon.outcome).toMatchObject({ result: 'incomplete', exitCode: 0, bytes: 0, pending: 1 })
    expect(noon.types).not.toContain('batch-started')
    expect(staged()).toBe(kept)

    const later = await passAt('2026-11-25T11:59:00', ['2026-11-25T14:00:00'])
    expect(later.changes.map(({ rate }) => rate)).toEqual([null])
    expect(later.outcome).toMatchObject({
      result: 'applied',
      exitCode: 0,
      published: ['dump.tar'],
      off: null,
    })

    for (const change of [...morning.changes, ...later.changes]) {
      expect(change.after).toBeGreaterThanOrEqual(change.before)
      expect(change.took).toBeLessThan(5000)
    }
    expect(morning.outcome.bytes + later.outcome.bytes).toBe(SIZE)
    expect((await world.published()).get('dump.tar')).toHaveLength(SIZE)
  })

  test('--now transfers at noon, and nothing to bring is in sync while it is off', async () => {
    await world.offer('dump.tar', noise(1000))
    expect((await passAt('12:30:00')).outcome).toMatchObject({ result: 'incomplete', off: {} })
    expect((await passAt('12:30:00', [], { now: true })).outcome).toMatchObject({
      result: 'applied',
      published: ['dump.tar'],
      off: null,
    })
    expect((await passAt('12:30:00')).outcome).toMatchObject({ result: 'in-sync', exitCode: 0, off: null })
  })
})

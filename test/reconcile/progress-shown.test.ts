import { afterEach, expect, test, vi } from 'vitest'
import type { PassEvent } from '../../src/model/event.ts'
import { instant } from '../../src/model/instant.ts'
import type { LockedDestination } from '../../src/model/ports.ts'
import type { Progress } from '../../src/model/status.ts'
import { progressShown } from '../../src/reconcile/progress-shown.ts'
import { NOON } from '../helpers/picture.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('progress is written from the first batch on, at most every 5 seconds, also while files are hashed, and is gone at the end', async () => {
  vi.useFakeTimers({ now: NOON })
  const written: (Progress | null)[] = []
  const heard: string[] = []
  const destination = {
    showProgress: async (progress: Progress | null) => void written.push(progress),
  } as Pick<LockedDestination, 'showProgress'> as LockedDestination
  const emit = ({ type }: PassEvent) => void heard.push(type)
  const run = { now: () => instant(Date.now()), signal: new AbortController().signal, emit }
  const shown = progressShown({ destination, run }, { since: NOON, bytes: 90 })
  const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)
  const backup = 'pg'

  shown.run.emit({ type: 'waiting', backup, for: 'slot' })
  await pass(60)
  expect(written).toEqual([])

  shown.run.emit({ type: 'batch-started', backup, files: 1, bytes: 50, resumedBytes: 10 })
  await pass(0)
  expect(written).toMatchObject([
    { bytes: 10, total: 100, rate: null, path: null, since: '2026-11-23T12:00:00Z' },
  ])

  for (const done of [20, 30, 40]) {
    const bytes = { done, total: 100, resumed: 10 }
    shown.run.emit({
      type: 'progress',
      backup,
      path: 'a',
      files: { done: 0, total: 1, published: 0 },
      bytes,
      rate: 5,
    })
    await pass(1)
  }
  expect(written).toHaveLength(1)
  await pass(2)
  expect(written[1]).toMatchObject({ bytes: 40, total: 100, rate: 5, path: 'a', verifying: null })

  shown.run.emit({ type: 'gating', backup, files: 1, bytes: 100 })
  await pass(15)
  expect(written.slice(2)).toMatchObject(
    [70, 75, 80].map((seconds) => ({
      at: new Date(NOON + seconds * 1000).toISOString().replace('.000', ''),
      verifying: { files: 1, bytes: 100 },
    })),
  )
  await shown.end()
  await pass(60)
  expect(written.slice(5)).toEqual([null])
  expect(heard).toEqual(['waiting', 'batch-started', 'progress', 'progress', 'progress', 'gating'])
})

test('a pass that brings nothing writes nothing', async () => {
  const written: unknown[] = []
  const destination = {
    showProgress: async (one: unknown) => void written.push(one),
  } as unknown as LockedDestination
  const run = { now: () => NOON, signal: new AbortController().signal, emit: () => {} }
  const shown = progressShown({ destination, run }, { since: NOON, bytes: 0 })
  shown.run.emit({ type: 'waiting', backup: 'pg', for: 'host' })
  await shown.end()
  expect(written).toEqual([])
})

import { expect, test } from 'vitest'
import type { Clock } from '../../src/model/clock.ts'
import { Failure } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { Standing } from '../../src/watch/loop.ts'
import { verifyIdle } from '../../src/watch/verify-idle.ts'

/** Lives for so many waits of ten minutes, and returns what was verified and triggered. */
async function live(
  waits: number,
  phaseOf: (backup: string, wait: number) => Standing['phase'],
  damaged: ReadonlySet<string> = new Set(),
) {
  const said: string[] = []
  const ending = new AbortController()
  let wait = 0
  const clock: Clock = {
    now: () => instant(0),
    monotonic: () => wait * 600_000,
    async wait() {
      if (++wait > waits) ending.abort()
    },
  }
  const loop = {
    standing: () =>
      ['a', 'b', 'broken'].map(
        (backup) => ({ backup, phase: phaseOf(backup, wait), active: { spec: backup } }) as never,
      ),
    trigger: (name: string | null, cause: string) => void said.push(`${cause} ${name}`),
  }
  const verify = async ({ spec }: { spec: unknown }, rests: () => boolean) => {
    said.push(`${wait} ${spec}${rests() ? ' rests' : ''}`)
    if (spec === 'broken') throw new Failure({ code: 'disk-failing', message: 'no', hint: '' })
    return damaged.has(spec as string)
  }
  await verifyIdle(
    { loop, verify: verify as never, clock, warn: (text) => void said.push(text) },
    ending.signal,
  )
  return said
}

test('each backup has a share an hour while no pass runs; what is damaged is run at once; trouble is told once', async () => {
  expect(await live(8, () => 'idle', new Set(['b']))).toEqual([
    ...['1 a', '1 b', 'damage-found b', '1 broken', 'cannot verify broken: no'],
    ...['7 a', '7 b', 'damage-found b', '7 broken'],
  ])
})

test('none is begun while a pass runs or is queued', async () => {
  expect(await live(3, (backup, wait) => (backup === 'b' && wait < 3 ? 'running' : 'idle'))).toEqual([
    ...['3 a', '3 b', '3 broken', 'cannot verify broken: no'],
  ])
})

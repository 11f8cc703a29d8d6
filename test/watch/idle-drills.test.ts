import { expect, test } from 'vitest'
import { idleDrills } from '../../src/commands/prove.ts'
import type { SeriesProof } from '../../src/decide/restore/points.ts'
import type { BackupName } from '../../src/model/spec.ts'
import { handClock } from '../helpers/hand-clock.js'
import { spec } from '../helpers/picture.ts'
import { MINUTE } from '../helpers/watched-loop.ts'

test('drills run one after the other while no pass runs or waits, the longest overdue first; a failed one runs a pass', async () => {
  const done: string[] = []
  const clock = handClock()
  const drills = idleDrills(async ({ name }, { series }) => {
    done.push(`${name}/${series}@${clock.monotonic() / MINUTE}`)
    const failed = { code: 'drill-failed', message: '', hint: '' }
    return { drilled: [], problems: series === 'bad' ? [failed] : [] }
  })
  let phase: 'idle' | 'running' = 'running'
  const loop = {
    standing: () =>
      [
        { backup: 'a', phase },
        { backup: 'b', phase: 'idle' },
      ] as never,
    trigger: (name: string | null, cause: string) => void done.push(`${cause} ${name}`),
  }
  const proof = (series: string, at: number) => ({ series, last: { at } }) as unknown as SeriesProof
  const found = (name: string, ...due: readonly SeriesProof[]) =>
    drills.found(spec({ name: name as BackupName }), { series: 9, due })
  found('a', proof('late', 5), proof('bad', 9))
  found('b', proof('later', 7))
  const stop = new AbortController()
  const running = drills.run(loop, clock, stop.signal)
  await clock.advance(10 * MINUTE)
  expect(done).toEqual([])
  phase = 'idle'
  await clock.advance(60 * MINUTE)
  expect(done).toEqual(['a/late@11', 'b/later@27', 'a/bad@43', 'drilled a'])
  stop.abort()
  await running
})

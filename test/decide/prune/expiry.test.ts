import { expect, test } from 'vitest'
import { decideBackup } from '../../../src/decide/plan/backup.ts'
import { instant } from '../../../src/model/instant.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { context, NOON, picture, spec } from '../../helpers/picture.ts'

const HOUR = 3_600_000

/** What becomes of a file that was pruned ten days before NOON, by a clock so many hours after the last time written down. */
function after(hours: number, released: ReadonlySet<string> = new Set()) {
  const drawn = picture('gone a 10 A\nheld b 10 B\nremote b 10 B')
  const at = instant(NOON - 10 * 24 * HOUR)
  const removal = { at, trash: 'e', by: 'policy', reason: '', series: '', point: at, planId: null } as const
  const destination = {
    ...drawn.destination,
    pruned: new Map([['a' as RelPath, removal]]),
    lastTime: instant(NOON - hours * HOUR),
  }
  const { plan, clock } = decideBackup(spec(), { ...drawn, destination }, context({ released }))
  return {
    steps: plan.steps.map(({ action, path }) => `${action} ${path}`),
    holds: plan.holds,
    passed: clock.passed?.id,
  }
}

test('the trash is emptied by a clock that is at most two days past the last time written down', () => {
  expect(after(48)).toMatchObject({ steps: ['expire a'], holds: [] })
})

test('by one that leapt further a person is asked, under the same id each time, and let it through once', () => {
  const { steps, holds } = after(49)
  expect({ steps, holds }).toMatchObject({ steps: [], holds: [{ code: 'clock-leap' }] })
  expect(after(49).holds).toEqual(holds)
  expect(after(49, new Set([holds[0]!.id]))).toMatchObject({
    steps: ['expire a'],
    holds: [],
    passed: holds[0]!.id,
  })
  expect(after(50).holds[0]!.id).not.toBe(holds[0]!.id)
})

test('by one that is behind nothing expires', () => {
  expect(after(-1)).toMatchObject({ steps: [], holds: [] })
})

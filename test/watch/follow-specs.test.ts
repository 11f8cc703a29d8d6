import { expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { WatchEvent } from '../../src/model/watch-event.ts'
import { type FollowPorts, followSpecs } from '../../src/watch/follow-specs.ts'
import { active } from '../helpers/watched-loop.ts'

const full = new Failure({ code: 'disk-full', message: 'full', hint: 'Make room.', retryable: true })

/** `fails`: which of the box's files can be neither read nor written. */
function follower(fails: { now: boolean }) {
  const events: WatchEvent[] = []
  const kept: unknown[] = []
  const orFail = async <T>(value: T): Promise<T> => {
    if (fails.now) throw full
    return value
  }
  const ports: FollowPorts = {
    find: async () => ({
      label: '/specs',
      sound: [active('a')],
      faulty: [],
      faults: [],
      hold: null,
      policyHolds: [],
      revision: null,
    }),
    released: () => orFail(new Set<string>()),
    consume: () => orFail(undefined),
    settle: () => orFail(undefined),
    async keep(word) {
      await orFail(undefined)
      kept.push(word)
    },
    now: () => instant(0),
    emit: (event) => void events.push(event),
  }
  return { following: followSpecs({ active: [], orphans: [] }, ports), events, kept }
}

test('new specs are obeyed where nothing can be remembered, which is told once and tried again', async () => {
  const fails = { now: true }
  const { following, events, kept } = follower(fails)
  expect((await following.look())?.added).toHaveLength(1)
  const told = events.filter(({ type }) => type === 'warning')
  expect(told).toHaveLength(3)
  expect(following.isKept()).toBe(false)
  await following.look()
  expect(events.filter(({ type }) => type === 'warning')).toEqual(told)
  fails.now = false
  await following.look()
  expect(following.isKept()).toBe(true)
  expect(kept).toHaveLength(1)
  fails.now = true
  await following.look()
  expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThan(told.length)
})

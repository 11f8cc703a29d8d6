import { expect } from 'vitest'
import { makeWorld, type World } from './world.ts'

const DAY = 86_400_000
const TODAY = Date.now()

/** `db-2026-11-23.tar`, so many days before yesterday: what is dated today ends with it, and pushes nothing out before. */
export const dump = (daysAgo: number): string =>
  `db-${new Date(TODAY - (daysAgo + 1) * DAY).toISOString().slice(0, 10)}.tar`

/** The spec of daily dumps that are to come every day. */
export const DUMPS = {
  series: { pattern: '{series}-{YYYY}-{MM}-{DD}.tar', timezone: 'UTC' },
  retain: { last: 30 },
  expect: { every: '24h', grace: '2h' },
}

/** A backup of `days` daily dumps, all held, and then a spec that wants the last of them alone. The caller ends it. */
export async function heldThenLowered(
  days: number,
  last: number,
  over: { readonly mode?: string; readonly more?: object; readonly place?: 'ssh' | 'local' } = {},
): Promise<World> {
  const world = await makeWorld(over.place ?? 'local', { calls: 'here' })
  for (let ago = 0; ago < days; ago++) await world.offer(dump(ago), `dump of ${ago} days ago`)
  const prune = { mode: over.mode ?? 'auto', minAge: '0s', keepAtLeast: 3 }
  await world.declare('pg', { ...DUMPS, prune, ...over.more })
  expect((await world.pass()).exitCode).toBe(0)
  await world.declare('pg', { ...DUMPS, prune, ...over.more, retain: { last } })
  return world
}

import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { backupIn } from '../helpers/backup.ts'
import { daemonHere } from '../helpers/daemon-here.ts'
import { countInFull } from '../helpers/extent.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const HOUR = 3_600_000
const HOURS = 8
const BACKUPS = countInFull(1000, 10)
/** How late a backup may be begun: the daemon looks whenever one is due, and the test moves its clock by this. */
const STEP = 30_000
/** What the heap may grow by between the second hour and the last, once what nobody holds is gone. */
const GROWTH = 8 * 1024 * 1024

let world: World
afterEach(() => world.end())

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const here = () => {
  collect()
  return {
    heap: process.memoryUsage().heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    children: readdirSync('/proc/self/task').flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
    ).length,
  }
}

test(`eight hours of watch over ${BACKUPS} backups: each is begun in time, and memory, descriptors and processes stay as they were`, async () => {
  world = await makeWorld('local', { calls: 'here' })
  const names = Array.from({ length: BACKUPS }, (_, i) => `host-${i}`)
  const backups = []
  for (const name of names) {
    const backup = await backupIn(world, name, { schedule: { every: '1h' } })
    await backup.offer('first.tar', `first of ${name}`)
    backups.push(backup)
  }
  const daemon = daemonHere({
    specs: { kind: 'folder', path: world.specs },
    state: world.state,
    concurrency: 4,
  })
  const begun = new Map<string, number>()
  let passes = 0
  let worst = 0
  let running = 0
  /** Takes what came since the last call: kept, the events would be what grows. */
  const heed = () => {
    for (const event of daemon.take()) {
      if (event.type === 'triggered') {
        running++
        const before = begun.get(event.backup)
        const now = daemon.clock.now()
        if (before !== undefined) worst = Math.max(worst, now - before - HOUR)
        begun.set(event.backup, now)
      } else if (event.type === 'backup-finished') {
        running--
        passes++
        expect(['applied', 'in-sync'], JSON.stringify(event.outcome)).toContain(event.outcome.result)
      } else expect(['crashed', 'backing-off', 'warning'], JSON.stringify(event)).not.toContain(event.type)
    }
  }
  const first = daemon.clock.now()
  let early: ReturnType<typeof here> | null = null
  const isQuiet = () => {
    heed()
    return running === 0
  }
  for (let hour = 1; hour <= HOURS; hour++) {
    // Something new for some of them, so that passes are not all alike.
    for (let i = hour % 7; i < backups.length; i += 7)
      await backups[i]!.offer(`hour-${hour}.tar`, `${hour} of ${names[i]}`)
    while (daemon.clock.now() < first + hour * HOUR) {
      await daemon.clock.advance(STEP)
      do await new Promise((done) => setTimeout(done, 5))
      while (!isQuiet())
    }
    if (hour === 2) early = here()
  }
  const late = here()
  console.info(`soak: ${JSON.stringify({ passes, worst, early, late })}`)
  expect(passes).toBeGreaterThanOrEqual(BACKUPS * HOURS)
  expect(worst).toBeLessThanOrEqual(2 * STEP)
  expect(late.heap).toBeLessThan(early!.heap + GROWTH)
  // A beat may be on its way to its file; what is left behind by a pass would be there once for each.
  expect(late.descriptors - early!.descriptors).toBeLessThan(6)
  expect(late.children).toBe(0)
  expect(await daemon.stop()).toBe(0)
  for (const [i, backup] of backups.entries())
    expect([...(await backup.published()).keys()], names[i]).toContain('first.tar')
})

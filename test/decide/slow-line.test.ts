import { describe, expect, test } from 'vitest'
import { seenAtStart } from '../../src/decide/look/next-seen.ts'
import { strays } from '../../src/decide/prune/expiry.ts'
import { plainRate } from '../../src/decide/time/timetable.ts'
import { inOrder } from '../../src/decide/transfer/batches.ts'
import { wantedFiles } from '../../src/decide/transfer/wanted-file.ts'
import type { StagedFile } from '../../src/model/holding.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile } from '../../src/model/source-file.ts'
import type { Spec } from '../../src/model/spec.ts'
import { spec } from '../helpers/picture.ts'
import { rulesOf } from '../helpers/points.ts'
import { DAY, digestFor, HOUR, type Line, listing, offered, simulate } from '../helpers/simulated-backup.ts'

const START = Date.UTC(2026, 0, 10)
const GIB = 1024 ** 3
const RATE = 25 * 1024
const NIGHTS = 60

/** What `seconds` at the rate carry: batches in the order in which a pass makes them, the last file as far as it comes. */
const carried =
  (seconds: number, order: Spec['transfer']['order'] = 'newest'): Line =>
  (plan, observation, now) => {
    const staged = new Map<RelPath, StagedFile>(observation.destination.staged)
    const seen = new Map(observation.destination.seen)
    for (const [path, one] of seenAtStart(observation, plan, now))
      if (one === null) seen.delete(path)
      else seen.set(path, one)
    const whole = new Set<string>()
    let budget = RATE * seconds
    for (const file of inOrder(wantedFiles(plan, observation), order)) {
      if (budget === 0) break
      const more = Math.min(budget, file.size - file.stagedBytes)
      budget -= more
      if (file.stagedBytes + more < file.size) staged.set(file.path, { size: file.stagedBytes + more })
      else {
        whole.add(file.path)
        staged.delete(file.path)
      }
    }
    return { done: plan.steps.filter(({ path }) => whole.has(path)), staged, seen }
  }

/** Passes at each hour from ten in the evening to six in the morning, which is all the time the line is to be had. */
function nights(declared: Spec, sourceAt: (now: number) => SourceView) {
  const backup = simulate(declared, instant(START), carried(3600))
  let last: Instant = instant(START)
  for (let night = 0; night < NIGHTS; night++)
    for (let hour = 22; hour < 30; hour++) {
      last = instant(START + night * DAY + hour * HOUR)
      backup.pass(sourceAt(last), last)
    }
  const { destination } = backup
  const view = sourceAt(last)
  return {
    held: [...destination.files.keys()],
    stray: strays(declared, { source: view, destination }).length,
  }
}

const stamp = (at: number) => new Date(at).toISOString().slice(0, 13).replace('T', '-')

/** A dump of 1.4 GiB an hour, kept for so many hours. */
const hourly = (kept: number) => (now: number) => {
  const files: [RelPath, SourceFile][] = []
  for (let at = now - kept * HOUR; at <= now; at += HOUR)
    files.push(offered(`db-${stamp(at)}.tar`, instant(at), digestFor(at / HOUR), Math.ceil(1.4 * GIB)))
  return listing(files)
}

const slow = (pick: 'newest' | 'oldest') =>
  spec({
    series: { patterns: ['{series}-{YYYY}-{MM}-{DD}-{hh}.tar'], timezone: 'UTC' },
    retain: rulesOf(`daily=7 pick=${pick}`),
    transfer: { ...spec().transfer, bandwidth: plainRate(RATE) },
  })

describe('I13: 1.4 GiB made each hour, and a line of 25 KiB/s for eight hours a night', () => {
  // 60 nights carry 41 GiB: 29 files, and some of a thirtieth.
  test.each(['newest', 'oldest'] as const)('pick %s: 29 files arrive whole in 60 nights', (pick) => {
    const { held, stray } = nights(slow(pick), hourly(96))
    expect(held).toHaveLength(29)
    expect(stray).toBe(0)
  })

  test.each(['newest', 'oldest'] as const)(
    'pick %s: where the source lets go of a file before the line has carried it, none does',
    (pick) => {
      const { held, stray } = nights(slow(pick), hourly(36))
      expect(held).toHaveLength(0)
      // What had come of them lies in staging until its grace is over.
      expect(stray).toBeGreaterThan(0)
    },
  )
})

/** Each evening at eight a dump of three volumes of half a gibibyte, kept for a week. */
const volumes = (now: number) => {
  const files: [RelPath, SourceFile][] = []
  const evening = Math.floor((now - 20 * HOUR) / DAY) * DAY
  for (let day = evening - 6 * DAY; day <= evening; day += DAY)
    for (const part of [1, 2, 3]) {
      const made = instant(day + 20 * HOUR + part * 60_000)
      const digest = digestFor((day / DAY) * 10 + part)
      files.push(offered(`db-${stamp(day).slice(0, 10)}.p${part}.tar`, made, digest, GIB / 2))
    }
  return listing(files)
}

describe('I13: a dump of three volumes a night, where the line carries one and a third', () => {
  const declared = (order: Spec['transfer']['order']) =>
    spec({
      series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.p{part}.tar'], timezone: 'UTC' },
      retain: rulesOf('daily=7'),
      transfer: { ...spec().transfer, bandwidth: plainRate(RATE), order },
    })

  test('each dump that was begun is brought to its end, though newer ones appear', () => {
    const { held } = nights(declared('newest'), volumes)
    const parts = new Map<string, number>()
    for (const path of held) parts.set(path.slice(0, 13), (parts.get(path.slice(0, 13)) ?? 0) + 1)
    const counts = [...parts.values()]
    expect(counts.filter((count) => count === 3).length).toBeGreaterThanOrEqual(27)
    // All but the one at hand.
    expect(counts.filter((count) => count < 3).length).toBeLessThanOrEqual(1)
  })
})

describe('the order of transfers follows the time of the point', () => {
  const dated = (order: Spec['transfer']['order'], pattern: boolean) => {
    const declared = spec({
      ...(pattern ? { series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' } } : {}),
      retain: rulesOf('daily=7'),
      transfer: { ...spec().transfer, order },
    })
    // Copied again at the source: the oldest has the newest mtime.
    const view = listing(
      [1, 2, 3].map((day) =>
        offered(`db-2026-01-0${day}.tar`, instant(START - day * 60_000 * 1440), digestFor(day), 100),
      ),
    )
    const came: string[] = []
    const backup = simulate(declared, instant(START), (plan, observation) => {
      came.push(...inOrder(wantedFiles(plan, observation), order).map(({ path }) => path.slice(11, 13)))
      return { done: [] }
    })
    backup.pass(view, instant(START))
    return came.join(' ')
  }
  test.each([
    ['newest', true, '03 02 01'],
    ['oldest', true, '01 02 03'],
    ['newest', false, '03 02 01'],
    ['oldest', false, '01 02 03'],
  ] as const)('%s first, a pattern says so: %s: %s', (order, pattern, wanted) => {
    expect(dated(order, pattern)).toBe(wanted)
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countOf, policyText, RULES, retain } from '../../../src/decide/retention/retain.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'
import type { RetainRules } from '../../../src/model/spec.ts'
import { inFull } from '../../helpers/extent.ts'
import { policy } from '../../helpers/points.ts'
import { openRestic, resticVersion } from '../../helpers/restic.ts'

const SEED = Number(process.env['RETAIN_SEED'] ?? 20_261_123)
const HISTORIES = 45
const POLICIES = inFull(20, 8)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Zones, and moments near which their calendar does something odd. All in the past: restic counts from no point to come. */
const ZONES = [
  ['Europe/Oslo', ['2023-03-26T01:00Z', '2023-10-29T01:00Z', '2021-01-03T23:00Z', '2024-02-29T12:00Z']],
  ['America/New_York', ['2023-03-12T07:00Z', '2023-11-05T06:00Z', '2016-01-01T05:00Z', '2024-12-30T05:00Z']],
  ['Australia/Lord_Howe', ['2023-10-01T15:30Z', '2023-04-01T15:00Z', '2021-01-01T13:00Z']],
  ['Pacific/Auckland', ['2023-09-23T14:00Z', '2023-04-01T14:00Z', '2020-12-31T11:00Z']],
  ['Asia/Kathmandu', ['2023-01-01T18:15Z', '2020-02-28T18:15Z']],
] as const

/** Distinct times, oldest first: minutes, hours, days or months apart. */
const historyNear = (moments: readonly string[]) =>
  fc
    .record({
      moment: fc.constantFrom(...moments),
      step: fc.constantFrom(7 * MINUTE, 50 * MINUTE, 8 * HOUR, DAY, 20 * DAY),
      offsets: fc.uniqueArray(fc.integer({ min: -60, max: 30 }), { minLength: 1, maxLength: 40 }),
    })
    .map(({ moment, step, offsets }) => offsets.map((by) => instant(Date.parse(moment) + by * step)))

const count = fc.option(fc.integer({ min: 1, max: 9 }), { freq: 2 })
const rules = fc
  .record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: fc.option(
      fc.record({ days: fc.integer({ min: 1, max: 40 }), hours: fc.constantFrom(0, 0, 1, 12) }),
    ),
  })
  .map(({ within, ...counts }) =>
    policy({
      ...counts,
      within: within && {
        days: within.days,
        seconds: within.hours * 3600,
        text: `${within.days}d${within.hours}h`,
      },
    }),
  )

const version = resticVersion()
/** Older ones do not keep the oldest point for a rule that is not filled. */
const KEEPS_OLDEST = 1600

describe.skipIf(version === null)('restic forget (needs restic and tzdata)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retain-restic-'))
  let restic: Awaited<ReturnType<typeof openRestic>>
  beforeAll(async () => {
    restic = await openRestic(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(ZONES)(`keeps the very same: %s, seed ${SEED}`, async (zone, moments) => {
    const histories = fc.sample(historyNear(moments), { seed: SEED, numRuns: HISTORIES })
    const snapshots = histories.flatMap((times, nr) => times.map((at) => ({ host: `h${nr}`, at })))
    restic.replace(snapshots.map(({ host, at }) => ({ host, time: wallClock(at, zone) })))
    const all = snapshots.map(nameOf)
    expect((await restic.list(zone)).toSorted(), 'restic reads what we wrote').toEqual(all.toSorted())

    const policies = fc.sample(rules, { seed: SEED + 1, numRuns: POLICIES })
    for (const policy of policies) {
      const theirs = await restic.kept(wordsOf(policy), zone)
      const ours = new Set(histories.flatMap((times, nr) => keptOf(times, `h${nr}`, policy, zone)))
      const say = (name: string) => `${ours.has(name) ? 'only we' : 'only restic'}: ${name}`
      const compared = histories.flatMap((times, nr) =>
        beginsAtAChange(times, policy, zone) ? [] : times.map((at) => nameOf({ host: `h${nr}`, at })),
      )
      const apart = compared.filter((name) => ours.has(name) !== theirs.has(name)).map(say)
      expect(apart, `${policyText(policy)} in ${zone}`).toEqual([])
      expect(compared.length, 'few are left out').toBeGreaterThan(all.length * 0.8)
    }
  })
})

function keptOf(
  times: readonly Instant[],
  host: string,
  rules: RetainRules,
  zone: string,
): readonly string[] {
  const points = times.map((time, nr) => ({ time, name: `p${nr}`, pinned: false }))
  return [...retain(points, rules, zoneOf(zone))]
    .filter(([, reasons]) => version! >= KEEPS_OLDEST || reasons.join() !== 'oldest')
    .map(([{ time }]) => nameOf({ host, at: time }))
}

/**
 * Whether `within` counts back to a wall-clock time that is skipped or comes twice. There restic takes the earlier or the later moment,
 * by whether the zone lies west or east of Greenwich; we take what Temporal takes.
 */
function beginsAtAChange(times: readonly Instant[], { within }: RetainRules, zone: string): boolean {
  if (within === null) return false
  const newest = Temporal.Instant.fromEpochMilliseconds(Math.max(...times)).toZonedDateTimeISO(zone)
  const wall = newest.toPlainDateTime().subtract({ days: within.days })
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    wall.toZonedDateTime(zone, { disambiguation }),
  )
  return earlier!.epochMilliseconds !== later!.epochMilliseconds
}

const nameOf = ({ host, at }: { host: string; at: Instant }) => `${host} ${new Date(at).toISOString()}`

const wallClock = (at: Instant, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at).toString({ timeZone: zone })

const wordsOf = (rules: RetainRules): readonly string[] => [
  ...RULES.flatMap((rule) => {
    const count = countOf(rule, rules)
    return count === null ? [] : [`--keep-${rule}`, `${count}`]
  }),
  ...(rules.within === null ? [] : ['--keep-within', rules.within.text]),
]

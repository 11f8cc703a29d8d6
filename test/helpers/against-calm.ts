import fc from 'fast-check'
import { expect } from 'vitest'
import { retain } from '../../src/decide/retention/retain.ts'
import { zoneOf } from '../../src/decide/time/zone.ts'
import { firstPublished, type Holding } from '../../src/model/holding.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Spec } from '../../src/model/spec.ts'
import { every, nameAt, pruned, timeIn, WEEK } from './producer.ts'
import { DAY, digestFor, HOUR, listing, offered, simulate, UNREACHABLE } from './simulated-backup.ts'

const START = Date.UTC(2026, 2, 2)
/** The source keeps so many of its points. */
const SHOWN = 40

/** How often a point is made, and when; how patient people are about it; how often a pass comes. */
const RHYTHMS = [
  { period: HOUR, at: 30 * 60_000, expects: [HOUR, 3 * HOUR], beats: [HOUR, 6 * HOUR, DAY] },
  { period: DAY, at: 2.5 * HOUR, expects: [DAY, 36 * HOUR], beats: [6 * HOUR, DAY, WEEK] },
  { period: WEEK, at: 6 * DAY + 2.5 * HOUR, expects: [WEEK, 9 * DAY], beats: [DAY, WEEK] },
] as const

const POLICIES = [
  'last=6',
  'daily=4 weekly=3',
  'hourly=6 daily=3',
  'last=2 within=4d',
  'daily=5 pick=oldest',
  'last=3 monthly=3',
  'hourly=4 weekly=4 pick=oldest',
] as const

const MOVES = [
  'nothing',
  'date back',
  'date back',
  'flood back',
  'flood',
  'flood',
  'name ahead',
  'flood ahead',
  'rename one',
  'rename all',
  'hide one',
  'hide all',
  're-mark',
  'unmark',
  'heal',
  'list incompletely',
] as const

/** What an adversary does before a pass. `at` picks a file, or a time. */
interface Move {
  readonly what: (typeof MOVES)[number]
  readonly at: number
}

/** An honest producer, a box and its passes: the same with the adversary and without. */
interface World {
  readonly rhythm: number
  readonly expect: number
  readonly beat: number
  readonly retain: number
  readonly minAge: number
  readonly backlog: number
  /** Before each pass: so many beats go by; the line is cut; the producer makes nothing. */
  readonly turns: readonly { readonly beats: number; readonly isCut: boolean; readonly isDead: boolean }[]
}

interface Contest {
  readonly world: World
  readonly attacks: readonly (readonly Move[])[]
}

const PASSES = 9
const seldom = fc.nat(9).map((n) => n === 0)

const aContest = (attacks: number): fc.Arbitrary<Contest> =>
  fc.record({
    world: fc.record({
      rhythm: fc.nat(2),
      expect: fc.nat(1),
      beat: fc.nat(2),
      retain: fc.nat(POLICIES.length - 1),
      minAge: fc.integer({ min: 1, max: 2 }),
      backlog: fc.integer({ min: 4, max: 16 }),
      turns: fc.array(
        fc.record({
          beats: fc.nat(9).map((n) => (n === 0 ? 4 : n === 1 ? 2 : 1)),
          isCut: seldom,
          isDead: seldom,
        }),
        { minLength: PASSES, maxLength: PASSES },
      ),
    }),
    attacks: fc.array(
      fc.array(fc.record({ what: fc.constantFrom(...MOVES), at: fc.nat(99) }), {
        minLength: PASSES,
        maxLength: PASSES,
      }),
      { minLength: attacks, maxLength: attacks },
    ),
  })

interface Pass {
  readonly now: Instant
  readonly isCut: boolean
  /** Times of what the producer shows, oldest first. */
  readonly shown: readonly number[]
}

/** What is declared, and what happens without an adversary. */
function plannedOut(world: World): { readonly declared: Spec; readonly passes: readonly Pass[] } {
  const { period, at, expects, beats } = RHYTHMS[world.rhythm]!
  const beat = beats[world.beat % beats.length]!
  const expect = expects[world.expect]!
  const declared = pruned(POLICIES[world.retain]!, every(expect, expect), {
    prune: { mode: 'auto', keepAtLeast: 2, minAge: (world.minAge * beat) / 1000, trashFor: beat / 1000 },
  })
  const made: number[] = []
  const passes: Pass[] = []
  let now = START + world.backlog * period
  let next = START + at
  const live = (isDead: boolean) => {
    for (; next <= now; next += period) if (!isDead) made.push(next)
  }
  live(false)
  const pass = (isCut: boolean) =>
    passes.push({ now: instant(now + 55 * 60_000), isCut, shown: made.slice(-SHOWN) })
  // Its points of this hour are there by then.
  now += 55 * 60_000
  live(false)
  now -= 55 * 60_000
  pass(false)
  for (const { beats: times, isCut, isDead } of world.turns) {
    now += times * beat + 55 * 60_000
    live(isDead)
    now -= 55 * 60_000
    pass(isCut)
  }
  return { declared, passes }
}

/** How things stood after each pass. */
interface Step {
  readonly isAlarmed: boolean
  readonly after: Holding
  /** What the rules alone keep of what was held. */
  readonly kept: ReadonlySet<string>
}

interface Verdict {
  readonly faults: readonly string[]
  readonly removed: number
  /** Passes in which he pushed much, and in which that was said. */
  readonly pushes: number
  readonly said: number
  /** Passes in which it was said without him. */
  readonly alarms: number
}

/** Lives through one world without an adversary, and once for each attack with him. */
function contest({ world, attacks }: Contest): readonly Verdict[] {
  const { declared, passes } = plannedOut(world)
  const calm = simulate(declared, passes[0]!.now)
  const steps = passes.map(({ now, isCut, shown }): Step => {
    const pass = calm.pass(isCut ? UNREACHABLE : listing(shown.map(honest)), now)
    const kept = keptBy(declared, pass.before, now)
    return { isAlarmed: pass.pushed.length > 0, after: calm.destination, kept }
  })
  const alarms = steps.filter(({ isAlarmed }) => isAlarmed).length
  return attacks.map((moves) => ({
    ...withHim(declared, RHYTHMS[world.rhythm]!.period, passes, moves, steps),
    alarms,
  }))
}

const honest = (time: number) => offered(nameAt(time), instant(time), digestFor(time / 1000))

function withHim(
  declared: Spec,
  period: number,
  passes: readonly Pass[],
  moves: readonly Move[],
  calm: readonly Step[],
): Omit<Verdict, 'alarms'> {
  const simulated = simulate(declared, passes[0]!.now)
  const source = adversary(declared, period, passes)
  const faults: string[] = []
  /** Good points that were once settled and wanted. */
  const good = new Set<RelPath>()
  let removed = 0
  let pushes = 0
  let said = 0
  let wasMuch = false
  for (const [i, { now }] of passes.entries()) {
    const view = source.view(i, moves[i - 1] ?? { what: 'nothing', at: 0 }, simulated.destination)
    const pass = simulated.pass(view, now)
    const { destination } = simulated
    const fault = (text: string) => faults.push(`${i} ${new Date(now).toISOString()} ${text}`)
    for (const step of pass.removed) {
      const path = step.path as RelPath
      removed++
      const { files, surplus } = calm[i]!.after
      if (good.has(path) && files.has(path) && !surplus.has(path)) fault(`removed ${path}`)
    }
    const span = declared.prune.minAge * 1000
    const settled = [...pass.before.files.keys()].filter((path) => {
      const record = pass.before.records.get(path)!
      return record.since < now && firstPublished(record).at + span <= now
    })
    const wanted = settled.filter((path) => !pass.before.surplus.has(path))
    for (const path of wanted) if (!source.isJunk(path)) good.add(path)
    // What the rules alone would drop with him, and keep without.
    const here = keptBy(declared, pass.before, now)
    const there = calm[i]!.kept
    const pushed = wanted.filter((path) => there.has(path) && !here.has(path) && pass.unwanted().has(path))
    if (pass.pushed.length > 0) said++
    const isMuch = pushed.length > Math.max(1, Math.floor(wanted.length / 5))
    if (isMuch && !wasMuch) {
      pushes++
      if (pass.pushed.length === 0 && !source.fillsGap(destination))
        fault(`pushed ${pushed.length} of ${wanted.length}: ${pushed.join(', ')}`)
    }
    wasMuch = isMuch
    if (destination.files.size === 0) fault('nothing is left')
  }
  return { faults, removed, pushes, said }
}

function keptBy({ retain: rules }: Spec, { files }: Holding, now: Instant): ReadonlySet<string> {
  const points = [...files.keys()]
    .map((name) => ({ name, time: instant(timeIn(name)), pinned: false }))
    .filter(({ time }) => time - now <= DAY)
  return new Set([...retain(points, rules!, zoneOf('UTC')).keys()].map(({ name }) => name))
}

/**
 * May show at the source what he likes, but for junk that comes in order and on time, by which is meant: what he dates later than all
 * that has been published stands within twenty minutes of an honest point that comes with it or is the next to come, in the same hour,
 * and on that side of it on which it does not stand for the hour. So it fills no period that the producer did not fill.
 */
function adversary({ retain: rules }: Spec, period: number, passes: readonly Pass[]) {
  const isOldest = rules!.pick === 'oldest'
  const junk = new Map<string, { readonly time: number; readonly beside: number | null }>()
  const hidden = new Set<string>()
  const marks = new Map<string, 'other' | 'none'>()
  const end = passes.at(-1)!.now

  const add = (time: number, beside: number | null = null) => {
    const name = nameAt(time)
    if (timeIn(name) === time && !passes.some(({ shown }) => shown.includes(time)))
      junk.set(name, { time, beside })
  }
  const markerFinder = (time: number, count: number) => {
    for (let n = 1; n <= count; n++) add(time + (isOldest ? n : -n) * 37_000, time)
  }

  function move(i: number, { what, at }: Move, { files, records }: Holding): void {
    const { shown, now } = passes[i]!
    const held = [...files.keys()].filter((path) => !junk.has(path))
    const newest = Math.max(
      ...[...records].flatMap(([path, record]) => {
        const time = timeIn(path)
        return time <= now && time - firstPublished(record).at <= DAY ? [time] : []
      }),
    )
    const one = held[at % Math.max(1, held.length)]
    // Of days or hours before, late in them or anywhere.
    const past = (n: number) =>
      at % 2 === 0
        ? Math.floor(newest / DAY - (n % 30)) * DAY - 1000 * (1 + (n >> 3))
        : newest - (1 + n) * (at % 3 === 0 ? 61_000 : 7 * HOUR + 1000)
    const coming = passes[i + 1]
    const next =
      coming === undefined || coming.isCut ? undefined : coming.shown.find((time) => time > now + 1_200_000)
    switch (what) {
      case 'date back':
        add(past(at))
        return
      case 'flood back':
        for (let n = 0; n < 12; n++) add(past(at + n))
        return
      case 'flood':
        if (shown.length > 0) markerFinder(shown.at(-1)!, 2 + (at % 12))
        return
      case 'name ahead':
        if (next !== undefined && at % 2 === 0) markerFinder(next, 1)
        else add(end + 2 * DAY + at * HOUR)
        return
      case 'flood ahead':
        if (next !== undefined && at % 2 === 0) markerFinder(next, 2 + (at % 12))
        else for (let n = 0; n < 12; n++) add(end + 2 * DAY + at * HOUR + n * 60_000)
        return
      case 'rename one':
      case 'rename all':
        for (const path of what === 'rename all' ? held : one === undefined ? [] : [one]) {
          hidden.add(path)
          add(timeIn(path) - (1 + at) * 13_000)
        }
        return
      case 'hide one':
        if (one !== undefined) hidden.add(one)
        return
      case 'hide all':
        for (const path of held) hidden.add(path)
        return
      case 're-mark':
        if (one !== undefined) marks.set(one, 'other')
        return
      case 'unmark':
        if (one !== undefined) marks.set(one, 'none')
        return
      case 'heal':
        hidden.clear()
        marks.clear()
        return
      default:
    }
  }

  function view(i: number, next: Move, holding: Holding): SourceView {
    move(i, next, holding)
    const { isCut, shown } = passes[i]!
    if (isCut) return UNREACHABLE
    const isShown = new Set(shown)
    const files = shown
      .map(honest)
      .filter(([path]) => !hidden.has(path))
      .map(([path, file]): [RelPath, typeof file] => {
        const mark = marks.get(path)
        if (mark === undefined) return [path, file]
        if (mark === 'none') return [path, { ...file, marker: { state: 'none' } }]
        const { marker } = file
        return [
          path,
          marker.state !== 'claimed'
            ? file
            : { ...file, marker: { ...marker, digest: digestFor(7) as never } },
        ]
      })
    for (const [name, { time, beside }] of junk)
      if (beside === null || beside > passes[i]!.now || isShown.has(beside))
        files.push(offered(name, instant(time), digestFor(time / 1000)))
    return listing(files, next.what === 'list incompletely' ? 'incomplete' : 'complete')
  }

  /** Junk stands between points of the producer where the box has none: it may take that for one that was owed. */
  const fillsGap = ({ records }: Holding): boolean => {
    const had = [...records.keys()].filter((path) => !junk.has(path)).map(timeIn)
    const [first, last] = [Math.min(...had), Math.max(...had)]
    return [...records.keys()]
      .filter((path) => junk.has(path))
      .some((path) => {
        const time = timeIn(path)
        return time > first && time < last && !had.some((one) => Math.abs(one - time) <= period / 2)
      })
  }

  return { view, fillsGap, isJunk: (path: string) => junk.has(path) }
}

/** So many worlds with so many attacks on each; the same on every run. */
export function manyContests(worlds: number, attacks: number, seed: number) {
  let removed = 0
  let pushes = 0
  fc.assert(
    fc.property(aContest(attacks), (one) => {
      const verdicts = contest(one)
      expect(verdicts.flatMap(({ faults }) => faults)).toEqual([])
      for (const verdict of verdicts) {
        removed += verdict.removed
        pushes += verdict.pushes
      }
    }),
    { numRuns: worlds, seed },
  )
  return { removed, pushes }
}

import fc from 'fast-check'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile, SourceMarker } from '../../src/model/source-file.ts'
import type { RetainRules } from '../../src/model/spec.ts'
import { rulesOf } from './points.ts'
import { DAY, dayOf, digestFor, HOUR } from './simulated-backup.ts'

/** What an adversary does before a pass. `at` picks a file, a series or a number of days. */
export interface Move {
  readonly what: (typeof MOVES)[number]
  readonly at: number
}

const MOVES = [
  'nothing',
  'nothing',
  'nothing',
  'date back',
  'date forward',
  'flood',
  'empty',
  'thin out',
  'rewrite',
  'touch',
  'stall',
  'go on',
  'rename',
  'unfinish',
  'garble',
  'hide marker',
  'finish',
  'add part',
  'drop file',
  'drop half',
  'list incompletely',
  'be unreachable',
  'rot',
  'rot',
  'cut line',
  'vanish',
  'jump clock',
  'jump clock',
  'change retain',
  'change keep',
  'change place',
  'change zone',
] as const

/** One move, and then a pass so many hours later. */
export interface Turn {
  readonly move: Move
  readonly hours: number
  readonly asked: boolean
}

export interface History {
  /** A pattern says how names are dated; else that is guessed. */
  readonly dated: boolean
  readonly retain: number
  readonly keepAtLeast: number
  readonly minAgeDays: number
  readonly verifyDays: number
  readonly backlog: number
  readonly turns: readonly Turn[]
}

export const POLICIES: readonly RetainRules[] = [
  'last=2',
  'daily=3 pick=oldest',
  'daily=4 weekly=2',
  'last=1 within=3d',
  'last=5',
  'daily=2 monthly=1 pick=oldest',
  'daily=12',
].map((text, i) => ({ ...rulesOf(text), pin: i % 3 === 2 ? ['*-2[34]*'] : [] }))

/** As the policies pin. */
export const looksPinned = (path: string): boolean => /-2[34]/.test(path)

export const ZONES = ['UTC', 'Etc/GMT+5'] as const
const ZONE_OFFSETS = [0, 5 * HOUR]

export const aHistory: fc.Arbitrary<History> = fc.record({
  dated: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  retain: fc.nat(POLICIES.length - 1),
  keepAtLeast: fc.integer({ min: 1, max: 4 }),
  minAgeDays: fc.integer({ min: 1, max: 7 }),
  verifyDays: fc.constantFrom(3, 6, 30),
  backlog: fc.integer({ min: 2, max: 8 }),
  turns: fc.array(
    fc.record({
      move: fc.record({ what: fc.constantFrom(...MOVES), at: fc.nat(60) }),
      hours: fc.integer({ min: 4, max: 110 }),
      asked: fc.boolean(),
    }),
    { minLength: 5, maxLength: 10 },
  ),
})

/** Where a file belongs by how this adversary named it; null: its name says nothing. */
export interface Kind {
  readonly series: string
  readonly day: number
}

interface Made {
  readonly kind: Kind | null
  size: number
  /** Seconds. */
  mtime: number
  digest: string
  marker: 'claimed' | 'none' | 'unreadable' | 'unread'
}

const SERIES = ['a', 'b'] as const
export const PATTERNS = ['{series}-{YYYY}-{MM}-{DD}.tar', '{series}-{YYYY}-{MM}-{DD}.p{part}.tar']

export interface Adversary {
  kindOf(path: string): Kind | null
  /** What the box's clock shows. */
  now(): Instant
  wait(hours: number): void
  /** False: it is none of the source's moves. */
  move(move: Move): boolean
  /** What the next look at it shows. Markers of what is held are always read. */
  view(isHeld: (path: string) => boolean): SourceView
}

/** A source that does as its moves say, beside a producer that makes a file a day and series unless it is stalled. */
export function adversary(start: number, { dated, backlog }: History): Adversary {
  const files = new Map<string, Made>()
  /** Of every name there ever was. */
  const kinds = new Map<string, Kind | null>()
  const stalled = new Set<string>()
  let look: 'complete' | 'half' | 'incomplete' | 'unknown' = 'complete'
  let time = start
  /** How far the box's clock is off. */
  let skew = 0
  let madeUntil = Math.floor(start / DAY) - backlog
  let seed = 1

  function make(name: string, kind: Kind | null, mtime: number): void {
    kinds.set(name, kind)
    const digest = digestFor(seed++)
    files.set(name, { kind, size: 10, mtime: Math.floor(mtime / 1000), digest, marker: 'claimed' })
  }

  function makeDump(series: string, day: number): void {
    const name = `${series}-${dayOf(day * DAY)}.tar`
    if (files.has(name)) return
    make(name, dated ? { series, day } : null, day * DAY + 2 * HOUR)
  }

  function produce(): void {
    const today = Math.floor((time - 3 * HOUR) / DAY)
    for (; madeUntil <= today; madeUntil++)
      for (const series of SERIES) if (!stalled.has(series)) makeDump(series, madeUntil)
  }

  function wait(hours: number): void {
    time += hours * HOUR
    produce()
  }

  function move({ what, at }: Move): boolean {
    const series = SERIES[at % SERIES.length]!
    const today = Math.floor(time / DAY)
    const names = [...files.keys()]
    const name = names[at % Math.max(1, names.length)]
    const file = name === undefined ? undefined : files.get(name)
    switch (what) {
      case 'date back':
        makeDump(series, today - at)
        return true
      case 'date forward':
        makeDump(series, today + (at % 4 === 0 ? at : at % 3))
        return true
      case 'flood':
        for (let i = 0; i < 5; i++) makeDump(series, today - at + i)
        return true
      case 'empty':
        files.clear()
        return true
      case 'thin out':
        for (const [i, one] of names.entries()) if ((i + at) % 3 === 0) files.delete(one)
        return true
      case 'stall':
        stalled.add(series)
        return true
      case 'go on':
        stalled.clear()
        return true
      case 'add part':
        // Also to points of long ago.
        addPart(series, today - (at % 12), `p${at % 3}`)
        return true
      case 'drop half':
        look = 'half'
        return true
      case 'list incompletely':
        look = 'incomplete'
        return true
      case 'be unreachable':
        look = 'unknown'
        return true
      case 'jump clock':
        // Back by hours, so that what was due still is; ahead by days.
        skew = skew !== 0 ? 0 : at < 30 ? -(at + 1) * 2 * HOUR : (at - 30) * DAY
        return true
      default:
        return file !== undefined && name !== undefined && change(what, name, file, at)
    }
  }

  function addPart(series: string, day: number, part: string): void {
    const name = `${series}-${dayOf(day * DAY)}.${part}.tar`
    if (!files.has(name)) make(name, dated ? { series, day } : null, day * DAY + 4 * HOUR)
  }

  function change(what: Move['what'], name: string, file: Made, at: number): boolean {
    switch (what) {
      case 'rewrite':
        file.digest = digestFor(seed++)
        file.size = 10 + (at % 2)
        return true
      case 'touch':
        file.mtime += (at - 30) * 86_400
        return true
      case 'rename':
        files.delete(name)
        if (at % 2 === 0) make(`odd-${at}.bin`, null, file.mtime * 1000)
        else addPart(SERIES[at % 2]!, Math.floor(time / DAY) - at, 'p9')
        return true
      case 'unfinish':
        file.marker = 'none'
        return true
      case 'garble':
        file.marker = 'unreadable'
        return true
      case 'hide marker':
        file.marker = 'unread'
        return true
      case 'finish':
        file.marker = 'claimed'
        return true
      case 'drop file':
        files.delete(name)
        return true
      default:
        return false
    }
  }

  function view(isHeld: (path: string) => boolean): SourceView {
    const how = look
    look = 'complete'
    if (how === 'unknown') return { completeness: 'unknown', files: new Map(), problems: [] }
    const shownFiles = new Map<RelPath, SourceFile>()
    let i = 0
    for (const [name, { size, mtime, digest, marker }] of files) {
      if ((how === 'half' || how === 'incomplete') && i++ % 2 === 1) continue
      const place = { suffix: '.md5', size: 40, mtime }
      const claimed = { ...place, state: 'claimed', digest: digest as never, text: '' } as const
      const isUnread = marker === 'unread' && !isHeld(name)
      const shown: SourceMarker =
        marker === 'none' || marker === 'unreadable'
          ? { state: marker }
          : isUnread
            ? { ...place, state: 'unread' }
            : claimed
      shownFiles.set(name as RelPath, { listed: { size, mtime }, marker: shown })
    }
    return { completeness: how === 'incomplete' ? 'incomplete' : 'complete', files: shownFiles, problems: [] }
  }

  produce()
  return {
    kindOf: (path) => kinds.get(path) ?? null,
    now: () => instant(time + skew),
    wait,
    move,
    view,
  }
}

/** When the point of a dated name is: the end of its day in the zone. */
export const pointTime = (kind: Kind, zone: number): number => (kind.day + 1) * DAY - 1 + ZONE_OFFSETS[zone]!

import { retain } from '../../src/decide/retain.ts'
import { zoneOf } from '../../src/decide/zone.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Spec } from '../../src/model/spec.ts'
import { type Kind, looksPinned, pointTime } from './adversary.ts'
import { DAY, type SimulatedPass } from './simulated-backup.ts'

/** One file as the test itself has written it down. */
interface Entry {
  readonly kind: Kind | null
  digest: string
  /** Milliseconds, as listed when it came. */
  mtime: number
  since: number
  readAt: number
  isHeld: boolean
  isPruned: boolean
  isRotten: boolean
}

/** A point by the test's own records. `isSound`: nothing of it is missing, rotten, or only at the source. */
export interface OwnPoint {
  readonly time: Instant
  readonly name: string
  readonly paths: string[]
  pinned: boolean
  isSound: boolean
}

/** What was declared at a pass, as far as a judge needs it. */
export interface Declared {
  readonly spec: Spec
  readonly dated: boolean
  readonly zone: number
  /** Tell one retention policy, and one source with its series, from another. */
  readonly policy: string
  readonly basis: string
  readonly releasesAll: boolean
}

/** Judges removals by records of its own (I8, I9); none of the code that decides them has a say, but for the rules of retention. */
export interface Judge {
  readonly held: (path: string) => boolean
  readonly heldPaths: () => readonly string[]
  vanish(path: string): void
  /** Everything that a pass did against the invariants, in words. */
  after(
    pass: SimulatedPass,
    view: SourceView,
    now: Instant,
    declared: Declared,
    rotten: ReadonlySet<string>,
  ): string[]
}

export function judge(kindOf: (path: string) => Kind | null): Judge {
  const book = new Map<string, Entry>()
  const prunes: { readonly series: string; readonly point: number; readonly at: number }[] = []
  let latest = 0
  let listed: number | null = null
  let terms: { readonly policy: string; readonly basis: string } | null = null

  const writeDown = (
    { brought, read }: SimulatedPass,
    view: SourceView,
    now: number,
    rotten: ReadonlySet<string>,
  ) => {
    for (const path of brought) {
      const { listed: at, marker } = view.files.get(path as RelPath)!
      const before = book.get(path)
      const isNew = before === undefined || before.isPruned
      book.set(path, {
        kind: kindOf(path),
        digest: marker.state === 'claimed' ? marker.digest : '',
        mtime: at!.mtime * 1000,
        since: isNew ? now : before.since,
        readAt: now,
        isHeld: true,
        isPruned: false,
        isRotten: false,
      })
    }
    for (const path of read) {
      const entry = book.get(path)!
      if (rotten.has(path)) entry.isRotten = true
      else entry.readAt = now
    }
  }

  /** Null: it belongs to none. */
  const placeOf = (
    path: string,
    kind: Kind | null,
    mtime: number,
    { dated, zone }: Declared,
  ): [string, number] | null =>
    !dated ? guessed(path, mtime, zone) : kind === null ? null : [kind.series, pointTime(kind, zone)]

  /** Without a pattern: names that differ only in their date, and each that has none by itself. */
  const guessed = (path: string, mtime: number, zone: number): [string, number] => {
    const [, before = '', date, after = ''] = /^(.*?)(\d{4}-\d\d-\d\d)(.*)$/.exec(path) ?? []
    if (date === undefined) return [path, mtime]
    return [`${before}*${after}`, pointTime({ series: before, day: Date.parse(date) / DAY }, zone)]
  }

  const pointsOf = (view: SourceView, declared: Declared): Map<string, Map<number, OwnPoint>> => {
    const series = new Map<string, Map<number, OwnPoint>>()
    for (const [path, entry] of book) {
      if (entry.isPruned) continue
      const shown = view.files.get(path as RelPath)?.listed
      const mtime = entry.isHeld || shown == null ? entry.mtime : shown.mtime * 1000
      const place = placeOf(path, entry.kind, mtime, declared)
      if (place === null) continue
      const points = series.get(place[0]) ?? new Map<number, OwnPoint>()
      series.set(place[0], points)
      const fresh = { time: instant(place[1]), name: path, paths: [], pinned: false, isSound: true }
      const point: OwnPoint = points.get(place[1]) ?? fresh
      points.set(place[1], point)
      if (entry.isHeld) point.paths.push(path)
      point.pinned ||= declared.spec.retain!.pin.length > 0 && looksPinned(path)
      point.isSound &&= entry.isHeld && !entry.isRotten
    }
    for (const [path, { listed: at, marker }] of view.files) {
      const entry = book.get(path)
      if (entry?.isHeld) continue
      // The same bytes as those that were removed are of the same point, whatever time they show.
      const isSame = entry?.isPruned && marker.state === 'claimed' && marker.digest === entry.digest
      const place = placeOf(path, kindOf(path), isSame ? entry.mtime : at!.mtime * 1000, declared)
      const point = place === null ? undefined : series.get(place[0])?.get(place[1])
      if (point !== undefined) point.isSound = false
    }
    return series
  }

  return {
    held: (path) => book.get(path)?.isHeld === true,
    heldPaths: () => [...book].flatMap(([path, { isHeld }]) => (isHeld ? [path] : [])),
    vanish(path) {
      book.get(path)!.isHeld = false
    },
    after(pass, view, now, declared, rotten) {
      const faults: string[] = []
      const fault = (text: string) => faults.push(`${new Date(now).toISOString()} ${text}`)
      writeDown(pass, view, now, rotten)
      const { spec, releasesAll } = declared
      const { keepAtLeast, minAge } = spec.prune
      const isShrunk = listed !== null && view.files.size * 2 <= listed && listed - view.files.size > 1
      const gone = new Set(pass.removed.map(({ path }) => path))
      if (gone.size > 0 || pass.learnt) {
        const everySeries = pointsOf(view, declared)
        const inPoints = new Set(
          [...everySeries.values()].flatMap((points) => [...points.values()].flatMap((one) => one.paths)),
        )
        for (const path of gone) if (!inPoints.has(path)) fault(`removed ${path}, which is of no point`)
        const surplus = new Set(
          pass.plan.steps.flatMap(({ action, path }) =>
            action === 'prune' || action === 'surplus' ? [path] : [],
          ),
        )
        for (const [name, points] of everySeries) {
          const sound = [...points.values()]
            .filter(({ time, isSound }) => isSound && time - now <= DAY)
            .sort((a, b) => b.time - a.time)
          const removed = [...points.values()].filter(({ paths }) => paths.some((path) => gone.has(path)))
          const floor = sound.slice(0, keepAtLeast)
          const kept = retain(sound, spec.retain!, zoneOf(spec.series.timezone))
          const unwanted = sound.filter(
            (point) =>
              !floor.includes(point) && !kept.has(point) && point.paths.some((path) => surplus.has(path)),
          )
          const isSteep = unwanted.length > Math.max(1, Math.floor(sound.length / 5))
          if (isSteep && (pass.learnt || terms?.policy !== declared.policy) && !releasesAll)
            fault(`pruned past a cliff: ${unwanted.length} of ${sound.length} points of ${name}`)
          if (removed.length === 0) continue
          if (sound.length - removed.length < keepAtLeast)
            fault(`left ${sound.length - removed.length} of ${name}`)
          for (const point of removed) {
            const what = `removed ${point.name}`
            if (!sound.includes(point)) fault(`${what}, which is not sound, or ahead`)
            if (!point.paths.every((path) => gone.has(path))) fault(`${what} in part`)
            if (floor.includes(point)) fault(`${what} of the floor`)
            if (kept.has(point)) fault(`${what}, which is kept: ${kept.get(point)!.join(', ')}`)
            if (point.pinned) fault(`${what}, which is pinned`)
            for (const path of point.paths) {
              const age = now - book.get(path)!.since
              if (age <= 0 || age < minAge * 1000) fault(`${what}, here since ${age / 1000} s`)
            }
          }
          for (const path of floor.flatMap(({ paths }) => paths)) {
            const age = now - book.get(path)!.readAt
            if (age < 0 || age > spec.verifyEvery * 1000) fault(`relied on ${path}, read ${age / 1000} s ago`)
          }
          const lately = new Set(
            prunes.filter((one) => one.series === name && one.at > now - DAY).map(({ point }) => point),
          )
          const limit = Math.max(1, Math.floor((sound.length + lately.size) / 5))
          if (lately.size + removed.length > limit)
            fault(`removed ${removed.length} of ${name} after ${lately.size} that day; ${limit} may go`)
          for (const { time } of removed) prunes.push({ series: name, point: time, at: now })
          if (releasesAll) continue
          const [expectation] = spec.expect
          if (expectation === undefined) {
            if (spec.prune.mode === 'auto') fault(`pruned ${name}, of which nothing is expected`)
          } else if (expectation.rhythm.kind === 'every') {
            const due = sound[0]!.time + (expectation.rhythm.seconds + expectation.grace) * 1000
            if (now > due) fault(`pruned ${name}, which is late`)
          }
        }
        if (!releasesAll && gone.size > 0) {
          if (view.completeness !== 'complete') fault(`pruned by a look that is ${view.completeness}`)
          else if (isShrunk) fault(`pruned after the listing went from ${listed} to ${view.files.size}`)
          if (now < latest) fault('pruned by a clock that went back')
          if (terms !== null && terms.basis !== declared.basis)
            fault('pruned after the source or its series changed')
          for (const [path, { marker }] of view.files) {
            const entry = book.get(path)
            if (entry === undefined || entry.isPruned || marker.state !== 'claimed') continue
            if (marker.digest !== entry.digest) fault(`pruned while ${path} is in conflict`)
          }
        }
        for (const path of gone) {
          const entry = book.get(path)
          if (entry !== undefined) Object.assign(entry, { isHeld: false, isPruned: true })
        }
        terms = declared
      }
      latest = Math.max(latest, now)
      if (view.completeness === 'complete' && (!isShrunk || releasesAll)) listed = view.files.size
      return faults
    },
  }
}

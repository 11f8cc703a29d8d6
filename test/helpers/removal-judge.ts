import { retain } from '../../src/decide/retention/retain.ts'
import { zoneOf } from '../../src/decide/time/zone.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Spec } from '../../src/model/spec.ts'
import { type Kind, looksPinned, pointTime } from './adversary.ts'
import { cameLate, fallsTooSoon } from './own-record.ts'
import { DAY, type SimulatedPass } from './simulated-backup.ts'

/** One file as the test itself has written it down. */
interface Entry {
  readonly kind: Kind | null
  /** When, and in which pass, it came for the first time. */
  readonly first: number
  readonly firstPass: number
  digest: string
  /** Milliseconds, as listed when it came. */
  mtime: number
  since: number
  readAt: number
  /** Since when nothing wants it; null: something does. */
  surplusSince: number | null
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
  /** Something may go in this pass. */
  readonly isAsked: boolean
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

/** More than so many of these at once are for a person to see. */
const few = (of: number): number => Math.max(1, Math.floor(of / 5))

export function judge(kindOf: (path: string) => Kind | null, began: number): Judge {
  const book = new Map<string, Entry>()
  const prunes: { readonly series: string; readonly point: number; readonly at: number }[] = []
  let passes = 0
  let latest = began
  let listed: number | null = null
  let basis: string | null = null
  /** What each pass that counted has seen of the spec, where that was something new. */
  const terms: { readonly at: number; readonly policy: string; readonly spec: Spec }[] = []

  const writeDown = (brought: readonly string[], view: SourceView, now: number) => {
    for (const path of brought) {
      const { listed: at, marker } = view.files.get(path as RelPath)!
      const before = book.get(path)
      const isNew = before === undefined || before.isPruned
      book.set(path, {
        kind: kindOf(path),
        first: before?.first ?? now,
        firstPass: before?.firstPass ?? passes,
        digest: marker.state === 'claimed' ? marker.digest : '',
        mtime: at!.mtime * 1000,
        since: isNew ? now : before.since,
        readAt: now,
        surplusSince: before?.surplusSince ?? null,
        isHeld: true,
        isPruned: false,
        isRotten: false,
      })
    }
  }

  const writeRead = (read: readonly string[], now: number, rotten: ReadonlySet<string>) => {
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

  /** A shorter span counts only once the longer one has passed since it was shortened. */
  const minAge = (spec: Spec, now: number): number => {
    let span = spec.prune.minAge
    for (const [i, { spec: was }] of terms.entries()) {
      const ended = terms[i + 1]?.at
      if (ended === undefined || now - ended < was.prune.minAge * 1000)
        span = Math.max(span, was.prune.minAge)
    }
    return span * 1000
  }

  /** One series as the invariant has it, newest first. `dropped`: paths that nothing wants over all that is known. */
  const look = (
    name: string,
    points: ReadonlyMap<number, OwnPoint>,
    dropped: ReadonlySet<string>,
    now: number,
    declared: Declared,
  ) => {
    const { spec } = declared
    const zone = zoneOf(spec.series.timezone)
    const span = minAge(spec, now)
    const sound = [...points.values()]
      .filter(({ time, isSound }) => isSound && time - now <= DAY)
      .sort((a, b) => b.time - a.time)
    const entriesOf = ({ paths }: OwnPoint) => paths.map((path) => book.get(path)!)
    const settledAt = (point: OwnPoint) => Math.max(...entriesOf(point).map(({ first }) => first)) + span
    const isSettled = (point: OwnPoint) =>
      settledAt(point) <= now && entriesOf(point).every(({ since }) => since < now)
    const since = (point: OwnPoint) =>
      entriesOf(point).reduce<number | null>(
        (last, { surplusSince }) =>
          last === null || surplusSince === null ? null : Math.max(last, surplusSince),
        0,
      )
    const settled = sound.filter(isSettled)
    const floor = settled.slice(0, spec.prune.keepAtLeast)
    const ofSeries = [...book].flatMap(([path, entry]) => {
      const place = placeOf(path, entry.kind, entry.mtime, declared)
      return place === null || place[0] !== name
        ? []
        : [{ time: place[1], at: entry.first, pass: entry.firstPass }]
    })
    const late = cameLate(ofSeries)
    const overHeld = retain(sound, spec.retain!, zone)
    /** Without what came late, and with what had come late by then where the point itself had. */
    const isKeptInOrder = (point: OwnPoint) =>
      [0, late.get(point.time) ?? 0].some((pass) => {
        const before = sound.filter(({ time }) => time <= now && (late.get(time) ?? 0) <= pass)
        const reasons = retain(before, spec.retain!, zone).get(point) ?? []
        return reasons.some((reason) => pass === 0 || reason !== 'oldest')
      })
    const times = [...late].flatMap(([time, pass]) => (pass === null && time <= now ? [time] : []))
    const isSurplus = (point: OwnPoint) => {
      if (!point.paths.some((path) => dropped.has(path)) || point.pinned) return false
      if (overHeld.has(point) || isKeptInOrder(point)) return false
      const began = since(point)
      const settledWanted = isSettled(point) && (began === null || began >= settledAt(point))
      return !settledWanted || !fallsTooSoon(point.time, times, spec)
    }
    return { sound, settled, floor, since, isSettled, surplus: new Set(sound.filter(isSurplus)), span }
  }

  type Look = ReturnType<typeof look>

  /** What a changed policy makes fall of what was wanted before, where that is much; null: it is not. */
  const cliffOf = ({ settled, floor, surplus, since }: Look): string | null => {
    const floorBefore = settled.slice(0, terms.at(-1)!.spec.prune.keepAtLeast)
    const wanted = settled.filter((point) => since(point) === null || floorBefore.includes(point))
    const fallen = wanted.filter((point) => surplus.has(point) && !floor.includes(point))
    return fallen.length > few(wanted.length) ? `${fallen.length} of ${wanted.length}` : null
  }

  /** Writes down what has stopped being wanted, or is again, and the terms: of a pass by which that counts. */
  const writeSurplus = (
    pass: SimulatedPass,
    view: SourceView,
    now: Instant,
    declared: Declared,
    fault: (text: string) => void,
  ) => {
    const { spec, policy, releasesAll, isAsked } = declared
    if (spec.prune.mode === 'never') return
    const looks = [...pointsOf(view, declared)].map(([name, points]) => ({
      name,
      ...look(name, points, pass.unwanted(), now, declared),
    }))
    const last = terms.at(-1)
    const isChanged = last !== undefined && last.policy !== policy
    for (const one of isChanged ? looks : []) {
      const cliff = cliffOf(one)
      if (cliff === null || (releasesAll && isAsked)) continue
      if (pass.learnt || pass.removed.length > 0) fault(`went past a cliff: ${cliff} points of ${one.name}`)
      return
    }
    // Whoever releases lets the clock count as it is.
    if (view.completeness !== 'complete' || (now < latest && !releasesAll)) return
    if (!pass.isBelieved) {
      if (pass.learnt) fault('the ledger learnt by a clock that was not believed')
      return
    }
    for (const { sound, surplus } of looks)
      for (const point of sound)
        for (const path of point.paths) {
          const entry = book.get(path)!
          entry.surplusSince = surplus.has(point) ? (entry.surplusSince ?? now) : null
        }
    if (last === undefined || isChanged || last.spec.prune.minAge !== spec.prune.minAge)
      terms.push({ at: now, policy, spec })
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
      passes++
      writeDown(pass.brought, view, now)
      writeSurplus(pass, view, now, declared, fault)
      writeRead(pass.read, now, rotten)
      const { spec, releasesAll } = declared
      const { keepAtLeast } = spec.prune
      const isShrunk = listed !== null && view.files.size * 2 <= listed && listed - view.files.size > 1
      const gone = new Set(pass.removed.map(({ path }) => path))
      if (gone.size > 0) {
        const everySeries = pointsOf(view, declared)
        const inPoints = new Set(
          [...everySeries.values()].flatMap((points) => [...points.values()].flatMap((one) => one.paths)),
        )
        for (const path of gone) if (!inPoints.has(path)) fault(`removed ${path}, which is of no point`)
        for (const [name, points] of everySeries) {
          const removed = [...points.values()].filter(({ paths }) => paths.some((path) => gone.has(path)))
          if (removed.length === 0) continue
          const own = look(name, points, pass.unwantedThen(), now, declared)
          const { sound, settled, floor, surplus, since, span } = own
          if (settled.length - removed.length < keepAtLeast)
            fault(`left ${settled.length - removed.length} settled points of ${name}`)
          for (const point of removed) {
            const what = `removed ${point.name}`
            if (!sound.includes(point)) fault(`${what}, which is not sound, or ahead`)
            if (!point.paths.every((path) => gone.has(path))) fault(`${what} in part`)
            if (floor.includes(point)) fault(`${what} of the floor`)
            if (!settled.includes(point)) fault(`${what}, which has not settled`)
            if (point.pinned) fault(`${what}, which is pinned`)
            if (!surplus.has(point)) fault(`${what}, which is not surplus`)
            const began = since(point)
            if (began === null || now - began < span)
              fault(`${what}, surplus for ${began === null ? 'no time' : `${(now - began) / DAY} days`}`)
          }
          for (const path of floor.flatMap(({ paths }) => paths)) {
            const age = now - book.get(path)!.readAt
            if (age < 0 || age > spec.verifyEvery * 1000) fault(`relied on ${path}, read ${age / 1000} s ago`)
          }
          const lately = new Set(
            prunes.filter((one) => one.series === name && one.at > now - DAY).map(({ point }) => point),
          )
          const before = new Set([...settled.map(({ time }) => time as number), ...lately])
          if (lately.size + removed.length > few(before.size))
            fault(`removed ${removed.length} of ${name} after ${lately.size} that day, of ${before.size}`)
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
        if (!releasesAll) {
          if (view.completeness !== 'complete') fault(`pruned by a look that is ${view.completeness}`)
          else if (isShrunk) fault(`pruned after the listing went from ${listed} to ${view.files.size}`)
          if (now < latest) fault('pruned by a clock that went back')
          if (basis !== null && basis !== declared.basis)
            fault('pruned after the source or its series changed')
          for (const [path, { marker }] of view.files) {
            const entry = book.get(path)
            if (entry === undefined || entry.isPruned || marker.state !== 'claimed') continue
            if (marker.digest !== entry.digest) fault(`pruned while ${path} is in conflict`)
          }
        }
        for (const path of gone) {
          const entry = book.get(path)
          if (entry !== undefined) Object.assign(entry, { isHeld: false, isPruned: true, surplusSince: null })
        }
        basis = declared.basis
      }
      if (terms.length > 0) basis ??= declared.basis
      latest = Math.max(latest, now)
      if (view.completeness === 'complete' && (!isShrunk || releasesAll)) listed = view.files.size
      return faults
    },
  }
}

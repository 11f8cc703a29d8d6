import { describe, expect, test } from 'vitest'
import { neededMarkers } from '../../../src/decide/look/markers-to-read.ts'
import { instant } from '../../../src/model/instant.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { SourceFile } from '../../../src/model/source-file.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { spec } from '../../helpers/picture.ts'
import { rulesOf } from '../../helpers/points.ts'
import { DAY, digestFor, HOUR, listing, offered, simulate } from '../../helpers/simulated-backup.ts'

const START = Date.UTC(2026, 3, 1)
const NONE: ReadonlySet<RelPath> = new Set()

const hourly = (pick: 'newest' | 'oldest', mode: Spec['prune']['mode']): Spec =>
  spec({
    series: { patterns: ['{series}-{YYYY}-{MM}-{DD}T{hh}.tar'], timezone: 'UTC' },
    retain: rulesOf(`daily=7 pick=${pick}`),
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 7200, until: null }],
    prune: { mode, keepAtLeast: 3, minAge: 86_400, trashFor: 86_400 },
  })

const nameAt = (at: number) => `db-${new Date(at).toISOString().slice(0, 13)}.tar`

/** What the source shows: a dump each hour, kept for three days. A marker is read where somebody needs it, and remembered while held. */
function hidden([path, file]: [RelPath, SourceFile]): [RelPath, SourceFile] {
  const { marker } = file
  if (marker.state !== 'claimed') return [path, file]
  const { suffix, size, mtime } = marker
  return [path, { ...file, marker: { state: 'unread', suffix, size, mtime } }]
}

/** Days of an hourly producer, and a pass after each of its dumps. */
function live(declared: Spec, days: number) {
  const backup = simulate(declared, instant(START))
  let pulled = 0
  let read = 0
  for (let hour = 0; hour < days * 24; hour++) {
    const now = instant(START + hour * HOUR + 60_000)
    const shown = []
    for (let at = Math.max(0, hour - 72); at <= hour; at++) {
      const made = START + at * HOUR
      shown.push(offered(nameAt(made), instant(made), digestFor(at)))
    }
    const isHeld = ([path]: [RelPath, SourceFile]) => backup.destination.files.has(path)
    const looked = listing(shown.map((one) => (isHeld(one) ? one : hidden(one))))
    const observation = { source: looked, destination: backup.destination }
    const needed = new Set(neededMarkers(declared, observation, NONE, now))
    read += needed.size
    const view = listing(shown.map((one) => (isHeld(one) || needed.has(one[0]) ? one : hidden(one))))
    pulled += backup.pass(view, now).brought.length
  }
  return { pulled, read, held: [...backup.destination.files.keys()].sort() }
}

const firsts = (from: number, until: number): string[] => {
  const names: string[] = []
  for (let day = from; day < until; day++) names.push(nameAt(START + day * DAY))
  return names
}

describe('hourly dumps under daily 7', () => {
  test('pick oldest brings the first of each day: 30 files in a month, and reads 30 markers', () => {
    const { pulled, read, held } = live(hourly('oldest', 'never'), 30)
    expect({ pulled, read }).toEqual({ pulled: 30, read: 30 })
    expect(held).toEqual(firsts(0, 30))
  })

  test('pick oldest with prune: the month ends with the firsts of its last seven days, and one that waits for minAge', () => {
    const { pulled, read, held } = live(hourly('oldest', 'auto'), 30)
    expect({ pulled, read }).toEqual({ pulled: 30, read: 30 })
    expect(held).toEqual(firsts(22, 30))
  })

  test('pick newest brings each of them, for each was the newest of its day: 240 in ten days', () => {
    const { pulled, read } = live(hourly('newest', 'never'), 10)
    expect({ pulled, read }).toEqual({ pulled: 240, read: 240 })
  })
})

import { expect, test } from 'vitest'
import { instant, isoTime } from '../../src/model/instant.ts'
import { isLive, type WatchBeat } from '../../src/model/watch-beat.ts'
import { NOON } from '../helpers/picture.ts'

const MINUTE = 60_000
const time = (minutes: number) => isoTime(instant(NOON + minutes * MINUTE))

test.each([
  ['just now', time(0), time(5), true],
  ['four minutes ago', time(-4), time(1), true],
  ['six minutes ago', time(-6), time(-1), false],
  ['that it is gone', time(0), time(0), false],
  ['a little ahead of this clock', time(3), time(8), true],
  ['by a clock that was an hour ahead', time(60), time(65), false],
  ['that it lasts for an hour', time(-6), time(54), false],
  ['garbage', 'x', time(5), false],
  ['half of it', time(0), 'x', false],
])('a daemon that said %s is known to live: %s until %s, %s', (_, at, validUntil, isThere) => {
  const beat: WatchBeat = {
    format: 'reconcile.watch/1',
    pid: 1,
    at,
    validUntil,
    specs: '/specs',
    revision: null,
    holds: [],
    broken: [],
    orphans: [],
    backups: [],
  }
  expect(isLive(beat, '/specs', NOON)).toBe(isThere)
  expect(isLive(beat, '/other', NOON)).toBe(false)
})

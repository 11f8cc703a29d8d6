import { expect, test } from 'vitest'
import { oddSize, sameBytes, type Weighed } from '../../../src/decide/anomaly/size.ts'
import { DAY, instant } from '../../../src/model/instant.ts'
import { chances } from '../../helpers/day-chances.ts'

const HOUR = DAY / 24
const YEAR = 365 * DAY
const BOUNDS = [0.5, 2] as const

interface Made {
  readonly size: number
  readonly files?: number
  readonly print?: string
}

type Chance = () => number

/** A factor around 1: of two thirds of all it is within e^spread. */
const noise = (chance: Chance, spread: number): number =>
  Math.exp(spread * Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance()))

/** What is judged, each as it comes; the judgements of earlier ones are known to later ones, as in the ledger. */
function judge(made: readonly (Made & { readonly time: number })[]) {
  const past: Weighed[] = []
  const odd: number[] = []
  for (const [i, { time, size, files = 1, print = `${i}` }] of made.entries()) {
    const point = { time: instant(time), size: Math.round(size), files, print, path: `${i}`, isOdd: false }
    const found = [oddSize(point, past, BOUNDS), sameBytes(point, past)]
    if (found.some((one) => one !== null)) odd.push(i)
    past.push({ ...point, isOdd: found[0] !== null })
  }
  return odd
}

/** A year of one: how far apart its points are, and what its nth is, `at` milliseconds after the first; null: none that day. */
type Kind = readonly [
  gap: number,
  make: (at: number, nth: number, chance: Chance, phase: number) => Made | null,
]

const weekday = (at: number, phase: number): number => (Math.floor(at / DAY) + phase) % 7
const MiB = 1024 * 1024

const KINDS: Readonly<Record<string, Kind>> = {
  'a steady daily dump': [DAY, (_, __, chance) => ({ size: 900 * MiB * noise(chance, 0.05) })],
  'a small one': [DAY, (_, __, chance) => ({ size: 300 + 40 * chance() })],
  'a daily dump that grows tenfold': [
    DAY,
    (at, _, chance) => ({ size: 90 * MiB * 10 ** (at / YEAR) * noise(chance, 0.1) }),
  ],
  'a monthly one that grows fivefold': [30 * DAY, (at) => ({ size: 90 * MiB * 5 ** (at / YEAR) })],
  'increments that vary a lot': [DAY, (_, __, chance) => ({ size: 40 * MiB * noise(chance, 0.5) })],
  'increments that vary wildly': [DAY, (_, __, chance) => ({ size: 40 * MiB * noise(chance, 1) })],
  'a weekly full one, twenty times its increments': [
    DAY,
    (at, _, chance, phase) => ({ size: 50 * MiB * (weekday(at, phase) === 0 ? 20 : 1) * noise(chance, 0.2) }),
  ],
  'a weekly full one and differences that grow': [
    DAY,
    (at, _, chance, phase) => {
      const day = weekday(at, phase)
      return { size: 30 * MiB * (day === 0 ? 40 : day) * noise(chance, 0.15) }
    },
  ],
  'a monthly full one': [
    DAY,
    (at, _, chance, phase) => {
      const isFull = (Math.floor(at / DAY) + Math.floor(phase * 4.3)) % 30 === 0
      return { size: 50 * MiB * (isFull ? 30 : 1) * noise(chance, 0.2) }
    },
  ],
  'on working days alone': [
    DAY,
    (at, _, chance, phase) => (weekday(at, phase) < 5 ? { size: 300 * MiB * noise(chance, 0.1) } : null),
  ],
  'one with small Sundays': [
    DAY,
    (at, _, chance, phase) => ({
      size: 80 * MiB * (weekday(at, phase) === 6 ? 0.2 : 1) * noise(chance, 0.1),
    }),
  ],
  'logs with quiet weekends': [
    DAY,
    (at, _, chance, phase) => ({
      size: 80 * MiB * (weekday(at, phase) < 5 ? 1 : 0.1) * noise(chance, 0.25),
    }),
  ],
  'hourly, with quiet nights and weekends': [
    HOUR,
    (at, _, chance, phase) => {
      const hour = (at / HOUR + phase * 3) % 24
      const day = hour > 8 && hour < 19 ? 1 : 0.05
      return { size: 60 * MiB * day * (weekday(at, phase) < 5 ? 1 : 0.2) * noise(chance, 0.3) }
    },
  ],
  'hourly increments and a full one each night': [
    HOUR,
    (at, _, chance, phase) => ({
      size: 10 * MiB * ((at / HOUR + phase) % 24 === 0 ? 50 : 1) * noise(chance, 0.3),
    }),
  ],
  'weekly media': [7 * DAY, (at, _, chance) => ({ size: 8e11 * (1 + at / YEAR) * noise(chance, 0.1) })],
  'quarterly ones': [91 * DAY, (_, __, chance) => ({ size: 8e9 * noise(chance, 0.2) })],
  'settings that seldom change': [
    DAY,
    (at, _, __, phase) => {
      const version = Math.floor(at / ((2 + phase) * DAY))
      return { size: 20_000 + version, print: `${version}` }
    },
  ],
  'one that never changes': [DAY, () => ({ size: 20_000, print: 'the same' })],
  'a database that rests on Sundays': [
    DAY,
    (at, nth, chance, phase) => {
      const isSunday = weekday(at, phase) === 6
      return { size: isSunday ? 5e8 : 5e8 * noise(chance, 0.02), print: `${isSunday ? nth - 1 : nth}` }
    },
  ],
  'one that loses a third for good': [DAY, (at) => ({ size: at < YEAR / 2 ? 9e8 : 6e8 })],
  'split in parts, whose last is short': [
    DAY,
    (_, __, chance) => {
      const size = 25e8 * noise(chance, 0.1)
      return { size, files: Math.ceil(size / 1e9) }
    },
  ],
}

function yearOf([gap, make]: Kind, seed: number) {
  const chance = chances(seed).next
  const phase = seed % 7
  const made: (Made & { readonly time: number })[] = []
  for (let at = 0, nth = 0; at < YEAR; at += gap, nth++) {
    const one = make(at, nth, chance, phase)
    if (one !== null) made.push({ ...one, time: at })
  }
  return made
}

const SEEDS = Array.from({ length: 14 }, (_, i) => i + 1)

test.each(Object.entries(KINDS))('a year of %s raises under one alarm', (_, kind) => {
  const [gap] = kind
  const seeds = gap < DAY ? SEEDS.slice(0, 4) : SEEDS
  const alarms = seeds.map((seed) => judge(yearOf(kind, seed)).length)
  // Each on average, whatever its seed.
  const mean = alarms.reduce((sum, count) => sum + count, 0) / seeds.length
  expect(mean, alarms.join()).toBeLessThan(1)
})

/** Daily points of these sizes, the last of which are given as they are. */
const daily = (usual: readonly number[], ...then: readonly number[]) =>
  [...usual, ...then].map((size, i) => ({ size, time: i * DAY }))
const steady = (days: number, spread = 0.05): readonly number[] => {
  const { next } = chances(days)
  return Array.from({ length: days }, () => 1e9 * noise(next, spread))
}

test.each<[string, readonly number[], readonly number[]]>([
  ['under half', [...Array(7).fill(1000), 499], [7]],
  ['half', [...Array(7).fill(1000), 500], []],
  ['twice', [...Array(7).fill(1000), 2000], []],
  ['over twice', [...Array(7).fill(1000), 2001], [7]],
  ['empty', [...Array(7).fill(1000), 0], [7]],
  ['something after nothing', [...Array(7).fill(0), 1000], [7]],
  ['after too few to say', [...Array(6).fill(1000), 1], []],
  ['a third of what varies a little', [...steady(30), 0.33e9], [30]],
  ['a quarter of what varies more', [...steady(30, 0.2), 0.25e9], [30]],
  ['a failed dump, and again weeks later', [...steady(30), 20, ...steady(20), 20], [30, 51]],
  [
    'the same where the first came before anything was judged',
    [1e9, 1e9, 20, ...steady(30), 20, ...steady(20), 20],
    [33],
  ],
  // Known by then.
  ['much smaller for good', [...steady(30), ...Array(40).fill(2e8)], [30, 31]],
  ['much larger for good', [...steady(30), ...Array(40).fill(9e9)], [30]],
  [
    'a truncated one of a series that has grown from there',
    [...Array.from({ length: 200 }, (_, i) => 1e6 * 1.03 ** i), 1e6],
    [200],
  ],
])('%s', (_, sizes, odd) => {
  expect(judge(daily(sizes))).toEqual(odd)
})

test('a full backup that lacks most of it is as large as an increment, and nobody can tell', () => {
  const week = [2e10, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9]
  expect(judge(daily([...week, ...week, 1e9]))).toEqual([])
  // What is far from both is odd.
  expect(judge(daily([...week, ...week, 2e10, 1e9, 9e10]))).toEqual([16])
  expect(judge(daily([...week, ...week, 2e10, 1e7]))).toEqual([15])
})

test('seven within a few hours have not seen a night', () => {
  const hourly = [...Array(8).fill(1000), 10].map((size, i) => ({ size, time: i * HOUR }))
  expect(judge(hourly)).toEqual([])
})

test('of a split point fewer parts than usual may still be to come', () => {
  const whole = daily(Array(9).fill(4000)).map((one) => ({ ...one, files: 4 }))
  const at = 9 * DAY
  expect(judge([...whole, { time: at, size: 1000, files: 1 }])).toEqual([])
  expect(judge([...whole, { time: at, size: 1000, files: 4 }])).toEqual([9])
})

test('the same bytes as the point before are odd once, and never where that is usual', () => {
  const printed = (prints: string) =>
    [...prints].map((print, i) => ({ print, size: 1000 + i, time: i * DAY }))
  expect(judge(printed('abcdefgg'))).toEqual([7])
  expect(judge(printed('abcdefggg'))).toEqual([7])
  expect(judge(printed('aacdefgg'))).toEqual([])
  expect(judge(printed('abcdefga'))).toEqual([])
  expect(judge(printed('abb'))).toEqual([])
})

test('the bounds are the spec’s', () => {
  const before = daily(Array(9).fill(1000)).map(({ size, time }, i) => ({
    time: instant(time),
    size,
    print: `${i}`,
    path: `${i}`,
    files: 1,
    isOdd: false,
  }))
  const point = { ...before[0]!, time: instant(9 * DAY), size: 700 }
  expect(oddSize(point, before, BOUNDS)).toBeNull()
  expect(oddSize(point, before, [0.8, 1.2])).toEqual({ kind: 'size', size: 700, median: 1000, points: 9 })
  expect(oddSize({ ...point, size: 0 }, before, [0, 100])).toBeNull()
})

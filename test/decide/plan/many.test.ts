import { expect, test } from 'vitest'
import { isAsPublished } from '../../../src/decide/files/as-published.ts'
import { judgeFile, keepPublished } from '../../../src/decide/files/judge-file.ts'
import { eachSelected } from '../../../src/decide/files/selected.ts'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import type { Observation } from '../../../src/model/observation.ts'
import { context, NOON, picture, spec } from '../../helpers/picture.ts'

const HOUR = 3_600_000

/** Hourly dumps of two databases, two files each: most published and listed, some only here, some only there, some gone or unmarked. */
const drawn = Array.from({ length: 3000 }, (_, n) => {
  const at = new Date(NOON - Math.floor(n / 4) * HOUR).toISOString()
  const name = `${n % 2 === 0 ? 'db' : 'wiki'}-${at.slice(0, 10)}-${at.slice(11, 13)}-${n % 4 < 2 ? 'a' : 'b'}.tar`
  const remote = `remote ${name} 10 ${n % 97 === 0 ? 'B' : n % 39 === 0 ? '-' : 'A'}`
  const here = `${n % 83 === 0 ? 'gone' : n % 79 === 0 ? 'ours' : 'held'} ${name} 10 A`
  const lines = n % 7 === 0 ? [here] : n % 13 === 0 ? [remote] : [remote, here]
  return [...lines, ...(n % 17 === 0 ? [`staged ${name} 4`] : [])].join('\n')
}).join('\n')

const patterns = ['{series}-{YYYY}-{MM}-{DD}-{hh}-{part}.tar']
const rules = { last: 3, hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: 3 }
const hourly = spec({
  series: { patterns, timezone: 'Europe/Oslo' },
  retain: { ...rules, within: null, pick: 'newest', pin: ['db-2026-11-01*'] },
  prune: { mode: 'manual', keepAtLeast: 3, minAge: 0, trashFor: 0 },
})

/** The same two sides, told in another order: turned round, or every n-th first. */
function told({ source, destination }: Observation, order: <T>(list: readonly T[]) => T[]): Observation {
  const anew = <Key, Value>(map: ReadonlyMap<Key, Value>) => new Map(order([...map]))
  return {
    source: { ...source, files: anew(source.files) },
    destination: {
      ...destination,
      files: anew(destination.files),
      records: anew(destination.records),
      staged: anew(destination.staged),
    },
  }
}

const shuffled = <T>(list: readonly T[]): T[] =>
  Array.from({ length: 11 }, (_, k) => list.filter((_, i) => (i * 7) % 11 === k)).flat()

test.each([false, true])(
  'thousands of files have one plan, in whatever order they are told (all: %s)',
  (all) => {
    const observation = picture(drawn)
    const plan = (of: Observation) => planBackup(hourly, of, context({ all }))
    const made = plan(observation)
    const { prune: _, expire: __, ...counts } = made.summary
    expect(Object.values(counts)).not.toContain(0)
    expect(plan(told(observation, (list) => list.toReversed()))).toEqual(made)
    expect(plan(told(observation, shuffled))).toEqual(made)
  },
)

test('a file that is taken to stay as published is judged to stay', () => {
  let published = 0
  eachSelected(hourly, picture(drawn), (facts) => {
    if (!isAsPublished(facts)) return
    published++
    const { steps, problems } = judgeFile(facts, hourly, NOON)
    expect(steps).toEqual([keepPublished(facts, facts.record!)])
    expect(problems).toEqual([])
  })
  expect(published).toBeGreaterThan(1000)
})

import { expect, test } from 'vitest'
import { anomalyJudge } from '../../../src/decide/anomaly/judge.ts'
import { findTrouble } from '../../../src/decide/notices/find-trouble.ts'
import { decideBackup } from '../../../src/decide/plan/backup.ts'
import type { Gated } from '../../../src/model/anomaly.ts'
import type { Digest } from '../../../src/model/digest.ts'
import { DAY } from '../../../src/model/instant.ts'
import { emptyOutcome } from '../../../src/model/outcome.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { context, md5, NOON, picture, spec } from '../../helpers/picture.ts'

const day = (ago: number): string => new Date(NOON - ago * DAY).toISOString().slice(0, 10)
const SERIES = { patterns: ['{series}-{YYYY}-{MM}-{DD}{part}'], timezone: 'UTC' }
const RULES = { size: [0.5, 2], kind: true } as const

/** What its gate finds of each, by what is here and at the source. */
function judge(
  drawn: string,
  files: readonly (readonly [string, number, string?])[],
  over: Partial<Spec> = {},
) {
  const declared = spec({ anomaly: RULES, series: SERIES, ...over })
  const observation = picture(drawn)
  const judged = anomalyJudge(declared, observation, decideBackup(declared, observation, context()).retention)
  const gated = files.map(
    ([path, size, head = '\x1f\x8b']): Gated => ({
      path: path as RelPath,
      size,
      digests: { md5: md5('F'), sha256: `${path} ${size}` as Digest },
      head,
    }),
  )
  return [...(judged?.(gated) ?? [])].map(
    ([path, found]) => `${found.map(({ kind }) => kind).join('+')} ${path}`,
  )
}

const dump = (ago: number, part = '.gz'): string => `db-${day(ago)}${part}`
const both = (side: 'held' | 'remote', from: number, to: number, size: number, part?: string): string =>
  Array.from({ length: from - to + 1 }, (_, i) => `${side} ${dump(from - i, part)} ${size} A`).join('\n')
const HELD = both('held', 12, 3, 100)

test('what is newer than all that is here is compared with it, and what is older is not', () => {
  const drawn = `${HELD}\nremote ${dump(2)} 20 B\nremote ${dump(1)} 1 C\nremote ${dump(20)} 5 D`
  const files = [
    [dump(1), 1],
    [dump(2), 20],
    [dump(20), 5],
  ] as const
  expect(judge(drawn, files)).toEqual([`size ${dump(2)}`, `size ${dump(1)}`])
  expect(judge(drawn, files, { series: { patterns: [], timezone: 'UTC' } })).toHaveLength(2)
  const { anomaly: _, ...none } = spec()
  expect(judge(drawn, files, { ...none, anomaly: undefined } as unknown as Spec)).toEqual([])
})

test('of a first import only the newest point is', () => {
  const drawn = both('remote', 12, 1, 100)
  const files = Array.from({ length: 12 }, (_, i) => [dump(12 - i), i === 5 || i === 11 ? 3 : 100] as const)
  expect(judge(drawn, files)).toEqual([`size ${dump(1)}`])
  expect(judge(drawn, files.slice(0, 11))).toEqual([])
})

test('the same bytes next to each other are odd once, whichever of the two came first', () => {
  const here = Array.from({ length: 10 }, (_, i) => `held ${dump(12 - i)} 100 ${'ABCDEFGHIJ'[i]}`).join('\n')
  const declared = spec({ anomaly: RULES, series: SERIES })
  const observation = picture(`${here}\nremote ${dump(2)} 100 K\nremote ${dump(1)} 100 K`)
  const { retention } = decideBackup(declared, observation, context())
  const same = (ago: number): Gated => ({
    path: dump(ago) as RelPath,
    size: 100,
    digests: { md5: md5('K'), sha256: 'the same' as Digest },
    head: '\x1f\x8b',
  })
  const odd = (...batches: readonly (readonly Gated[])[]) => {
    const judged = anomalyJudge(declared, observation, retention)!
    return batches.map((files) => [...judged(files).keys()])
  }
  expect(odd([same(2), same(1)])).toEqual([[dump(1)]])
  expect(odd([same(2)], [same(1)])).toEqual([[], [dump(1)]])
  expect(odd([same(1)], [same(2)])).toEqual([[], [dump(2)]])
})

test('files without a date are no series', () => {
  const names = Array.from({ length: 9 }, (_, i) => `held file${i}.gz 100 A`).join('\n')
  const guessed = { series: { patterns: [], timezone: 'UTC' } }
  expect(judge(`${names}\nremote other.gz 1 B`, [['other.gz', 1]], guessed)).toEqual([])
})

test('a point of several files is judged once all of them are here, by all their bytes', () => {
  const parts = ['a.gz', 'b.gz']
  const here = parts.map((part) => both('held', 12, 3, 100, part)).join('\n')
  const drawn = `${here}\nremote ${dump(1, 'a.gz')} 70 B\nremote ${dump(1, 'b.gz')} 10 B`
  expect(judge(drawn, [[dump(1, 'a.gz'), 70]])).toEqual([])
  expect(
    judge(drawn, [
      [dump(1, 'a.gz'), 70],
      [dump(1, 'b.gz'), 10],
    ]),
  ).toEqual([`size ${dump(1, 'a.gz')}`])
})

test('only the first part of a split file begins as its kind does', () => {
  const drawn = ['a.gz', 'b.gz'].map((part) => `remote ${dump(1, part)} 70 B`).join('\n')
  const [first, second] = [dump(1, 'a.gz'), dump(1, 'b.gz')]
  expect(
    judge(drawn, [
      [first, 70],
      [second, 70, 'raw'],
    ]),
  ).toEqual([])
  expect(
    judge(drawn, [
      [first, 70, 'raw'],
      [second, 70],
    ]),
  ).toEqual([`kind ${first}`])
  const zip = 'remote x.z01 9 A\nremote x.zip 9 B'
  expect(judge(zip, [['x.zip', 9, 'raw']])).toEqual([])
  expect(judge('remote x.zip 9 B', [['x.zip', 9, 'raw']])).toEqual(['kind x.zip'])
  expect(judge('remote x.zip 9 B', [['x.zip', 9, 'raw']], { anomaly: { ...RULES, kind: false } })).toEqual([])
})

test('anomalies are a notice of their own, each by its file', () => {
  const problem = (path: string) => ({ code: 'anomaly-size', path, message: 'small', hint: 'look' })
  const outcome = {
    ...emptyOutcome('a'),
    result: 'in-sync' as const,
    exitCode: 1,
    seconds: 0,
    problems: [problem('a.gz'), problem('b.gz'), { code: 'marker-unreadable', message: 'm', hint: '' }],
  }
  expect(findTrouble(outcome, 'whole')).toMatchObject({
    troubles: [
      { kind: 'failing', count: 1 },
      {
        kind: 'anomaly',
        count: 2,
        keys: ['anomaly-size a.gz', 'anomaly-size b.gz'],
        message: '2 anomalies: a.gz: small (and 1 more)',
      },
    ],
  })
})

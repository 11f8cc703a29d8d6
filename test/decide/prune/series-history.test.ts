import { expect, test } from 'vitest'
import { seriesHistory } from '../../../src/decide/prune/series-history.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'

const day = (text: string): Instant => instant(Date.parse(`${text}T12:00:00Z`))

/** `22 a 2030-11-22`: a point of 22 November 2026, the pass that brought it, and what the clock showed then; in the ledger's order. */
function late(text: string): readonly string[] {
  const firsts = text.split(', ').map((line, nth) => {
    const [of = '', planId = '', at = ''] = line.split(' ')
    return { time: day(`2026-11-${of}`), nth, at: day(at), planId }
  })
  const { late: came } = seriesHistory([], firsts, () => 0, day('2026-12-01'))
  return [...came.keys()].map((time) => new Date(time).toISOString().slice(8, 10))
}

test.each([
  ['20 a 2026-11-20, 21 b 2026-11-21', []],
  ['20 a 2026-11-20, 22 b 2026-11-22, 21 c 2026-11-23', ['21']],
  ['22 a 2026-11-22, 21 a 2026-11-22', []],
  ['28 a 2026-11-20, 21 b 2026-11-21', []],
  ['22 a 2030-11-22, 21 b 2026-11-23', ['21']],
  ['22 a 2026-11-22, 23 b 2020-11-23, 21 c 2026-11-24', ['21']],
])('I9: of %s by the ledger, late came %j, whatever the clock showed', (text, wanted) => {
  expect(late(text)).toEqual(wanted)
})

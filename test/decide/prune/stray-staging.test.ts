import { expect, test } from 'vitest'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { strayEvents, strays } from '../../../src/decide/prune/expiry.ts'
import type { Holding } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { context as contextOf, NOON, picture, spec } from '../../helpers/picture.ts'

const DAY = 24 * 3600 * 1000
const select = { include: ['*.tar'], exclude: [] }
const days = (n: number) => instant(NOON + n * DAY)
const given = (drawn: string, over: Partial<Holding> = {}, completeness?: 'incomplete') => {
  const seen = picture(drawn, completeness)
  return { ...seen, destination: { ...seen.destination, ...over } }
}
const since = (day: number) => ({ abandoned: new Map([['a.tar' as RelPath, days(day)]]) })
const stray = (drawn: string, completeness?: 'incomplete') =>
  strays(spec({ select }), given(drawn, {}, completeness)).map((one) => `${one.path}: ${one.why}`)

test.each([
  ['remote a.tar 10 A\nstaged a.tar 4', []],
  ['remote a.tar 10 -\nstaged a.tar 4', []],
  ['remote z.tar 1 -\nstaged a.tar 4', ['a.tar: gone at the source']],
  ['remote a.bin 10 A\nstaged a.bin 4', ['a.bin: not selected any more']],
  ['held a.tar 10 A\nremote a.tar 10 A\nstaged a.tar 4', ['a.tar: published']],
])('I13: what is staged stays wanted until nothing can finish it: %s', (drawn, wanted) => {
  expect(stray(drawn)).toEqual(wanted)
})

test('a look that proves nothing abandons nothing', () => {
  expect(stray('staged a.tar 4', 'incomplete')).toEqual([])
})

const expiring = (day: number, over: Partial<Holding>) => {
  const context = contextOf({ asOf: days(day) })
  const { steps } = planBackup(spec({ select }), given('remote z.tar 1 -\nstaged a.tar 4', over), context)
  return steps.some((step) => step.action === 'expire')
}

test.each<[string, number, Partial<Holding>, boolean]>([
  ['before 7 days', 6.9, { ...since(0), lastTime: days(6.8) }, false],
  ['after 7 days', 7, { ...since(0), lastTime: days(6.9) }, true],
  ['when it was never noted', 30, { lastTime: days(29.9) }, false],
  ['when the clock stands behind our last line', 7, { ...since(0), lastTime: days(7.1) }, false],
  ['when the clock has leapt over two days past it', 30, { ...since(0), lastTime: days(27.9) }, false],
])('expires %s', (_, day, over, expires) => {
  expect(expiring(day, over)).toBe(expires)
})

test('the ledger is told once of each stray, and when it is wanted again', () => {
  const events = (drawn: string, over: Partial<Holding>) => {
    const observation = given(drawn, over)
    return strayEvents(strays(spec({ select }), observation), observation).map((one) => one.event)
  }
  expect(events('remote z.tar 1 -\nstaged a.tar 4', {})).toEqual(['staging-abandoned'])
  expect(events('remote z.tar 1 -\nstaged a.tar 4', since(0))).toEqual([])
  expect(events('remote a.tar 10 A\nstaged a.tar 4', since(0))).toEqual(['staging-wanted'])
})

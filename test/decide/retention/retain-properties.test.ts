import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DatedPoint, RULES, retain } from '../../../src/decide/retention/retain.ts'
import type { Zone } from '../../../src/decide/time/zone.ts'
import type { RetainRules } from '../../../src/model/spec.ts'
import { given } from '../../helpers/histories.ts'

/** Names with their reasons, in the order of names. */
const answer = (points: readonly DatedPoint[], by: RetainRules, zone: Zone) =>
  [...retain(points, by, zone)].map(([{ name }, reasons]) => `${name}: ${reasons.join(', ')}`).toSorted()

const runs = { numRuns: 600 }

describe('whatever the history and the rules', () => {
  test('the order of points does not matter', () => {
    const shuffled = given.chain((one) =>
      fc.record({
        one: fc.constant(one),
        other: fc.shuffledSubarray(one.history.points, { minLength: one.history.points.length }),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ one: { history, rules }, other }) => {
        expect(answer(other, rules, history.zone)).toEqual(answer(history.points, rules, history.zone))
      }),
      runs,
    )
  })

  test('I9: something is kept of every history', () => {
    fc.assert(
      fc.property(given, ({ history, rules }) => {
        expect(retain(history.points, rules, history.zone).size).toBeGreaterThan(0)
      }),
      runs,
    )
  })

  test('I7: what is pruned, in part or in whole, changes nothing about the rest', () => {
    // Only what is not kept goes, however much of it.
    const pruned = given.chain((one) =>
      fc.record({ one: fc.constant(one), chances: fc.infiniteStream(fc.boolean()) }),
    )
    fc.assert(
      fc.property(pruned, ({ one: { history, rules }, chances }) => {
        const kept = retain(history.points, rules, history.zone)
        const all = answer(history.points, rules, history.zone)
        expect(answer([...kept.keys()], rules, history.zone)).toEqual(all)
        const between = history.points.filter((point) => kept.has(point) || chances.next().value === true)
        expect(answer(between, rules, history.zone)).toEqual(all)
      }),
      runs,
    )
  })

  test('more generous rules keep no less', () => {
    const more = given.chain(({ history, rules }) =>
      fc
        .record({ rule: fc.constantFrom(...RULES, 'within' as const), by: fc.integer({ min: 1, max: 4 }) })
        .map(({ rule, by }) => ({ history, rules, generous: moreOf(rules, rule, by) })),
    )
    fc.assert(
      fc.property(more, ({ history, rules, generous }) => {
        fc.pre(rules.pick === 'newest' || rules.within !== null || RULES.some((rule) => rules[rule] !== null))
        const less = retain(history.points, rules, history.zone)
        const greater = retain(history.points, generous, history.zone)
        expect([...less.keys()].filter((point) => !greater.has(point))).toEqual([])
      }),
      runs,
    )
  })

  test('every point that is kept has a reason, and each only once', () => {
    fc.assert(
      fc.property(given, ({ history, rules }) => {
        for (const reasons of retain(history.points, rules, history.zone).values()) {
          expect(reasons.length).toBeGreaterThan(0)
          expect(new Set(reasons).size).toBe(reasons.length)
        }
      }),
      runs,
    )
  })
})

function moreOf(rules: RetainRules, rule: (typeof RULES)[number] | 'within', by: number): RetainRules {
  if (rule !== 'within') return { ...rules, [rule]: (rules[rule] ?? 0) + by }
  const { days, seconds } = rules.within ?? { days: 0, seconds: 0 }
  return { ...rules, within: { days: days + by, seconds, text: 'a longer while' } }
}

import type { Expectation, PruneRules, RetainRules, SeriesRules } from '../../model/spec.ts'
import { readUntil } from './read-until.ts'
import { parseDuration, parsePeriod, parseRhythm, sound } from './units.ts'

/** The part of a spec's document that is about time: series, and what is kept, expected and pruned of them. */
export interface RulesDocument {
  readonly series?: { readonly pattern?: readonly string[]; readonly timezone?: string }
  readonly retain?: Readonly<Partial<Record<CountRule, number>>> & {
    readonly within?: string
    readonly pick: 'newest' | 'oldest'
    readonly pin: readonly string[]
  }
  readonly expect?: readonly {
    readonly series?: string
    readonly every?: string
    readonly cron?: string
    readonly grace: string
    readonly until?: string
  }[]
  readonly prune: {
    readonly mode: 'never' | 'manual' | 'auto'
    readonly keepAtLeast: number
    readonly minAge: string
    readonly trashFor: string
  }
  readonly verify: { readonly every: string }
}

type CountRule = 'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly'

/** The rules of a document in which no fault was found. */
export function buildRules({ series, retain, expect, prune, verify }: RulesDocument): {
  readonly series: SeriesRules
  readonly retain: RetainRules | null
  readonly expect: readonly Expectation[]
  readonly prune: PruneRules
  readonly verifyEvery: number
} {
  const timezone = series?.timezone ?? 'UTC'
  return {
    series: { patterns: series?.pattern ?? [], timezone },
    retain: retain === undefined ? null : buildRetain(retain),
    expect: (expect ?? []).map((each) => buildExpectation(each, timezone)),
    prune: {
      mode: prune.mode,
      keepAtLeast: prune.keepAtLeast,
      minAge: sound(parseDuration(prune.minAge)),
      trashFor: sound(parseDuration(prune.trashFor)),
    },
    verifyEvery: sound(parseDuration(verify.every)),
  }
}

function buildRetain(retain: NonNullable<RulesDocument['retain']>): RetainRules {
  const { last, hourly, daily, weekly, monthly, yearly, within, pick, pin } = retain
  return {
    last: last ?? null,
    hourly: hourly ?? null,
    daily: daily ?? null,
    weekly: weekly ?? null,
    monthly: monthly ?? null,
    yearly: yearly ?? null,
    within: within === undefined ? null : { ...sound(parsePeriod(within)), text: within },
    pick,
    pin,
  }
}

function buildExpectation(
  written: NonNullable<RulesDocument['expect']>[number],
  timezone: string,
): Expectation {
  const { series, every, cron, grace, until } = written
  const seconds = every === undefined ? null : sound(parseRhythm(every))
  return {
    series: series ?? null,
    rhythm:
      cron !== undefined
        ? { kind: 'cron', cron: cron.trim() }
        : seconds === null
          ? { kind: 'never' }
          : { kind: 'every', seconds },
    grace: sound(parseDuration(grace)),
    until: until === undefined ? null : sound(readUntil(until, timezone)),
  }
}

import type { FileExplanation, Verdict } from '../model/explanation.ts'

const PERIODS: Readonly<Record<string, string>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  yearly: 'year',
}

/** Each rule that is set with what it says, then those that are not, on one line. Raw text. */
export function describeVerdicts(
  file: Pick<FileExplanation, 'verdicts' | 'pick' | 'pinnedBy'>,
): readonly (readonly [rule: string, text: string])[] {
  const said = file.verdicts.filter(({ verdict }) => verdict !== 'not-set')
  const silent = file.verdicts.flatMap(({ rule, verdict }) => (verdict === 'not-set' ? [rule] : []))
  return [
    ...said.map((verdict) => [verdict.rule, describe(verdict, file)] as const),
    ...(silent.length === 0 ? [] : [['not set', silent.join(', ')] as const]),
  ]
}

function describe(verdict: Verdict, file: Pick<FileExplanation, 'pick' | 'pinnedBy'>): string {
  switch (verdict.verdict) {
    case 'not-set':
      return 'not set'
    case 'kept':
      return `keeps it: ${kept(verdict, file.pinnedBy)}`
    case 'beyond':
      return `no: ${place(verdict)}, and it keeps ${verdict.keeps}`
    case 'stood-for':
      return `no: ${place(verdict)} of ${verdict.keeps}, and ${verdict.by.name} stands for it, the ${file.pick} of its points`
    case 'too-old':
      return `no: it is not younger than ${verdict.since}, counted back from the newest point`
    case 'not-counted':
      return 'it is pinned, so no rule counts it'
    case 'not-pinned':
      return 'no: no glob fits one of its files'
    case 'not-oldest':
      return `no: the oldest is ${verdict.oldest.name}`
    case 'not-needed':
      return verdict.hasRoom
        ? 'no: it is the oldest, and stands for its period already'
        : 'no: it is the oldest, and every rule is filled'
    default:
      return verdict satisfies never
  }
}

function kept(verdict: Extract<Verdict, { verdict: 'kept' }>, pins: readonly string[]): string {
  const { rule, keeps, nth, period, since, rules } = verdict
  if (nth !== undefined && keeps !== undefined) return `${place({ rule, nth, period })} of ${keeps}`
  if (since !== undefined) return `it is younger than ${since}, counted back from the newest point`
  if (rules !== undefined) return `it is the oldest, and there is room in ${rules.join(', ')}`
  return `${pins.map((pin) => JSON.stringify(pin)).join(', ')} fits it`
}

/** `its week, 2026-W48, is 3rd`; of `last`, `among the newest points it is 3rd`. */
function place(at: { readonly rule: string; readonly nth: number; readonly period?: string | undefined }) {
  const word = PERIODS[at.rule]
  const what =
    word === undefined || at.period === undefined
      ? 'among the newest points it'
      : `its ${word}, ${at.period},`
  return `${what} is ${ordinal(at.nth)}`
}

/** `1st`, `22nd`, `113th`. */
export function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13
  return `${n}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`
}

import stringWidth from 'string-width'
import { type Verdict, verdictOf } from '../decide/status/verdict.ts'
import type { Zone } from '../decide/time/zone.ts'
import type { Instant } from '../model/instant.ts'
import type { StatusReport } from '../model/status.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { dayTime, humanAge, newestText } from './human-time.ts'
import { countedWords } from './plan-totals.ts'
import { clipText } from './wrap-text.ts'

interface VerdictOptions {
  readonly now: Instant
  readonly zone: Zone
  /** Columns. */
  readonly width: number
}

/** The answer in one line: `1 of 20 needs you: nas (its key is refused)`, or `all 20 fine: newest 3 h ago, nothing due before 02:15`. */
export function renderVerdict(
  { backups, diagnostics }: Pick<StatusReport, 'backups' | 'diagnostics'>,
  { now, zone, width }: VerdictOptions,
): string {
  const verdict = verdictOf(backups)
  const faults = diagnostics.filter(({ severity }) => severity === 'error').length
  if (verdict.total === 0)
    return faults === 0 ? 'No backup is declared.' : `${counted(faults, 'fault')} in specs or settings`
  const { sick, shared, total } = verdict
  const needing = sick.reduce((sum, one) => sum + one.backups.length, shared?.backups.length ?? 0)
  if (needing > 0) {
    const lead = `${needing} of ${total} ${needing === 1 ? 'needs' : 'need'} you`
    const names = sick.flatMap((one) => one.backups.map(escapeText))
    const isSeveral = names.length > 2 && (sick.length > 1 || sick[0]!.isEach)
    const isOne = isSeveral && shared === null && sick.every(({ why }) => why === sick[0]!.why)
    if (isOne)
      return withNames(
        `${lead} (each: ${escapeText(sick[0]!.why)}): `,
        names.map((name) => [name] as const),
        width,
      )
    const others =
      shared === null
        ? []
        : [{ names: sick.length === 0 ? ['all'] : shared.backups.map(escapeText), whys: [shared.why] }]
    const own = sick.map(({ backups: these, why, whole, isEach }) => ({
      names: these.map(escapeText),
      whys: isEach ? [`each: ${why}`, why] : whole === null ? [why] : [whole, why],
    }))
    return withGroups(`${lead}: `, [...others, ...own], width)
  }
  const [name] = backups
  const isAll = verdict.fine === verdict.total
  const fine = !isAll
    ? `${verdict.fine} fine`
    : verdict.total === 1
      ? `${escapeText(name!.backup)} is fine`
      : `all ${verdict.total} fine`
  const parts = [
    ...(verdict.fine === 0 ? [] : [fine]),
    ...countedWords([
      [verdict.running, 'running'],
      [verdict.pending, 'pending'],
      [verdict.released, 'released (the next pass looks)'],
      [verdict.suspended, 'suspended'],
    ]),
    ...(faults === 0 ? [] : [`${counted(faults, 'fault')} in specs or settings`]),
  ].join(', ')
  // Not all is well, and the line is short.
  const facts =
    faults > 0
      ? []
      : [
          ...(verdict.newest === null ? [] : [`newest ${newestText(verdict.newest, now)}`]),
          ...dueText(verdict, now, zone),
        ]
  const text = facts.length === 0 ? parts : `${parts}: ${facts.join(', ')}`
  return verdict.warned.length === 0
    ? clipText(text, width)
    : withNames(
        `${parts}, ${counted(verdict.warned.length, 'warning')}: `,
        verdict.warned.map((name) => [escapeText(name)] as const),
        width,
      )
}

/** As many names as the line has room for, the first in any case, and with its reason; with theirs too where at least `least` have room. */
function withNames(
  lead: string,
  names: readonly (readonly [name: string, why?: string])[],
  width: number,
  least = 2,
): string {
  const whole = names.map(([name, why]) => (why === undefined ? name : `${name} (${why})`))
  for (const [texts, fewest] of [
    [whole, Math.min(names.length, least)],
    [names.map(([name], i) => (i === 0 ? whole[0]! : name)), 1],
    [names.map(([name]) => name), 1],
  ] as const) {
    for (let shown = texts.length; shown >= fewest; shown--) {
      const more = shown === texts.length ? '' : ` and ${texts.length - shown} more`
      const line = lead + texts.slice(0, shown).join(', ') + more
      if (stringWidth(line) <= width) return line
    }
  }
  return clipText(lead + whole[0]!, width)
}

interface Group {
  readonly names: readonly string[]
  /** Why, the longest first; not yet escaped. */
  readonly whys: readonly string[]
}

/** The same where several have one reason: `db1, db2 (nothing is mounted at /srv); nas (its key is refused)`. */
export function withGroups(lead: string, groups: readonly Group[], width: number, least = 2): string {
  const all = groups.reduce((sum, { names }) => sum + names.length, 0)
  const isPlain = groups.every(({ names }) => names.length === 1)
  const fewest = isPlain ? all + 1 : 1
  for (let shown = groups.length; shown >= fewest; shown--) {
    const these = groups.slice(0, shown)
    const left = all - these.reduce((sum, { names }) => sum + names.length, 0)
    for (const isLong of [true, false])
      for (const most of [all, 3, 2, 1]) {
        const texts = these.map(({ names, whys }) => {
          const few =
            names.length <= most
              ? names.join(', ')
              : `${names.slice(0, most).join(', ')} and ${names.length - most} more`
          return `${few} (${escapeProse(whys.at(isLong ? 0 : -1)!)})`
        })
        // Who else is named by none of these has other causes.
        const others = left === 0 ? '' : `; ${left} ${left === 1 ? 'other' : 'others'}`
        const line = `${lead}${texts.join('; ')}${others}`
        if (stringWidth(line) <= width) return line
      }
  }
  const each = groups.flatMap(({ names, whys }) =>
    names.map((name) => [name, escapeProse(whys.at(-1)!)] as const),
  )
  return withNames(lead, each, width, least)
}

function dueText({ due }: Verdict, now: Instant, zone: Zone): readonly string[] {
  if (due === null) return []
  if (Date.parse(due) <= now) return [`one due since ${humanAge(due, now).replace(/ ago$/, '')}`]
  return [`nothing due before ${dayTime(due, now, zone)}`]
}

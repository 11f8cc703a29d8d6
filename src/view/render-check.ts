import { diskQuestion } from '../decide/specs/identity-hold.ts'
import {
  type Cause,
  type Faults,
  releasingAll,
  sharedCauseOf,
  whyOf,
  withoutPlace,
} from '../decide/status/causes.ts'
import { type Checked, type CheckReport, PLUGIN_CODES } from '../decide/status/check-report.ts'
import { byName } from '../decide/status/verdict.ts'
import { groupBy } from '../model/group-by.ts'
import { type SpecPlace, withHint } from '../model/trouble.ts'
import { escapeProse } from './escape-text.ts'
import { counted } from './human-count.ts'
import { withGroups } from './render-verdict.ts'
import { besideText } from './series-facts.ts'
import { namesOf } from './status-facts.ts'

/** Columns of what the first line says, which is all that many pagers show. */
const WIDTH = 80

export interface CheckText {
  readonly text: string
  readonly code: number
}

/**
 * By the monitoring plugin guidelines: one short line with performance data after `|`, then a line for each trouble. Ends with a newline.
 */
export function renderCheck(report: CheckReport): CheckText {
  const { state, backups, bad, problems, faults, unseen } = report
  const names = namesOf(backups.map(({ backup }) => backup))
  const name = ({ backup }: Checked) => names.get(backup)!
  const data = backups
    .toSorted((a, b) => byName(a.backup, b.backup))
    .flatMap((one) => performance(name(one), one, report.maxAge))
  const begin = `RECONCILE ${state} - `
  const textOf = (one: Checked): string => {
    const why = one.causes.map((cause, at) =>
      isCommon(cause.place, faults) ? 'its spec is faulty, as above' : reason(cause, at > 0),
    )
    const shared = isOwn(one) ? [] : [`${whyOf(one.backup)}, as above`]
    return [one.word, ...why, ...shared, ...(one.old === null ? [] : [one.old])].join('; ')
  }
  /** By all that is said of it, as far as that is the same for others. */
  const reasonsOf = (one: Checked): string =>
    !isOwn(one)
      ? textOf(one)
      : sharedCauseOf(one.backup) === null
        ? name(one)
        : askedOf(one) === null
          ? withoutPlace(textOf(one), one.backup)
          : [askedOf(one), ...one.causes.slice(1).map(({ message }) => message), one.old].join('; ')
  const lines = [
    `${begin}${summary(report, WIDTH - begin.length)}${data.length === 0 ? '' : ` | ${data.join(' ')}`}`,
    ...problems.map(({ message, hint }) => words(withHint({ message, hint }))),
    ...faults.common.map((one) => words(`${one.file}:${one.line}:${one.column}: ${one.message}`)),
    ...[...groupBy(bad, reasonsOf)].map(([, these]) => {
      const text = textOf(these[0]!)
      const asked = these.length > 1 && askedOf(these[0]!) !== null
      const backup = ({ backup: one }: Checked) => one
      return `${these.map((one) => words(name(one))).join(', ')}: ${words(asked ? releasingAll(text, these.map(backup)) : text)}`
    }),
    ...backups.flatMap((one) =>
      one.backup.beside === undefined ? [] : [`${words(name(one))}: ${words(besideText(one.backup.beside))}`],
    ),
    ...(unseen === null ? [] : [`specs: ${words(unseen)}`]),
  ]
  return { text: `${lines.join('\n')}\n`, code: PLUGIN_CODES[state] }
}

/** The names of files alone do not say what is wrong with them. */
const reason = ({ code, message, place }: Cause, isFurther: boolean): string =>
  message === '' ? code : isFurther && place === undefined ? `${code}: ${message}` : message

/** When the status could not be determined at all. */
export const renderCheckFailure = (message: string): CheckText => ({
  text: `RECONCILE UNKNOWN - ${words(message)}\n`,
  code: PLUGIN_CODES.UNKNOWN,
})

/** What is wrong in few words, the worst first. */
function summary({ backups, bad, problems, faults, unseen }: CheckReport, width: number): string {
  const isSaid = bad.some(({ causes }) => causes.some(({ place }) => isCommon(place, faults)))
  const others = [
    ...problems.map(({ message }) => words(message.replace(/: .*/s, ''))),
    ...(faults.common.length === 0 || isSaid
      ? []
      : [`${counted(faults.common.length, 'fault')} in specs or settings`]),
    ...(unseen === null ? [] : ['newer specs cannot be read']),
  ].join('; ')
  const own = bad.filter(isOwn)
  if (bad.length === 0)
    return (
      [...(backups.length === 0 ? [] : [fine(backups)]), others].filter(Boolean).join(', ') ||
      'no backup is declared'
    )
  if (own.length === 0) return `${others}; ${bad.length} of ${backups.length} not well for that`
  const whyText = ({ backup, word }: Checked): string => {
    const why = SAYS_LITTLE.has(word) ? whyOf(backup) : word
    return why === word ? word : `${word}: ${why}`
  }
  const groups = [
    ...groupBy(
      bad,
      (one) => `${whyText(one)} ${one.backup.shared ?? sharedCauseOf(one.backup) ?? one.backup.backup}`,
    ).values(),
  ].map((these) => ({
    names: these.map(({ backup }) => words(backup.backup)),
    whys: [words(whyText(these[0]!))],
  }))
  const isFirst = own.length < bad.length
  const rest = others === '' ? '' : isFirst ? `${others}; ` : `; ${others}`
  const lead = `${bad.length} of ${backups.length} not well: `
  const said = withGroups(lead, groups, Math.max(40, width - rest.length), 1)
  return isFirst ? rest + said : said + rest
}

/** What a disk asks, which is first of all that is wrong; null: it asks nothing. */
const askedOf = ({ causes: [first] }: Checked): string | null =>
  first === undefined ? null : diskQuestion(first)

const isCommon = (place: SpecPlace | undefined, { common }: Faults): boolean =>
  common.some(({ file }) => file === place?.file)

/** Not reported once for many. */
const isOwn = ({ backup }: Checked): boolean => backup.shared === undefined

/** States that do not say what is wrong. */
const SAYS_LITTLE: ReadonlySet<string> = new Set(['failed', 'held', 'unknown'])

/** Only backups with an expectation can be fresh. */
function fine(backups: readonly Checked[]): string {
  const fresh = backups.filter(({ backup }) =>
    backup.conditions.some(({ type, status }) => type === 'Fresh' && status === 'true'),
  ).length
  const all = `${backups.length} ${backups.length === 1 ? 'backup' : 'backups'}`
  if (fresh === backups.length) return `${all} fresh`
  return `${all} ok, freshness unknown for ${backups.length - fresh}`
}

/** `|` starts performance data anywhere in the line. */
const words = (text: string): string => escapeProse(text).replaceAll('|', '/')

/** `'postgres_age'=3600s;;86400`; what is not known is `U`. */
function performance(name: string, { backup, age }: Checked, maxAge: number | null): readonly string[] {
  const own = name.replaceAll("'", "''").replace(/[=|]/g, '_')
  const of = (what: string, value: number | null, unit: string, rest = ''): string =>
    `'${own}_${what}'=${value === null ? 'U' : `${Math.floor(value)}${unit}`}${rest}`
  return [
    of('age', age, 's', maxAge === null ? '' : `;;${maxAge}`),
    of('bytes', backup.bytes, 'B'),
    of('free', backup.free, 'B'),
  ]
}

import {
  type Checked,
  type CheckReport,
  PLUGIN_CODES,
  type PluginState,
} from '../decide/status/check-report.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { besideText } from './series-facts.ts'

/** How many backups the first line names. */
const NAMED = 5

export interface CheckText {
  readonly text: string
  readonly code: number
}

/**
 * By the monitoring plugin guidelines: one line with performance data after `|`, then a line for each problem. Ends with a newline.
 */
export function renderCheck(report: CheckReport): CheckText {
  const { state, backups, problems, faults, unseen } = report
  const bad = backups.filter((one) => one.state !== 'OK')
  const data = backups.flatMap((one) => performance(one, report.maxAge))
  const first = `RECONCILE ${state} - ${summary(report, bad)}${data.length === 0 ? '' : ` | ${data.join(' ')}`}`
  const lines = [
    first,
    ...problems.map(({ message, hint }) => words(`${message}. ${hint}`)),
    ...bad.filter(isOwn).map((one) => `${name(one)}: ${words([one.word, ...one.details].join('; '))}`),
    ...backups.flatMap(({ backup }) =>
      backup.beside === undefined ? [] : [`${words(backup.backup)}: ${words(besideText(backup.beside))}`],
    ),
    ...faults.map(words),
    ...(unseen === null ? [] : [`specs: ${words(unseen)}`]),
  ]
  return { text: `${lines.join('\n')}\n`, code: PLUGIN_CODES[state] }
}

/** When the status could not be determined at all. */
export const renderCheckFailure = (message: string): CheckText => ({
  text: `RECONCILE UNKNOWN - ${words(message)}\n`,
  code: PLUGIN_CODES.UNKNOWN,
})

function summary({ backups, problems, faults, unseen }: CheckReport, bad: readonly Checked[]): string {
  const total = backups.length
  const faulty = [
    ...problems.map(({ message }) => words(message.replace(/: .*/s, ''))),
    ...(faults.length === 0
      ? []
      : [`${faults.length === 1 ? '1 fault' : `${faults.length} faults`} in specs or settings`]),
    ...(unseen === null ? [] : ['newer specs cannot be read']),
  ].join('; ')
  if (total === 0) return faulty === '' ? 'no backup is declared' : faulty
  if (bad.length === 0) return [fine(backups), ...(faulty === '' ? [] : [faulty])].join(', ')
  const order: readonly PluginState[] = ['CRITICAL', 'UNKNOWN', 'WARNING']
  const own = bad.filter(isOwn)
  if (own.length === 0) return `${faulty}; ${bad.length} of ${total} not well for that`
  const worstFirst = own.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const named = worstFirst.slice(0, NAMED).map((one) => `${name(one)} (${words(one.word)})`)
  const more = bad.length > named.length ? `, and ${bad.length - named.length} more` : ''
  const said = `${bad.length} of ${total} not well: ${named.join(', ')}${more}`
  return own.length < bad.length ? `${faulty}; ${said}` : `${said}${faulty === '' ? '' : `; ${faulty}`}`
}

/** Not reported once for many. */
const isOwn = ({ backup }: Checked): boolean => backup.shared === undefined

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
const name = ({ backup }: Checked): string => words(backup.backup)

/** `'postgres_age'=3600s;;86400`; what is not known is `U`. */
function performance({ backup, age }: Checked, maxAge: number | null): readonly string[] {
  const own = escapeText(backup.backup).replaceAll("'", "''").replace(/[=|]/g, '_')
  const of = (what: string, value: number | null, unit: string, rest = ''): string =>
    `'${own}_${what}'=${value === null ? 'U' : `${Math.floor(value)}${unit}`}${rest}`
  return [
    of('age', age, 's', maxAge === null ? '' : `;;${maxAge}`),
    of('bytes', backup.bytes, 'B'),
    of('free', backup.free, 'B'),
  ]
}

import type { Amount, BackupComparison, Effect, PlanComparison } from '../decide/plan/compare.ts'
import { humanSize } from '../model/human-size.ts'
import { escapeProse } from './escape-text.ts'
import { counted } from './human-count.ts'

/** A value of a spec on one line: long ones cut short. */
const LONGEST = 120

/** A spec's value as one would write it in YAML's flow style; not there: `unset`. Not escaped. */
export function specValue(value: unknown): string {
  if (value === null || value === undefined) return 'unset'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** `4 files become surplus (5.6 GiB), 0 removed`: what a change really does. Always says what is removed. */
export function describeEffect(effect: Effect): string {
  const { wanted, dropped, surplus, spared, removed, other, transfer } = effect
  const said = [
    phrase(wanted, 'becomes wanted', 'become wanted'),
    phrase(dropped, 'is no longer wanted', 'are no longer wanted'),
    phrase(surplus, 'becomes surplus', 'become surplus'),
    phrase(spared, 'is kept after all', 'are kept after all'),
    phrase(other, 'is judged otherwise', 'are judged otherwise'),
  ].filter((one) => one !== '')
  if (transfer !== 0)
    said.push(`${humanSize(Math.abs(transfer))} ${transfer > 0 ? 'more' : 'less'} to transfer`)
  const gone =
    removed.files === 0
      ? '0 removed'
      : `${counted(removed.files, 'file')} (${humanSize(removed.bytes)}) REMOVED`
  return [...(said.length === 0 ? ['no file changes its fate'] : said), gone].join(', ')
}

const phrase = ({ files, bytes }: Amount, one: string, many: string): string =>
  files === 0
    ? ''
    : `${counted(files, 'file')} ${files === 1 ? one : many}${bytes === 0 ? '' : ` (${humanSize(bytes)})`}`

/** The comparison for a terminal, a paragraph a backup; ends with a newline. */
export function renderComparison({ backups }: PlanComparison): string {
  if (backups.length === 0) return 'Against the other plan: no change.\n'
  return `Against the other plan:\n${backups.map(paragraph).join('')}`
}

const CHANGES: Readonly<Record<BackupComparison['change'], string>> = {
  appears: 'new in this plan',
  vanishes: 'not in this plan any more: nothing of it is touched, and nothing is pulled',
  changes: '',
}

export const describeChange = ({ change }: BackupComparison): string => CHANGES[change]

function paragraph(one: BackupComparison): string {
  const keys = one.keys.map(({ key, before, after }) => `${key} ${specValue(before)} → ${specValue(after)}`)
  const head = [describeChange(one), ...keys].filter((text) => text !== '').join('; ')
  return `  ${escapeProse(one.backup)}  ${escapeProse(head === '' ? 'the same spec' : head)}: ${describeEffect(one.effect)}\n`
}

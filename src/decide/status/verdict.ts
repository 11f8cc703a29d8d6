import type { BackupState, BackupStatus, SeriesStatus } from '../../model/status.ts'
import { isTrouble } from './conditions.ts'

/** What a screen of all backups begins with. */
export interface Verdict {
  readonly total: number
  /** Who needs a person, worst first, and why in a few words. */
  readonly sick: readonly { readonly backup: string; readonly why: string }[]
  /** `ok` but for a warning. */
  readonly warned: readonly string[]
  /** `ok`, the warned ones among them. */
  readonly fine: number
  /** Not at its end yet: a pass is under way, or the next one goes on. */
  readonly running: number
  readonly pending: number
  readonly suspended: number
  /** Of the fine ones: the newest point of all, and when the next one is due. ISO text; null: none, or unknown. */
  readonly newest: string | null
  readonly due: string | null
}

/** Worst first. */
const ORDER = [
  'conflict',
  'failed',
  'empty',
  'late',
  'unknown',
  'held',
  'pending',
  'suspended',
  'ok',
] as const satisfies readonly BackupState[]

const NEEDS_NOBODY: ReadonlySet<BackupState> = new Set(['ok', 'pending', 'suspended'])

export const isSick = ({ state }: BackupStatus): boolean => !NEEDS_NOBODY.has(state)

/** It does all it should, and something about it is worth a look. */
export const isWarned = ({ state, conditions }: BackupStatus): boolean =>
  state === 'ok' && conditions.some((one) => one.type === 'Pushed' && isTrouble(one))

/** A process holds its lock. */
export const isUnderWay = ({ conditions }: BackupStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Reconciling' && status === 'true')

/** Worst first, then what is running; else by the order in which they were declared. */
export const worstFirst = (backups: readonly BackupStatus[]): readonly BackupStatus[] =>
  backups.toSorted((a, b) => rank(a) - rank(b))

function rank(backup: BackupStatus): number {
  if (isSick(backup)) return ORDER.indexOf(backup.state)
  if (isWarned(backup)) return ORDER.length
  if (backup.running !== null) return ORDER.length + 1
  return ORDER.length + 2 + ORDER.indexOf(backup.state)
}

export function verdictOf(all: readonly BackupStatus[]): Verdict {
  const backups = worstFirst(all)
  const count = (state: BackupState) => backups.filter((one) => one.state === state).length
  const pending = backups.filter(({ state }) => state === 'pending')
  const facts = backups.filter(({ state }) => state === 'ok').map(freshOf)
  const times = (which: 'newest' | 'due') =>
    facts.flatMap((one) => one[which] ?? []).toSorted((a, b) => Date.parse(a) - Date.parse(b))
  return {
    total: backups.length,
    sick: backups.filter(isSick).map((one) => ({ backup: one.backup, why: whyOf(one) })),
    warned: backups.filter(isWarned).map(({ backup }) => backup),
    fine: count('ok'),
    running: pending.filter(isUnderWay).length,
    pending: pending.filter((one) => !isUnderWay(one)).length,
    suspended: count('suspended'),
    newest: times('newest').at(-1) ?? null,
    due: times('due')[0] ?? null,
  }
}

/** Of a backup with many series: those that are late count for it; else the newest point of all, and the next that is due. */
export function freshOf({
  series,
}: Pick<BackupStatus, 'series'>): Pick<SeriesStatus, 'newest'> & { readonly due: string | null } {
  const late = series.filter(({ state }) => state === 'late')
  const open = series.filter(({ state }) => state !== 'ended')
  const first = (late.length > 0 ? late : open).toSorted(
    (a, b) => timeOf(a.due, Number.POSITIVE_INFINITY) - timeOf(b.due, Number.POSITIVE_INFINITY),
  )[0]
  const newest = (late.length > 0 ? [first!] : series).toSorted(
    (a, b) => timeOf(b.newest, 0) - timeOf(a.newest, 0),
  )[0]
  return { newest: newest?.newest ?? null, due: first?.due ?? null }
}

const timeOf = (text: string | null | undefined, none: number): number =>
  text == null ? none : Date.parse(text) || none

/** How the worst that is known of it is said in a few words. What is not listed here says its code. */
const WORDS: Readonly<Record<string, string>> = {
  'box-clock': "this box's clock is wrong",
  conflict: 'the source has other bytes',
  'connection-refused': 'its source refuses connections',
  crashed: 'a bug ended its last pass',
  'destination-id-missing': 'its disk is not here',
  'destination-other-id': 'another disk is there',
  'disk-full': 'its disk is full',
  empty: 'it holds nothing complete',
  'host-key-changed': 'the host key has changed',
  'host-unreachable': 'its source is unreachable',
  'identity-missing': 'its key is missing',
  'key-refused': 'its key is refused',
  'ledger-damaged': 'its ledger is damaged',
  'ledger-missing': 'its ledger is gone',
  late: 'a backup is late',
  lost: 'files are lost',
  'max-size': 'it has reached maxSize',
  'min-free': 'its disk is down to minFree',
  'missing-here': 'files are gone',
  'never-run': 'no pass yet',
  'not-mounted': 'its disk is not mounted',
  'nothing-found': 'its source is empty',
  overdue: 'nobody looks',
  'pattern-fits-nothing': 'its pattern fits nothing',
  'path-missing': "the source's folder is gone",
  rot: 'a file is rotten',
  'spec-invalid': 'its spec is faulty',
  'watch-gone': 'watch does not run',
}

function whyOf({ state, conditions }: BackupStatus): string {
  const reason = conditions.find(({ type }) => type === 'Ready')?.reason ?? state
  return Object.hasOwn(WORDS, reason) ? WORDS[reason]! : reason.replaceAll('-', ' ')
}

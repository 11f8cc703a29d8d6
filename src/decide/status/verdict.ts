import { groupBy } from '../../model/group-by.ts'
import type { BackupState, BackupStatus, SeriesStatus } from '../../model/status.ts'
import { causesOf, sameCauses, whyOf, withoutPlace, wordsForAll } from './causes.ts'
import { isTrouble } from './conditions.ts'

/** What a screen of all backups begins with. */
export interface Verdict {
  readonly total: number
  /** Who needs a person, worst first, those together that are stopped by the very same, and why in a few words. */
  readonly sick: readonly Sick[]
  /** Who of all that need one does so for what is wrong with many, and why; null: nobody. */
  readonly shared: { readonly backups: readonly string[]; readonly why: string } | null
  /** `ok` but for a warning. */
  readonly warned: readonly string[]
  /** `ok`, the warned ones among them. */
  readonly fine: number
  /** Not at its end yet: a pass is under way, or the next one goes on. */
  readonly running: number
  readonly pending: number
  /** Those whose hold was released, and that no pass has looked at since. */
  readonly released: number
  readonly suspended: number
  /** Of the fine ones: the newest point of all, and when the next one is due. ISO text; null: none, or unknown. */
  readonly newest: string | null
  readonly due: string | null
}

interface Sick {
  readonly backups: readonly string[]
  readonly why: string
  /** The same with the host or the disk, for several; null: nothing says more. */
  readonly whole: string | null
  /** Each has its own, which is the same in a few words. */
  readonly isEach: boolean
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

const isReleased = ({ conditions }: BackupStatus): boolean =>
  conditions.some(({ type, reason }) => type === 'Ready' && reason === 'released')

/** It does all it should, and something about it is worth a look. */
const isWarned = ({ state, conditions }: BackupStatus): boolean =>
  state === 'ok' &&
  conditions.some((one) => (one.type === 'Pushed' || one.type === 'Skipped') && isTrouble(one))

/** There is something to say about why it is as it is. */
export const needsWords = (backup: BackupStatus): boolean =>
  isSick(backup) || isWarned(backup) || backup.state === 'suspended'

/** A process holds its lock. */
export const isUnderWay = ({ conditions }: BackupStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Reconciling' && status === 'true')

/** Worst first, then what is running; else by name, `web2` before `web10`. */
export const worstFirst = (backups: readonly BackupStatus[]): readonly BackupStatus[] =>
  backups.toSorted((a, b) => rank(a) - rank(b) || byName(a, b))

const NAMES = new Intl.Collator('en', { numeric: true })

export const byName = (a: Pick<BackupStatus, 'backup'>, b: Pick<BackupStatus, 'backup'>): number =>
  NAMES.compare(a.backup, b.backup)

function rank(backup: BackupStatus): number {
  if (isSick(backup)) return ORDER.indexOf(backup.state)
  if (isWarned(backup)) return ORDER.length
  if (backup.running !== null) return ORDER.length + 1
  return ORDER.length + 2 + ORDER.indexOf(backup.state)
}

export function verdictOf(all: readonly BackupStatus[]): Verdict {
  const backups = worstFirst(all)
  const sick = backups.filter(isSick)
  const same = sick.filter(({ shared }) => shared !== undefined)
  const shared = same.length > 1 ? same : []
  const count = (state: BackupState) => backups.filter((one) => one.state === state).length
  const pending = backups.filter(({ state }) => state === 'pending')
  const facts = backups.filter(({ state }) => state === 'ok').map(freshOf)
  const times = (which: 'newest' | 'due') =>
    facts.flatMap((one) => one[which] ?? []).toSorted((a, b) => Date.parse(a) - Date.parse(b))
  return {
    total: backups.length,
    sick: together(sick.filter((one) => !shared.includes(one))),
    shared:
      shared[0] === undefined
        ? null
        : { backups: shared.map(({ backup }) => backup), why: wordsForAll(shared[0].shared!) },
    warned: backups.filter(isWarned).map(({ backup }) => backup),
    fine: count('ok'),
    running: pending.filter(isUnderWay).length,
    pending: pending.filter((one) => !isUnderWay(one) && !isReleased(one)).length,
    released: pending.filter((one) => !isUnderWay(one) && isReleased(one)).length,
    suspended: count('suspended'),
    newest: times('newest').at(-1) ?? null,
    due: times('due')[0] ?? null,
  }
}

function together(sick: readonly BackupStatus[]): readonly Sick[] {
  const same = sameCauses(sick)
  const own = groupBy(
    sick.filter((one) => !same.has(one)),
    whyOf,
  )
  return sick.flatMap((one): readonly Sick[] => {
    const alike = same.has(one) ? [one] : own.get(whyOf(one))!
    if (alike.length > 1)
      return alike[0] === one
        ? [{ backups: alike.map(({ backup }) => backup), why: whyOf(one), whole: null, isEach: true }]
        : []
    const these = same.get(one) ?? [one]
    if (these[0] !== one) return []
    // What it said itself, and what helps, is for those who read on.
    const [clause = ''] = (causesOf(one)[0]?.message ?? '').split(/[.:;] |\.$/, 1)
    const isForAll = these.length > 1 && clause !== '' && withoutPlace(clause, one) === clause
    const whole = isForAll ? clause : null
    return [{ backups: these.map(({ backup }) => backup), why: whyOf(one), whole, isEach: false }]
  })
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

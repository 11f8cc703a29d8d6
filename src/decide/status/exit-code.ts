import type { Explained } from '../../model/explanation.ts'
import type { Stop } from '../../model/failure.ts'
import type { BareOutcome, Result } from '../../model/outcome.ts'
import type { BackupPlan, Plan } from '../../model/plan.ts'
import type { BackupState, StatusReport } from '../../model/status.ts'
import type { Diagnostic, Halt, Problem } from '../../model/trouble.ts'
import type { StatusFacts } from './facts.ts'

/** The codes in the order in which they hold: the first that is present is the process's exit code. */
const ORDER = [70, 6, 3, 7, 4, 5, 1, 2]

/** Problems and halts that speak of damage to what is held, or of bytes that are not what their marker says. */
const DAMAGE: ReadonlySet<string> = new Set([
  'checksum-failed',
  'rot',
  'unreadable-here',
  'ledger-damaged',
  'ledger-missing',
])

export const isDamage = (code: string): boolean => DAMAGE.has(code)

export const firstOf = (codes: readonly number[]): number => ORDER.find((code) => codes.includes(code)) ?? 0

/** 3 where a spec is invalid. */
export const codeOfDiagnostics = (diagnostics: readonly Diagnostic[]): number =>
  diagnostics.some((diagnostic) => diagnostic.severity === 'error') ? 3 : 0

/** One backup's outcome; `named`: it was asked for by name. */
export function codeOfOutcome(outcome: BareOutcome, named: boolean): number {
  const codes = [
    ...codesOfTrouble(outcome.problems, outcome.halt),
    ...(outcome.conflicts.length > 0 || outcome.lost.length > 0 ? [6] : []),
    ...(outcome.holds.length > 0 || outcome.result === 'halted' ? [7] : []),
    ...(outcome.result === 'suspended' && named ? [7] : []),
    ...(outcome.stale.length > 0 ? [4] : []),
    ...(outcome.result === 'busy' && named ? [5] : []),
    ...(outcome.result === 'failed' || outcome.late.length > 0 ? [1] : []),
  ]
  return firstOf(codes)
}

/** Of a run that was told to stop. */
export const codeOfStop = (why: Stop['why']): number =>
  ({ interrupt: 130, terminate: 143, 'max-time': 0, superseded: 0 })[why]

const STOPPED = [130, 143]

/** A whole pass. A signal's code stands alone. Nothing to run at all is a failure: nothing was found to back up. */
export const codeOfResult = (result: Omit<Result, 'exitCode'>): number =>
  result.backups.map((backup) => backup.exitCode).find((code) => STOPPED.includes(code)) ??
  firstOf([
    ...result.backups.map((backup) => backup.exitCode),
    codeOfDiagnostics(result.diagnostics),
    ...codesOfTrouble(result.problems, null),
    ...(result.backups.length === 0 ? [1] : []),
  ])

/** What a pass exits with that finds what status found. Suspended is 7 only where it is asked for by name. */
export function codeOfStatus(
  { last, hold, specFaults, overSpecs }: StatusFacts,
  state: BackupState,
  halt: Halt | null,
): number {
  const isCut = last?.result === 'incomplete' || last?.result === 'cancelled'
  // What the last pass failed for stands where nothing else is found.
  const before = state === 'failed' || state === 'held' ? (last?.exitCode ?? 0) : 0
  return firstOf([
    ...(halt === null ? [] : [isDamage(halt.code) ? 6 : 7]),
    ...(state === 'conflict' || (last?.counts.lost ?? 0) > 0 ? [6] : []),
    ...(hold !== null || state === 'held' || (overSpecs ?? []).length > 0 ? [7] : []),
    ...(specFaults.length > 0 ? [3] : []),
    ...(isCut ? [] : [before]),
    ...(FINE.has(state) ? [] : [1]),
  ])
}

const FINE: ReadonlySet<BackupState> = new Set(['ok', 'pending', 'suspended'])

/** Of a report, whatever its backups are like: 3 where a spec is invalid, 1 where the state folder could not be read. */
export const codeOfReading = ({ diagnostics, problems = [] }: StatusReport): number =>
  firstOf([codeOfDiagnostics(diagnostics), ...(problems.some(({ path }) => path !== undefined) ? [1] : [])])

/** All of a report; `named`: its backups were asked for by name. */
export function codeOfReport(report: StatusReport, named: boolean): number {
  const { backups } = report
  return firstOf([
    codeOfReading(report),
    ...backups.map(({ exitCode }) => exitCode),
    ...(named && backups.some(({ state }) => state === 'suspended') ? [7] : []),
    ...(backups.length === 0 ? [1] : []),
  ])
}

export function codeOfPlan(plan: Plan, detailed: boolean): number {
  const { pull, resume, adopt, repair, prune, expire } = plan.summary
  const pending = pull + resume + adopt + repair + prune + expire > 0
  return firstOf([
    ...plan.backups.flatMap(codesOfPlan),
    codeOfDiagnostics(plan.diagnostics),
    ...(plan.backups.length === 0 ? [1] : []),
    ...(detailed && pending ? [2] : []),
  ])
}

/** 1 if one side could not be read, so that the explanation may be incomplete; where the destination was not, what kept it from being read. */
export function codeOfExplanation({
  known,
  halt,
  holds,
}: Pick<Explained, 'known' | 'halt' | 'holds'>): number {
  const isRead = known.destination === 'complete'
  return firstOf([
    ...(isRead ? [] : [1, ...codesOfTrouble([], halt), ...(holds.length > 0 ? [7] : [])]),
    ...(known.source === 'complete' ? [] : [1]),
  ])
}

export const isUnwell = (plan: BackupPlan): boolean => codesOfPlan(plan).length > 0

const codesOfPlan = (plan: BackupPlan): readonly number[] => [
  ...codesOfTrouble(plan.problems, plan.halt),
  ...(plan.summary.conflict + plan.summary.lost > 0 ? [6] : []),
  ...(plan.holds.length > 0 ? [7] : []),
  ...(plan.series.some(({ state }) => state === 'late') ? [1] : []),
]

/** Of a command that goes on after each of them. */
export const codeOfProblems = (problems: readonly Problem[]): number =>
  firstOf(codesOfTrouble(problems, null))

const codesOfTrouble = (problems: readonly Problem[], halt: Halt | null): readonly number[] => [
  ...problems.map((problem) => (isDamage(problem.code) ? 6 : 1)),
  ...(halt === null ? [] : [isDamage(halt.code) ? 6 : 7]),
]

/** Failures that are the caller's: the command line, the box's set-up, a program that is not installed. */
const USAGE = new Set([
  'usage',
  'unknown-backup',
  'specs-not-found',
  'missing-tool',
  'no-destination',
  'no-such-disk',
  'no-such-hold',
  'prune-off',
  'not-held',
  'not-in-trash',
  'ledger-sound',
  'plan-unreadable',
  'plan-version',
  'snapshot-unreadable',
  'bad-target',
])

/** What halts or holds a whole backup, met by a command outside of any pass. */
const HALTS = new Set([
  'destination-copy',
  'destination-id-missing',
  'destination-other-id',
  'destination-unknown',
  'destination-forbidden',
  'mount-unknown',
  'not-encrypted',
  'not-mounted',
  'other-owner',
  'private-folder-strange',
])

/** Whether it keeps a command from all of a backup. */
export const isOfWhole = (code: string): boolean => HALTS.has(code)

/** Of ledgers that were read as far as they could be. */
export const codeOfHistories = (
  ledgers: readonly { readonly halt: Halt | null }[],
  diagnostics: readonly Diagnostic[],
): number =>
  firstOf([
    ...ledgers.flatMap(({ halt }) => (halt === null ? [] : [codeOfFailure(halt.code)])),
    codeOfDiagnostics(diagnostics),
  ])

/** Of a failure that ended the whole command. */
export function codeOfFailure(code: string): number {
  if (USAGE.has(code)) return 64
  if (isDamage(code)) return 6
  if (code === 'plan-edited') return 4
  if (code === 'watch-running' || code === 'drill-running') return 5
  return HALTS.has(code) ? 7 : 1
}

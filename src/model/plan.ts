import {
  amount,
  both,
  type Check,
  type Checked,
  count,
  digest,
  integer,
  list,
  newer,
  nullable,
  object,
  oneOf,
  optional,
  relPath,
  text,
  time,
} from './check-json.ts'
import { besideCount, seriesStatus } from './status.ts'
import { suspended } from './suspension.ts'
import { checkedDiagnostic, checkedHalt, checkedHold, checkedProblem } from './trouble.ts'

const hex: Check<string> = digest

/** Those that leave their file published and whole. */
const MAKING_WHOLE = ['pull', 'resume', 'adopt', 'repair'] as const

/** In the order in which a summary counts them. */
export const ACTIONS = [
  ...MAKING_WHOLE,
  'wait',
  'conflict',
  'lost',
  'surplus',
  'prune',
  'expire',
  'keep',
] as const

const action = oneOf(...ACTIONS)
export type Action = Checked<typeof action>

/** What one step wants to happen to one path, and why. The shape of `reconcile.plan/1`. */
const anyStep = object({
  action,
  path: relPath as Check<string>,
  /** The source's name for it, where that is another. */
  from: optional(relPath as Check<string>),
  because: list(text),
  /** The series and the time of the point that it is a file of; left out where files are not told apart by date. */
  series: optional(text),
  /** UTC; without a date in its name the source's modification time. */
  time: optional(time),
  size: optional(count),
  /** The digest that the bytes must have, lower-case hex. */
  digest: optional(hex),
  stagedBytes: optional(count),
  /** Some of its point is here: it comes before others (I13). */
  begun: optional(oneOf(true)),
  /** Its point is the newest of its series that is to come: it comes before older ones of any series, unless `order` is oldest. */
  newest: optional(oneOf(true)),
  /** pull, resume and repair only: its place in the order of transfer, from 1. */
  turn: optional(count),
  /** conflict only. */
  held: optional(hex),
  source: optional(hex),
  /** conflict only: what to do, where more is known of it. */
  hint: optional(text),
  /** expire only: the trash event it is in; left out for staged bytes. */
  trash: optional(text),
  /** What the step relies on: a saved plan is applied only where it still holds. */
  expect: optional(
    object({
      source: nullable(object({ size: count, mtime: time, digest: nullable(hex) })),
      destination: nullable(object({ size: count, digest: nullable(hex) })),
    }),
  ),
})
export type Step = Checked<typeof anyStep>

const MAKES_WHOLE: ReadonlySet<Action> = new Set(MAKING_WHOLE)

/** Whether a step leaves its file published and whole. */
export const makesWhole = ({ action }: Pick<Step, 'action'>): boolean => MAKES_WHOLE.has(action)

/** What a plan of ours never says: a step that relies on nothing, or that brings other bytes than it expects at the source. */
function unsafeStep(step: Step, at: string): string | null {
  const { digest: wanted, size, expect } = step
  if (!makesWhole(step)) return null
  if (expect === undefined || wanted === undefined || size === undefined)
    return `${at} does not say what it expects`
  return step.action === 'adopt' || expect.source?.digest === wanted
    ? null
    : `${at} brings other bytes than it expects`
}

/** Steps of each kind, and the bytes still to be transferred. */
export type PlanSummary = { readonly [Count in Action | 'bytes']: number }
const summary = object(
  Object.fromEntries([...ACTIONS, 'bytes'].map((key) => [key, count])),
) as Check<PlanSummary>

/** Points of one series: those that the rules keep once it has come as expected for long, and those that are held by then. */
const retained = object({ wanted: count, held: count })
export type Retained = Checked<typeof retained>

const backupPlan = object({
  backup: text,
  spec: object({ file: text, line: integer, digest: text }),
  /** For people: `foo@db1:222:.` and the destination's folder. */
  from: text,
  to: text,
  /** Sorted by path, then action. `keep` only where it was asked for. */
  steps: list(both(anyStep, (value, at) => unsafeStep(value as Step, at))),
  halt: nullable(checkedHalt),
  holds: list(checkedHold),
  problems: list(checkedProblem),
  warnings: newer(list(checkedHalt)),
  /** It does not run, so there are no steps; null: it runs. */
  suspended: newer(nullable(suspended)),
  summary,
  /** Each series against what is expected of it. */
  series: list(seriesStatus),
  /** Left out where there are none. */
  beside: optional(besideCount),
  /** Finished files at the source that retention does not want: neither held nor to be brought. */
  unwanted: object({ files: count, bytes: count }),
  /** What the policy comes to in the end; null: nothing is removed, or it is not known how often points come. */
  retained: newer(nullable(retained)),
  /** Bytes free at the destination; null: unknown. */
  free: nullable(amount),
  /** Allowed bytes a second; null: unlimited; 0: bandwidth is off. */
  rate: nullable(amount),
  /** When another rate is in force, by the timetable; null: it stays. */
  rateUntil: newer(nullable(text)),
  /** Seconds the transfer takes, by the timetable; null where the rate is unlimited, or off for good. */
  seconds: nullable(amount),
})
export type BackupPlan = Checked<typeof backupPlan>

/** What `--dry-run --json` prints. Same inputs, same bytes. */
export const PLAN = {
  format: oneOf('reconcile.plan/1'),
  planId: text,
  asOf: time,
  revision: nullable(text),
  backups: list(backupPlan),
  diagnostics: list(checkedDiagnostic),
  /** What concerns many backups at once. Left out where there is nothing. */
  problems: optional(list(checkedProblem)),
  summary,
}
const plan = object(PLAN)
export type Plan = Checked<typeof plan>

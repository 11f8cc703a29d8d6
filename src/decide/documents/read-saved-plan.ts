import {
  amount,
  both,
  count,
  digest,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  parseDocument,
  relPath,
  text,
  time,
} from '../../model/check-json.ts'
import { ACTIONS, makesWhole, type Plan, type Step } from '../../model/plan.ts'
import type { SavedPlan } from '../../model/saved-plan.ts'
import { checkedHalt, checkedHold, checkedProblem } from '../../model/trouble.ts'

const summary = object(Object.fromEntries([...ACTIONS, 'bytes'].map((key) => [key, count])))

const checkedStep = both(
  object({
    action: oneOf(...ACTIONS),
    path: relPath,
    from: optional(relPath),
    because: list(text),
    series: optional(text),
    time: optional(time),
    size: optional(count),
    digest: optional(digest),
    stagedBytes: optional(count),
    begun: optional(oneOf(true)),
    turn: optional(count),
    held: optional(digest),
    source: optional(digest),
    hint: optional(text),
    trash: optional(text),
    expect: optional(
      object({
        source: nullable(object({ size: count, mtime: time, digest: nullable(digest) })),
        destination: nullable(object({ size: count, digest: nullable(digest) })),
      }),
    ),
  }),
  (value, at) => unsafeStep(value as Step, at),
)

/** What a plan of ours never says: a step that relies on nothing, or that brings other bytes than it expects at the source. */
function unsafeStep(step: Step, at: string): string | null {
  const { action, digest: wanted, size, expect } = step
  if (!makesWhole(step)) return null
  if (expect === undefined || wanted === undefined || size === undefined)
    return `${at} does not say what it expects`
  return action === 'adopt' || expect.source?.digest === wanted
    ? null
    : `${at} brings other bytes than it expects`
}

const backup = object({
  backup: text,
  spec: object({ file: text, line: integer, digest: text }),
  from: text,
  to: text,
  steps: list(checkedStep),
  halt: nullable(checkedHalt),
  holds: list(checkedHold),
  problems: list(checkedProblem),
  suspended: optional(
    nullable(
      object({
        reason: nullable(text),
        until: nullable(text),
        by: nullable(object({ user: text, at: text, all: flag })),
        spec: nullable(object({ file: text, line: integer })),
      }),
    ),
  ),
  warnings: optional(list(checkedHalt)),
  summary,
  series: list(
    object({
      series: text,
      pattern: optional(nullable(text)),
      newest: nullable(text),
      expect: nullable(text),
      state: text,
      cause: optional(text),
      points: count,
    }),
  ),
  beside: optional(object({ files: count, names: list(text) })),
  unwanted: object({ files: count, bytes: count }),
  retained: optional(nullable(object({ wanted: count, held: count }))),
  free: nullable(amount),
  rate: nullable(amount),
  rateUntil: optional(nullable(text)),
  seconds: nullable(amount),
})

const plan = object({
  planId: text,
  asOf: time,
  revision: nullable(text),
  backups: list(backup),
  diagnostics: list(
    object({
      file: text,
      line: integer,
      column: integer,
      severity: oneOf('error', 'warning'),
      code: text,
      message: text,
    }),
  ),
  summary,
  specs: optional(object({})),
})

const EARLIER = { retained: null, warnings: [], suspended: null, rateUntil: null }

export type ReadPlan =
  | { readonly plan: SavedPlan }
  /** Of a version that this program does not know. */
  | { readonly format: string }
  | { readonly fault: string }

/** What a saved plan's file holds. Whoever made it is not trusted: paths are safe, numbers are numbers, each backup is in it once. */
export function readSavedPlan(json: string): ReadPlan {
  const parsed = parseDocument(json, 'plan', 'saved plan', plan)
  if (!('value' in parsed)) return parsed
  const read = parsed.value as unknown as Plan
  // What earlier versions did not write.
  const backups = read.backups.map((one) => ({ ...EARLIER, ...one }))
  const found = { specs: {}, ...read, backups }
  const names = found.backups.map((one) => one.backup)
  if (new Set(names).size < names.length) return { fault: 'it contains a backup twice' }
  return { plan: found }
}

/** The document that a plan is saved as. */
export const toSavedPlan = (made: Plan, effective: ReadonlyMap<string, unknown>): SavedPlan => ({
  ...made,
  backups: made.backups.map((one) => ({
    ...one,
    steps: one.steps.filter(({ action }) => action !== 'keep'),
  })),
  specs: Object.fromEntries(
    made.backups.flatMap(({ backup: name }) => (effective.has(name) ? [[name, effective.get(name)]] : [])),
  ),
})

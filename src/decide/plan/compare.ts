import { isObject } from '../../model/is-object.ts'
import type { BackupPlan, Step } from '../../model/plan.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { SavedPlan } from '../../model/saved-plan.ts'

/** What another set of specs would change, a backup at a time; those that nothing changes for are left out. */
export interface PlanComparison {
  readonly backups: readonly BackupComparison[]
}

export interface BackupComparison {
  readonly backup: string
  /** `appears`: only the new plan has it. `vanishes`: only the old one. */
  readonly change: 'appears' | 'vanishes' | 'changes'
  readonly keys: readonly KeyChange[]
  readonly effect: Effect
}

/** One key of the effective spec, dotted. Null: it is not there. Lists are compared whole. */
export interface KeyChange {
  readonly key: string
  readonly before: unknown
  readonly after: unknown
}

export interface Amount {
  readonly files: number
  readonly bytes: number
}

/** How many files the change gives another fate. */
export interface Effect {
  /** To be brought or taken over, and were not before. */
  readonly wanted: Amount
  /** Not to be brought any more. */
  readonly dropped: Amount
  readonly surplus: Amount
  /** Surplus or to be removed before, and kept now. */
  readonly spared: Amount
  /** To be removed. */
  readonly removed: Amount
  /** All others that get another step, and those whose step is gone or new. */
  readonly other: Amount
  /** Bytes still to be transferred: more, or fewer. */
  readonly transfer: number
}

const NONE: Amount = { files: 0, bytes: 0 }

/** What the change from `old` to `now` comes to. Pure; meaningful where both were made of the same look. */
export function comparePlans(old: SavedPlan, now: SavedPlan): PlanComparison {
  const names = new Set([...old.backups, ...now.backups].map(({ backup }) => backup))
  const backups = [...names].toSorted(comparePaths).flatMap((name): readonly BackupComparison[] => {
    const before = old.backups.find(({ backup }) => backup === name)
    const after = now.backups.find(({ backup }) => backup === name)
    const change = before === undefined ? 'appears' : after === undefined ? 'vanishes' : 'changes'
    const keys = change === 'changes' ? changedKeys(specOf(old, name), specOf(now, name)) : []
    const effect = effectOf(before, after)
    const isSame = change === 'changes' && keys.length === 0 && isNothing(effect)
    return isSame ? [] : [{ backup: name, change, keys, effect }]
  })
  return { backups }
}

const specOf = ({ specs }: SavedPlan, name: string): unknown =>
  Object.hasOwn(specs, name) ? specs[name] : undefined

type Fate = 'wanted' | 'surplus' | 'removed' | 'other' | 'kept'

const FATES: Readonly<Record<Step['action'], Fate>> = {
  pull: 'wanted',
  resume: 'wanted',
  adopt: 'wanted',
  repair: 'wanted',
  surplus: 'surplus',
  prune: 'removed',
  wait: 'other',
  conflict: 'other',
  lost: 'other',
  expire: 'kept',
  keep: 'kept',
}

function effectOf(before: BackupPlan | undefined, after: BackupPlan | undefined): Effect {
  const [was, is] = [fatesOf(before), fatesOf(after)]
  const sum: Record<'wanted' | 'dropped' | 'surplus' | 'spared' | 'removed' | 'other', Amount> = {
    wanted: NONE,
    dropped: NONE,
    surplus: NONE,
    spared: NONE,
    removed: NONE,
    other: NONE,
  }
  for (const path of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(path)?.fate ?? 'kept', is.get(path)?.fate ?? 'kept']
    if (old === now) continue
    const bytes = (is.get(path) ?? was.get(path))?.bytes ?? 0
    const kind = now === 'kept' ? (old === 'wanted' ? 'dropped' : old === 'other' ? 'other' : 'spared') : now
    sum[kind] = { files: sum[kind].files + 1, bytes: sum[kind].bytes + bytes }
  }
  return { ...sum, transfer: (after?.summary.bytes ?? 0) - (before?.summary.bytes ?? 0) }
}

/** A path with two steps counts by the graver one: the last of its actions in this order. */
const GRAVITY: readonly Fate[] = ['kept', 'wanted', 'surplus', 'other', 'removed']

function fatesOf(plan: BackupPlan | undefined) {
  const fates = new Map<string, { readonly fate: Fate; readonly bytes: number }>()
  for (const { action, path, size = 0 } of plan?.steps ?? []) {
    const fate = FATES[action]
    const known = fates.get(path)?.fate ?? 'kept'
    if (GRAVITY.indexOf(fate) >= GRAVITY.indexOf(known)) fates.set(path, { fate, bytes: size })
  }
  return fates
}

const isNothing = ({ transfer, ...amounts }: Effect): boolean =>
  transfer === 0 && Object.values(amounts).every(({ files }) => files === 0)

/** Keys whose values differ, dotted, in the order of their names. */
function changedKeys(before: unknown, after: unknown): readonly KeyChange[] {
  const [was, is] = [leavesOf(before), leavesOf(after)]
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => JSON.stringify(was.get(key)) !== JSON.stringify(is.get(key)))
    .toSorted(comparePaths)
    .map((key) => ({ key, before: was.get(key) ?? null, after: is.get(key) ?? null }))
}

function leavesOf(value: unknown, prefix = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (!isObject(value)) {
    if (value !== undefined) found.set(prefix, value)
    return found
  }
  for (const [key, inner] of Object.entries(value)) {
    leavesOf(inner, prefix === '' ? key : `${prefix}.${key}`, found)
  }
  return found
}

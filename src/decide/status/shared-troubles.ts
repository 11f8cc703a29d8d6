import { isWithin } from '../../model/is-within.ts'
import type { BackupStatus, Condition } from '../../model/status.ts'
import type { Hold, Problem } from '../../model/trouble.ts'
import { isSharedFileGone } from '../specs/vanished.ts'
import { isTrouble } from './conditions.ts'
import { isOverSpecs } from './over-specs.ts'

export interface BoxFacts {
  /** The state folder. */
  readonly folder: string
  /** It knows no destination at all. */
  readonly isEmpty: boolean
  /** Specs come from a folder: without its `_defaults.yaml` or `_hosts.yaml` nothing runs. With git, what was obeyed before does. */
  readonly inFolder: boolean
}

/** What stops many backups for one cause: the document reports each cause once, among its own problems. */
export interface SharedTroubles {
  readonly problems: readonly Problem[]
  /** The code of the problem that stands for this hold or problem of one backup; null: it is the backup's own. */
  codeOf(one: Hold | Problem): string | null
}

/**
 * What `holds` and `problems` of several backups have in common: the state folder is lost, or cannot be read; or a guard over all specs. A
 * state folder is lost where it has no memory of several disks that hold backups, or of the only one while it knows none at all.
 */
export function sharedTroubles(
  holds: readonly Hold[],
  problems: readonly Problem[],
  box: BoxFacts,
): SharedTroubles {
  const count = new Set(holds.filter(({ neverSeen }) => neverSeen === true).map(({ id }) => id)).size
  const isLost = count > 1 || (count === 1 && box.isEmpty)
  const ofState = (one: Hold | Problem): boolean =>
    'path' in one && one.path !== undefined && isWithin(one.path, box.folder)
  const overSpecs = holds.filter(({ code }) => isOverSpecs(code))
  const found = [
    ...(isLost ? [stateLost(count, box)] : []),
    ...overSpecs.map((hold) => overAll(hold, box)),
    ...problems.filter(ofState),
  ]
  const said = new Set<string>()
  return {
    problems: found.filter((one) => !said.has(keyOf(one)) && said.add(keyOf(one))),
    codeOf(one) {
      if (isLost && 'neverSeen' in one) return 'state-lost'
      return isOverSpecs(one.code) || ofState(one) ? one.code : null
    },
  }
}

/** Each damaged file is restored by itself; whatever else keeps the state folder from being read is one thing. */
const keyOf = ({ code, message }: Problem): string => (code.startsWith('disk-') ? code : `${code} ${message}`)

/** The same holds and problems, each marked that is reported once for all. */
export function marked<T extends { readonly holds: readonly Hold[]; readonly problems: readonly Problem[] }>(
  one: T,
  { codeOf }: SharedTroubles,
): T {
  const mark = <M extends Hold | Problem>(trouble: M): M => {
    const shared = codeOf(trouble)
    return shared === null ? trouble : { ...trouble, shared }
  }
  return { ...one, holds: one.holds.map(mark), problems: one.problems.map(mark) }
}

/** Whether it may be that others are stopped by the same: what all of them met tells. */
export const mayBeShared = (
  { holds, problems }: { readonly holds: readonly Hold[]; readonly problems: readonly Problem[] },
  folder: string,
): boolean =>
  holds.some(({ neverSeen }) => neverSeen === true) ||
  problems.some(({ path }) => path !== undefined && isWithin(path, folder))

/** Whether nothing else is wrong with a backup than what is reported once for all. */
export const isAllShared = ({
  holds,
  problems,
}: {
  readonly holds: readonly Hold[]
  readonly problems: readonly Problem[]
}): boolean =>
  holds.length + problems.length > 0 && [...holds, ...problems].every(({ shared }) => shared !== undefined)

/** The same of a backup's status, by what its conditions say. */
export function markedStatus(
  status: BackupStatus,
  troubles: readonly (Hold | Problem)[],
  { codeOf }: SharedTroubles,
): BackupStatus {
  const codes = status.conditions.filter(isKnownTrouble).map(({ message }) => {
    const trouble = troubles.find((one) => message.includes(one.message))
    return trouble === undefined ? null : codeOf(trouble)
  })
  const [shared = null] = codes
  return shared === null || codes.includes(null) ? status : { ...status, shared }
}

/** That something is unknown counts only where nothing worse is known, and what stops no backup not at all. */
const isKnownTrouble = (one: Condition): boolean =>
  isTrouble(one) && one.status !== 'unknown' && one.type !== 'Skipped'

function stateLost(count: number, { folder, isEmpty }: BoxFacts): Problem {
  const knows = isEmpty ? 'knows no destination' : 'is new, or not the one used before'
  const what =
    count === 1 ? 'is 1 destination that holds a backup' : `are ${count} destinations that hold a backup`
  return {
    code: 'state-lost',
    message: `the state folder ${folder} ${knows}, and there ${what} already: nothing is written to ${count === 1 ? 'it' : 'them'}`,
    hint: 'Check that the volume of the state folder is mounted, that the same user runs this as before, and --state (`state` in config.yaml). If it is lost, or this box is new, accept these disks as they are: reconcile release --all-destinations --reason "…"',
    retryable: false,
  }
}

const overAll = ({ id, code, message }: Hold, { inFolder }: BoxFacts): Problem => ({
  code,
  message,
  hint: `${isSharedFileGone(code) ? 'Put it back. ' : ''}If that is meant, let it pass: reconcile release ${id} --reason "…"`,
  ...(isSharedFileGone(code) && inFolder ? { retryable: false } : {}),
  release: id,
})

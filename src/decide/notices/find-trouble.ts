import { ALL_BACKUPS, TROUBLE_KINDS, type TroubleKind } from '../../model/notice.ts'
import type { BackupOutcome, LateSeries } from '../../model/outcome.ts'
import { type Diagnostic, type Hold, type Problem, withHint } from '../../model/trouble.ts'
import { isAnomaly } from '../anomaly/problems.ts'
import { isUnderAll } from '../specs/faults.ts'
import { diskQuestion } from '../specs/identity-hold.ts'
import { isOfBox } from '../status/box-problems.ts'
import { worstFirst } from '../status/causes.ts'
import { isDamage } from '../status/exit-code.ts'
import { isNotSeen, isOverSpecs } from '../status/over-specs.ts'
import { type Found, onDisk, type Trouble, trouble } from './trouble.ts'

/** What was found out about a backup. */
export interface Findings {
  readonly backup: string
  readonly troubles: readonly Trouble[]
  /** Kinds of which it is known that what is not among the troubles is over. */
  readonly settled: ReadonlySet<TroubleKind>
  /** They settle only what is told in this: what passes find, or what stands over the spec whatever passes come to. Null: in both. */
  readonly realm: Realm | null
  /** The source was reached, whatever came after that: what kept it from being reached is over. */
  readonly isReached: boolean
  /** Disks that take turns and are not here: what is wrong there is not over. */
  readonly away?: readonly string[]
}

export type Realm = 'pass' | 'spec'

/** What stands over a backup whatever its passes come to: its newest spec does not count, or a guard asks about all specs. */
export interface OverBackup {
  readonly faults: readonly (Pick<Diagnostic, 'code' | 'message' | 'hint'> &
    Partial<Pick<Diagnostic, 'file' | 'line'>>)[]
  readonly holds: readonly Hold[]
}

/**
 * What a pass says of a backup; null: nothing. What is marked as shared, and guards over all specs, are told of all backups at once. `extent`: whether it looked at all that a whole pass looks at. `disk`: under its destination; null: unknown. What a pass could not see
 * (an unreachable source, a halt, its time was up) is not over: it may add trouble, and ends none.
 */
export function findTrouble(
  outcome: BackupOutcome,
  extent: 'whole' | 'part',
  disk: string | null = null,
): Findings | null {
  const { backup, result, problems, halt, turn } = outcome
  if (['busy', 'cancelled', 'suspended'].includes(result) || outcome.stale.length > 0) return null
  const sawAll =
    extent === 'whole' &&
    (result === 'in-sync' || result === 'applied' || (result === 'failed' && problems.length === 0))
  const troubles = [
    ...lost(outcome),
    ...conflict(outcome),
    ...withCause(held(outcome), halt === null ? outcome.holds : [halt], disk),
    ...withCause(failing(outcome), problems, disk),
    ...anomaly(outcome),
    ...lateIn(outcome.late),
    ...pushed(outcome),
  ]
  return {
    backup,
    troubles: turn === undefined ? troubles : troubles.map((one) => onDisk(one, turn.disk, isOfDisk)),
    settled: new Set(sawAll ? TROUBLE_KINDS : []),
    realm: 'pass',
    isReached: sawAll || isReached(outcome),
    ...(turn === undefined ? {} : { away: turn.away }),
  }
}

/** Only a listing shows files that come, wait, or are yet to come. */
const isReached = ({ problems, published, waiting, pending, bytes }: BackupOutcome): boolean =>
  published.length + waiting.length + pending + bytes > 0 && !problems.some(({ code }) => isOfHost(code))

/** Of a backup that one thing alone stops, which may stop others on its host or disk. */
function withCause(
  found: readonly Trouble[],
  [stop]: readonly (Problem | Hold)[],
  disk: string | null,
): readonly Trouble[] {
  return found.map((one): Trouble => {
    const [key, ...others] = one.keys
    if (stop === undefined || key !== stop.code || others.length > 0 || stop.shared !== undefined) return one
    const question = diskQuestion(stop)
    if (question !== null) return { ...one, cause: question }
    if (disk !== null && OF_DISK.test(key)) return { ...one, cause: `${key} ${disk}` }
    return isOfHost(key) && !('path' in stop) ? { ...one, cause: `${key} ${stop.message}` } : one
  })
}

/** Of the way to a machine, which the messages name. */
export const isOfHost = (key: string): boolean =>
  /^(?:host-|connection-|key-|jump-|known-hosts-|identity-|source-silent$)/.test(key)

/** Of the disk under a destination, whatever the messages name. */
const OF_DISK = /^(?:not-mounted|not-encrypted|min-free|disk-(?!path))/

/** Of what this very disk holds, or has room for. */
const isOfDisk = ({ code }: Found): boolean =>
  isDamage(code) || OF_DISK.test(code) || /^(?:anomaly|prune|ledger|marker)-/.test(code) || HELD.has(code)

const HELD: ReadonlySet<string> = new Set([
  'lost',
  'conflict',
  'missing-here',
  'empty',
  'reach-short',
  'max-size',
  'clock-leap',
])

/** Of one that is declared no more: whatever was told of it, nobody waits for its end. */
export const findGone = (backup: string): Findings => ({
  backup,
  troubles: [],
  settled: new Set(TROUBLE_KINDS),
  realm: null,
  isReached: false,
})

/** What stops many backups for one cause, by what passes met. `isAll`: there is nothing else of that. */
export function findShared(problems: readonly Problem[], isAll: boolean): Findings {
  const found = problems.filter(({ code }) => !isOverSpecs(code))
  const isHold = ({ code }: Problem): boolean => code === 'state-lost'
  return {
    backup: ALL_BACKUPS,
    troubles: [
      ...trouble('held', found.filter(isHold).map(toDetail), () => 'held'),
      ...trouble('failing', found.filter((one) => !isHold(one)).map(toDetail), failingText),
    ],
    settled: new Set(isAll ? TROUBLE_KINDS : []),
    realm: 'pass',
    isReached: false,
  }
}

const toDetail = ({ code, path, message, hint }: Problem) => ({
  key: code,
  code,
  ...(path === undefined ? {} : { path }),
  message,
  hint,
})

/** What is known of a backup's series at this moment, also without a pass. */
export const findLate = (backup: string, late: readonly LateSeries[]): Findings => ({
  backup,
  troubles: lateIn(late),
  settled: new Set(['late']),
  realm: 'pass',
  isReached: false,
})

/**
 * What stands over the specs, of each backup and of all of them: a fault of a file under all specs, or one that is named among those of
 * all, is no backup's own. `isAll`: there is nothing else of that.
 */
export function findOverSpecs(
  overEach: ReadonlyMap<string, OverBackup['faults']>,
  { faults, holds }: OverBackup,
  isAll: boolean,
): readonly Findings[] {
  const isShared = (one: OverBackup['faults'][number]): boolean =>
    (one.file !== undefined && isUnderAll(one.file)) ||
    faults.some(({ code, message }) => code === one.code && message === one.message)
  const under = [...overEach.values()].flat().filter(isShared)
  // What is held already need not be said as a fault.
  const isHeld = ({ code }: Pick<Diagnostic, 'code'>): boolean => holds.some((hold) => hold.code === code)
  // What is under a spec, or may have been, hides what is wrong with it.
  const isSeen = isAll && holds.length + under.length === 0
  const own = [...overEach].map(([backup, its]) =>
    findOverSpec(backup, { faults: its.filter((one) => !isShared(one)), holds: [] }, isSeen),
  )
  return [
    findOverSpec(ALL_BACKUPS, { faults: [...faults, ...under].filter((one) => !isHeld(one)), holds }, isAll),
    ...own,
  ]
}

/** Of a backup that does not run, or not as declared now, as its newest spec does not count; or of all, by what is over all specs. */
export function findOverSpec(backup: string, { faults, holds }: OverBackup, isAll: boolean): Findings {
  const once = toldOnce(faults)
  return {
    backup,
    troubles: [
      ...heldBy(null, holds),
      ...trouble(
        'failing',
        once.map(({ file, line, code, message, hint }) => ({
          key: isUnseen(code) ? NOT_SEEN : SPEC,
          code,
          message: file === undefined ? message : `${file}:${line}: ${message}`,
          ...(hint === undefined || hint === '' ? {} : { hint }),
        })),
        (count) => headOver(once, count, backup === ALL_BACKUPS),
      ),
    ],
    settled: new Set(isAll ? ['held', 'failing'] : []),
    realm: 'spec',
    isReached: false,
  }
}

function headOver(faults: OverBackup['faults'], count: number, isOfAll: boolean): string {
  const [which, is, does, has] = isOfAll
    ? ['the newest specs', 'are', 'do', 'have']
    : ['its newest spec', 'is', 'does', 'has']
  if (faults.every(({ code }) => isUnseen(code))) return `${which} ${is} not seen`
  return count === 1 ? `${which} ${does} not count` : `${which} ${has} ${count} faults`
}

/** Why a commit is refused is a fault of the specs too, where nothing was taken before it; no place in a file says more of it. */
const toldOnce = (faults: OverBackup['faults']): OverBackup['faults'] =>
  faults.filter(
    ({ file, line, code, message }, i) =>
      !faults.some(
        (one, j) =>
          one.code === code &&
          one.message === message &&
          (one.file === file && one.line === line ? j < i : one.file === undefined),
      ),
  )

const isUnseen = (code: string): boolean => isNotSeen(code) || code === 'specs-not-found'

/** One thing, whatever its faults are. */
const SPEC = 'spec'
/** Another one: newer specs are not seen at all. */
const NOT_SEEN = 'spec not-seen'

/** Who can tell that what has this key is over. Earlier versions wrote the fault's code behind. */
export const realmOf = (key: string): Realm =>
  key === SPEC || key.startsWith(`${SPEC} `) || isOverSpecs(key) ? 'spec' : 'pass'

const lost = ({ lost: paths }: BackupOutcome): readonly Trouble[] =>
  trouble(
    'lost',
    paths.map((path) => ({
      key: path,
      code: 'lost',
      path,
      message: 'gone or rotten here, and the source no longer has it',
    })),
    (count) => `${files(count)} lost`,
  )

const conflict = ({ conflicts }: BackupOutcome): readonly Trouble[] =>
  trouble(
    'conflict',
    conflicts.map(({ path, held, source, hint }) => ({
      key: `${path} ${source}`,
      code: 'conflict',
      path,
      message: withHint({
        message: `held ${held || 'nothing'}, source ${source}; neither is touched`,
        hint: hint ?? '',
      }),
    })),
    (count) => `${files(count)} in conflict`,
  )

/** Halts too: they are for a person to mend. By their codes: ids, and what the text counts, change with the facts. */
const held = ({ holds, halt }: BackupOutcome): readonly Trouble[] =>
  heldBy(
    halt,
    holds.filter(({ code, shared }) => shared === undefined && !isOverSpecs(code)),
  )

const heldBy = (halt: BackupOutcome['halt'], holds: readonly Hold[]): readonly Trouble[] =>
  trouble(
    'held',
    [
      ...(halt === null || halt.away === true ? [] : [{ key: halt.code, ...halt }]),
      ...holds.map(({ id, code, message }) => ({
        key: code,
        code,
        message,
        hint: `To let it pass, once: reconcile release ${id} --reason "…"`,
      })),
    ],
    (count) => (count === 1 ? (halt === null ? 'held' : 'halted') : `held by ${count} guards`),
  )

/** Single files are told apart only where it is damage: else each name that comes and goes would be news. */
function failing(outcome: BackupOutcome): readonly Trouble[] {
  const { problems, repaired, result, conflicts, lost: gone, pending } = outcome
  // It is well again, and the disk may not be.
  const mended = repaired.map((path) => ({
    key: `repaired ${path}`,
    code: 'repaired',
    path,
    message: 'was rotten or gone here, and is pulled again',
    hint: 'Check the disk, and who else writes there.',
  }))
  const listed = problems
    .filter((one) => one.shared === undefined && !isOfBox(one) && !isAnomaly(one))
    .map((one) => ({
      ...toDetail(one),
      ...(isDamage(one.code) && one.path !== undefined ? { key: `${one.code} ${one.path}` } : {}),
    }))
  const isExplained = result !== 'failed' || problems.length + conflicts.length + gone.length > 0
  const unexplained = {
    key: 'failed',
    code: 'failed',
    message: pending > 0 ? `${files(pending)} could not be brought` : 'the pass failed',
  }
  return trouble('failing', worstFirst([...(isExplained ? listed : [unexplained]), ...mended]), failingText)
}

/** Each by its file: one that is acknowledged ends alone. */
const anomaly = ({ problems }: BackupOutcome): readonly Trouble[] =>
  trouble(
    'anomaly',
    problems.filter(isAnomaly).map((one) => ({ ...toDetail(one), key: `${one.code} ${one.path}` })),
    (count) => (count === 1 ? 'an anomaly' : `${count} anomalies`),
  )

const failingText = (count: number): string => (count === 1 ? 'failing' : `failing, ${count} problems`)

/** By the series alone: each look may know more of the cause, and a newer point that is still too old is no news. */
const lateIn = (late: readonly LateSeries[]): readonly Trouble[] =>
  trouble(
    'late',
    late.map(({ series, message }) => ({ key: `series ${series}`, code: 'late', message })),
    (count) => (count === 1 ? 'late' : `late, ${count} series`),
  )

/** Once, however much more comes: what it is about moves with each point. */
const pushed = ({ warnings }: BackupOutcome): readonly Trouble[] =>
  trouble(
    'pushed',
    warnings.flatMap(({ code, message, hint }) =>
      code === 'points-pushed' ? [{ key: code, code, message, hint }] : [],
    ),
    () => 'points pushed',
  )

const files = (count: number): string => (count === 1 ? '1 file' : `${count} files`)

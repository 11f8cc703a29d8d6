import { isLossAccepted } from '../decide/files/facts.ts'
import { codeOfOutcome } from '../decide/status/exit-code.ts'
import { suspensionOf } from '../decide/status/suspended.ts'
import { readingTime, shareOf } from '../decide/verify/turn.ts'
import type { LedgerRecord } from '../model/holding.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'
import { paceOf } from '../reconcile/pace.ts'
import { verifyBackup } from '../reconcile/verify-backup.ts'
import { openPlace, type Workspace } from './workspace.ts'

/** Seconds to wait for a pass that has the lock, to record what was found. */
const LOCK_WAIT = 60

interface Share {
  /** Whether a pass has something to do about what was found. */
  readonly hasNews: boolean
  /** What no pass reports. */
  readonly unsaid: readonly Problem[]
}

/**
 * Reads the part of a backup that is to be read now, so that each file is read within `verify.every`; null: nothing is. Throws a Failure
 * where the destination cannot be looked at.
 */
async function verifyShare(
  spec: Spec,
  workspace: Workspace,
  {
    goesOn = () => true,
    rests = () => false,
  }: { readonly goesOn?: () => boolean; readonly rests?: () => boolean },
  run: Run,
): Promise<Share | null> {
  if (suspensionOf(spec, await workspace.box.suspensions(), run.now()) !== null) return null
  const destination = await openPlace(spec.destination, spec.name, workspace)
  const holding = await destination.inspect(run)
  const { halt, identity } = holding
  // Of a disk that is not there, or not the one that is meant, passes speak.
  if (halt !== null || identity.strange !== undefined || !identity.hasPrivateFolder) return null
  if (shareOf(holding, spec.verifyEvery, run.now()).length === 0) return null
  const accepted = (record: LedgerRecord) => isLossAccepted(spec, record.path, record)
  const { findings, news } = await verifyBackup(
    destination,
    holding,
    {
      backup: spec.name,
      choose: (now) => ({ chosen: shareOf(now, spec.verifyEvery, run.now()), left: [] }),
      accepted,
      pace: paceOf(null, run.signal, rests),
      goesOn,
      lockWait: LOCK_WAIT,
      by: 'name',
      report: () => {},
    },
    run,
  )
  for (const problem of findings) run.emit({ type: 'problem', backup: spec.name, problem })
  const isUnsaid = ({ code, path }: Problem): boolean => {
    if (code !== 'rot') return code === 'unreadable-here'
    const record = holding.records.get(path as RelPath)
    return record !== undefined && accepted(record)
  }
  return { hasNews: news, unsaid: findings.filter(isUnsaid) }
}

/** For a daemon: reads a share and returns whether a pass has something to do about it. */
export const idleShare =
  (workspace: () => Workspace, run: Run) =>
  async ({ spec }: { readonly spec: Spec }, rests: () => boolean): Promise<boolean> => {
    const share = await verifyShare(spec, workspace(), { rests }, run)
    return share?.hasNews === true
  }

/** What a pass and the one after its verification came to together, with what only the verification knows. */
function joined(
  first: BackupOutcome,
  again: BackupOutcome | null,
  unsaid: Share['unsaid'],
  named: boolean,
): BackupOutcome {
  const last = again ?? first
  const said = new Set(last.warnings.map(({ message }) => message))
  const both =
    again === null
      ? first
      : {
          ...again,
          result: again.result === 'in-sync' ? first.result : again.result,
          warnings: [...first.warnings.filter(({ message }) => !said.has(message)), ...again.warnings],
          published: [...new Set([...first.published, ...again.published])].toSorted(),
          adopted: [...new Set([...first.adopted, ...again.adopted])],
          repaired: [...new Set([...first.repaired, ...again.repaired])],
          pruned: [...new Set([...first.pruned, ...again.pruned])].toSorted(),
          bytes: first.bytes + again.bytes,
          seconds: first.seconds + again.seconds,
        }
  const isLeft = ({ path }: Problem): boolean => !both.repaired.includes(path!)
  const problems = [...last.problems, ...unsaid.filter(isLeft)]
  return {
    ...both,
    problems,
    exitCode: last.result === 'cancelled' ? last.exitCode : codeOfOutcome({ ...both, problems }, named),
  }
}

/**
 * Once nothing is left to transfer: reads what is to be read again by now, of one backup after the other, for a quarter of its schedule at
 * most. What turns out damaged is repaired at once, by another pass.
 */
export async function verifyAfter(
  specs: readonly Spec[],
  outcomes: readonly BackupOutcome[],
  {
    workspace,
    toRead,
    again,
    named,
  }: {
    readonly workspace: Workspace
    /** Those that have something to be read. */
    readonly toRead: ReadonlySet<Spec>
    readonly again: (spec: Spec) => Promise<BackupOutcome>
    readonly named: boolean
  },
  run: Run,
): Promise<readonly BackupOutcome[]> {
  const after: BackupOutcome[] = []
  for (const [i, spec] of specs.entries()) {
    const first = outcomes[i]!
    const ends = performance.now() + readingTime(spec.schedule) * 1000
    const isLooked = first.result === 'in-sync' || first.result === 'applied' || first.result === 'incomplete'
    const goesOn = () => !run.signal.aborted && performance.now() < ends
    const share =
      isLooked && toRead.has(spec) && goesOn()
        ? await verifyShare(spec, workspace, { goesOn }, run).catch((error: unknown) => {
            // The next pass meets it again, and says what it is.
            failureFrom(error)
            return null
          })
        : null
    if (share === null) after.push(first)
    else
      after.push(
        joined(first, share.hasNews && !run.signal.aborted ? await again(spec) : null, share.unsaid, named),
      )
  }
  return after
}

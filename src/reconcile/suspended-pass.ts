import { unobserved } from '../decide/look/unobserved.ts'
import { decideBackup } from '../decide/plan/backup.ts'
import { lateSeries } from '../decide/status/series.ts'
import { suspendPlan } from '../decide/status/suspended.ts'
import type { Instant } from '../model/instant.ts'
import type { LateSeries } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { SuspendedNow } from '../model/suspension.ts'
import { failureFrom } from '../model/system-error.ts'
import { contextOf, openHolds } from './pass-context.ts'
import type { PassOptions, Ports } from './pass-terms.ts'

/**
 * What is to be said of a backup that does not run: which series are late by what the destination holds. The source is not asked,
 * and nothing is written. A destination that cannot be looked at may be the very reason; then nothing is known.
 */
export async function planSuspended(
  ports: Ports,
  spec: Spec,
  suspended: SuspendedNow,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<{ readonly plan: BackupPlan; readonly late: readonly LateSeries[] }> {
  const nothing = unobserved()
  const holding = await look(ports, options, run)
  const observation = holding === null ? nothing : { ...nothing, destination: holding }
  const context = { ...(await contextOf(ports, options, asOf)), isSuspended: true }
  const { plan, views } = decideBackup(spec, observation, context)
  return { plan: suspendPlan(plan, suspended), late: lateSeries(views) }
}

async function look({ destination, box }: Ports, options: PassOptions, run: Run) {
  try {
    const { identity, halt } = await destination.identify(run)
    const isOpen = halt === null && (await openHolds(destination.path, identity, options, box)).length === 0
    return isOpen ? await destination.inspect(run) : null
  } catch (error) {
    run.signal.throwIfAborted()
    failureFrom(error)
    return null
  }
}

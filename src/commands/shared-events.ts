import { isOfBox } from '../decide/status/box-problems.ts'
import { isOverSpecs } from '../decide/status/over-specs.ts'
import { marked, type SharedTroubles } from '../decide/status/shared-troubles.ts'
import type { PassEvent } from '../model/event.ts'
import { isWithin } from '../model/is-within.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import { withHint } from '../model/trouble.ts'
import { sharedBy } from './common-holds.ts'
import { disksNow } from './release.ts'
import type { Workspace } from './workspace.ts'

type Stopped = Extract<PassEvent, { type: 'hold' | 'problem' }>

/** Reports what stops many backups of a daemon once, for as long as it does, in place of an event for each. */
export function sharedEvents(emit: (event: PassEvent) => void, warn: (message: string) => void) {
  const told = new Set<string>()
  const stopped = new Set<string>()
  const later = new Map<string, Stopped[]>()

  function onEvent(event: PassEvent, state: string): void {
    if (event.type === 'hold' && event.hold.neverSeen === true) defer(event)
    else if (event.type === 'problem' && isWithin(event.problem.path ?? '', state)) defer(event)
    // The daemon reports a guard over all specs when it finds it.
    else if (event.type !== 'hold' || !isOverSpecs(event.hold.code)) emit(event)
  }
  const defer = (event: Stopped): void =>
    void later.set(event.backup, [...(later.get(event.backup) ?? []), event])

  /** After a pass. Returns its outcome with what it shares with others marked, what that is, and whether it is all there is of that. */
  async function ended(outcome: BackupOutcome, workspace: Workspace, run: Run) {
    const { backup, problems } = outcome
    let found: SharedTroubles = { problems: [], codeOf: () => null }
    const events = later.get(backup) ?? []
    later.delete(backup)
    stopped.delete(backup)
    if (events.length > 0) {
      const holds = events.some(({ type }) => type === 'hold')
        ? (await disksNow(workspace, run)).flatMap(({ hold }) => hold ?? [])
        : []
      const shared = await sharedBy([{ holds, problems }], workspace)
      found = shared
      for (const event of events)
        if (shared.codeOf(event.type === 'hold' ? event.hold : event.problem) === null) emit(event)
        else stopped.add(backup)
      for (const problem of shared.problems) {
        const { code } = problem
        if (!told.has(code)) warn(`${code}: ${withHint(problem)}`)
        told.add(code)
      }
    }
    if (stopped.size === 0) told.clear()
    const all = [...problems.filter(isOfBox), ...found.problems]
    return { outcome: marked(outcome, found), problems: all, isAll: stopped.size === 0 }
  }
  return { onEvent, ended }
}

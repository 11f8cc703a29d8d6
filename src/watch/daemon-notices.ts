import type { OverBackup } from '../decide/notices/find-trouble.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Settings } from '../model/settings.ts'
import type { DestinationStatus } from '../model/status.ts'
import { type NoticeOptions, openNotices } from './notices.ts'

/** Whoever the settings name is told of what a daemon's passes come to. Nothing here throws. */
export function daemonNotices(settings: () => Settings, options: NoticeOptions) {
  const notices = openNotices(settings, 'watch', options)
  notices.began()
  /** What was last told to stand over each backup's spec. */
  const over = new Map<string, string>()
  return {
    async finished(outcome: BackupOutcome) {
      // One that was told to stop says nothing of the backup.
      if (outcome.result !== 'cancelled') await notices.finished(outcome, 'whole')
    },
    remember(backup: string, last: DestinationStatus | null) {
      const isBad = last !== null && last.exitCode !== 0 && last.result !== 'cancelled'
      notices.remember(backup, isBad ? last.result : null)
    },
    /** What stands over the specs after a look at them, also without a pass. `refusals`: why the newest commit is not taken. */
    async looked(
      { active, broken, holds, removed, renamed }: SpecsDecided,
      declared: { readonly faulty: readonly { readonly name: string }[] },
      refusals: OverBackup['faults'],
    ) {
      const own = new Set([
        ...active.map(({ spec }): string => spec.name),
        ...broken.map((one) => one.backup),
        ...faultyNames(declared),
      ])
      for (const name of own) {
        const faults = [...broken.filter(({ backup }) => backup === name), ...refusals]
        const text = JSON.stringify({ faults, holds })
        if (over.get(name) === text || !(await notices.stands(name, { faults, holds }, true))) continue
        over.set(name, text)
      }
      // Also of one of which nothing stands over its spec: passes may have told something.
      for (const { spec } of [...removed, ...renamed.map(({ from }) => from)]) over.set(spec.name, '')
      for (const name of [...over.keys()]) {
        if (!own.has(name) && (await notices.gone(name))) over.delete(name)
      }
    },
    /** The settings may be others by now: what waits for a hook is sent as they say, and a new one is told of all that stands. */
    reopened() {
      notices.began()
      over.clear()
    },
    late: notices.late,
    ended: () => notices.ended(null),
  }
}

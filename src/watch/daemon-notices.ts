import type { OverBackup } from '../decide/notices/find-trouble.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Settings } from '../model/settings.ts'
import type { DestinationStatus } from '../model/status.ts'
import { type NoticeOptions, openNotices } from './notices.ts'

/** Sends notices and heartbeat calls about a daemon's passes. Nothing here throws. */
export function daemonNotices(settings: () => Settings, options: NoticeOptions) {
  const notices = openNotices(settings, 'watch', options)
  notices.began()
  /** The faults and holds last reported over each backup's spec. */
  const over = new Map<string, string>()
  return {
    locked: notices.locked,
    async finished(outcome: BackupOutcome) {
      // A cancelled pass says nothing about the backup.
      if (outcome.result !== 'cancelled') await notices.finished(outcome, 'whole')
    },
    remember(backup: string, last: DestinationStatus | null) {
      const isBad = last !== null && last.exitCode !== 0 && last.result !== 'cancelled'
      notices.remember(backup, isBad ? last.result : null)
    },
    /** Reports faults and holds over the specs after each read, also without a pass. `refusals`: why the newest commit is not taken. */
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
      // Even without faults or holds over its spec: passes may have reported something.
      for (const { spec } of [...removed, ...renamed.map(({ from }) => from)]) over.set(spec.name, '')
      for (const name of [...over.keys()]) {
        if (!own.has(name) && (await notices.gone(name))) over.delete(name)
      }
    },
    /** The settings may have changed: pending notices go to the hooks they name now, and a new hook gets every open problem. */
    reopened() {
      notices.began()
      over.clear()
    },
    late: notices.late,
    ended: () => notices.ended(null),
  }
}

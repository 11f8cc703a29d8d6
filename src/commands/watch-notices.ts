import { hostname } from 'node:os'
import { openNoticeMemory } from '../destination/notice-memory.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Settings } from '../model/settings.ts'
import type { DestinationStatus } from '../model/status.ts'
import type { SpecFault } from '../model/watched-specs.ts'
import { escapeProse } from '../view/escape-text.ts'
import { openNotices } from '../watch/notices.ts'
import type { ServiceManager } from '../watch/systemd.ts'

/** Whoever the settings name is told of what a daemon's passes come to. Nothing here throws. */
export function watchNotices(
  settings: () => Settings,
  ground: {
    readonly revision: () => string | null
    readonly now: () => Instant
    readonly signal: AbortSignal
    readonly warn: (text: string) => void
  },
) {
  const memory = openNoticeMemory(settings().state)
  const notices = openNotices(settings, 'watch', {
    ...ground,
    memory,
    host: hostname(),
    oneLine: escapeProse,
  })
  notices.began()
  return {
    async finished(outcome: BackupOutcome) {
      // One that was told to stop says nothing of the backup.
      if (outcome.result !== 'cancelled') await notices.finished(outcome, 'whole')
    },
    remember(backup: string, last: DestinationStatus | null) {
      const isBad = last !== null && last.exitCode !== 0 && last.result !== 'cancelled'
      notices.remember(backup, isBad ? last.result : null)
    },
    async broken(faults: readonly SpecFault[]) {
      for (const { backup, ...fault } of faults)
        await notices.faulty(backup, [{ ...fault, severity: 'error' }])
    },
    /** The settings may be others by now: what waits for a hook is sent as they say. */
    reopened: notices.began,
    late: notices.late,
    forget: notices.forget,
    ended: () => notices.ended(null),
  }
}

/** Tells a service manager that asks for it, again and again, that the daemon is alive: what tells is the very thread that works. */
export async function keepAlive(service: ServiceManager, signal: AbortSignal): Promise<void> {
  if (service.watchdogInterval === null || signal.aborted) return
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => void service.alive(), service.watchdogInterval!)
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer)
        resolve()
      },
      { once: true },
    )
  })
}

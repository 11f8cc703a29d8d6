import { hostname } from 'node:os'
import { openNoticeMemory } from '../box/notice-memory.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Settings } from '../model/settings.ts'
import type { DestinationStatus } from '../model/status.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'
import { escapeProse } from '../view/escape-text.ts'
import { openNotices } from '../watch/notices.ts'
import type { ServiceManager } from '../watch/systemd.ts'
import { refusals } from './over-specs.ts'

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
    /** What stands over the specs after a look at them, also without a pass. */
    async looked({ active, broken, holds, removed, renamed }: SpecsDecided, loaded: LoadedSpecs) {
      const own = new Set([
        ...active.map(({ spec }): string => spec.name),
        ...broken.map((one) => one.backup),
        ...faultyNames(loaded),
      ])
      for (const name of own) {
        const faults = [...broken.filter(({ backup }) => backup === name), ...refusals(loaded, ground.now())]
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

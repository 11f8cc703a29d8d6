import { hostname } from 'node:os'
import { openNoticeMemory } from '../box/notice-memory.ts'
import { faultyNames, specFaults } from '../decide/specs/faults.ts'
import type { Result } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import { failureFrom } from '../model/system-error.ts'
import { escapeProse } from '../view/escape-text.ts'
import type { Notices, NoticeUse } from '../watch/notices.ts'
import type { Console } from './argv/console.ts'
import { liveBeat, refusals } from './over-specs.ts'
import { filesOf, openCommonHolds, type Workspace } from './workspace.ts'

type PassNotices = Pick<Notices, 'finished'> & {
  /** The pass is over and its result is printed. Waits a few seconds for what is on its way. */
  ended(result: Result): Promise<void>
}

const SILENT: PassNotices = { finished: async () => {}, ended: async () => {} }

/** Begins to tell whoever the settings name of one pass. Nothing is loaded where they name nobody. */
export async function beginPassNotices(
  workspace: Workspace,
  use: Exclude<NoticeUse, 'watch'>,
  console: Console,
  run: Run,
  log: (text: string) => void,
): Promise<PassNotices> {
  const { settings, loaded } = workspace
  if (settings.notify.length === 0 && settings.heartbeat === null) return SILENT
  const { openNotices } = await import('../watch/notices.ts')
  const warnings: string[] = []
  const notices = openNotices(() => settings, use, {
    memory: openNoticeMemory(settings.state),
    host: hostname(),
    revision: () => loaded.revision,
    now: run.now,
    signal: run.signal,
    warn(text) {
      warnings.push(text)
      log(text)
    },
    oneLine: escapeProse,
  })
  notices.began()
  const faults = refusals(loaded, run.now())
  // Where it cannot be read, each backup says so.
  const common = await openCommonHolds(workspace).catch((error: unknown) => {
    failureFrom(error)
    return null
  })
  const holds = [...loaded.holds, ...(common ?? [])]
  // A daemon that lives knows more of the specs than one look.
  const live = await liveBeat(workspace, run)
  const isAll = live === null && common !== null
  for (const { name } of loaded.specs) await notices.stands(name, { faults, holds }, isAll)
  for (const name of faultyNames(loaded)) {
    const own = specFaults(filesOf(name, loaded), loaded.faults)
    await notices.stands(name, { faults: [...own, ...faults], holds }, isAll)
  }
  return {
    finished: notices.finished,
    async ended(result) {
      // What a daemon holds stands, however well a pass beside it goes.
      const isHeld = result.exitCode === 0 && live !== null && live.holds.length > 0
      await notices.ended(use === 'all' && !isHeld ? result : null)
      // Live progress is over by now. A quiet pass tells it too: who counts on a message that never comes hears of it nowhere else.
      for (const text of new Set(warnings)) console.tell(`warning: ${text}\n`)
    },
  }
}

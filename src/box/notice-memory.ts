import { join } from 'node:path'
import { type Check, count, flag, list, object, optional, record, text } from '../model/check-json.ts'
import type { NoticeBook, NoticeMemory } from '../model/notice.ts'
import { takeFlock } from '../system/lock.ts'
import { makeStateFolder, stateFile } from './state-file.ts'

/** What was reported and what is still to be, in the `state` folder. */
export function openNoticeMemory(stateFolder: string): NoticeMemory {
  const file = stateFile(stateFolder, 'notices', { told: {}, pending: [] }, book)
  return {
    ...file,
    async alone(waitSeconds, signal, act) {
      await makeStateFolder(stateFolder)
      const lock = await takeFlock(join(stateFolder, 'notices.send.lock'), waitSeconds, signal)
      if (lock === null) return false
      try {
        await act()
      } finally {
        lock.close()
      }
      return true
    },
  }
}

const book = object({
  told: record(record(record(object({ since: text, message: text, over: flag, keys: list(text) })))),
  pending: list(
    object({
      hook: text,
      notice: object({ id: text, backup: text, kind: text, message: text }),
      rest: optional(object({ until: text, refusals: count, version: text })),
    }),
  ),
}) as Check<unknown> as Check<NoticeBook>

import { dirname, join } from 'node:path'
import { count, flag, list, matches, object, oneOf, optional, record, text } from '../model/check-json.ts'
import type { NoticeBook, NoticeMemory } from '../model/notice.ts'
import { takeFlock } from '../system/lock.ts'
import { changeState, makeStateFolder, readState } from './state-file.ts'

interface Notices extends NoticeBook {
  readonly format: 'reconcile.notices/1'
}

const EMPTY: NoticeBook = { told: {}, pending: [] }

/** What was reported and what is still to be, in the `state` folder. */
export function openNoticeMemory(stateFolder: string): NoticeMemory {
  const file = join(stateFolder, 'notices.json')
  return {
    async read() {
      const { told, pending } = (await readState(file, isNotices)) ?? EMPTY
      return { told, pending }
    },
    change: (to) =>
      changeState<Notices>(file, isNotices, (before) => {
        const { told, pending } = to(before ?? EMPTY)
        return { format: 'reconcile.notices/1', told, pending }
      }),
    async alone(waitSeconds, signal, act) {
      await makeStateFolder(dirname(file))
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

const told = object({ since: text, message: text, over: flag, keys: list(text) })

const isNotices = matches<Notices>(
  object({
    format: oneOf('reconcile.notices/1'),
    told: record(record(record(told))),
    pending: list(
      object({
        hook: text,
        notice: object({ id: text, backup: text, kind: text, message: text }),
        rest: optional(object({ until: text, refusals: count, version: text })),
      }),
    ),
  }),
)

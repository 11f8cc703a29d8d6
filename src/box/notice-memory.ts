import { dirname, join } from 'node:path'
import { isObject } from '../model/is-object.ts'
import type { NoticeBook, NoticeMemory } from '../model/notice.ts'
import { takeFlock } from '../system/lock.ts'
import { changeState, makeStateFolder, readState } from './state-file.ts'

interface Notices extends NoticeBook {
  readonly format: 'reconcile.notices/1'
}

const EMPTY: NoticeBook = { told: {}, pending: [] }

/** What was told and what is still to be told, in the `state` folder. */
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

const isNotices = (value: unknown): value is Notices =>
  isObject(value) &&
  value['format'] === 'reconcile.notices/1' &&
  isObject(value['told']) &&
  Object.values(value['told']).every(
    (hook) =>
      isObject(hook) &&
      Object.values(hook).every((kinds) => isObject(kinds) && Object.values(kinds).every(isTold)),
  ) &&
  Array.isArray(value['pending']) &&
  value['pending'].every(
    (one) =>
      isObject(one) && typeof one['hook'] === 'string' && isObject(one['notice']) && isNotice(one['notice']),
  )

const isTold = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['since'] === 'string' &&
  typeof value['message'] === 'string' &&
  typeof value['over'] === 'boolean' &&
  Array.isArray(value['keys']) &&
  value['keys'].every((key) => typeof key === 'string')

const isNotice = (notice: Record<string, unknown>): boolean =>
  ['id', 'backup', 'kind', 'message'].every((key) => typeof notice[key] === 'string')

import {
  NOTICE_KINDS,
  type NoticeHook,
  type NoticeKind,
  URL_KINDS,
  type UrlKind,
} from '../../model/notice.ts'
import type { Heartbeat } from '../../model/settings.ts'
import type { ValueReader } from '../spec/value-reader.ts'
import { type KeyPath, keyPathText, valueAt } from '../yaml/located.ts'

/** A sound path, made absolute. `{name}` may be in it where that is its `name`. */
export type ReadFolder = (path: KeyPath, name?: '{name}') => string | undefined

/** The sound ones of `notify`; null: there is none. Each file and address once: what was told is remembered by it. */
export function readHooks(reader: ValueReader, folder: ReadFolder): readonly NoticeHook[] | null {
  const { root, each, fault } = reader
  if (valueAt(root, ['notify'])?.kind !== 'list') return null
  const hooks: NoticeHook[] = []
  each(['notify'], (path) => {
    const hook = readHook(reader, path, folder)
    if (hook === null) return
    if (!hooks.some(({ id }) => id === hook.id)) hooks.push(hook)
    else {
      const at = [...path, hook.kind === 'sendmail' ? 'to' : 'urlFile']
      const message = `${keyPathText(at)}: an entry before it names ${hook.id.replace(/^mailto:/, '')} already`
      fault(at, 'wrong-value', message, 'write both lists of kinds into one "on"')
    }
  })
  return hooks
}

function readHook(reader: ValueReader, path: KeyPath, folder: ReadFolder): NoticeHook | null {
  const { text, each, isWritten, fault } = reader
  const kind = text([...path, 'kind']) ?? 'webhook'
  const isMail = kind === 'sendmail'
  for (const key of isMail ? ['urlFile', 'caFile'] : ['to', 'from']) {
    const at = [...path, key]
    if (isWritten(at)) fault(at, 'wrong-value', `${keyPathText(at)} is not for kind ${kind}`, 'remove it')
  }
  const needed = isMail ? 'to' : 'urlFile'
  if (!isWritten([...path, needed])) {
    fault(path, 'missing-key', `"${needed}" is missing in ${keyPathText(path)}`)
    return null
  }
  const isListed = valueAt(reader.root, [...path, 'on'])?.kind === 'list'
  const kinds = isListed ? each([...path, 'on'], text) : NOTICE_KINDS
  const on = NOTICE_KINDS.filter((one) => kinds.includes(one))
  if (isMail) {
    const to = text([...path, 'to'])
    const from = text([...path, 'from']) ?? null
    return to === undefined ? null : { kind, id: `mailto:${to}`, to, from, on }
  }
  const urlFile = folder([...path, 'urlFile'])
  const caFile = folder([...path, 'caFile']) ?? null
  return urlFile === undefined || !isUrlKind(kind)
    ? null
    : { kind, id: urlFile, urlFile, caFile, on: kind === 'uptime-kuma' ? [...on, ...missingEnd(on)] : on }
}

/** Without the end of trouble, Uptime Kuma would show it for ever. */
const missingEnd = (on: readonly NoticeKind[]): readonly NoticeKind[] =>
  on.includes('recovered') ? [] : ['recovered']

const isUrlKind = (kind: string): kind is UrlKind => (URL_KINDS as readonly string[]).includes(kind)

/** Undefined: there is none, or nothing of it is sound. */
export function readHeartbeat({ isWritten, fault }: ValueReader, folder: ReadFolder): Heartbeat | undefined {
  if (!isWritten(['heartbeat'])) return undefined
  const urlFile = folder(['heartbeat', 'urlFile']) ?? null
  const eachFile = folder(['heartbeat', 'eachFile'], '{name}') ?? null
  const caFile = folder(['heartbeat', 'caFile']) ?? null
  if (!isWritten(['heartbeat', 'urlFile']) && !isWritten(['heartbeat', 'eachFile'])) {
    const message = '"urlFile" is missing in heartbeat, and so is "eachFile"'
    fault(['heartbeat'], 'missing-key', message)
  }
  if (eachFile !== null && !eachFile.includes('{name}')) {
    const message = 'heartbeat.eachFile has no {name}, so all backups would call one URL'
    fault(['heartbeat', 'eachFile'], 'wrong-value', message, 'write it as keys/beat-{name}, or use "urlFile"')
  }
  return urlFile === null && eachFile === null ? undefined : { urlFile, eachFile, caFile }
}

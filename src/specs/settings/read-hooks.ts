import {
  NOTICE_KINDS,
  type NoticeHook,
  type NoticeKind,
  URL_KINDS,
  type UrlKind,
} from '../../model/notice.ts'
import type { Heartbeat } from '../../model/settings.ts'
import {
  type Fault,
  faultAt,
  type KeyPath,
  type Located,
  type LocatedMap,
  placeOf,
  valueAt,
} from '../yaml/located.ts'

interface Reading {
  readonly root: LocatedMap
  readonly faulty: (value: Located) => boolean
  /** A sound path, made absolute. `{name}` may be in it if `named`. */
  readonly folder: (path: KeyPath, named?: 'named') => string | undefined
  readonly fault: (fault: Fault) => void
}

/** The sound ones of `notify`; null: there is none. Each file and address once: what was told is remembered by it. */
export function readHooks(reading: Reading): readonly NoticeHook[] | null {
  const { root, faulty, fault } = reading
  const list = valueAt(root, ['notify'])
  if (list?.kind !== 'list') return null
  const hooks: NoticeHook[] = []
  for (const [index, item] of list.items.entries()) {
    const hook = readHook(reading, index, readKinds(valueAt(item, ['on']), faulty))
    if (hook === null) continue
    if (!hooks.some(({ id }) => id === hook.id)) hooks.push(hook)
    else {
      const key = hook.kind === 'sendmail' ? 'to' : 'urlFile'
      const message = `notify[${index}].${key}: an entry before it names ${hook.id.replace(/^mailto:/, '')} already`
      const at = placeOf(root, ['notify', index, key])
      fault(faultAt(at, 'wrong-value', message, 'write both lists of kinds into one "on"'))
    }
  }
  return hooks
}

function readHook(reading: Reading, index: number, on: readonly NoticeKind[]): NoticeHook | null {
  const { root, folder, fault } = reading
  const at = (key: string): KeyPath => ['notify', index, key]
  const kind = textAt(reading, at('kind')) ?? 'webhook'
  const isMail = kind === 'sendmail'
  for (const key of isMail ? ['urlFile', 'caFile'] : ['to', 'from']) {
    if (valueAt(root, at(key)) === null) continue
    const message = `notify[${index}].${key} is not for kind ${kind}`
    fault(faultAt(placeOf(root, at(key)), 'wrong-value', message, 'remove it'))
  }
  const needed = isMail ? 'to' : 'urlFile'
  if (valueAt(root, at(needed)) === null) {
    const message = `"${needed}" is missing in notify[${index}]`
    fault(faultAt(placeOf(root, ['notify', index]), 'missing-key', message))
    return null
  }
  if (isMail) {
    const to = textAt(reading, at('to'))
    const from = textAt(reading, at('from')) ?? null
    return to === undefined ? null : { kind, id: `mailto:${to}`, to, from, on }
  }
  const urlFile = folder(at('urlFile'))
  const caFile = folder(at('caFile')) ?? null
  return urlFile === undefined || !isUrlKind(kind)
    ? null
    : { kind, id: urlFile, urlFile, caFile, on: kind === 'uptime-kuma' ? [...on, ...missingEnd(on)] : on }
}

/** Without the end of trouble, Uptime Kuma would show it for ever. */
const missingEnd = (on: readonly NoticeKind[]): readonly NoticeKind[] =>
  on.includes('recovered') ? [] : ['recovered']

const isUrlKind = (kind: string): kind is UrlKind => (URL_KINDS as readonly string[]).includes(kind)

function textAt({ root, faulty }: Reading, path: KeyPath): string | undefined {
  const value = valueAt(root, path)
  return value?.kind === 'scalar' && typeof value.value === 'string' && !faulty(value)
    ? value.value
    : undefined
}

const readKinds = (written: Located | null, faulty: (value: Located) => boolean): readonly NoticeKind[] =>
  written?.kind !== 'list'
    ? NOTICE_KINDS
    : NOTICE_KINDS.filter((kind) =>
        written.items.some((item) => item.kind === 'scalar' && item.value === kind && !faulty(item)),
      )

/** Undefined: there is none, or nothing of it is sound. */
export function readHeartbeat({ root, folder, fault }: Reading): Heartbeat | undefined {
  if (valueAt(root, ['heartbeat']) === null) return undefined
  const written = (key: string) => valueAt(root, ['heartbeat', key])
  const urlFile = folder(['heartbeat', 'urlFile']) ?? null
  const eachFile = folder(['heartbeat', 'eachFile'], 'named') ?? null
  const caFile = folder(['heartbeat', 'caFile']) ?? null
  if (written('urlFile') === null && written('eachFile') === null) {
    const message = '"urlFile" is missing in heartbeat, and so is "eachFile"'
    fault(faultAt(placeOf(root, ['heartbeat']), 'missing-key', message))
  }
  if (eachFile !== null && !eachFile.includes('{name}')) {
    const message = 'heartbeat.eachFile has no {name}, so all backups would call one URL'
    const hint = 'write it as keys/beat-{name}, or use "urlFile"'
    fault(faultAt(placeOf(root, ['heartbeat', 'eachFile']), 'wrong-value', message, hint))
  }
  return urlFile === null && eachFile === null ? undefined : { urlFile, eachFile, caFile }
}

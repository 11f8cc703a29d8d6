import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  NOTICE_KINDS,
  type NoticeHook,
  type NoticeKind,
  URL_KINDS,
  type UrlKind,
} from '../../model/notice.ts'
import type { Drill, GitPlace, Heartbeat, Settings } from '../../model/settings.ts'
import { gitReaders, type WrittenGit } from '../git/place.ts'
import { withoutSecrets } from '../git/url.ts'
import { inFolder, readNearPath } from '../spec/near-path.ts'
import { atLeast, bandwidthFault, no, type Parsed, parseDuration, parseRate } from '../spec/units.ts'
import { type ValueReader, valueReader } from '../spec/value-reader.ts'
import { checkShape } from '../yaml/check-shape.ts'
import {
  type Fault,
  type KeyPath,
  keyPathText,
  type Located,
  type LocatedMap,
  type Place,
  plainValue,
  type SourceText,
  valueAt,
} from '../yaml/located.ts'
import { readYaml } from '../yaml/read.ts'

export type WrittenSettings = {
  readonly [Key in Exclude<keyof Settings, 'file' | 'specs'>]?: Settings[Key] | undefined
} & {
  /** Empty: it is written, and faulty. */
  readonly specs?: string
  /** Its URL is empty where any of it is faulty. */
  readonly git?: WrittenGit
}

type GitKey = keyof Omit<GitPlace, 'kind'>

/** What is said of a value that cannot be read. */
const GIT_CODES: Readonly<Record<GitKey, string>> = {
  url: 'bad-git-url',
  ref: 'bad-git-ref',
  subpath: 'unsafe-path',
  interval: 'bad-unit',
  identity: 'unsafe-path',
  knownHosts: 'unsafe-path',
  verifySignatures: 'unsafe-path',
  caFile: 'ca-file-unusable',
}

interface ReadSettings {
  readonly written: WrittenSettings
  readonly faults: readonly Fault[]
}

/** The sound part of a config file, and every fault of it. */
export function readSettings(
  source: SourceText,
  known: { readonly home: string; readonly folder: string },
): ReadSettings {
  const { root, faults: inYaml } = readYaml(source)
  const { written, faults } = readAll(root, inYaml, known)
  const secrets = root === null ? [] : secretsIn(root)
  // They show the lines around them, where a URL may hold a password.
  const quiet = { ...source, text: hidden(withoutPlaces(source.text, root, secrets)) }
  const hide = (text: string) =>
    hidden(secrets.reduce((said, { value }) => said.replaceAll(value, starred(value)), text))
  return {
    written,
    faults: faults.map((fault) => ({
      ...fault,
      message: hide(fault.message),
      ...(fault.hint === undefined ? {} : { hint: hide(fault.hint) }),
      place: { ...fault.place, source: quiet },
    })),
  }
}

/** A URL that stands where the file of one belongs is as secret as in that file. */
const hidden = (text: string): string =>
  withoutSecrets(text).replace(/(?<=File['"]?\s*:[\s>|"'-]*\w+:\/\/)[^\s"',}\]]+/g, (url) =>
    '*'.repeat(url.length),
  )

interface Secret {
  readonly place: Place
  readonly value: string
}

/** A host's name before a path, with or without a scheme. */
const LIKE_URL = /^\w+:\/\/|^(?:[^\s/@]*@)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?[/?]/i
/** Keys that somebody may take for `urlFile`. */
const LIKE_KEY = /^(?:ur[il]|.*hook)s?$/i

/** URLs that stand where only their files belong, whatever their keys. */
function secretsIn(root: Located, key = '', isTop = true): readonly Secret[] {
  if (root.kind === 'list') return root.items.flatMap((item) => secretsIn(item, key, false))
  if (root.kind === 'map')
    return [...root.entries].flatMap(([name, { value }]) =>
      isTop && PUBLIC.has(name) ? [] : secretsIn(value, name, false),
    )
  const { place, value } = root
  const isSecret =
    typeof value === 'string' && (LIKE_URL.test(value) || (LIKE_KEY.test(key) && !/^[~/.]|^$/.test(value)))
  return isSecret ? [{ place, value }] : []
}

/** A repository's URL, of which only logins are secret, and folders. */
const PUBLIC: ReadonlySet<string> = new Set(['git', 'specs', 'state', 'roots'])

/** As long as it was, and on as many lines. */
const starred = (text: string): string =>
  text.replace(
    /^(["']?(?:\w+:\/\/)?)([\s\S]*?)(["']?)$/,
    (_, scheme: string, secret: string, end: string) => scheme + secret.replace(/\S/g, '*') + end,
  )

/** Of a text that is no YAML, whatever follows such a key. */
function withoutPlaces(text: string, root: Located | null, secrets: readonly Secret[]): string {
  if (root === null) return text.replace(/(?<=(?:File|\bur[il])['"]?\s*:[\s>|"'-]*)[^\s"',}\]]+/gi, starred)
  return secrets.reduce(
    (left, { place: { start, end } }) =>
      left.slice(0, start) + starred(left.slice(start, end)) + left.slice(end),
    text,
  )
}

function readAll(
  root: LocatedMap | null,
  inYaml: readonly Fault[],
  known: { readonly home: string; readonly folder: string },
): ReadSettings {
  if (root === null) return { written: {}, faults: inYaml.filter(({ code }) => code !== 'empty') }
  const shape = checkShape('config', root, 'whole')
  const reader = valueReader(root, plainValue(root), shape)
  const { read, plain, each, isFaulty, isWritten, fault } = reader
  const readFolder =
    (name: string | null, isFile: boolean) =>
    (text: string): Parsed<string> => {
      const near = (path: string) => readNearPath(path, 'any', { home: known.home, name })
      if (/^(?:\/|~\/)/.test(text)) return near(text)
      const [host = ''] = text.split('/', 1)
      if (/^\w+:\/\//.test(text) || (isFile && LIKE_URL.test(text) && !existsSync(join(known.folder, host))))
        return no('is a URL: write it into a file, and its path here')
      const base = near(known.folder)
      return base.ok ? near(inFolder(known.folder, text)) : no(`lies in ${known.folder}, which ${base.fault}`)
    }
  const folder: ReadFolder = (path, name) =>
    read(path, 'unsafe-path', readFolder(name ?? null, /File$/.test(String(path.at(-1)))))

  const specs = folder(['specs'])
  if (isWritten(['git']) && isWritten(['specs'])) {
    const message = 'git and specs exclude each other: specs lie in one place'
    fault(['git'], 'wrong-value', message, 'remove one of them')
  }
  const readers = gitReaders(known)
  const parts = Object.entries(GIT_CODES).flatMap(([key, code]) => {
    const value = read(['git', key], code, readers[key as GitKey] as (text: string) => Parsed<unknown>)
    return value === undefined ? [] : [[key, value]]
  })
  const git = valueAt(root, ['git'])?.place
  // Fetched otherwise than as written, it would fail a second time, or bring what is not meant.
  const isBad = [...inYaml, ...shape, ...reader.faults].some(
    ({ severity, place: { start, end } }) =>
      severity === 'error' && git !== undefined && start >= git.start && end <= git.end,
  )
  const state = folder(['state'])
  const concurrency = isFaulty(['concurrency']) ? undefined : plain<number | undefined>(['concurrency'])
  const bandwidth = read(['bandwidth'], 'bad-unit', parseRate)
  const tooLittle = bandwidthFault(bandwidth ?? null, concurrency ?? 2)
  if (tooLittle !== null) fault(['bandwidth'], 'out-of-range', tooLittle, 'raise it, or lower "concurrency"')
  const roots = each(['roots'], (path) => folder(path) ?? []).flat()
  const notify = readHooks(reader, folder)
  const heartbeat = readHeartbeat(reader, folder)
  const drills = readDrills(reader)
  return {
    written: {
      ...(isWritten(['specs']) ? { specs: specs ?? '' } : {}),
      ...(git === undefined ? {} : { git: { ...Object.fromEntries(parts), ...(isBad ? { url: '' } : {}) } }),
      ...{ state, concurrency, bandwidth, notify, heartbeat, drills },
      // A faulty root allows nothing more than the others do.
      ...(isWritten(['roots']) ? { roots } : {}),
    },
    faults: [...inYaml, ...shape, ...reader.faults],
  }
}

/** A sound path, made absolute. `{name}` may be in it where that is its `name`. */
type ReadFolder = (path: KeyPath, name?: '{name}') => string | undefined

/** The sound ones of `notify`; undefined: there is none. Each file and address once: what was told is remembered by it. */
function readHooks(reader: ValueReader, folder: ReadFolder): readonly NoticeHook[] | undefined {
  const { root, each, fault } = reader
  if (valueAt(root, ['notify'])?.kind !== 'list') return undefined
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

const SHELL = /^(?:.*\/)?(?:ba|da|z|k|a)?sh$/

/** The sound ones of `drills`. */
function readDrills({ root, plain, read, fault, isFaulty, isWritten }: ValueReader): readonly Drill[] {
  const written = valueAt(root, ['drills'])
  if (written?.kind !== 'map') return []
  return [...written.entries.keys()].flatMap((name): readonly Drill[] => {
    const path = ['drills', name]
    const isBare = valueAt(root, path)?.kind === 'list'
    const at = isBare ? path : [...path, 'command']
    const list = valueAt(root, at)
    if (list?.kind !== 'list' || isFaulty(at) || list.items.some((_, i) => isFaulty([...at, i]))) return []
    const command = plain<readonly string[]>(at)
    const [program = ''] = command
    if (program.includes('/') && !program.startsWith('/')) {
      const message = `${keyPathText(at)}: ${program} is neither absolute nor a bare name`
      fault(
        [...at, 0],
        'unsafe-path',
        message,
        'it would be looked up in the scratch folder: write its whole path',
      )
    }
    const code = SHELL.test(program) ? command.findIndex((word, i) => /^-\w*c$/.test(word) && i > 0) + 1 : 0
    if (code > 0 && command[code]?.includes('{path}') === true) {
      const message = `${keyPathText(at)}: a file's name would be run as part of the shell's code`
      fault([...at, code], 'wrong-value', message, 'write "$1" there, and after it: sh, "{path}"')
    }
    const timeout = isBare || !isWritten([...path, 'timeout']) ? undefined : [...path, 'timeout']
    const seconds = timeout === undefined ? HOUR : read(timeout, 'out-of-range', atLeast(parseDuration, 1))
    return seconds === undefined ? [] : [{ name, command, timeout: seconds }]
  })
}

/** Seconds. */
const HOUR = 3600

/** Undefined: there is none, or nothing of it is sound. */
function readHeartbeat({ isWritten, fault }: ValueReader, folder: ReadFolder): Heartbeat | undefined {
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

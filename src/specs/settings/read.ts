import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { GitPlace, Settings } from '../../model/settings.ts'
import { gitReaders, type WrittenGit } from '../git/place.ts'
import { withoutSecrets } from '../git/url.ts'
import { inFolder, readNearPath } from '../spec/near-path.ts'
import { bandwidthFault, type Parsed, parseRate } from '../spec/units.ts'
import { checkShape } from '../yaml/check-shape.ts'
import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPathText,
  type Located,
  type LocatedMap,
  type Place,
  placeOf,
  type SourceText,
  valueAt,
} from '../yaml/located.ts'
import { readYaml } from '../yaml/read.ts'
import { readHeartbeat, readHooks } from './read-hooks.ts'

export type WrittenSettings = Partial<Omit<Settings, 'file' | 'specs'>> & {
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
  const faults = [...inYaml, ...checkShape('config', root, 'whole')]
  const faulty = (value: Located) => faults.some(({ place }) => place === value.place)
  const read = <T>(path: KeyPath, reader: (text: string) => Parsed<T>, code: string): T | undefined => {
    const value = valueAt(root, path)
    if (value?.kind !== 'scalar' || typeof value.value !== 'string' || faulty(value)) return undefined
    const parsed = reader(value.value)
    if (parsed.ok) return parsed.value
    const message = `${keyPathText(path)}: ${JSON.stringify(value.value)} ${parsed.fault}`
    faults.push(faultAt(placeOf(root, path), code, message))
    return undefined
  }
  const readFolder =
    (name: string | null, isFile: boolean) =>
    (text: string): Parsed<string> => {
      const near = (path: string) => readNearPath(path, 'any', { home: known.home, name })
      if (/^(?:\/|~\/)/.test(text)) return near(text)
      const [host = ''] = text.split('/', 1)
      if (/^\w+:\/\//.test(text) || (isFile && LIKE_URL.test(text) && !existsSync(join(known.folder, host))))
        return { ok: false, fault: 'is a URL: write it into a file, and its path here' }
      const base = near(known.folder)
      return base.ok
        ? near(inFolder(known.folder, text))
        : { ok: false, fault: `lies in ${known.folder}, which ${base.fault}` }
    }
  const folder = (path: KeyPath, named?: 'named') =>
    read(
      path,
      readFolder(named === undefined ? null : '{name}', /File$/.test(String(path.at(-1)))),
      'unsafe-path',
    )

  const specs = folder(['specs'])
  const git = valueAt(root, ['git'])
  if (git !== null && valueAt(root, ['specs']) !== null) {
    const message = 'git and specs exclude each other: specs lie in one place'
    faults.push(faultAt(placeOf(root, ['git']), 'wrong-value', message, 'remove one of them'))
  }
  const readers = gitReaders(known)
  const parts = Object.entries(GIT_CODES).flatMap(([key, code]) => {
    const value = read(['git', key], readers[key as GitKey] as (text: string) => Parsed<unknown>, code)
    return value === undefined ? [] : [[key, value]]
  })
  // Fetched otherwise than as written, it would fail a second time, or bring what is not meant.
  const isFaulty = faults.some(
    ({ severity, place: { start, end } }) =>
      severity === 'error' && git !== null && start >= git.place.start && end <= git.place.end,
  )
  const writtenGit: WrittenGit = { ...Object.fromEntries(parts), ...(isFaulty ? { url: '' } : {}) }
  const state = folder(['state'])
  const concurrency = valueAt(root, ['concurrency'])
  const slots = concurrency?.kind === 'scalar' && !faulty(concurrency) ? Number(concurrency.value) : undefined
  const bandwidth = read(['bandwidth'], parseRate, 'bad-unit')
  const tooLittle = bandwidthFault(bandwidth ?? null, slots ?? 2)
  if (tooLittle !== null) {
    const hint = 'raise it, or lower "concurrency"'
    faults.push(faultAt(placeOf(root, ['bandwidth']), 'out-of-range', tooLittle, hint))
  }
  const list = valueAt(root, ['roots'])
  const roots =
    list?.kind === 'list' ? [...list.items.keys()].map((index) => folder(['roots', index])) : undefined
  const reading = { root, faulty, folder, fault: (fault: Fault) => void faults.push(fault) }
  const notify = readHooks(reading)
  const heartbeat = readHeartbeat(reading)
  return {
    written: {
      ...(valueAt(root, ['specs']) === null ? {} : { specs: specs ?? '' }),
      ...(git === null ? {} : { git: writtenGit }),
      ...(state === undefined ? {} : { state }),
      ...(slots === undefined ? {} : { concurrency: slots }),
      ...(bandwidth === undefined ? {} : { bandwidth }),
      // A faulty root allows nothing more than the others do.
      ...(list === null ? {} : { roots: (roots ?? []).flatMap((root) => root ?? []) }),
      ...(notify === null ? {} : { notify }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    },
    faults,
  }
}

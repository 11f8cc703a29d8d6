import type { Settings } from '../model/settings.ts'
import { checkShape } from './check-shape.ts'
import { gitReaders, type WrittenGit } from './git-place.ts'
import {
  type Fault,
  type KeyPath,
  keyPathText,
  type Located,
  placeOf,
  type SourceText,
  valueAt,
} from './located.ts'
import { readNearPath } from './near-path.ts'
import { readYaml } from './read-yaml.ts'
import { type Parsed, parseRate } from './units.ts'

export type WrittenSettings = Partial<Omit<Settings, 'file' | 'specs'>> & {
  readonly specs?: string
  readonly git?: WrittenGit
}

/** Through the share of each slot the rate must still reach rsync as more than 0, which means unlimited there. */
const MIN_RATE = 1024

/** The sound part of a config file, and every fault of it. */
export function readSettings(
  source: SourceText,
  known: { readonly home: string; readonly folder: string },
): { readonly written: WrittenSettings; readonly faults: readonly Fault[] } {
  const { root, faults: inYaml } = readYaml(source)
  if (root === null) return { written: {}, faults: inYaml.filter(({ code }) => code !== 'empty') }
  const faults = [...inYaml, ...checkShape('config', root, 'whole')]
  const faulty = (value: Located) => faults.some(({ place }) => place === value.place)
  const read = <T>(path: KeyPath, reader: (text: string) => Parsed<T>, code: string): T | undefined => {
    const value = valueAt(root, path)
    if (value?.kind !== 'scalar' || typeof value.value !== 'string' || faulty(value)) return undefined
    const parsed = reader(value.value)
    if (parsed.ok) return parsed.value
    faults.push({
      place: placeOf(root, path),
      severity: 'error',
      code,
      message: `${keyPathText(path)}: ${JSON.stringify(value.value)} ${parsed.fault}`,
    })
    return undefined
  }
  const readFolder = (text: string): Parsed<string> =>
    readNearPath(/^(?:\/|~\/)/.test(text) ? text : `${known.folder}/${text}`, 'any', {
      home: known.home,
      name: null,
    })
  const folder = (path: KeyPath) => read(path, readFolder, 'unsafe-path')

  const specs = folder(['specs'])
  const git = valueAt(root, ['git'])
  if (git !== null && valueAt(root, ['specs']) !== null) {
    faults.push({
      place: placeOf(root, ['git']),
      severity: 'error',
      code: 'wrong-value',
      message: 'git and specs exclude each other: specs lie in one place',
      hint: 'remove one of them',
    })
  }
  const readers = gitReaders(known)
  const part = <Key extends keyof WrittenGit>(key: Key, code: string) => {
    const value = read<NonNullable<WrittenGit[Key]>>(
      ['git', key],
      readers[key] as (text: string) => Parsed<NonNullable<WrittenGit[Key]>>,
      code,
    )
    return value === undefined ? {} : { [key]: value }
  }
  const writtenGit: WrittenGit = {
    ...part('url', 'bad-git-url'),
    ...part('ref', 'bad-git-ref'),
    ...part('subpath', 'unsafe-path'),
    ...part('interval', 'bad-unit'),
    ...part('identity', 'unsafe-path'),
    ...part('knownHosts', 'unsafe-path'),
    ...part('verifySignatures', 'unsafe-path'),
  }
  const state = folder(['state'])
  const concurrency = valueAt(root, ['concurrency'])
  const slots = concurrency?.kind === 'scalar' && !faulty(concurrency) ? Number(concurrency.value) : undefined
  const bandwidth = read(['bandwidth'], parseRate, 'bad-unit')
  if (bandwidth !== undefined && bandwidth !== null && bandwidth < MIN_RATE * (slots ?? 2)) {
    faults.push({
      place: placeOf(root, ['bandwidth']),
      severity: 'error',
      code: 'out-of-range',
      message: `bandwidth leaves each of ${slots ?? 2} backups at once less than 1KiB/s, the least that rsync can hold`,
      hint: 'raise it, or lower "concurrency"',
    })
  }
  const list = valueAt(root, ['roots'])
  const roots =
    list?.kind === 'list' ? [...list.items.keys()].map((index) => folder(['roots', index])) : undefined
  return {
    written: {
      ...(specs === undefined ? {} : { specs }),
      ...(git === null ? {} : { git: writtenGit }),
      ...(state === undefined ? {} : { state }),
      ...(slots === undefined ? {} : { concurrency: slots }),
      ...(bandwidth === undefined ? {} : { bandwidth }),
      // A faulty root allows nothing more than the others do.
      ...(list === null ? {} : { roots: (roots ?? []).flatMap((root) => root ?? []) }),
    },
    faults,
  }
}

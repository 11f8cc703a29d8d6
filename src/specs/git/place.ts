import type { GitPlace } from '../../model/settings.ts'
import { readCaFile } from '../../system/ca-file.ts'
import { readFarPath } from '../spec/far-place.ts'
import { inFolder, readNearPath } from '../spec/near-path.ts'
import { type Parsed, parseDuration } from '../spec/units.ts'
import { readGitRef } from './ref.ts'
import { readGitUrl } from './url.ts'

/** What is written of a place in git: in config.yaml, by flags, or by both. */
export type WrittenGit = Partial<Omit<GitPlace, 'kind'>>

/** Seconds. A server is not to be asked all the time. */
const LEAST_INTERVAL = 5

const DEFAULTS = {
  ref: 'HEAD',
  subpath: '',
  interval: 60,
  identity: '/etc/reconcile/keys/git',
  knownHosts: '/etc/reconcile/known_hosts',
  verifySignatures: null,
  caFile: null,
} as const

/** The place, where a URL is written. */
export const gitPlace = ({ url, ...written }: WrittenGit & Pick<GitPlace, 'url'>): GitPlace => ({
  kind: 'git',
  url,
  ...DEFAULTS,
  ...written,
})

/** How each of its values is read. `folder`: what a relative path counts from. */
export const gitReaders = (known: {
  readonly home: string
  readonly folder: string
}): {
  readonly [Key in keyof Omit<GitPlace, 'kind'>]: (text: string) => Parsed<NonNullable<GitPlace[Key]>>
} => {
  const near = (text: string): Parsed<string> =>
    readNearPath(inFolder(known.folder, text), 'ssh-file', {
      home: known.home,
      name: null,
    })
  return {
    url: (text) => readGitUrl(text.startsWith('~/') ? `${known.home}${text.slice(1)}` : text),
    ref: readGitRef,
    subpath: (text) => {
      if (text.startsWith('/'))
        return { ok: false, fault: 'is absolute; it is relative to the top of the repository' }
      const path = readFarPath(text)
      return path.ok && path.value === '.' ? { ok: true, value: '' } : path
    },
    interval: (text) => {
      const seconds = parseDuration(text)
      return seconds.ok && seconds.value < LEAST_INTERVAL
        ? { ok: false, fault: `is below ${LEAST_INTERVAL}s` }
        : seconds
    },
    identity: near,
    knownHosts: near,
    verifySignatures: near,
    caFile: (text) => {
      const path = near(text)
      return path.ok ? readableCa(path.value) : path
    },
  }
}

/** Without it no commit can be fetched, so what is wrong with it is a fault of the setting. */
function readableCa(path: string): Parsed<string> {
  const read = readCaFile(path)
  return read.ok ? { ok: true, value: path } : { ok: false, fault: `cannot be used: ${read.fault}` }
}

import { createHash } from 'node:crypto'
import stringify from 'safe-stable-stringify'
import { type DigestKind, toDigest } from '../../model/digest.ts'
import type { Finished, LocalPlace, Spec, SshPlace } from '../../model/spec.ts'
import { toBackupName } from './backup-name.ts'
import { buildRules, type RulesDocument } from './build-rules.ts'
import { buildTimes, type TimesDocument } from './build-times.ts'
import type { SpecContext } from './check-values.ts'
import { readFarPath, readHop, readListing } from './far-place.ts'
import { readNearPath } from './near-path.ts'
import { parseDuration, parseSize, sound } from './units.ts'

/** A spec as written, with defaults and name filled in: what the schema describes. Plain JSON data. */
export interface SpecDocument extends RulesDocument, Pick<TimesDocument, 'schedule' | 'suspend'> {
  readonly version: 1
  readonly name: string
  readonly source: {
    readonly host?: string
    readonly port: number
    readonly user: string
    readonly path: string
    readonly identity: string
    readonly knownHosts: string
    readonly jump: readonly string[]
    readonly listing?: string
    readonly protocol?: number
    readonly algorithms: 'default' | 'legacy'
  }
  /** Left out: marker. It is not a default of the schema, so that specs of before it keep their digests. */
  readonly finished?: 'marker' | { readonly sums?: string; readonly quiet?: string }
  readonly checksum: DigestKind
  readonly select: { readonly include: readonly string[]; readonly exclude: readonly string[] }
  readonly destination: {
    readonly path: string
    readonly mount?: string
    readonly encrypted?: 'required'
    readonly minFree: string
    readonly maxSize?: string
  }
  readonly transfer: TimesDocument['transfer'] & {
    readonly timeout: string
    readonly maxFileSize?: string
    readonly order: 'newest' | 'oldest'
  }
  readonly acknowledge: readonly { readonly path: string; readonly digest: string; readonly reason: string }[]
}

/** The spec of a document in which no fault was found. */
export function buildSpec(
  document: SpecDocument,
  at: {
    readonly file: string
    readonly line: number
    readonly suspend: { readonly file: string; readonly line: number }
  },
  { home }: SpecContext,
): Spec {
  const { name, source, destination, transfer } = document
  const { bandwidth, ...times } = buildTimes(document, at.suspend)
  const near = (text: string): string => sound(readNearPath(text, 'any', { home, name }))
  const size = (text: string | undefined): number | null =>
    text === undefined ? null : sound(parseSize(text))
  const listing = source.listing === undefined ? null : sound(readListing(source.listing))
  const place: SshPlace | LocalPlace =
    source.host === undefined
      ? { kind: 'local', path: near(source.path), listing }
      : {
          kind: 'ssh',
          host: source.host,
          port: source.port,
          user: source.user,
          path: sound(readFarPath(source.path)),
          identity: near(source.identity),
          knownHosts: near(source.knownHosts),
          jump: source.jump.map((hop) => sound(readHop(hop))),
          listing,
          protocol: source.protocol ?? null,
          algorithms: source.algorithms,
        }
  return {
    name: given(toBackupName(name)),
    file: at.file,
    line: at.line,
    digest: documentDigest(document),
    source: place,
    finished: buildFinished(document.finished),
    checksum: document.checksum,
    select: document.select,
    ...buildRules(document),
    destination: {
      path: near(destination.path),
      mount: destination.mount === undefined ? null : near(destination.mount),
      ...(destination.encrypted === undefined ? {} : { encrypted: destination.encrypted }),
      minFree: sound(parseSize(destination.minFree)),
      maxSize: size(destination.maxSize),
    },
    transfer: {
      bandwidth,
      timeout: sound(parseDuration(transfer.timeout)),
      maxFileSize: size(transfer.maxFileSize),
      order: transfer.order,
    },
    acknowledge: document.acknowledge.map(({ path, digest, reason }) => ({
      path,
      digest: given(toDigest(digest)),
      reason,
    })),
    ...times,
  }
}

function buildFinished(written: SpecDocument['finished'] = 'marker'): Finished {
  if (written === 'marker') return { kind: 'marker' }
  const { sums, quiet } = written
  return sums === undefined
    ? { kind: 'quiet', seconds: sound(parseDuration(quiet!)) }
    : { kind: 'sums', name: sums }
}

/** sha256 of the canonical form: comments, layout, key order and the file's place do not change it. */
const documentDigest = (document: SpecDocument): string =>
  createHash('sha256').update(stringify(document)).digest('hex')

function given<T>(value: T | null): T {
  if (value === null) throw new Error('a checked value is not valid')
  return value
}

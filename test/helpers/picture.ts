import type { PlanContext } from '../../src/decide/plan/context.ts'
import type { StatusFacts } from '../../src/decide/status/facts.ts'
import { plainRate } from '../../src/decide/time/timetable.ts'
import type { Digest } from '../../src/model/digest.ts'
import {
  type HeldFile,
  type Holding,
  type LedgerRecord,
  nothingHeld,
  type Seen,
  type StagedFile,
} from '../../src/model/holding.ts'
import { instant } from '../../src/model/instant.ts'
import type { Observation, SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile } from '../../src/model/source-file.ts'
import type { BackupName, Spec } from '../../src/model/spec.ts'
import type { PassOptions } from '../../src/reconcile/pass-context.ts'

/** Noon of the day on which every pictured look is made. */
export const NOON = instant(Date.UTC(2026, 10, 23, 12))

/** What plans of pictures are made with. */
export const context = (over: Partial<PlanContext> = {}): PlanContext => ({
  asOf: NOON,
  passBegan: over.asOf ?? NOON,
  when: 'planned',
  from: 'source',
  bandwidth: plainRate(null),
  all: false,
  asked: false,
  policy: { holds: [], lastGood: null },
  released: new Set(),
  holds: [],
  halt: null,
  ...over,
})

/** What is asked of a pass where nothing special is. */
export const options = (over: Partial<PassOptions> = {}): PassOptions => ({
  lockWait: 0,
  bandwidth: plainRate(null),
  revision: null,
  policy: { holds: [], lastGood: null },
  named: false,
  all: false,
  holds: [],
  saved: null,
  promise: 'keep',
  work: 'all',
  ...over,
})

/** A digest a person can tell apart: md5 for `A` is aaaa…, for `B` bbbb…; sha256 likewise. */
export const md5 = (letter: string): Digest => letter.toLowerCase().repeat(32) as Digest
export const sha256 = (letter: string): Digest => letter.toLowerCase().repeat(64) as Digest

export const spec = (over: Partial<Spec> = {}): Spec => ({
  name: 'postgres' as BackupName,
  file: '/specs/postgres.yaml',
  line: 1,
  digest: '0'.repeat(64),
  source: { kind: 'local', path: '/src', listing: null },
  finished: { kind: 'marker' },
  checksum: 'md5',
  select: { include: ['**'], exclude: [] },
  series: { patterns: [], timezone: 'UTC' },
  retain: null,
  expect: [],
  prune: { mode: 'never', keepAtLeast: 3, minAge: 7 * 86_400, trashFor: 7 * 86_400 },
  prove: null,
  verifyEvery: 30 * 86_400,
  destination: { path: '/dest', mount: null, rotate: false, minFree: 0, maxSize: null },
  transfer: { bandwidth: plainRate(null), timeout: 60, maxFileSize: null, order: 'newest' },
  acknowledge: [],
  schedule: { kind: 'every', seconds: 3600 },
  suspend: null,
  ...over,
})

/**
 * A picture of both sides, a line a thing:
 *
 *   remote a.tar 10 A      at the source, 10 bytes, marker claims A (`-` for none, `?` for one that cannot be read)
 *   listed a.tar           a list file names it, and it is not there
 *   held a.tar 10 A        here with its marker, and in the ledger as A
 *   pair a.tar 10 A        here with a marker that says A (`?`: nothing), unknown to the ledger
 *   bare a.tar 10          here without a marker, unknown to the ledger
 *   ours a.tar 10 A        here without a marker, in the ledger as A
 *   spoilt a.tar 10 A    in the ledger as A, with a marker that is not the one we published
 *   gone a.tar 10 A        in the ledger as A, not here
 *   staged a.tar 4         four bytes in staging
 *
 * A size of the form 10!11 is a ledger's 10 against 11 on disk. Letters are A to F.
 */
export function picture(text: string, completeness: SourceView['completeness'] = 'complete'): Observation {
  const files = new Map<RelPath, SourceFile>()
  const held = new Map<RelPath, HeldFile>()
  const records = new Map<RelPath, LedgerRecord>()
  const staged = new Map<RelPath, StagedFile>()
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue
    const [kind, name, sizes = '0', letter = '-'] = line.split(/\s+/)
    const path = name as RelPath
    const [ledgerSize, diskSize] = sizes.split('!').map(Number)
    const size = diskSize ?? ledgerSize ?? 0
    const record: LedgerRecord = {
      path,
      size: ledgerSize ?? 0,
      md5: md5(letter),
      sha256: sha256(letter),
      mtime: 1000,
      markerMtime: 2000,
      markerSize: 40,
      since: instant(0),
      readAt: NOON,
      planId: null,
    }
    const marker = { path: `${name}.md5`, digest: letter === '?' ? null : md5(letter) }
    if (kind === 'remote') {
      const claimed = { state: 'claimed', suffix: '.md5', size: 40, mtime: 2000 } as const
      files.set(path, {
        listed: { size, mtime: 1000 },
        marker:
          letter === '-'
            ? { state: 'none' }
            : letter === '?'
              ? { state: 'unreadable' }
              : { ...claimed, digest: md5(letter), text: `${md5(letter)}  ${name}\n` },
      })
    } else if (kind === 'listed') files.set(path, { listed: null, marker: { state: 'none' } })
    else if (kind === 'staged') staged.set(path, { size })
    else {
      const isPair = kind === 'held' || kind === 'pair'
      const spoilt = { path: `${name}.md5`, digest: null, isWrong: true } as const
      if (kind !== 'gone')
        held.set(path, { size, marker: isPair ? marker : kind === 'spoilt' ? spoilt : null })
      if (kind !== 'pair' && kind !== 'bare') records.set(path, record)
    }
  }
  return {
    source: { completeness, files, problems: [] },
    destination: holding({ files: held, records, staged }),
  }
}

export const holding = (over: Partial<Holding> = {}): Holding => ({
  ...nothingHeld,
  identity: { found: 'id', expected: 'id', lastSeenAt: '/dest', hasPrivateFolder: true },
  created: instant(0),
  lastTime: NOON,
  head: { seq: 1, hash: 'h' },
  free: 1e12,
  halt: null,
  ...over,
})

export const seen = (over: Partial<Seen> = {}): Seen => ({
  listed: { size: 10, mtime: 1000 },
  marker: { state: 'claimed', suffix: '.md5', digest: md5('A'), size: 40, mtime: 2000, text: null },
  readAt: NOON,
  stagedFor: null,
  gate: null,
  waitingSince: null,
  ...over,
})

/** A look at a destination of which nothing is known. */
export const statusFacts = (over: Partial<StatusFacts> = {}): StatusFacts => ({
  backup: 'a',
  place: { path: '/d' },
  spec: null,
  holding: null,
  last: null,
  rotation: null,
  halt: null,
  hold: null,
  suspension: null,
  holders: [],
  progress: null,
  disk: null,
  watch: null,
  overSpecs: null,
  stale: [],
  silentSince: null,
  specFaults: [],
  written: null,
  ...over,
})

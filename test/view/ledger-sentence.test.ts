import { expect, test } from 'vitest'
import { zoneOf } from '../../src/decide/time/zone.ts'
import type { FileEvent, LedgerEvent, LedgerLine } from '../../src/model/ledger-event.ts'
import { ledgerSentence } from '../../src/view/ledger-sentence.ts'
import { entryText } from '../../src/view/render-log.ts'

const file: Omit<FileEvent, 'event'> = {
  path: 'db.tar',
  size: 1500,
  md5: '60303ae22b998861bce3b28f33eec1be',
  sha256: 'f'.repeat(64),
  marker: { name: 'db.tar.md5', text: '' },
  mtime: 1,
  markerMtime: 1,
  planId: 'd923f93e3b01e9c3',
  revision: '0123456789abcdef',
}
const trash = { path: 'db.tar', trash: 'T1' }
const prune = {
  ...trash,
  event: 'prune-begin' as const,
  series: 'db',
  point: '2026-11-20T22:59:59Z',
  planId: null,
  revision: null,
  policy: null,
  basis: null,
}

const drill = {
  drill: 'pg',
  series: 'db',
  point: '2026-11-20T22:59:59Z',
  files: 1,
  paths: ['db.tar'],
  bytes: 1500,
  restoreSeconds: 12,
  drillSeconds: 180,
}

/** Each kind, by its name: a new one does not compile until it is here. */
const SAID: {
  readonly [E in LedgerEvent['event']]: readonly (readonly [LedgerEvent & { event: E }, string])[]
} = {
  created: [[{ event: 'created', id: 'a-b' }, 'this destination began, with the id a-b']],
  published: [
    [
      { ...file, event: 'published' },
      'published db.tar (1.5 KiB, md5 60303ae2): db.tar.md5 at the source vouches for it; plan d923f93e, commit 01234567',
    ],
    [
      { ...file, event: 'published', from: 'DB', vouched: 'sums', planId: null, revision: null },
      'published db.tar (1.5 KiB, md5 60303ae2), DB at the source: a sums file at the source vouches for it',
    ],
    [
      { ...file, event: 'published', anomalies: [{ kind: 'size', size: 10, median: 1500, points: 5 }] },
      'published db.tar (1.5 KiB, md5 60303ae2): db.tar.md5 at the source vouches for it; unusually small: 10 B, and the median of the 5 before it is 1.5 KiB; plan d923f93e, commit 01234567',
    ],
    [
      { ...file, event: 'published', vouched: 'source', planId: null },
      "published db.tar (1.5 KiB, md5 60303ae2): the source's own rsync vouches for it; commit 01234567",
    ],
  ],
  adopted: [
    [
      { ...file, event: 'adopted', revision: null },
      'adopted db.tar (1.5 KiB, md5 60303ae2), which was here already: db.tar.md5 vouches for it; plan d923f93e',
    ],
  ],
  repaired: [
    [
      { ...file, event: 'repaired', revision: null },
      'repaired db.tar (1.5 KiB, md5 60303ae2) with the bytes that were published before; plan d923f93e',
    ],
  ],
  'repair-begin': [
    [
      { ...file, event: 'repair-begin', quarantine: 'Q1', revision: null },
      'began to repair db.tar (1.5 KiB, md5 60303ae2); the damaged copy goes to quarantine/Q1; plan d923f93e',
    ],
  ],
  'repair-done': [
    [
      { event: 'repair-done', path: 'db.tar', quarantine: 'Q1' },
      'the repair of db.tar is done; what was there before is in quarantine/Q1',
    ],
  ],
  rot: [
    [
      { event: 'rot', path: 'db.tar', quarantine: 'Q1' },
      'db.tar was found rotten: its bytes are not what its marker says, and the marker is in quarantine/Q1',
    ],
  ],
  recovered: [
    [
      { event: 'recovered', bytes: 1200, quarantine: 'Q1' },
      "the ledger's last write was cut off: 1,200 bytes of it are in quarantine/Q1",
    ],
  ],
  rebuilt: [
    [
      { event: 'rebuilt', oldHead: '7:ab', quarantine: 'Q1' },
      'the ledger was started anew: the old one is in quarantine/Q1; its head was 7:ab',
    ],
    [
      { event: 'rebuilt', oldHead: null, quarantine: null },
      'the ledger was started anew: there was none before',
    ],
  ],
  released: [
    [
      { event: 'released', hold: '1a2b', code: 'prune-cliff', reason: 'as agreed', by: 'ann' },
      'ann released the hold 1a2b (prune-cliff): as agreed',
    ],
  ],
  'clock-believed': [
    [
      { event: 'clock-believed' },
      'the clock is believed from here on: what an unbelieved one dated happened by now at the latest',
    ],
  ],
  verified: [
    [{ event: 'verified', path: 'db.tar' }, 'read db.tar again: the bytes are those that were published'],
  ],
  same: [
    [
      { event: 'same', path: 'db-1.tar', from: 'db.tar', mtime: 1_790_000_000 },
      "the source's db.tar of 2026-09-21T14:13:20Z has the same bytes as db-1.tar: nothing was pulled",
    ],
  ],
  rotten: [
    [
      { event: 'rotten', path: 'db.tar' },
      'read db.tar again, and it has rotted: the bytes are not those that were published',
    ],
  ],
  damaged: [
    [{ event: 'damaged', path: 'db.tar', code: 'missing-here' }, 'db.tar is gone, and no prune removed it'],
    [{ event: 'damaged', path: 'db.tar', code: 'marker-missing' }, 'the marker of db.tar is gone'],
    [
      { event: 'damaged', path: 'db.tar', code: 'marker-altered' },
      'the marker of db.tar is not what was published',
    ],
  ],
  foreign: [
    [
      { event: 'foreign', paths: ['a', 'b', 'c', 'd'] },
      'found under the destination, and not in the ledger: 4 files (a, b, c, …)',
    ],
    [{ event: 'foreign', paths: [] }, 'everything under the destination is in the ledger again'],
  ],
  proven: [
    [
      { ...drill, event: 'proven' },
      'the point of 2026-11-20T22:59:59Z of series db (1 file, 1.5 KiB) is proven: restored in 12 s, and the drill pg passed in 3 min',
    ],
    [
      { ...drill, event: 'proven', point: null, files: 2000, paths: ['a', 'b', 'c', 'd', 'e'] },
      'a, … of series db (2,000 files, 1.5 KiB) is proven: restored in 12 s, and the drill pg passed in 3 min',
    ],
  ],
  'drill-failed': [
    [
      { ...drill, event: 'drill-failed', why: 'exit code 1' },
      'the point of 2026-11-20T22:59:59Z of series db (1 file, 1.5 KiB) is not proven: the drill pg failed: exit code 1',
    ],
  ],
  'prune-terms': [
    [
      {
        event: 'prune-terms',
        policy: 'aabbccddee',
        basis: 'b',
        keepAtLeast: 3,
        minAge: 604800,
        trashFor: 86400,
      },
      'removals go by these terms from here on: at least 3 points kept, surplus for 7d first, 24h in the trash, policy aabbccdd',
    ],
    [
      { event: 'prune-terms', policy: 'aabbccddee', basis: 'b' },
      'removals go by these terms from here on: policy aabbccdd',
    ],
  ],
  surplus: [
    [{ event: 'surplus', paths: ['a', 'b'] }, 'no rule keeps a, b any more'],
    [{ event: 'surplus', paths: ['a', 'b', 'c', 'd'] }, 'no rule keeps 4 files (a, b, c, …) any more'],
  ],
  wanted: [[{ event: 'wanted', paths: ['a'] }, 'the rules keep a again']],
  'prune-begin': [
    [
      { ...prune, by: 'policy', reason: 'outside last=3', trashFor: 604800, planId: 'd923f93e3b01e9c3' },
      'began to remove db.tar (series db, point of 2026-11-20T22:59:59Z): outside last=3; to trash/T1 for 7d; plan d923f93e',
    ],
    [
      { ...prune, by: 'person', reason: 'holds a secret' },
      'began to remove db.tar (series db, point of 2026-11-20T22:59:59Z): a person said: holds a secret; to trash/T1',
    ],
  ],
  'prune-done': [
    [{ ...trash, event: 'prune-done' }, 'removed db.tar; it is in trash/T1'],
    [
      { ...trash, event: 'prune-done', failed: true },
      'db.tar was not removed after all: it is as it was before',
    ],
  ],
  'undo-begin': [
    [
      { ...trash, event: 'undo-begin', reason: 'needed', by: 'ann' },
      'ann began to bring db.tar back out of trash/T1: needed',
    ],
  ],
  'undo-done': [
    [{ ...trash, event: 'undo-done' }, 'db.tar is back out of trash/T1'],
    [{ ...trash, event: 'undo-done', failed: true }, 'db.tar was not brought back: all is as it was before'],
  ],
  'trash-expired': [
    [{ ...trash, event: 'trash-expired' }, 'db.tar left the trash for good: its time in trash/T1 was over'],
  ],
  'staging-abandoned': [
    [
      { event: 'staging-abandoned', path: 'db.tar', why: 'gone at the source' },
      'the staged bytes of db.tar are not wanted any more: gone at the source',
    ],
  ],
  'staging-wanted': [
    [{ event: 'staging-wanted', path: 'db.tar' }, 'the staged bytes of db.tar are wanted again'],
  ],
  'staging-expired': [
    [
      { event: 'staging-expired', path: 'db.tar' },
      'the staged bytes of db.tar were removed: nothing wanted them',
    ],
  ],
}

const stamped = (event: object): LedgerLine =>
  ({ seq: 1, append: 1, time: '2026-11-24T03:00:00.123Z', prev: '', hash: '', ...event }) as LedgerLine

test.each(Object.values(SAID).flat())('%j', (event, sentence) => {
  expect(ledgerSentence(stamped(event))).toBe(sentence)
})

test('a kind that a later version wrote, and a clock that was not believed', () => {
  expect(ledgerSentence(stamped({ event: 'sung' }))).toBe('a line that this version does not know: sung')
  expect(ledgerSentence(stamped({ event: 'clock-believed', clock: 'leapt' }))).toMatch(
    /\(the clock was not believed: leapt\)$/,
  )
})

test('an entry: local times with their zone, escaped, folded; of several ledgers with its name', () => {
  const event = {
    event: 'released',
    hold: '1a2b',
    code: 'c',
    reason: 'a\u001b[2J\nb at 2026-07-01T00:00:00Z.tar',
    by: 'ann',
  }
  const shape = { width: 60, zone: zoneOf('Europe/Oslo'), named: true }
  expect(entryText({ backup: 'pg', line: stamped(event), isBreak: true }, shape)).toBe(
    [
      '! damaged here: lines before this one were changed or removed',
      '2026-11-24 04:00 +01:00  pg: ann released the hold 1a2b',
      '    (c): a\\x1b[2J b at 2026-07-01T00:00:00Z.tar',
      '',
    ].join('\n'),
  )
})

import { describe, expect, test } from 'vitest'
import { plainRate } from '../../../src/decide/time/timetable.ts'
import { md5 } from '../../helpers/picture.ts'
import { plan, type Told } from '../../helpers/told-plan.ts'

const KEPT = ['keep 21: complete, daily 2', 'keep 22: complete, last 1, daily 1']

const unpruned = (told: Told = {}): Told => ({ ...told, prune: { mode: 'never' } })

describe('what is said of files under daily=2', () => {
  test.each<[string, string, Told, readonly string[]]>([
    ['what comes', 'remote 22, remote 21, remote 20', {}, ['pull 21: daily 2', 'pull 22: last 1, daily 1']],
    [
      'what is held',
      'held 22, held 21, held 20',
      {},
      ['surplus 20: outside last=1 daily=2, kept (prune: never)', ...KEPT],
    ],
    [
      'what matches no pattern',
      'remote y, held z',
      {},
      [
        'pull y: matches no pattern: kept, never pruned',
        'keep z: complete, matches no pattern: kept, never pruned',
        '! pattern-fits-nothing',
      ],
    ],
    // Points that are not finished.
    [
      'a volume without its marker: the point is waited for, and counts for nothing',
      'remote 22.p1, remote 22.p2 -, remote 21, remote 20',
      {},
      [
        'pull 20: daily 2',
        'pull 21: last 1, daily 1',
        'pull 22.p1: last 1, daily 1',
        'wait 22.p2: no .md5 yet',
      ],
    ],
    [
      'the newest three without a marker displace no older ones',
      'remote 22 -, remote 21 -, remote 20 -, held 19, held 18',
      {},
      [
        'keep 18: complete, daily 2',
        'keep 19: complete, last 1, daily 1',
        'wait 21: no .md5 yet',
        'wait 22: no .md5 yet',
      ],
    ],
    [
      'a volume that is lost: the rest of its point is no surplus',
      'held 22, held 21, held 20.p1, gone 20.p2',
      {},
      [
        'keep 20.p1: complete, its point is not whole',
        `lost 20.p2: the ledger says we had it, it is gone here, and the source no longer has it, its md5 was ${md5('A')}`,
        ...KEPT,
      ],
    ],
    [
      'a volume that appears late: its point was begun, and is brought whole',
      'held 22, held 21, held 20.p1, remote 20.p2',
      {},
      ['keep 20.p1: complete, begun', 'pull 20.p2: begun', ...KEPT],
    ],
    // Dates.
    [
      'dated ahead: kept, and counted by no rule',
      'held 22, held 21, held 28',
      {},
      [...KEPT, 'keep 28: complete, dated over a day ahead: kept, not counted', '! dated-ahead 28'],
    ],
    [
      'dated ahead at the source: brought',
      'held 22, held 21, remote 28',
      {},
      [...KEPT, 'pull 28: dated over a day ahead: kept, not counted', '! dated-ahead 28'],
    ],
    ['dated ahead by less than a day: counted', 'remote 23', {}, ['pull 23: last 1, daily 1']],
    [
      'an mtime weeks before the date',
      'remote 22',
      { mtimes: { 22: Date.UTC(2026, 10, 1) / 1000 } },
      ['pull 22: last 1, daily 1, its name says 2026-11-22T23:59:59.999Z, its mtime 2026-11-01T00:00:00Z'],
    ],
    [
      'an mtime over a day after the date',
      'remote 20',
      { mtimes: { 20: Date.UTC(2026, 10, 22) / 1000 } },
      ['pull 20: last 1, daily 1, its name says 2026-11-20T23:59:59.999Z, its mtime 2026-11-22T00:00:00Z'],
    ],
    [
      'an mtime of the day before, and one of the morning after',
      'remote 22, remote 21',
      { mtimes: { 22: Date.UTC(2026, 10, 21, 1) / 1000, 21: Date.UTC(2026, 10, 22, 23) / 1000 } },
      ['pull 21: daily 2', 'pull 22: last 1, daily 1'],
    ],
    // Gone, rotten, too large, and not wanted.
    ['gone and unwanted', 'held 22, held 21, gone 10, remote 10', {}, [...KEPT, '! missing-here 10']],
    [
      'gone, unwanted and acknowledged',
      'held 22, held 21, gone 10, remote 10',
      { spec: { acknowledge: [{ path: 'db-2026-11-10.tar', digest: md5('A'), reason: '' }] } },
      KEPT,
    ],
    [
      'rotten and unwanted: kept as it was published',
      'held 22, held 21, held 20, remote 20',
      { records: { 20: { isRotten: true } } },
      [
        'repair 20: its bytes are not those we published, the source still has the bytes we published',
        ...KEPT,
      ],
    ],
    [
      'too large: only told where it is wanted',
      'held 22, held 21, remote 20, remote 23',
      { spec: { transfer: { bandwidth: plainRate(null), timeout: 60, maxFileSize: 9, order: 'newest' } } },
      [...KEPT, '! too-large 23'],
    ],
    [
      'in conflict, held and unwanted: told',
      'held 22, held 21, held 20, remote 20 B',
      {},
      ['conflict 20: same name, different md5; neither is touched', ...KEPT],
    ],
    // Removed before.
    [
      'removed by a person: never again, not even where it is wanted',
      'held 22, gone 21, remote 21',
      { pruned: { 21: { by: 'person' } } },
      ['keep 22: complete, last 1, daily 1'],
    ],
    ['removed by the policy', 'held 22, held 21, gone 20, remote 20', { pruned: { 20: {} } }, KEPT],
    [
      'removed by a policy that has grown since: wanted again',
      'held 22, held 21, gone 20, remote 20',
      { pruned: { 20: { trash: null } }, retain: 'daily=3' },
      ['pull 20: daily 3', ...KEPT],
    ],
    [
      'removed by a policy that has grown since, and still in the trash: how it comes back without a transfer',
      'held 22, held 21, gone 20, remote 20',
      { pruned: { 20: {} }, retain: 'daily=3' },
      ['pull 20: daily 3, it is still in the trash: prune --undo restores it without a transfer', ...KEPT],
    ],
    [
      'removed, and other at the source: silent while nothing wants it',
      'held 22, held 21, gone 20, remote 20 B',
      { pruned: { 20: {} } },
      KEPT,
    ],
    [
      'removed, and other at the source: a conflict where it is wanted',
      'held 22, held 21, gone 20, remote 20 B',
      { pruned: { 20: {} }, retain: 'daily=3' },
      ['conflict 20: was held here and is gone; the source has different bytes under this name', ...KEPT],
    ],
  ])('%s', (_, text, told, wanted) => {
    expect(plan(text, unpruned(told))).toEqual(wanted)
  })

  test.each(['incomplete', 'unknown'] as const)('a look that is %s makes nothing surplus', (look) => {
    expect(plan('held 22, held 21, held 20', unpruned({ look }))).toEqual([
      'keep 20: complete, it is not known whether it is wanted',
      ...KEPT,
    ])
  })

  test('no retention: all is selected, and nothing surplus', () => {
    expect(plan('held 22, held 02, remote 01', { spec: { retain: null } })).toEqual([
      'pull 01: selected',
      'keep 02: complete, selected',
      'keep 22: complete, selected',
    ])
  })

  test('without a pattern a name without a date is kept by itself', () => {
    const told = unpruned({ spec: { series: { patterns: [], timezone: 'UTC' } }, mtimes: { y: 1000 } })
    expect(plan('remote 22, remote 21, remote y', told)).toEqual([
      'pull 21: daily 2',
      'pull 22: last 1, daily 1',
      'pull y: no date in its name',
    ])
  })

  test('a new mtime alone does not bring again what was removed', () => {
    const told = unpruned({
      spec: { series: { patterns: [], timezone: 'UTC' } },
      pruned: { 20: {} },
      records: { 20: { mtime: Date.UTC(2026, 10, 20) / 1000 } },
      mtimes: { 20: Date.UTC(2026, 10, 23) / 1000 },
    })
    expect(plan('held 22, held 21, gone 20, remote 20', told)).toEqual(KEPT)
  })
})

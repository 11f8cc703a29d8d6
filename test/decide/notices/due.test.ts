import { describe, expect, test } from 'vitest'
import { foldNotices, restingNotice, withoutNotice } from '../../../src/decide/notices/due.ts'
import {
  findGone,
  findLate,
  findOverSpec,
  findTrouble,
  type OverBackup,
} from '../../../src/decide/notices/find-trouble.ts'
import { instant } from '../../../src/model/instant.ts'
import {
  ALL_BACKUPS,
  NOTICE_KINDS,
  type NoticeBook,
  type NoticeHook,
  type NoticeKind,
} from '../../../src/model/notice.ts'
import type { BackupOutcome, LateSeries } from '../../../src/model/outcome.ts'
import { outcome } from '../../view/sample-documents.ts'

const conflict = (path: string, source = 'b'.repeat(32)) => ({ path, held: 'a'.repeat(32), source })
const problem = (code: string, path?: string) => ({
  code,
  ...(path === undefined ? {} : { path }),
  message: `${code} it is`,
  hint: 'do',
})
const late = (series: string, at: string): LateSeries => ({
  series,
  message: `${series}: no complete point yet; one was due ${at} and is not here at ${at}`,
})

/** Passes, one an hour, told to these hooks; what each of them made new. */
function lifeOf(
  on: readonly NoticeKind[] = NOTICE_KINDS,
  more: readonly Pick<NoticeHook, 'id' | 'on'>[] = [],
) {
  const hooks = [{ id: '/ops', on }, ...more]
  let book: NoticeBook = { told: {}, pending: [] }
  let hours = 0
  const tell = (found: ReturnType<typeof findTrouble>, deliver: boolean) => {
    const at = instant(Date.UTC(2026, 10, 24, hours++))
    if (found === null) return []
    const teller = { at, host: 'box', revision: 'c0ffee', others: 2, stamp: `t${hours}` }
    const next = foldNotices(book, hooks, found, teller)
    const fresh = next.pending.filter((one) => !book.pending.includes(one))
    book = deliver ? fresh.reduce(withoutNotice, next) : next
    return fresh.map(({ notice }) => notice)
  }
  const kinds = (found: ReturnType<typeof findTrouble>) => tell(found, true).map(({ kind }) => kind)
  return {
    pass: (more: Partial<BackupOutcome>, extent: 'whole' | 'part' = 'whole') =>
      kinds(findTrouble(outcome(more), extent)),
    notices: (more: Partial<BackupOutcome>) => tell(findTrouble(outcome(more), 'whole'), true),
    undelivered: (more: Partial<BackupOutcome>) => tell(findTrouble(outcome(more), 'whole'), false),
    /** What is pending was refused for good. */
    refuse: () => {
      const rest = { until: '2026-11-25T00:00:00Z', refusals: 1, version: 'v' }
      book = book.pending.reduce((before, one) => restingNotice(before, one, rest), book)
    },
    late: (...series: LateSeries[]) => kinds(findLate('postgres', series)),
    gone: () => kinds(findGone('postgres')),
    stands: (over: Partial<OverBackup>, isAll = true) =>
      kinds(findOverSpec('postgres', { faults: [], holds: [], ...over }, isAll)),
    pending: () => book.pending.map(({ hook, notice }) => `${hook} ${notice.kind} ${notice.message}`),
    book: () => book,
  }
}

const failed = { result: 'failed', exitCode: 1 } as const
const inConflict = { result: 'failed', exitCode: 6, conflicts: [conflict('a')] } as const

describe('on change only', () => {
  test('a pass without trouble is never told', () => {
    const { pass, book } = lifeOf()
    expect([pass({}), pass({ result: 'applied', published: ['a'] })]).toEqual([[], []])
    expect(book()).toEqual({ told: {}, pending: [] })
  })

  test('each kind is told when it begins, once, and recovered when all is over', () => {
    const { pass } = lifeOf()
    const all = {
      ...inConflict,
      lost: ['b'],
      late: [late('db', '2026-11-23T03:00:00Z')],
      holds: [{ id: 'h1', code: 'prune-late', message: 'held' }],
      problems: [problem('wait-overdue', 'x')],
    }
    expect(pass(all)).toEqual(['lost', 'conflict', 'held', 'failing', 'late'])
    expect(pass(all)).toEqual([])
    expect(pass({ ...inConflict, late: all.late })).toEqual([])
    expect(pass({})).toEqual(['recovered'])
    expect(pass({})).toEqual([])
    expect(pass(inConflict)).toEqual(['conflict'])
  })

  test('what a pass says anew each time is no change: times, the ids of holds, names of files that wait', () => {
    const { pass } = lifeOf()
    const state = (i: number) => ({
      ...failed,
      result: 'applied' as const,
      late: [late('db', `2026-11-23T0${i}:00:00Z`)],
      holds: [{ id: `h${i}`, code: 'prune-late', message: `held ${i}` }],
      problems: Array.from({ length: i }, (_, n) => problem('wait-overdue', `x${i}-${n}`)),
    })
    expect(pass(state(1))).toEqual(['held', 'failing', 'late'])
    expect(pass(state(2))).toEqual([])
  })

  test.each<[string, Partial<BackupOutcome>, NoticeKind]>([
    ['another path in conflict', { ...inConflict, conflicts: [conflict('a'), conflict('b')] }, 'conflict'],
    [
      'the same path with a third digest',
      { ...inConflict, conflicts: [conflict('a', 'c'.repeat(32))] },
      'conflict',
    ],
    [
      'another problem',
      { ...inConflict, problems: [problem('rot', 'r'), problem('unreadable', 'u')] },
      'failing',
    ],
    [
      'the same damage to another file',
      { ...inConflict, problems: [problem('rot', 'r'), problem('rot', 's')] },
      'failing',
    ],
    ['another series late', { ...inConflict, late: [late('db', 'T'), late('wiki', 'T')] }, 'late'],
  ])('%s is told again', (_, next, kind) => {
    const { pass } = lifeOf()
    pass({ ...inConflict, problems: [problem('rot', 'r')], late: [late('db', 'T')] })
    expect(pass(next)).toEqual([kind])
  })

  test('less of the same is not told, and coming back it is', () => {
    const { pass } = lifeOf()
    const two = { ...inConflict, conflicts: [conflict('a'), conflict('b')] }
    expect([pass(two), pass(inConflict), pass(two)]).toEqual([['conflict'], [], ['conflict']])
  })
})

test('what is new comes first', () => {
  const { notices } = lifeOf()
  notices({ ...inConflict, conflicts: [conflict('a'), conflict('b')] })
  const [grown] = notices({ ...inConflict, conflicts: [conflict('a'), conflict('b'), conflict('new')] })
  expect(grown!.message).toMatch(/^3 files in conflict, 1 new: new: held .* \(and 2 more\)$/)
  expect(grown!.details.map(({ path }) => path)).toEqual(['new', 'a', 'b'])
})

describe('what one host or disk does to several', () => {
  const hooks = [{ id: '/ops', on: NOTICE_KINDS }]
  const dead = (name: string, message = 'cannot reach db1') => ({
    backup: name,
    ...failed,
    problems: [{ ...problem('host-unreachable'), message }],
  })
  const well = (backup: string) => ({ backup })
  /** Rounds of passes: who is named in each notice. What is one for several says so. */
  const lives = (...rounds: readonly (readonly Partial<BackupOutcome>[])[]): readonly string[] => {
    let book: NoticeBook = { told: {}, pending: [] }
    return rounds.map((round, i) => {
      const found = round.flatMap((one) => findTrouble(outcome(one), 'whole', '/srv') ?? [])
      for (const one of found)
        book = foldNotices(book, hooks, one, {
          at: instant(i * 1000),
          host: 'box',
          revision: null,
          others: 2,
          stamp: `${i}`,
        })
      const said = book.pending.map(({ notice }) => notice)
      book = { ...book, pending: [] }
      return said.map(({ kind, backup, backups }) => `${kind}: ${(backups ?? [backup]).join(' ')}`).join('; ')
    })
  }

  test('is one notice, and one end that names all', () => {
    const all = [dead('a'), dead('b'), dead('c')]
    expect(lives(all, all, [well('a'), well('b'), dead('c')], [well('c')])).toEqual([
      'failing: a',
      '',
      '',
      'recovered: a b c',
    ])
    expect(lives([dead('a')], [well('a')])).toEqual(['failing: a', 'recovered: a'])
  })

  test('the end says in its message of whom it is', () => {
    const { notices } = lifeOf()
    for (const name of ['a', 'b']) notices(dead(name))
    expect(notices(well('a'))).toEqual([])
    expect(notices(well('b')).map(({ message, text }) => [message, text])).toEqual([
      [
        expect.stringMatching(/^all is well again with a, b; it was failing since /),
        expect.stringMatching(/^a, b on box: all is well again with a, b; it was failing since /),
      ],
    ])
  })

  test('whoever is stopped by it later joins in silence; another host or code does not', () => {
    expect(lives([dead('a')], [dead('b')], [well('a')], [well('b')], [dead('b')])).toEqual([
      'failing: a',
      '',
      '',
      'recovered: a b',
      'failing: b',
    ])
    expect(lives([dead('a')], [dead('b', 'cannot reach db2')], [well('a'), well('b')])).toEqual([
      'failing: a',
      'failing: b',
      'recovered: a; recovered: b',
    ])
  })

  test('what one of them has besides is its own', () => {
    const both = { ...dead('b'), problems: [...dead('b').problems, problem('quiet')] }
    expect(lives([dead('a'), dead('b')], [both], [well('b')], [well('a')])).toEqual([
      'failing: a',
      'failing: b',
      'recovered: b',
      'recovered: a',
    ])
    const torn = { ...dead('b'), conflicts: [conflict('x')] }
    expect(lives([dead('a'), torn], [well('b')], [well('a')])).toEqual([
      'failing: a; conflict: b',
      'recovered: b',
      'recovered: a',
    ])
  })

  test('it is one notice too where each of them was failing before', () => {
    const own = (backup: string) => ({ backup, ...failed, problems: [problem('folder-missing')] })
    expect(lives([own('a'), own('b'), own('c')], [dead('a'), dead('b'), dead('c')])).toEqual([
      'failing: a; failing: b; failing: c',
      'failing: a',
    ])
    expect(lives([own('a'), own('b')], [dead('a'), dead('b')], [well('a')], [well('b')])).toEqual([
      'failing: a; failing: b',
      'failing: a',
      '',
      'recovered: a b',
    ])
  })

  test('a pass that reached the source ends it, though it waits for files or some of them fail', () => {
    const waits = { backup: 'a', result: 'incomplete', exitCode: 0, waiting: ['x'] } as const
    expect(lives([dead('a'), dead('b')], [waits], [well('b')])).toEqual(['failing: a', '', 'recovered: a b'])
    const torn = { backup: 'a', ...failed, published: ['y'], problems: [problem('checksum-failed', 'x')] }
    expect(lives([dead('a')], [torn], [well('a')])).toEqual(['failing: a', 'failing: a', 'recovered: a'])
    // It may never have got there.
    const cut = { backup: 'a', result: 'incomplete', exitCode: 0 } as const
    expect(lives([dead('a')], [cut])).toEqual(['failing: a', ''])
  })

  test('a full disk is one, whatever had no room; a file is its own', () => {
    const full = (backup: string) => ({
      backup,
      ...failed,
      problems: [problem('disk-full', `${backup}.tar`)],
    })
    expect(lives([full('a'), full('b')])).toEqual(['failing: a'])
    const bad = (backup: string) => ({ backup, ...failed, problems: [problem('marker-unreadable', 'x.tar')] })
    expect(lives([bad('a'), bad('b')])).toEqual(['failing: a; failing: b'])
  })
})

test('the worst comes first: a disk that is gone, rot, what stops the pass, then single files', () => {
  const { notices } = lifeOf()
  const problems = [
    problem('dated-ahead', 'a.tar'),
    problem('connection-refused'),
    problem('rot', 'b.tar'),
    problem('disk-gone'),
  ]
  const [notice] = notices({ ...failed, problems })
  expect(notice!.details.map(({ code }) => code)).toEqual([
    'disk-gone',
    'rot',
    'connection-refused',
    'dated-ahead',
  ])
  expect(notice!.message).toMatch(/^failing, 4 problems: disk-gone it is \(and 3 more\)$/)
})

describe('of disks that take turns', () => {
  const on = (disk: string, more: Partial<BackupOutcome> = {}) => ({
    turn: { disk, away: disk === 'A' ? ['B'] : ['A'] },
    ...more,
  })
  const lost = { result: 'failed', exitCode: 6, lost: ['a', 'b'] } as const

  test('what one holds is not over while another is here, and no news when it is back', () => {
    const { pass } = lifeOf()
    const stranger = { id: 'h', code: 'destination-unknown', message: 'the disk is new to it' }
    expect(pass(on('A', lost))).toEqual(['lost'])
    expect(pass({ result: 'halted', exitCode: 7, holds: [stranger] })).toEqual(['held'])
    expect(pass(on('B'))).toEqual([])
    expect(pass(on('A', lost))).toEqual([])
    expect(pass(on('B'))).toEqual([])
    expect(pass(on('A'))).toEqual(['recovered'])
  })

  test.each<[string, Partial<BackupOutcome>]>([
    ['a conflict', inConflict],
    ['rot', { ...inConflict, conflicts: [], problems: [problem('rot', 'r')] }],
    ['files that are gone', { ...failed, problems: [problem('missing-here', 'r')] }],
    ['a full disk', { result: 'halted', exitCode: 7, halt: problem('disk-full') }],
    ['a removal that is held', { exitCode: 7, holds: [{ id: 'h', code: 'prune-cliff', message: 'held' }] }],
  ])('%s on both is told once, and over once it is on neither', (_, bad) => {
    const { pass } = lifeOf()
    expect(pass(on('A', bad))).toHaveLength(1)
    expect([pass(on('B')), pass(on('B', bad)), pass(on('A')), pass(on('A'))]).toEqual([[], [], [], []])
    expect(pass(on('B'))).toEqual(['recovered'])
  })

  test('what is the source is over whichever is here', () => {
    const { pass } = lifeOf()
    expect(pass(on('A', { ...failed, problems: [problem('unreadable', 'u')] }))).toEqual(['failing'])
    expect(pass(on('B'))).toEqual(['recovered'])
  })

  test('of one that is forgotten, or once none take turns, nothing stays', () => {
    const { pass } = lifeOf()
    pass(on('A', lost))
    expect(pass({ turn: { disk: 'B', away: [] } })).toEqual(['recovered'])
    pass(on('A', lost))
    expect(pass({})).toEqual(['recovered'])
  })
})

describe('what a pass could not see is not over', () => {
  test.each<[string, Partial<BackupOutcome>, NoticeKind[]]>([
    ['the source cannot be reached', { ...failed, problems: [problem('host-unreachable')] }, ['failing']],
    ['it is halted', { result: 'halted', exitCode: 7, halt: problem('not-mounted') }, ['held']],
    ['its time was up', { result: 'incomplete' }, []],
    ['somebody else is at it', { result: 'busy' }, []],
    ['a signal ended it', { result: 'cancelled', exitCode: 143 }, []],
    ['it is suspended', { result: 'suspended' }, []],
    [
      'its saved plan is stale',
      { ...failed, exitCode: 4, stale: [{ code: 'stale-step', message: '' }] as never },
      [],
    ],
  ])('%s', (_, blind, news) => {
    const { pass } = lifeOf()
    pass(inConflict)
    expect(pass(blind)).toEqual(news)
    expect(pass(inConflict)).toEqual([])
    expect(pass({})).toEqual(['recovered'])
  })

  test('a pass for removals alone ends nothing', () => {
    const { pass } = lifeOf()
    pass(inConflict)
    expect([pass({}, 'part'), pass(inConflict), pass({})]).toEqual([[], [], ['recovered']])
  })

  test('causes that take turns while the source is away are told once each', () => {
    const { pass } = lifeOf()
    const away = (code: string) => pass({ ...failed, problems: [problem(code)] })
    expect([
      away('connection-lost'),
      away('source-silent'),
      away('connection-lost'),
      away('source-silent'),
    ]).toEqual([['failing'], ['failing'], [], []])
  })
})

describe('what stands over a spec', () => {
  const faulty = { faults: [{ code: 'unknown-key', message: 'no' }] }
  const gone = { holds: [{ id: 'a1', code: 'specs-gone', message: 'gone' }] }

  test('a fault is told once, whatever it is, and is over when the spec is mended: good passes by the last good one end nothing', () => {
    const { stands, pass } = lifeOf()
    const other = { faults: [{ code: 'bad-value', message: 'no' }] }
    expect([stands(faulty), pass({}), stands(faulty), stands(other), pass({}), stands({})]).toEqual([
      ['failing'],
      [],
      [],
      [],
      [],
      ['recovered'],
    ])
  })

  test('a hold over all specs is told without a pass, once beside the passes under it, and its end too', () => {
    const { stands, pass } = lifeOf()
    const under = { exitCode: 7, ...gone }
    expect([stands(gone), pass(under), pass({}), stands(gone), stands({})]).toEqual([
      ['held'],
      [],
      [],
      [],
      ['recovered'],
    ])
  })

  test('its end leaves what a pass has found, and what a pass found ends without it', () => {
    const { stands, pass } = lifeOf()
    const trouble = { ...failed, problems: [problem('source-silent')] }
    expect([stands(faulty), pass(trouble), stands({}), pass({})]).toEqual([
      ['failing'],
      ['failing'],
      [],
      ['recovered'],
    ])
    expect([pass(trouble), stands(faulty), pass({}), stands({})]).toEqual([
      ['failing'],
      ['failing'],
      [],
      ['recovered'],
    ])
  })

  test('who knows only a part of it ends nothing', () => {
    const { stands } = lifeOf()
    expect([stands(gone), stands({}, false), stands(faulty, false), stands({})]).toEqual([
      ['held'],
      [],
      ['failing'],
      ['recovered'],
    ])
  })
})

test('why a commit is refused is one fault, also where it is one of the specs as well; faults of two files are two', () => {
  const detailsOf = (faults: OverBackup['faults']) =>
    findOverSpec('postgres', { faults, holds: [] }, true).troubles.map(({ count, details }) => [
      count,
      ...details.map(({ message }) => message),
    ])
  const refused = { code: 'commit-refused', message: 'the newest commit has a fault' }
  expect(detailsOf([{ ...refused, file: 'specs.git', line: 1 }, refused])).toEqual([[1, refused.message]])
  expect(detailsOf([refused])).toEqual([[1, refused.message]])
  const unknown = { code: 'unknown-key', message: 'no' }
  expect(
    detailsOf([
      { ...unknown, file: 'a.yaml', line: 2 },
      { ...unknown, file: 'b.yaml', line: 2 },
    ]),
  ).toEqual([[2, 'a.yaml:2: no', 'b.yaml:2: no']])
})

test('of one that is declared no more all is over, whatever it was', () => {
  const { stands, pass, gone: isGone, book } = lifeOf()
  expect([pass(inConflict), stands({ faults: [{ code: 'x', message: 'no' }] }), isGone(), isGone()]).toEqual([
    ['conflict'],
    ['failing'],
    ['recovered'],
    [],
  ])
  expect(book().told).toEqual({ '/ops': {} })
})

test('lateness is told and ends without a pass, and ends nothing else', () => {
  const { late: say, pass } = lifeOf()
  // A newer point that is still too old is no news.
  const older: LateSeries = {
    series: 'db',
    message: 'db: its newest complete point is of T, expected every 1h',
  }
  expect([say(late('db', 'T')), say(older), say()]).toEqual([['late'], [], ['recovered']])
  pass(inConflict)
  expect([say(late('db', 'T')), say(), pass({})]).toEqual([['late'], [], ['recovered']])
})

test('a notice says since when, where, at which commit, of how many things, and which', () => {
  const { notices } = lifeOf()
  const [told] = notices({
    ...inConflict,
    conflicts: Array.from({ length: 30 }, (_, i) => conflict(`f${i}`)),
  })
  expect(told).toMatchObject({
    format: 'reconcile.notice/1',
    id: 't1-conflict',
    backup: 'postgres',
    kind: 'conflict',
    since: '2026-11-24T00:00:00Z',
    at: '2026-11-24T00:00:00Z',
    host: 'box',
    revision: 'c0ffee',
    count: 30,
  })
  expect(told!.details).toHaveLength(20)
  expect(told!.details[0]).toMatchObject({ code: 'conflict', path: 'f0' })
  expect(told!.message).toBe(
    `30 files in conflict: f0: held ${'a'.repeat(32)}, source ${'b'.repeat(32)}; neither is touched (and 29 more)`,
  )
  expect(told!.text).toMatch(/^postgres on box: 30 files in conflict/)
  notices({ ...failed, problems: [problem('host-unreachable')] })
  const [well] = notices({})
  expect(well).toMatchObject({
    kind: 'recovered',
    since: '2026-11-24T00:00:00Z',
    at: '2026-11-24T02:00:00Z',
    details: [{ code: 'conflict' }, { code: 'failing', message: 'failing: host-unreachable it is' }],
  })
})

describe('each hook', () => {
  test('gets its kinds alone, and hears of recovery from those', () => {
    const { pass } = lifeOf(['late', 'recovered'])
    expect(pass({ ...inConflict, late: [late('db', 'T')] })).toEqual(['late'])
    expect(pass(inConflict)).toEqual(['recovered'])
  })

  test('that wants to hear of recovery alone hears of every one', () => {
    const { pass } = lifeOf(['recovered'])
    expect([pass(inConflict), pass({})]).toEqual([[], ['recovered']])
  })

  test('that is added later hears of what is wrong by then', () => {
    const { book, pass } = lifeOf()
    pass(inConflict)
    const hooks = [{ id: '/new', on: NOTICE_KINDS }]
    const teller = { at: instant(0), host: '', revision: null, others: 2, stamp: 's' }
    const next = foldNotices(book(), hooks, findTrouble(outcome(inConflict), 'whole')!, teller)
    expect(next.pending.map(({ hook }) => hook)).toEqual(['/new'])
  })

  test('shares the id of a notice with the others', () => {
    const { notices } = lifeOf(NOTICE_KINDS, [{ id: '/chat', on: ['conflict'] }])
    expect(notices(inConflict).map(({ id }) => id)).toEqual(['t1-conflict', 't1-conflict'])
  })
})

test('what is undelivered stays in order; a newer one of its kind takes its place', () => {
  const { undelivered, pending } = lifeOf()
  undelivered(inConflict)
  undelivered({})
  undelivered({ ...inConflict, conflicts: [conflict('b')] })
  expect(pending().map((text) => text.slice(0, 40))).toEqual([
    '/ops recovered all is well again; it was',
    '/ops conflict 1 file in conflict: b: hel',
  ])
})

describe('what was refused', () => {
  const failing = { ...failed, problems: [problem('quiet')] }

  test('and is over by now is never sent after its end', () => {
    const { undelivered, refuse, pending } = lifeOf()
    undelivered(failing)
    refuse()
    undelivered(failing)
    expect(pending()).toHaveLength(1)
    undelivered({})
    expect(pending()).toEqual([expect.stringMatching(/recovered all is well again; it was failing since/)])
    refuse()
    expect(pending()).toHaveLength(1)
  })

  test('as its end already waits is not kept either; what only had to wait goes out in order', () => {
    const { undelivered, refuse, pending } = lifeOf()
    undelivered(failing)
    undelivered({})
    expect(pending()).toEqual([
      expect.stringContaining('/ops failing'),
      expect.stringContaining('/ops recovered'),
    ])
    refuse()
    expect(pending()).toEqual([expect.stringContaining('/ops recovered')])
  })

  test('goes with its own kind, and not with another that is over', () => {
    const { undelivered, refuse, pending } = lifeOf(['conflict', 'failing'])
    undelivered({ ...inConflict, problems: failing.problems })
    refuse()
    undelivered(inConflict)
    expect(pending()).toEqual([expect.stringContaining('/ops conflict')])
    undelivered({})
    expect(pending()).toEqual([])
  })

  test('stands for others that the same still stops', () => {
    const dead = (backup: string) => ({ backup, ...failed, problems: [problem('host-unreachable')] })
    const { undelivered, refuse, pending } = lifeOf()
    undelivered(dead('a'))
    undelivered(dead('b'))
    refuse()
    undelivered({ backup: 'a' })
    expect(pending()).toEqual([expect.stringContaining('/ops failing')])
    undelivered({ backup: 'b' })
    expect(pending()).toEqual([expect.stringContaining('/ops recovered')])
  })
})

test('the end of what is over all backups says what is over, and not that all is well', () => {
  const faults = [{ code: 'unknown-key', message: 'no key "x"', file: '_defaults.yaml', line: 2 }]
  const teller = { at: instant(0), host: 'box', revision: null, others: 2, stamp: 's' }
  const fold = (book: NoticeBook, over: Partial<OverBackup>) =>
    foldNotices(
      book,
      [{ id: '/ops', on: NOTICE_KINDS }],
      findOverSpec(ALL_BACKUPS, { faults: [], holds: [], ...over }, true),
      teller,
    )
  const { pending } = fold(fold({ told: {}, pending: [] }, { faults }), {})
  expect(pending.at(-1)!.notice.text).toBe(
    'all backups on box: this is over: the newest specs do not count: _defaults.yaml:2: no key "x"; it was failing since 1970-01-01T00:00:00Z',
  )
})

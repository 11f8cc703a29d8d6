import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../src/decide/files/select.ts'
import { rememberedClaim } from '../../src/decide/look/markers-to-read.ts'
import { nextSeen } from '../../src/decide/look/next-seen.ts'
import { holdOfIdentity } from '../../src/decide/specs/identity-hold.ts'
import { backupStatus } from '../../src/decide/status/backup.ts'
import { foldStatus } from '../../src/decide/status/fold.ts'
import { retryDelay } from '../../src/decide/time/backoff.ts'
import type { Seen } from '../../src/model/holding.ts'
import { type Instant, instant, isoTime } from '../../src/model/instant.ts'
import { emptyOutcome } from '../../src/model/outcome.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { DestinationStatus } from '../../src/model/status.ts'
import { holding, md5, NOON, picture, seen, statusFacts } from '../helpers/picture.ts'

const path = (text: string) => text as RelPath

describe('selection', () => {
  const chosen = (include: string[], exclude: string[], of: string, listing: string | null = null) =>
    selectorOf({ select: { include, exclude }, source: { listing: listing as RelPath | null } })(of)
  test.each([
    ['**', 'a/b/c.tar', true],
    ['*.tar', 'c.tar', true],
    ['*.tar', 'a/b/c.tar', true],
    ['a/*.tar', 'a/c.tar', true],
    ['a/*.tar', 'a/b/c.tar', false],
    ['a/**', 'a/b/c.tar', true],
    ['!(tmp)*', 'c.tar', true],
    ['**', 'c.tar.md5', false],
    ['**', 'c.tar.SHA256', false],
    ['**', 'c.tar.asc', false],
    ['**', '.hidden', false],
    ['**', 'a/.git/x', false],
    ['**', 'lost+found/x', false],
    ['.*', '.hidden', false],
  ])('%s on %s: %s', (include, of, wanted) => {
    expect(chosen([include], [], of)).toBe(wanted)
  })
  test('exclude wins, and the list file is never data', () => {
    expect(chosen(['**'], ['tmp-*'], 'a/tmp-1')).toBe(false)
    expect(chosen(['**'], [], 'LIST', 'LIST')).toBe(false)
  })
})

describe('a marker is not read again', () => {
  const listed = { size: 10, mtime: 1000 }
  const evidence = { suffix: '.md5', size: 40, mtime: 2000, mayDiffer: false }
  const claim = {
    state: 'claimed',
    suffix: '.md5',
    digest: md5('A'),
    size: 40,
    mtime: 2000,
    text: null,
  } as const
  const held = picture('held a 10 A').destination
  const verifyEvery = 3600
  const remembered = (over: Partial<Seen>, at: Instant = NOON, drawn = held) =>
    rememberedClaim(
      path('a'),
      listed,
      evidence,
      { ...drawn, seen: new Map([[path('a'), seen(over)]]) },
      verifyEvery,
      at,
    )?.marker.digest

  test('where nothing of its file has changed', () => {
    expect(remembered({})).toBe(md5('A'))
  })
  test.each<[string, Partial<Seen>]>([
    ['the data has another size', { listed: { size: 11, mtime: 1000 } }],
    ['the data has another time', { listed: { size: 10, mtime: 1001 } }],
    ['the marker has another size', { marker: { ...claim, size: 41 } }],
    ['the marker has another time', { marker: { ...claim, mtime: 2001 } }],
    ['the marker is spelled otherwise', { marker: { ...claim, suffix: '.MD5' } }],
    ['it was never read', { marker: { state: 'none' } }],
  ])('but is where %s', (_, over) => {
    expect(remembered(over)).toBeUndefined()
  })
  test('but is once per verify.every, where the clock went back, and where the file is not whole here', () => {
    expect(remembered({}, instant(NOON + verifyEvery * 1000))).toBe(md5('A'))
    expect(remembered({}, instant(NOON + verifyEvery * 1000 + 1))).toBeUndefined()
    expect(remembered({}, instant(NOON - 1))).toBeUndefined()
    expect(remembered({}, NOON, picture('held a 10!9 A').destination)).toBeUndefined()
    expect(remembered({}, NOON, picture('gone a 10 A').destination)).toBeUndefined()
    expect(remembered({}, NOON, picture('spoilt a 10 A').destination)).toBeUndefined()
  })
})

describe('what is remembered of a look', () => {
  test('I7: nothing where nothing has changed', () => {
    const first = picture('held a 10 A\nremote a 10 A\nremote b 3 -')
    const cache = nextSeen(first, NOON) as Map<RelPath, Seen>
    expect([...cache.keys()]).toEqual(['a', 'b'])
    const later = { ...first, destination: { ...first.destination, seen: cache } }
    expect(nextSeen(later, instant(NOON + 3600_000)).size).toBe(0)
  })
  test('what the source no longer has is forgotten, but not after a look that proves nothing', () => {
    const cache = holding({ seen: new Map([[path('a'), seen()]]) })
    expect(nextSeen({ ...picture(''), destination: cache }, NOON).get(path('a'))).toBeNull()
    expect(nextSeen({ ...picture('', 'incomplete'), destination: cache }, NOON).size).toBe(0)
  })
  test('since when a file waits', () => {
    const waiting = nextSeen(picture('remote a 10 -'), NOON).get(path('a'))
    expect(waiting?.waitingSince).toBe(NOON)
  })
})

describe('a disk’s identity', () => {
  const identity = (expected: string | null, found: string | null) =>
    holdOfIdentity('/d', {
      expected,
      found,
      lastSeenAt: null,
      hasPrivateFolder: found !== null,
    })?.code ?? 'fine'
  test.each([
    [null, null, 'fine'],
    ['x', 'x', 'fine'],
    ['x', null, 'destination-id-missing'],
    ['x', 'y', 'destination-other-id'],
    [null, 'y', 'destination-unknown'],
  ])('expected %s, found %s: %s', (expected, found, verdict) => {
    expect(identity(expected, found)).toBe(verdict)
  })

  const offsite = {
    filesystem: '9f1c',
    within: '/pg',
    mountPoint: '/srv/offsite',
    source: '/dev/sdb1',
    type: 'ext4',
    label: 'offsite1',
    size: 2 ** 41,
  }
  const root = {
    ...offsite,
    filesystem: '0b7e',
    within: '/srv/offsite/pg',
    mountPoint: '/',
    source: '/dev/sda1',
  }
  const asks = (found: string | null, disk: typeof offsite, lastPass: string | null = null) =>
    holdOfIdentity('/srv/offsite/pg', {
      expected: 'x',
      found,
      lastSeenAt: null,
      hasPrivateFolder: found !== null,
      strange: { disk, lastPass, before: { disk: { ...offsite, label: null }, day: '2026-11-20' } },
    })!
  test('each file system, and each folder of it, is a question of its own', () => {
    const questions = [
      asks(null, offsite),
      asks(null, root),
      asks(null, { ...offsite, filesystem: '77aa' }),
      asks(null, { ...offsite, within: '/elsewhere/pg' }),
      asks('y', offsite),
    ].map(({ id }) => id)
    expect(new Set(questions).size).toBe(questions.length)
    // A unit of systemd sees the same folder through a mount of its own.
    expect(asks(null, { ...offsite, mountPoint: '/srv', source: '/dev/disk/by-label/offsite1' }).id).toEqual(
      asks(null, offsite).id,
    )
  })
  test('it is named by the disk, and not by a number alone', () => {
    expect(asks(null, root).message).toContain('before (on ext4, 2.0 TiB, /dev/sdb1; last here 2026-11-20)')
    expect(asks(null, root).message).toContain('It is on ext4 "offsite1", 2.0 TiB, /dev/sda1, mounted at /.')
    expect(asks('y', offsite, '2026-10-01T00:00:00Z').message).toContain(
      'y (last pass over it 2026-10-01T00:00:00Z)',
    )
  })
})

test('a broken line is tried again after 5, 10 seconds when nothing came, after 5 when something did, and not for ever', () => {
  expect(retryDelay({ made: 1, fruitless: 0 })).toBe(5)
  expect(retryDelay({ made: 2, fruitless: 1 })).toBe(10)
  expect(retryDelay({ made: 3, fruitless: 3 })).toBeNull()
  expect(retryDelay({ made: 20, fruitless: 0 })).toBeNull()
})

const NOTHING_KEPT = {
  listed: null,
  observed: null,
  promised: null,
  schedule: { kind: 'every', seconds: 3600 } as const,
  source: { completeness: 'complete', failure: null },
  views: [],
} as const

describe('status', () => {
  const outcome = (over: object) => ({
    ...emptyOutcome('a'),
    result: 'in-sync' as const,
    seconds: 0,
    exitCode: 0,
    ...over,
  })
  const fold = (before: DestinationStatus | null, over: object, at = NOON) =>
    foldStatus(before, outcome(over), { ...NOTHING_KEPT, clock: at }, null, at)

  test('a condition’s time moves only when what it says does', () => {
    const first = fold(null, {})
    const later = instant(NOON + 1000)
    expect(fold(first, {}, later).conditions[0]?.since).toBe(isoTime(NOON))
    expect(fold(first, { exitCode: 1, result: 'failed' }, later).conditions[0]?.since).toBe(isoTime(later))
  })
  test('the last success stays through failures', () => {
    const first = fold(null, {})
    expect(fold(first, { exitCode: 1, result: 'failed' }).lastSuccess).toBe(isoTime(NOON))
    expect(fold(null, { result: 'incomplete' }).lastSuccess).toBeNull()
  })

  const facts = statusFacts()
  const state = (drawn: string, last: DestinationStatus | null) =>
    backupStatus({ ...facts, holding: picture(drawn).destination, last }, NOON).state
  test.each<[string, string, object | null, string]>([
    ['never run', '', null, 'unknown'],
    ['fine', 'held a 1 A', {}, 'ok'],
    ['a file vanished since', 'held a 1 A\ngone b 1 B', {}, 'failed'],
    ['a file shrank since', 'held a 2!1 A', {}, 'failed'],
    ['conflict', 'held a 1 A', { exitCode: 6, conflicts: [{ path: 'a', held: '', source: '' }] }, 'conflict'],
    ['failed', 'held a 1 A', { exitCode: 1, result: 'failed' }, 'failed'],
    ['stopped by a signal', 'held a 1 A', { exitCode: 143, result: 'cancelled', pending: 3 }, 'pending'],
    ['cut short', 'held a 1 A', { result: 'incomplete', pending: 3 }, 'pending'],
  ])('%s', (_, drawn, last, wanted) => {
    expect(state(drawn, last === null ? null : fold(null, last))).toBe(wanted)
  })
  test('what was pruned is not gone, and what stands under its name again is looked at', () => {
    const removed = {
      at: NOON,
      trash: 'e',
      by: 'policy',
      reason: '',
      series: '',
      point: NOON,
      planId: null,
    } as const
    const pruned = new Map([['b' as RelPath, removed]])
    const look = (drawn: string) => {
      const holding = { ...picture(drawn).destination, pruned }
      return backupStatus({ ...facts, holding, last: fold(null, {}) }, NOON).state
    }
    expect(look('held a 1 A\ngone b 1 B')).toBe('ok')
    expect(look('held a 1 A\nheld b 2!1 B')).toBe('failed')
    expect(look('gone a 1 A\ngone b 1 B')).toBe('failed')
  })
  test('a held or halted disk is not looked into, and never ok', () => {
    const hold = { id: '1', code: 'x', message: 'x' }
    expect(backupStatus({ ...facts, holding: null, last: fold(null, {}), hold }, NOON).state).toBe('held')
    const halt = { code: 'x', message: 'x', hint: 'x' }
    expect(backupStatus({ ...facts, holding: null, last: fold(null, {}), halt }, NOON).state).toBe('failed')
  })
})

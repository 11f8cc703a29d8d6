import { describe, expect, test } from 'vitest'
import {
  afterDrill,
  type DrillGround,
  drillFailed,
  drillsAPass,
  dueProofs,
  proofProblems,
  proofsOf,
  provenClaim,
} from '../../../src/decide/restore/proof.ts'
import type { DrillReceipt } from '../../../src/model/holding.ts'
import { DAY, type Instant, instant } from '../../../src/model/instant.ts'
import { type BackupOutcome, emptyOutcome } from '../../../src/model/outcome.ts'
import { holding, NOON, picture, spec } from '../../helpers/picture.ts'

const PG = spec({ prove: { every: (90 * DAY) / 1000, drill: 'pg' } })
const GROUND: DrillGround = { drills: ['pg'], room: null }

const later = (days: number): Instant => instant(NOON + days * DAY)
const daysAgo = (days: number): Instant => later(-days)

const receipt = (series: string, path: string, at: Instant, why: string | null = null): DrillReceipt => ({
  ...{ drill: 'pg', series, point: null, files: 1, paths: [path], bytes: 10 },
  ...{ restoreSeconds: 180, drillSeconds: 1, at, why },
})

const HELD = `held db-2026-11-21.tar 10 A
  held db-2026-11-22.tar 10 B
  held web-2026-11-22.tar 20 C`
const DB = 'db-*.tar'
const WEB = 'web-*.tar'
const here = (drills: readonly DrillReceipt[] = [], text = HELD) => ({ ...picture(text).destination, drills })
const proofs = (drills: readonly DrillReceipt[] = [], at = NOON, text = HELD) =>
  proofsOf(PG, here(drills, text), 'pg', at)
const due = (drills: readonly DrillReceipt[], at = NOON, text = HELD) =>
  dueProofs(PG, proofs(drills, at, text), at).map(({ series }) => series)
const codes = (drills: readonly DrillReceipt[], ground = GROUND, at = NOON) =>
  proofProblems(PG, proofs(drills, at), ground, at).map(({ code, path }) => `${code} ${path}`)

describe('what is to be proven', () => {
  test('the newest point of each series that is here whole, and is not dated ahead', () => {
    const text = `${HELD}
      gone db-2026-11-23.tar 10 D
      held db-2027-11-23.tar 10 E`
    expect(proofs([], NOON, text).map(({ newest, bytes }) => [newest.files[0]?.path, bytes])).toEqual([
      ['db-2026-11-22.tar', 10],
      ['web-2026-11-22.tar', 20],
    ])
  })
  test('is due if it never was; then after the interval, up to a tenth early, each at a time of its own', () => {
    expect(due([])).toEqual([DB, WEB])
    const proven = [receipt(DB, 'db-2026-11-22.tar', NOON), receipt(WEB, 'web-2026-11-22.tar', NOON)]
    expect([due(proven), due(proven, later(80)), due(proven, later(90)).length]).toEqual([[], [], 2])
    const times = Array.from({ length: 900 }, (_, hour) => due(proven, later(81 + hour / 100)).length)
    expect(times.indexOf(2) - times.indexOf(1)).toBeGreaterThan(24)
  })
  test('by another drill it is not proven', () => {
    const other = { ...receipt(DB, 'db-2026-11-22.tar', NOON), drill: 'tar' }
    expect(due([other])).toEqual([DB, WEB])
  })
  test('a failed one is due after a day, or at once with a newer point', () => {
    const web = receipt(WEB, 'web-2026-11-22.tar', NOON)
    const failed = (path: string) => [receipt(DB, path, NOON, 'no'), web]
    expect(due(failed('db-2026-11-22.tar'), later(0.9))).toEqual([])
    expect(due(failed('db-2026-11-22.tar'), later(1))).toEqual([DB])
    expect(due(failed('db-2026-11-21.tar'))).toEqual([DB])
  })
  test('as many a pass as come due between two passes, and one at least', () => {
    const daily = { ...PG, schedule: { kind: 'every', seconds: 86_400 } } as const
    const backups = (count: number) => [{ spec: daily, series: count }]
    expect([1, 90, 91, 900].map((count) => drillsAPass(backups(count)))).toEqual([1, 1, 2, 10])
    expect(drillsAPass([{ spec: PG, series: 900 }])).toBe(1)
  })
})

describe('what is wrong with proof', () => {
  const proven = (at: Instant) => [
    receipt(DB, 'db-2026-11-22.tar', at),
    receipt(WEB, 'web-2026-11-22.tar', at),
  ]
  test.each([
    ['nothing', proven(NOON), GROUND, []],
    ['nothing was proven yet', [], GROUND, []],
    [
      'a drill failed',
      [...proven(daysAgo(9)), receipt(DB, 'db-2026-11-22.tar', NOON, 'no')],
      GROUND,
      ['drill-failed db-2026-11-22.tar'],
    ],
    ['it succeeded since', [receipt(DB, 'db-2026-11-21.tar', daysAgo(1), 'no'), ...proven(NOON)], GROUND, []],
    ['the box has no such drill', [], { drills: ['tar'], room: null }, ['drill-unknown undefined']],
    [
      'it is too old',
      proven(daysAgo(102)),
      GROUND,
      ['proof-overdue db-2026-11-22.tar', 'proof-overdue web-2026-11-22.tar'],
    ],
    [
      'no room for one of them',
      [],
      { drills: ['pg'], room: (64 << 20) + 15 },
      ['drill-no-room web-2026-11-22.tar'],
    ],
    ['no room, and nothing is due', proven(NOON), { drills: ['pg'], room: 1 }, []],
  ] as const)('%s', (_, drills, ground, expected) => {
    expect(codes(drills, ground)).toEqual(expected)
  })

  test('the condition', () => {
    const said = (drills: readonly DrillReceipt[]) => {
      const { status, reason, message } = provenClaim(PG, here(drills), NOON)!
      return `${status} ${reason}: ${message}`
    }
    expect(said([])).toBe('unknown not-proven-yet: db-*.tar, web-*.tar')
    expect(said(proven(NOON))).toBe('true proven: last at 2026-11-23T12:00:00Z, a restore took up to 180 s')
    expect(said(proven(daysAgo(102)))).toBe('false proof-overdue: proven too long ago: db-*.tar, web-*.tar')
    expect(said([...proven(NOON), receipt(DB, 'db-2026-11-22.tar', NOON, 'no')])).toMatch(
      /^false drill-failed: /,
    )
    expect(provenClaim(spec(), holding(), NOON)).toBeNull()
  })
})

test('an outcome after a drill: what it failed before goes, what it failed now comes', () => {
  const failed = { code: 'drill-failed', path: 'a', message: '', hint: '' }
  const outcome = (over: Partial<BackupOutcome>) => ({
    ...emptyOutcome('pg'),
    seconds: 1,
    exitCode: 1,
    ...over,
  })
  const before = outcome({ result: 'failed', problems: [failed] })
  expect(afterDrill(before, ['a'], [], false)).toMatchObject({ result: 'in-sync', problems: [], exitCode: 0 })
  expect(afterDrill(before, ['b'], [], false)).toMatchObject({ result: 'failed', exitCode: 1 })
  const well = outcome({ result: 'in-sync', exitCode: 0 })
  expect(afterDrill(well, ['a'], [failed], false)).toMatchObject({ result: 'failed', exitCode: 1 })
})

test('a drill whose program is not installed is no fault of the files', () => {
  const receipt = { drill: 'pg', series: 's', paths: ['a.tar' as never], at: NOON }
  expect(drillFailed({ ...receipt, why: 'this box has no program pg_restore' }).hint).toMatch(/^Install it/)
  expect(drillFailed({ ...receipt, why: 'exit code 1' }).hint).toMatch(/^Restore it by hand/)
})

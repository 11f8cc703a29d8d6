import { describe, expect, test } from 'vitest'
import { decideBackup, newerOf } from '../../../src/decide/plan/backup.ts'
import { backupStatus } from '../../../src/decide/status/backup.ts'
import { foldStatus } from '../../../src/decide/status/fold.ts'
import { describeCause, lateCause } from '../../../src/decide/status/late-cause.ts'
import { lateSeries } from '../../../src/decide/status/series.ts'
import type { PrunedFile } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation, SourceView } from '../../../src/model/observation.ts'
import { emptyOutcome } from '../../../src/model/outcome.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import type { DestinationStatus, LateCause, Newer } from '../../../src/model/status.ts'
import { afterPass, sourceLook } from '../../../src/reconcile/leave-status.ts'
import { newTally, type Tally } from '../../../src/reconcile/tally.ts'
import { dated } from '../../helpers/explained.ts'
import { context, NOON, picture, statusFacts } from '../../helpers/picture.ts'

const HOUR = 3600_000
/** One a day, of which that of the 20th is the newest here: the next was due on the 22nd, at midnight. */
const HELD = 'held db-2026-11-20.tar 1 A'
const expecting = (over: Partial<Spec> = {}): Spec =>
  dated('last=3', {
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 0, until: null }],
    ...over,
  })
const drawn = (more: string, completeness: SourceView['completeness'] = 'complete'): Observation => {
  const seen = picture(`${HELD}\n${more}`, completeness)
  return { ...seen, destination: { ...seen.destination, created: instant(NOON - 30 * 24 * HOUR) } }
}

const NEW = 'db-2026-11-22.tar'
const suspend = { reason: null, until: null, file: '/specs/postgres.yaml', line: 3 }

describe('why a series is late, by a plan', () => {
  test.each<[string, string | undefined, string, SourceView['completeness'], Partial<Spec>]>([
    ['the producer is silent', 'producer-silent', 'remote db-2026-11-20.tar 1 A', 'complete', {}],
    ['it has no marker', 'no-marker', `remote ${NEW} 1 -`, 'complete', {}],
    ['a list names it and it is not there', 'no-marker', `listed ${NEW}`, 'complete', {}],
    ['its marker cannot be read', 'refused', `remote ${NEW} 1 ?`, 'complete', {}],
    ['it is finished, and comes next', 'coming', `remote ${NEW} 1 B`, 'complete', {}],
    [
      'one comes, a newer is not finished',
      'coming',
      `remote ${NEW} 1 B\nremote db-2026-11-23.tar 1 -`,
      'complete',
      {},
    ],
    [
      'there is no room for it',
      'halted',
      `remote ${NEW} 5000 B`,
      'complete',
      {
        destination: { path: '/dest', mount: null, rotate: false, minFree: 0, maxSize: 100 },
      },
    ],
    ['the source was not reached', 'source-unreachable', '', 'unknown', {}],
    ['the source was not seen whole', 'source-unclear', '', 'incomplete', {}],
    ['it is suspended', 'suspended', `remote ${NEW} 1 B`, 'complete', { suspend }],
    [
      'it was suspended until yesterday',
      'coming',
      `remote ${NEW} 1 B`,
      'complete',
      {
        suspend: { ...suspend, reason: 'disk swap', until: instant(NOON - 24 * HOUR) },
      },
    ],
    ['it is not late', undefined, 'held db-2026-11-23.tar 1 C', 'complete', {}],
  ])('%s: %s', (_, cause, text, completeness, over) => {
    const isSuspended = over.suspend === suspend
    const { plan, views } = decideBackup(expecting(over), drawn(text, completeness), context({ isSuspended }))
    expect(plan.series.map((one) => one.cause)).toEqual([cause])
    expect(lateSeries(views)).toHaveLength(cause === undefined ? 0 : 1)
    if (cause === 'producer-silent') expect(lateSeries(views)[0]?.message).toMatch(/: the producer is silent/)
  })

  test('what retain does not want is no cure', () => {
    // Of an hourly producer the first of the day is kept, and later ones of that day are not wanted.
    const hourly = expecting({
      series: { patterns: ['{series}-{YYYY}-{MM}-{DD}T{hh}.tar'], timezone: 'UTC' },
      retain: { ...dated('daily=3 pick=oldest').retain! },
      expect: [{ series: null, rhythm: { kind: 'every', seconds: 3600 }, grace: 0, until: null }],
    })
    const look = picture('held db-2026-11-23T01.tar 1 A\nremote db-2026-11-23T11.tar 1 B')
    expect(decideBackup(hourly, look, context()).plan.series[0]?.cause).toBe('unwanted')
  })
})

describe('what was here and is not is no fault of the source', () => {
  const removedAt = instant(NOON - HOUR)
  /** The point of the 22nd was here until a person removed it. */
  const removed = (more: string, trash: string | null = 'e1', day = '22'): Observation => {
    const path = `db-2026-11-${day}.tar` as RelPath
    const look = drawn(`gone ${path} 1 B\n${more}`)
    const pruned: PrunedFile = {
      at: removedAt,
      trash,
      by: 'person',
      reason: 'a bad dump',
      series: 'db',
      // A date without a time stands for the end of its day.
      point: instant(Date.parse(`2026-11-${day}T00:00:00Z`) + 24 * HOUR),
      planId: null,
    }
    return { ...look, destination: { ...look.destination, pruned: new Map([[path, pruned]]) } }
  }
  const byHand = `${NEW} was removed here by hand at 2026-11-23T11:00:00Z (a bad dump)`
  test.each<[string, Observation, string, string]>([
    ['removed, and gone at the source', removed(''), 'removed-here', `${byHand}: prune --undo puts it back`],
    [
      'removed, and still at the source',
      removed(`remote ${NEW} 1 B`, null),
      'removed-here',
      `${byHand}: it is not pulled again`,
    ],
    [
      'removed, and the next is not finished',
      removed('remote db-2026-11-23.tar 1 -'),
      'removed-here',
      `${byHand}: prune --undo puts it back`,
    ],
    ['removed, and a newer one comes', removed('remote db-2026-11-23.tar 1 C'), 'coming', 'comes next'],
    ['removed, and late all the same', removed('', null, '21'), 'producer-silent', 'the producer is silent'],
    ['lost', drawn(`gone ${NEW} 1 B`), 'lost-here', `${NEW} was here, and is gone or damaged`],
    ['damaged', drawn(`held ${NEW} 1!2 B`), 'lost-here', `${NEW} was here, and is gone or damaged`],
    ['lost, and pulled again', drawn(`gone ${NEW} 1 B\nremote ${NEW} 1 B`), 'coming', 'comes next'],
  ])('%s', (_, look, cause, words) => {
    const { plan, views } = decideBackup(expecting(), look, context())
    expect(plan.series.map((one) => one.cause)).toEqual([cause])
    expect(lateSeries(views)[0]?.message).toContain(words)
    expect(plan.series[0]?.gone?.path).toBe(cause.endsWith('-here') ? NEW : undefined)
  })

  test('status says so at once, by what is here', () => {
    const { series } = backupStatus(
      statusFacts({ spec: expecting(), holding: removed('').destination, last: null }),
      NOON,
    )
    expect(series).toMatchObject([
      { cause: 'removed-here', gone: { path: NEW, removed: { reason: 'a bad dump', inTrash: true } } },
    ])
  })

  test('of the only point of all, too', () => {
    const only = removed(`remote ${NEW} 1 B`)
    const { records, pruned } = only.destination
    const of = (path: string) => path === NEW
    const destination = {
      ...only.destination,
      files: new Map(),
      records: new Map([...records].filter(([path]) => of(path))),
      pruned,
    }
    const source = { ...only.source, files: new Map([...only.source.files].filter(([path]) => of(path))) }
    const { plan, views } = decideBackup(expecting(), { source, destination }, context())
    expect(lateSeries(views)[0]?.message).toContain(byHand)
    expect(plan.problems).toMatchObject([
      { code: 'empty', message: expect.stringContaining(`was removed here by hand: ${NEW}`) },
    ])
  })
})

describe('why a series is late, after a pass', () => {
  const after = (over: Partial<Tally>, left: readonly string[] = [NEW]) => {
    const look = drawn(`remote ${NEW} 1 B`)
    const { views, retention } = decideBackup(expecting(), look, context())
    const tally = Object.assign(
      newTally('a', () => {}),
      { left: new Set(left) },
      over,
    )
    const [view] = afterPass(views, retention, look.source, tally)
    return [view?.status.cause, view?.newer]
  }
  test.each<[string, Partial<Tally>, string | undefined, string]>([
    ['its time was up', { stopped: true }, 'line-slow', 'coming'],
    ['bandwidth is off', { off: { until: null } }, 'coming', 'coming'],
    ['the line broke', { broken: true }, 'line-slow', 'coming'],
    ['the disk was full', { halt: { code: 'min-free', message: '', hint: '' } }, 'halted', 'coming'],
    ['it came, and was not what its marker says', {}, 'refused', 'refused'],
    [
      'the disk failed',
      { broken: true, problems: [{ code: 'disk-failed', message: '', hint: '' }] },
      undefined,
      'unknown',
    ],
  ])('%s', (_, tally, cause, newer) => {
    expect(after(tally)).toEqual([cause, newer])
  })
})

describe('why a series is late, by what the last pass left behind', () => {
  const expectOne = expecting()
  const status = (
    newer: string,
    over: {
      at?: number
      completeness?: SourceView['completeness']
      suspend?: boolean
      holders?: boolean
      result?: 'halted'
    } = {},
  ) => {
    const look = drawn(newer, over.completeness ?? 'complete')
    const at = instant(NOON - (over.at ?? 1) * HOUR)
    const { views, retention } = decideBackup(expectOne, look, context())
    const last: DestinationStatus = foldStatus(
      null,
      { ...emptyOutcome('a'), result: over.result ?? 'in-sync', exitCode: 1 },
      {
        listed: null,
        observed: null,
        promised: null,
        schedule: { kind: 'every', seconds: 3600 } as const,
        clock: at,
        source: sourceLook(look.source),
        views: views.map((view) => ({ ...view, newer: newerOf(view, retention, look.source) })),
      },
      null,
      at,
    )
    return backupStatus(
      statusFacts({
        spec: expectOne,
        holding: drawn('').destination,
        last: JSON.parse(JSON.stringify(last)),
        suspension: over.suspend === true ? { from: 'spec', ...suspend } : null,
        holders: over.holders === true ? [{ pid: 1, command: 'x' }] : [],
      }),
      NOON,
    ).series[0]?.cause
  }
  test.each<[string, string, Parameters<typeof status>[1], string]>([
    ['the source had nothing newer', '', {}, 'producer-silent'],
    ['there was no marker', `remote ${NEW} 1 -`, {}, 'no-marker'],
    ['it was to come, and has not', `remote ${NEW} 1 B`, {}, 'line-slow'],
    ['the pass was halted before it', `remote ${NEW} 1 B`, { result: 'halted' }, 'halted'],
    ['the source was not reached', '', { completeness: 'unknown' }, 'source-unreachable'],
    ['the source was not seen whole', '', { completeness: 'incomplete' }, 'source-unclear'],
    ['nobody has looked since it was due', '', { at: 50 }, 'not-looked'],
    ['a pass has been at it since before it was due', '', { at: 50, holders: true }, 'line-slow'],
    ['it is suspended now', '', { suspend: true, at: 50 }, 'suspended'],
  ])('%s', (_, newer, over, cause) => {
    expect(status(newer, over)).toBe(cause)
  })
})

test('one that is held is told as held, and where nothing is known no cause is made up', () => {
  const facts = {
    isSuspended: false,
    stopped: null,
    lookedAt: NOON,
    due: NOON,
    isUnderWay: false,
    isReachable: true,
    newer: 'unknown' as Newer,
    hadItsTurn: true,
    gone: null,
  }
  expect(lateCause({ ...facts, stopped: 'held' })).toBe('held')
  expect(lateCause(facts)).toBeNull()
  expect(lateCause({ ...facts, lookedAt: instant(Number.NaN) })).toBe('not-looked')
})

test('a cause that only another version knows stands for itself', () => {
  expect(describeCause('constructor' as LateCause, undefined)).toBe('constructor')
})

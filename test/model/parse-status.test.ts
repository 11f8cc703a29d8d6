import { describe, expect, test } from 'vitest'
import { parseStatus } from '../../src/model/parse-status.ts'

const OLD = {
  format: 'reconcile.destination/1',
  backup: 'a',
  finished: '2026-11-24T12:00:00Z',
  result: 'in-sync',
  exitCode: 0,
  lastSuccess: '2026-11-24T12:00:00Z',
  conditions: [
    { type: 'Ready', status: 'true', reason: 'in-sync', message: '', since: '2026-11-24T12:00:00Z' },
  ],
  counts: { waiting: 0, conflict: 0, lost: 0, problems: 0, pending: 0 },
  head: { seq: 1, hash: 'x' },
}

describe('the status that another version wrote', () => {
  test('an older one: what it did not write is not known', () => {
    expect(parseStatus(OLD)).toEqual({
      ...OLD,
      clock: OLD.finished,
      leapt: null,
      listed: null,
      holds: [],
      observed: null,
      promised: null,
      series: [],
      awaited: [],
      lookBy: null,
      troubles: null,
    })
  })
  test('a newer one: what it says beside is passed over', () => {
    const condition = { ...OLD.conditions[0], type: 'Glorious' }
    const series = [{ series: 'x', newer: 'none' }, { series: 'y', newer: 'on-the-moon' }, 7]
    const read = parseStatus({ ...OLD, conditions: [...OLD.conditions, condition, null], series, more: 1 })
    expect(read?.conditions).toEqual(OLD.conditions)
    expect(read?.series).toEqual([{ series: 'x', newer: 'none' }])
    expect(read).not.toHaveProperty('more')
  })
  test.each<[string, object]>([
    ['a promise that is no time', { promised: { nextRun: 'soon', validUntil: 'later' } }],
    ['holds that are none', { holds: [{ id: 1 }, null] }],
    ['an observed spec without a digest', { observed: { revision: 'x' } }],
  ])('%s: not known', (_, over) => {
    expect(parseStatus({ ...OLD, ...over })).toMatchObject({ promised: null, holds: [], observed: null })
  })
  test('a time that is none keeps the ledger’s head from being forgotten no more than from being read', () => {
    expect(parseStatus({ ...OLD, finished: '' })?.head).toEqual(OLD.head)
  })
  test.each([
    null,
    7,
    [],
    {},
    { ...OLD, format: 'x' },
    { ...OLD, counts: {} },
    { ...OLD, conditions: 1 },
    { ...OLD, head: {} },
  ])('none at all: %j', (value) => {
    expect(parseStatus(value)).toBeNull()
  })
})

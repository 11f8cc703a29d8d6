import { describe, expect, test } from 'vitest'
import { isAllShared, marked, sharedTroubles } from '../../../src/decide/status/shared-troubles.ts'
import type { Hold, Problem } from '../../../src/model/trouble.ts'

const box = { folder: '/var/lib/reconcile', isEmpty: true, inFolder: true }
const unknown = (id: string): Hold => ({ id, code: 'destination-unknown', message: id, neverSeen: true })
const problem = (code: string, path: string): Problem => ({
  code,
  path,
  message: `cannot read ${path}`,
  hint: 'x',
})
const codes = (holds: readonly Hold[], problems: readonly Problem[], over: Partial<typeof box> = {}) =>
  sharedTroubles(holds, problems, { ...box, ...over }).problems.map(({ code }) => code)

describe('what many backups have in common', () => {
  test('a state folder is lost where it knows none of several destinations, or is empty', () => {
    expect(codes([unknown('a'), unknown('b')], [], { isEmpty: false })).toEqual(['state-lost'])
    expect(codes([unknown('a')], [])).toEqual(['state-lost'])
    expect(codes([unknown('a')], [], { isEmpty: false })).toEqual([])
  })

  test.each(['defaults-gone', 'specs-gone', 'specs-vanished', 'history-rewritten'])(
    'a guard over all specs, %s, is one problem with one way out',
    (code) => {
      const hold = { id: 'abcdef12', code, message: 'they are gone' }
      const shared = sharedTroubles([hold, hold, hold], [], box)
      expect(shared.problems).toMatchObject([
        { code, hint: expect.stringMatching(/: reconcile release abcdef12 --reason "…"$/) },
      ])
      expect(isAllShared(marked({ holds: [hold], problems: [] }, shared))).toBe(true)
    },
  )

  test('each damaged file of the state folder is one, and all that it forbids is one', () => {
    const damaged = ['a.json', 'b.json', 'a.json'].map((name) =>
      problem('state-damaged', `${box.folder}/${name}`),
    )
    expect(codes([], damaged)).toEqual(['state-damaged', 'state-damaged'])
    const forbidden = ['a.json', 'b.json'].map((name) => problem('disk-forbidden', `${box.folder}/${name}`))
    expect(codes([], forbidden)).toEqual(['disk-forbidden'])
  })

  test("a backup's own trouble stays its own", () => {
    const own = [problem('disk-forbidden', '/srv/offsite/pg'), problem('rot', 'a.tar')]
    const shared = sharedTroubles([{ id: 'a', code: 'prune-cliff', message: 'x' }], own, box)
    expect(shared.problems).toEqual([])
    expect(marked({ holds: [], problems: own }, shared).problems).toEqual(own)
  })
})

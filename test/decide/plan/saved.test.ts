import { describe, expect, test } from 'vitest'
import { readSavedPlan, toSavedPlan } from '../../../src/decide/documents/read-saved-plan.ts'
import { assemblePlan, planIdOf } from '../../../src/decide/plan/assemble.ts'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { judgeSaved, type SavedVerdict } from '../../../src/decide/plan/saved.ts'
import type { Holding } from '../../../src/model/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { BackupPlan, Step } from '../../../src/model/plan.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { context as contextOf, md5, NOON, picture, seen, spec } from '../../helpers/picture.ts'

const context = contextOf()
const planned = (drawn: string): BackupPlan => planBackup(spec(), picture(drawn), context)

/** What becomes of a plan made of `before` when it is applied to `after`. */
function applied(
  before: string | readonly Step[],
  after: string | Observation,
  over: { readonly spec?: Spec; readonly fresh?: Partial<BackupPlan>; readonly isRecovered?: boolean } = {},
): SavedVerdict {
  const observation = typeof after === 'string' ? picture(after) : after
  const plan = typeof before === 'string' ? planned(before) : { ...planned(''), steps: before, problems: [] }
  return judgeSaved(
    { planId: 'mine', revision: null, plan },
    {
      spec: over.spec ?? spec(),
      revision: null,
      observation,
      fresh: { ...planBackup(spec(), observation, context), ...over.fresh },
      asOf: NOON,
      isRecovered: over.isRecovered ?? false,
    },
  )
}

/** `pull a`, `stale-source a`, `done`: one word a step. */
function said(verdict: SavedVerdict): readonly string[] {
  if (verdict.state === 'stale')
    return verdict.differences.map(({ code, path }) => `${code} ${path ?? ''}`.trim())
  if (verdict.state === 'held') return ['held']
  const steps = verdict.steps.map(({ action, path }) => `${action} ${path}`)
  if (verdict.state === 'done') return ['done', ...steps]
  return [...steps, ...verdict.problems.map(({ code, path }) => `${code} ${path}`)]
}

/** The picture with these held files recorded under a plan's id. */
function by(planId: string, drawn: string): Observation {
  const seenNow = picture(drawn)
  const records = new Map(
    [...seenNow.destination.records].map(([path, record]) => [path, { ...record, planId }]),
  )
  return { ...seenNow, destination: { ...seenNow.destination, records } }
}

const withHolding = (drawn: string, over: Partial<Holding>): Observation => {
  const seenNow = picture(drawn)
  return { ...seenNow, destination: { ...seenNow.destination, ...over } }
}

describe('a saved plan against what there is now', () => {
  const pull = 'remote a 10 A'
  test.each<[string, string, string | Observation, readonly string[]]>([
    ['nothing has happened', pull, pull, ['pull a']],
    ['some bytes came meanwhile', pull, `${pull}\nstaged a 4`, ['resume a']],
    ['its staged bytes are gone', `${pull}\nstaged a 4`, pull, ['pull a']],
    ['something that no step names', pull, `${pull}\nremote b 10 B\nheld c 1 C`, ['pull a']],
    ['other bytes at the source', pull, 'remote a 11 B', ['stale-source a']],
    ['the same size, another digest', pull, 'remote a 10 B', ['stale-source a']],
    ['its marker is gone', pull, 'remote a 10 -', ['stale-source a']],
    ['gone at the source', pull, '', ['stale-source a']],
    ['a file in the way', pull, `${pull}\nbare a 10`, ['stale-destination a']],
    ['published by somebody else', pull, by('other', `${pull}\nheld a 10 A`), ['stale-destination a']],
    ['published by this plan', pull, by('mine', `${pull}\nheld a 10 A`), ['done']],
    [
      'published by this plan, and gone since',
      pull,
      by('mine', `${pull}\ngone a 10 A`),
      ['stale-destination a'],
    ],
    [
      'one done, one to come',
      `${pull}\nremote b 10 B`,
      by('mine', `${pull}\nremote b 10 B\nheld a 10 A`),
      ['pull b'],
    ],
    [
      'its last link fell: data and marker stand, unknown',
      pull,
      `${pull}\nstaged a 10\npair a 10 A`,
      ['adopt a'],
    ],
    ['its marker fell: data stands', pull, `${pull}\nstaged a 10\nbare a 10`, ['adopt a']],
    [
      'other data stands, and bytes are staged',
      pull,
      `${pull}\nstaged a 10\nbare a 9`,
      ['stale-destination a'],
    ],
    ['a repair still due', 'remote a 10 A\nheld a 10!9 A', 'remote a 10 A\nheld a 10!9 A', ['repair a']],
    [
      'rot that was mended by somebody',
      'remote a 10 A\nheld a 10!9 A',
      'remote a 10 A\nheld a 10 A',
      ['stale-destination a'],
    ],
    ['an adoption still due', 'ours a 10 A', 'ours a 10 A', ['adopt a']],
    ['a marker that came back', 'ours a 10 A', 'held a 10 A', ['stale-step a']],
    ['a conflict as it was', 'held a 1 A\nremote a 1 B', 'held a 1 A\nremote a 1 B', ['conflict a']],
    ['a conflict that ended', 'held a 1 A\nremote a 1 B', 'held a 1 A\nremote a 1 A', ['stale-source a']],
    ['one that waited has come', 'remote a 1 -', 'remote a 1 A', ['stale-source a']],
    ['lost, and back at the source', 'gone a 1 A', 'gone a 1 A\nremote a 1 A', ['stale-source a']],
    ['nothing to do', '', 'remote a 1 A', []],
  ])('%s', (_, before, after, expected) => {
    expect(said(applied(before, after))).toEqual(expected)
  })

  test('a source that is listed in part hides what it does not show', () => {
    const verdict = applied('remote a 10 A', picture('', 'incomplete'))
    expect(verdict).toMatchObject({ differences: [{ found: expect.stringContaining('incomplete') }] })
  })

  test('says what was expected and what is there', () => {
    expect(applied('remote a 10 A', 'remote a 11 B')).toEqual({
      state: 'stale',
      differences: [
        {
          code: 'stale-source',
          path: 'a',
          expected: `10 bytes, modified 1970-01-01T00:16:40Z, digest ${md5('A')}`,
          found: `11 bytes, modified 1970-01-01T00:16:40Z, digest ${md5('B')}`,
          message: expect.stringContaining('at the source'),
        },
      ],
    })
  })

  test('another spec is stale before any file is', () => {
    const other = spec({ digest: '1'.repeat(64) })
    expect(said(applied('remote a 10 A', '', { spec: other }))).toEqual(['stale-spec'])
  })

  test('a repair that a killed run of this plan began is no difference, one of another plan is', () => {
    const rotten = 'remote a 10 A\nheld a 10!9 A'
    const half = (planId: string) =>
      withHolding('remote a 10 A\ngone a 10 A', { begun: new Map([['a' as RelPath, planId]]) })
    expect(said(applied(rotten, half('mine')))).toEqual(['repair a'])
    expect(said(applied(rotten, half('other')))).toEqual(['stale-destination a'])
  })

  test('under the lock, parted from staging, a leftover is adopted; before that it is in the way', () => {
    const left = 'remote a 10 A\npair a 10 A'
    expect(said(applied('remote a 10 A', left, { isRecovered: true }))).toEqual(['adopt a'])
    expect(said(applied('remote a 10 A', left))).toEqual(['stale-destination a'])
  })

  test('what failed its gate meanwhile is left out, with the problem', () => {
    const gate = { at: NOON, size: 10, mtime: 1000, digest: md5('A') }
    const failed = withHolding('remote a 10 A', { seen: new Map([['a' as RelPath, seen({ gate })]]) })
    expect(said(applied('remote a 10 A', failed))).toEqual(['checksum-failed a'])
  })

  test('I6: a name that now folds to one that is held is refused', () => {
    expect(said(applied('remote a 10 A', 'remote a 10 A\nheld A 10 B'))).toEqual(['name-collision a'])
  })
})

describe('a removal', () => {
  const held = 'held a 10 A'
  const expectation = { source: null, destination: { size: 10, digest: md5('A') } }
  const prune: Step = { action: 'prune', path: 'a', because: ['outside'], expect: expectation }
  test('is done only where it would be made today too', () => {
    expect(said(applied([prune], held, { fresh: { steps: [prune] } }))).toEqual(['prune a'])
    expect(said(applied([prune], held))).toEqual(['stale-prune a'])
  })
  test('is held by the holds of today', () => {
    const holds = [{ id: '1', code: 'cliff', message: '' }]
    expect(said(applied([prune], held, { fresh: { holds } }))).toEqual(['held'])
  })
  test('made by this plan is done; by another it is a difference', () => {
    const gone = (planId: string) => {
      const file = {
        at: instant(5),
        trash: 'e',
        by: 'policy',
        reason: '',
        series: '',
        point: NOON,
        planId,
      } as const
      return withHolding('gone a 10 A', { pruned: new Map([['a' as RelPath, file]]) })
    }
    expect(applied([prune], gone('mine'))).toMatchObject({ state: 'done', at: 5 })
    expect(said(applied([prune], gone('other')))).toEqual(['stale-destination a'])
  })
})

test('what is to expire is skipped where it is due no more', () => {
  const expire: Step = { action: 'expire', path: 'a', because: [], size: 1 }
  expect(said(applied([expire], ''))).toEqual([])
  expect(said(applied([expire], '', { fresh: { steps: [expire] } }))).toEqual(['expire a'])
})

test('a plan comes back from its file as it was saved, with the same id, and without what is kept', () => {
  const drawn =
    'held k 1 A\nremote k 1 A\nremote a 10 A\nheld c 1 A\nremote c 1 B\ngone l 1 C\nremote w 1 -\nours u 1 D'
  const plan = planBackup(spec(), picture(drawn), { ...context, all: true })
  const document = assemblePlan([plan], [], NOON, null)
  const saved = toSavedPlan(document, new Map([['postgres', { retain: { daily: 7 } }]]))
  const back = readSavedPlan(JSON.stringify(saved))
  expect(back).toEqual({ plan: JSON.parse(JSON.stringify(saved)) })
  if (!('plan' in back)) return
  expect(planIdOf(back.plan.backups, back.plan.revision)).toBe(document.planId)
  expect(back.plan.backups[0]!.steps.map(({ action }) => action)).not.toContain('keep')
})

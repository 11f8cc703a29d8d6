import { describe, expect, test } from 'vitest'
import { comparePlans } from '../../../src/decide/plan/compare.ts'
import type { Step } from '../../../src/model/plan.ts'
import type { SavedPlan } from '../../../src/model/saved-plan.ts'
import { describeEffect, renderComparison } from '../../../src/view/describe-comparison.ts'
import { renderPlanMarkdown } from '../../../src/view/render-plan-markdown.ts'
import { backupPlan, GIB, plan, step } from '../../view/sample-documents.ts'

/** A plan of `postgres` with these steps (`surplus a.tar`, a GiB each), made from this spec. */
const saved = (steps: readonly string[], spec: unknown): SavedPlan => ({
  ...plan(backupPlan(steps.map((text): Step => step(text, { size: GIB })))),
  specs: { postgres: spec },
})

const compared = (old: SavedPlan, now: SavedPlan) => renderComparison(comparePlans(old, now)).trimEnd()

const retain = (daily: number) => ({ retain: { daily, pick: 'newest' }, select: { include: ['*'] } })
const surplus = (count: number) => Array.from({ length: count }, (_, i) => `surplus ${i}.tar`)

describe('what a change of specs comes to', () => {
  test.each<[string, SavedPlan, SavedPlan, string]>([
    [
      'a shorter retention',
      saved(surplus(1), retain(7)),
      saved(surplus(5), retain(3)),
      'retain.daily 7 → 3: 4 files become surplus (4.0 GiB), 0 removed',
    ],
    [
      'pruning switched on',
      saved(surplus(2), { prune: { mode: 'never' } }),
      saved(['prune 0.tar', 'surplus 1.tar'], { prune: { mode: 'auto' } }),
      'prune.mode never → auto: no file changes its fate, 1 file (1.0 GiB) REMOVED',
    ],
    [
      'a longer retention',
      saved(surplus(2), retain(3)),
      saved(['pull old.tar'], retain(30)),
      'retain.daily 3 → 30: 1 file becomes wanted (1.0 GiB), 2 files are kept after all (2.0 GiB), 1.0 GiB more to transfer, 0 removed',
    ],
    [
      'a key that changes nothing',
      saved([], { transfer: { timeout: '60s' } }),
      saved([], { transfer: { timeout: '90s' }, suspend: true }),
      'suspend unset → true; transfer.timeout 60s → 90s: no file changes its fate, 0 removed',
    ],
  ])('%s', (_, old, now, said) => {
    expect(compared(old, now)).toBe(`Against the other plan:\n  postgres  ${said}`)
  })

  test('nothing, where only the order of keys differs', () => {
    const [old, now] = [saved(['pull a'], { a: 1, b: 2 }), saved(['pull a'], { b: 2, a: 1 })]
    expect(compared(old, now)).toBe('Against the other plan: no change.')
  })

  test('a backup that appears, and one that vanishes', () => {
    const [has, hasNot] = [saved(['pull a'], {}), { ...plan(), specs: {} }]
    expect(compared(hasNot, has)).toContain('postgres  new in this plan: 1 file becomes wanted')
    expect(compared(has, hasNot)).toContain('postgres  not in this plan any more')
  })
})

test('removals are said first of all things that cannot be undone, and never left out', () => {
  const none = { files: 0, bytes: 0 }
  const effect = {
    wanted: none,
    dropped: none,
    surplus: none,
    spared: none,
    removed: none,
    other: none,
    transfer: 0,
  }
  expect(describeEffect(effect)).toMatch(/, 0 removed$/)
})

describe('as a comment', () => {
  test.each([
    '<img src=x onerror=alert(1)>',
    '](http://evil.example) @everyone #1',
    '`` ` ```',
    '`',
    '</details><script>',
    'a\n\n# heading\n- item',
    '\u202egpj.exe',
    '&lt;b&gt; **bold** | cell',
  ])('%j is no markup wherever it comes from', (nasty) => {
    const made = backupPlan([step('pull x', { path: nasty, because: [nasty] })], {
      backup: nasty,
      from: nasty,
      to: nasty,
      problems: [{ code: nasty, path: nasty, message: nasty, hint: nasty }],
      halt: { code: nasty, message: nasty, hint: nasty },
      holds: [{ id: nasty, code: nasty, message: nasty }],
    })
    const document = { ...plan(made), planId: nasty, revision: nasty }
    const now: SavedPlan = { ...document, specs: { [nasty]: { [nasty]: nasty } } }
    const old: SavedPlan = { ...document, specs: { [nasty]: { [nasty]: 'before' } } }
    const text = renderPlanMarkdown(document, { against: comparePlans(old, now), isEdited: true })
    const outside = withoutCodeSpans(text)
    const plain = renderPlanMarkdown(plan(backupPlan([step('pull x')])), { against: null, isEdited: true })
    // What is left is ours: letters, our own list marks and folds.
    expect(outside.replace(/<\/?(?:details|summary)>/g, '')).not.toMatch(/[<>[\]@`|\u202e]|evil|script|item/)
    expect(outside.match(/^#+ /gm)!.length).toBe(withoutCodeSpans(plain).match(/^#+ /gm)!.length + 1)
  })
})

/** As CommonMark has it: a run of backticks closes with a run of the same length; a blank line ends all spans. `> ` is our own. */
const withoutCodeSpans = (text: string): string =>
  text
    .replace(/^> /gm, '')
    .split('\n\n')
    .map((block) => block.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, ''))
    .join('\n\n')

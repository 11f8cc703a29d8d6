import { describe, expect, test } from 'vitest'
import { renderPlanMarkdown } from '../../src/view/render-plan-markdown.ts'
import { backupPlan, plan, step } from './sample-documents.ts'

describe('a plan as a comment', () => {
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
    const text = renderPlanMarkdown(document, true)
    const outside = withoutCodeSpans(text)
    const plain = renderPlanMarkdown(plan(backupPlan([step('pull x')])), true)
    // What is left is ours: letters, our own list marks and folds.
    expect(outside.replace(/<\/?(?:details|summary)>/g, '')).not.toMatch(/[<>[\]@`|\u202e]|evil|script|item/)
    expect(outside.match(/^#+ /gm)!.length).toBe(withoutCodeSpans(plain).match(/^#+ /gm)!.length)
  })
})

/** As CommonMark has it: a run of backticks closes with a run of the same length; a blank line ends all spans. `> ` is our own. */
const withoutCodeSpans = (text: string): string =>
  text
    .replace(/^> /gm, '')
    .split('\n\n')
    .map((block) => block.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, ''))
    .join('\n\n')

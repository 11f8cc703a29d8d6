import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeJson, escapeProse, escapeText } from '../../src/view/escape-text.ts'
import { NASTY, nastyText } from './nasty.ts'

describe('text that came from a source', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['two\nlines\r\t', 'two\\nlines\\r\\t'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u009b2J', '\\x9b2J'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['half \ud83d pair', 'half \\u{d83d} pair'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['blåbær 日本 🎈 C:\\x', 'blåbær 日本 🎈 C:\\x'],
  ])('%j is shown as %s', (text, shown) => {
    expect(escapeText(text)).toBe(shown)
  })

  it('never moves a cursor, whatever it holds', () => {
    fc.assert(
      fc.property(nastyText, (text) => !NASTY.test(escapeText(text)) && !NASTY.test(escapeProse(text))),
    )
  })

  it('keeps its value as JSON, and moves no cursor there either', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const json = escapeJson(JSON.stringify({ path: text }, null, 2))
        expect(JSON.parse(json)).toEqual({ path: text })
        expect(json.replaceAll('\n', '')).not.toMatch(NASTY)
      }),
    )
  })
})

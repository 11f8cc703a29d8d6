import { htmlEscape } from 'escape-goat'
import { escapeText } from './escape-text.ts'

/** Text that is HTML already. */
export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Part[]

const isList = (part: Part): part is readonly Part[] => Array.isArray(part)

function partText(part: Part): string {
  if (isList(part)) return part.map(partText).join('')
  return typeof part === 'object' ? part.markup : htmlEscape(escapeText(String(part)))
}

/** HTML with raw values put in: each is escaped, for a page and against what moves or hides text, unless it is HTML made here. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  markup: texts.map((text, i) => text + (i < parts.length ? partText(parts[i]!) : '')).join(''),
})

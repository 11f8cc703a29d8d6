import { baseName } from '../../model/rel-path.ts'
import { type DateSpan, dateOf } from './name-date.ts'
import { patternFault } from './series-pattern.ts'

/**
 * The pattern to write for names such as this one, with which no more is guessed; null where none is known: it carries no date, its date
 * could be read two ways, or it names a month in words.
 */
export function suggestPattern(path: string): string | null {
  const found = dateOf(path)
  if (found === null || found.date === null || found.spans.some(({ isByMonthName }) => isByMonthName))
    return null
  let text = ''
  let end = 0
  for (const span of found.spans) {
    text += `${path.slice(end, span.start)}${tokensOf(path, span)}`
    end = span.end
  }
  text += path.slice(end)
  // Braces that are the name's own stand for no token.
  if (/[{}]/.test(path)) return null
  // Without folders of a date, a pattern is about names alone.
  const isOfNames = found.spans.every(({ start }) => start > path.lastIndexOf('/'))
  const folder = isOfNames ? '' : text.slice(0, text.length - baseName(text).length)
  const pattern = folder + withSeries(baseName(text))
  return patternFault(pattern) === null ? pattern : null
}

/** The name up to its date, or from it to its extension, is what tells series apart. */
function withSeries(name: string): string {
  const date = name.indexOf('{')
  if (date === -1) return name.replace(/^[^.]+/, '{series}')
  const before = /^(.*?)([-_.]*)$/s.exec(name.slice(0, date))!
  if (before[1] !== '') return `{series}${before[2]}${name.slice(date)}`
  const last = name.lastIndexOf('}') + 1
  return name.slice(0, last) + name.slice(last).replace(/^([-_]+)[^.{}]+/, '$1{series}')
}

const TOKENS: Readonly<Record<string, string>> = { Y: '{YYYY}', M: '{MM}', D: '{DD}' }

function tokensOf(path: string, { dateEnd, end, parts, between }: DateSpan): string {
  const date = Array.from(parts, (part) => TOKENS[part]).join(between)
  const time = path.slice(dateEnd, end)
  if (time === '') return date
  const [, before = '', colon = '', seconds, rest = ''] =
    /^(\D?)\d\d([-_.:]?)\d\d((?:\2\d\d(?!\d))?)(.*)$/s.exec(time) ?? []
  const clock = `${before}{hh}${colon}{mm}${seconds === '' ? '' : `${colon}{ss}`}`
  return date + clock + rest.replace(/^([.,])\d+/, '$1{part}')
}

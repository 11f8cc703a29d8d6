import { inLocalTime } from '../decide/time/local-time.ts'
import { zoneOf } from '../decide/time/zone.ts'
import type { Statement } from '../model/statement.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { paint } from './paint.ts'
import { HOW_TO_CHECK, statementFacts } from './statement-facts.ts'
import { indentText, wrapText } from './wrap-text.ts'

const LABEL = 10

/** A month of each backup for people. Ends with a newline. */
export function renderStatement(
  { month, made, backups }: Statement,
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const brush = paint(color)
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const local = (text: string) => inLocalTime(text.replace(/\.\d+Z/g, 'Z'), zone)
  const lines = [
    ...wrapText(local(`Statement of ${month}, made ${made}`), width),
    ...backups.flatMap((one) => [
      '',
      ...wrapText(`${brush('bold', one.backup)}  ${escapeText(one.destination)}`, width),
      ...indentText(local(`${one.from} to ${one.until}, cut in ${one.timezone}`), width),
      ...statementFacts(one, zone).flatMap(({ label, bad, lines: said }) => {
        const mark = brush(bad ? 'yellow' : 'plain', `${bad ? '!' : ' '} ${label.padEnd(LABEL)}`)
        // A head is to be copied.
        if (label === 'head' && said[0]!.includes(':')) return [mark.trimEnd(), `    ${said[0]}`]
        const folded = said.flatMap((text) =>
          wrapText(escapeProse(text), width - LABEL - 4).map((line, i) => (i === 0 ? line : `  ${line}`)),
        )
        return folded.map((line, i) => `${i === 0 ? mark : ' '.repeat(LABEL + 2)}${line}`.trimEnd())
      }),
    ]),
    '',
    ...wrapText(HOW_TO_CHECK, width),
  ]
  return `${lines.join('\n')}\n`
}

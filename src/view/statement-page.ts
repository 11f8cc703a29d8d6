import { inLocalTime } from '../decide/time/local-time.ts'
import { zoneOf } from '../decide/time/zone.ts'
import { humanSize } from '../model/human-size.ts'
import type { BackupStatement, Statement } from '../model/statement.ts'
import { html, type Markup } from './html.ts'
import { dayOf, HOW_TO_CHECK, statementFacts } from './statement-facts.ts'

const STYLE = html`
  body { font: 15px/1.45 system-ui, sans-serif; color: #1b1b1b; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 0 } .dim { color: #5a5a5a; margin: .1rem 0 .6rem }
  section { border-top: 2px solid #1b1b1b; margin-top: 1.8rem; padding-top: .8rem; break-inside: avoid-page }
  table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #ddd }
  th { width: 6rem; font-weight: 600 } td p { margin: 0; overflow-wrap: anywhere } .bad th { color: #9a3b00 } .bad th::before { content: "! " }
  .head p { font: 12px/1.5 ui-monospace, monospace } svg { display: block; margin-top: .4rem } footer { margin-top: 2rem; font-size: .9rem; color: #444 }
  @media print { body { margin: 0; max-width: none; font-size: 11px } }
`

/** A month of each backup as one page that needs nothing else: no script, nothing to load, printable. */
export function statementPage({ month, made, backups, revision }: Statement): string {
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const local = (text: string) => inLocalTime(text.replace(/\.\d+Z/g, 'Z'), zone)
  const specs = revision === null ? '' : `; specs of commit ${revision}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Backups in ${month}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Backups in ${month}</h1>
<p class="dim">Made ${local(made)} from the ledgers of ${String(backups.length)} ${backups.length === 1 ? 'backup' : 'backups'}${specs}</p>
${backups.map(
  (one) => html`<section>
<h2>${one.backup}</h2>
<p class="dim">${one.destination}: ${local(`${one.from} to ${one.until}`)}, cut in ${one.timezone}</p>
<table>
${statementFacts(one, zone).map(
  ({ label, bad, lines }) =>
    html`<tr class="${bad ? 'bad ' : ''}${label}"><th scope="row">${label}</th><td>${lines.map((line) => html`<p>${line}</p>`)}${label === 'held' && one.held.files > 0 ? bars(one) : ''}</td></tr>
`,
)}</table>
</section>
`,
)}
<footer><p>${HOW_TO_CHECK}</p></footer>
</body>
</html>
`
  return page.markup
}

/** The size at each mark, as bars. */
function bars(one: BackupStatement): Markup {
  const { trend } = one
  const most = Math.max(1, ...trend.map(({ bytes }) => bytes))
  const rows = trend.map(({ at, bytes }, i) => {
    const width = Math.round((bytes / most) * 260)
    const y = i * 16
    return html`<text x="0" y="${y + 11}" font-size="11">${dayOf(at, one)}</text><rect x="76" y="${y + 2}" width="${width}" height="11" fill="#4a6fa5"/><text x="${82 + width}" y="${y + 11}" font-size="11">${humanSize(bytes)}</text>`
  })
  return html`<svg role="img" aria-label="size" width="420" height="${trend.length * 16 + 2}">${rows}</svg>`
}

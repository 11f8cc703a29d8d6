import type { Command } from 'commander'
import { codeOfHistories } from '../decide/status/exit-code.ts'
import { zoneOf } from '../decide/time/zone.ts'
import type { LedgerEnd, ReadLine } from '../model/holding.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Diagnostic } from '../model/trouble.ts'
import {
  entryFacts,
  entryText,
  jsonLine,
  type LogEntry,
  type LogLedger,
  ledgerNotes,
} from '../view/render-log.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import { type Console, printDocument } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { isFolder, openHistories, openLedgerAt, openLedgerOf } from './look-at.ts'

interface LogFlags extends SharedFlags {
  readonly since?: ReturnType<typeof parseFlag.past>
}

export function add(command: Command, host: Host): void {
  command
    .description(
      'the ledger as sentences: what happened, by which commit and plan, who vouched, why; the newest is last.\n' +
        'Needs the disk alone: a destination folder may be given instead of a name.',
    )
    .argument('[name...]', 'backups, or folders of destinations; without one: all backups')
    .option('--since <time>', 'only from then on: 7d, 2026-11-24 or 2026-11-24T06:00:00Z', parseFlag.past)
    .action(
      ends(host, async (names: string[], given: LogFlags) => {
        const console = openConsole(given)
        const { ledgers, diagnostics } = await openLedgers(names, given, console, host.run)
        const { since } = given
        const from = since === undefined ? null : since(host.run.now())
        return log(ledgers.map(follow), { from, diagnostics }, console, host.run)
      }),
    )
}

interface Place {
  readonly backup: string
  readonly destination: Destination
}

/** The destinations whose ledgers are meant: of these backups and folders, or of all backups. */
async function openLedgers(names: readonly string[], given: SharedFlags, console: Console, run: Run) {
  const ledgers: Place[] = []
  for (const folder of names.filter(isFolder)) {
    const destination = await openLedgerAt(folder, given, run)
    ledgers.push({
      backup: (await destination.readStatus().catch(() => null))?.backup ?? folder,
      destination,
    })
  }
  if (ledgers.length > 0 && ledgers.length === names.length) return { ledgers, diagnostics: [] }
  const named = names.filter((name) => !isFolder(name))
  const { workspace, specs, diagnostics } = await openHistories(named, given, console, run)
  for (const spec of specs)
    ledgers.push({ backup: spec.name, destination: await openLedgerOf(spec, workspace) })
  return { ledgers, diagnostics }
}

/** A ledger that is read as far as it is asked for. */
function follow({ backup, destination }: Place) {
  return {
    backup,
    destination,
    pieces: null as ReturnType<Destination['history']> | null,
    piece: [] as readonly ReadLine[],
    at: 0,
    lines: 0,
    end: null as LedgerEnd | null,
  }
}

type Reader = ReturnType<typeof follow>

/** Its next line, which stays the next; null: there is none. What keeps it from being read is its end. */
async function peek(reader: Reader, run: Run): Promise<ReadLine | null> {
  try {
    while (reader.end === null && reader.at === reader.piece.length) {
      reader.pieces ??= reader.destination.history(run)
      const { done, value } = await reader.pieces.next()
      if (done) reader.end = value
      else Object.assign(reader, { piece: value, at: 0, lines: reader.lines + value.length })
    }
  } catch (error) {
    const { code, message, hint } = failureFrom(error)
    reader.end = { head: null, torn: 0, halt: { code, message, hint } }
  }
  return reader.piece[reader.at] ?? null
}

/** All lines, each ledger's in its own order, of several ledgers the one with the earlier time first. */
async function* inOrder(readers: readonly Reader[], run: Run): AsyncGenerator<LogEntry> {
  for (;;) {
    let first: { readonly reader: Reader; readonly read: ReadLine } | null = null
    for (const reader of readers) {
      const read = reader.piece[reader.at] ?? (await peek(reader, run))
      if (read !== null && (first === null || read.line.time < first.read.line.time)) first = { reader, read }
    }
    if (first === null) return
    first.reader.at++
    yield { backup: first.reader.backup, ...first.read }
  }
}

/** Whether lines are shown: from the first on whose time is `from` or later by a clock that was believed. Null: all. */
function sinceThen(from: Instant | null) {
  const begun = new Set<string>()
  return ({ backup, line }: LogEntry): boolean => {
    if (from === null || begun.has(backup)) return true
    const isLater = Date.parse(line.time) >= from
    if (isLater && line.clock === undefined) begun.add(backup)
    return isLater
  }
}

/** Characters that are written at once. */
const PAGE = 1 << 16

async function log(
  readers: readonly Reader[],
  { from, diagnostics }: { readonly from: Instant | null; readonly diagnostics: readonly Diagnostic[] },
  console: Console,
  run: Run,
): Promise<number> {
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const shape = { width: console.width, zone, named: readers.length > 1 }
  const isShown = sinceThen(from)
  const since = from === null ? null : isoTime(from)
  let page =
    console.output === 'json'
      ? `{"format":"reconcile.log/1","since":${JSON.stringify(since)},"entries":[`
      : ''
  let shown = 0
  for await (const entry of inOrder(readers, run)) {
    run.signal.throwIfAborted()
    if (!isShown(entry)) continue
    if (console.output === 'text') page += entryText(entry, shape)
    else if (console.output === 'json') page += `${shown === 0 ? '' : ','}\n${jsonLine(entryFacts(entry))}`
    else page += `${jsonLine({ time: entry.line.time, type: 'entry', ...entryFacts(entry) })}\n`
    shown++
    if (page.length < PAGE) continue
    console.write(page)
    page = ''
    // A signal, and a pipe that nobody reads any more, are noticed in between.
    if (!(await console.flushed())) return 0
  }
  const ledgers = readers.map(
    ({ backup, destination, lines, end }): LogLedger => ({
      backup,
      destination: destination.path,
      lines,
      ...end!,
    }),
  )
  const exitCode = codeOfHistories(ledgers, diagnostics)
  const rest = { ledgers, diagnostics, exitCode }
  if (console.output === 'json') console.write(`${page}\n],${jsonLine(rest).slice(1)}\n`)
  else if (console.output === 'ndjson') {
    console.write(page)
    printDocument(console, {
      time: isoTime(run.now()),
      type: 'log',
      log: { format: 'reconcile.log/1', since, ...rest },
    })
  } else {
    const notes = ledgers.flatMap((ledger) => ledgerNotes(ledger, console.width))
    const nothing = shown === 0 && notes.length === 0 ? ['Nothing is recorded since then.'] : []
    console.write([page, ...[...nothing, ...notes].map((note) => `${note}\n`)].join(''))
  }
  return exitCode
}

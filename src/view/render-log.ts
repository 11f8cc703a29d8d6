import { inLocalTime } from '../decide/time/local-time.ts'
import type { Zone } from '../decide/time/zone.ts'
import type { LedgerEnd, ReadLine } from '../model/holding.ts'
import { withHint } from '../model/trouble.ts'
import { escapeJson, escapeProse, escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { ledgerSentence } from './ledger-sentence.ts'
import { indentText, wrapText } from './wrap-text.ts'

/** One line of one backup's ledger. */
export interface LogEntry extends ReadLine {
  readonly backup: string
}

/** How one ledger ended. `lines`: those that could be read, shown or not. */
export interface LogLedger extends LedgerEnd {
  readonly backup: string
  readonly destination: string
  readonly lines: number
}

/** One entry for people: its local time, then its sentence, folded. Ends with a newline. */
export function entryText(
  { backup, line, isBreak }: LogEntry,
  { width, zone, named }: { readonly width: number; readonly zone: Zone; readonly named: boolean },
): string {
  const name = named ? `${backup}: ` : ''
  // Times in names and in a person's words stay as they are.
  const local = (time: string) => inLocalTime(time.replace(/\.\d+Z$/, 'Z'), zone)
  const text = `${escapeText(local(line.time))}  ${escapeProse(name + ledgerSentence(line, local))}`
  const lines = `${wrapText(text, width - 4).join('\n    ')}\n`
  return isBreak === true ? `! damaged here: lines before this one were changed or removed\n${lines}` : lines
}

/** One entry for machines: what the ledger's line holds but for the links of its chain, and its sentence. */
export const entryFacts = ({ backup, line, isBreak }: LogEntry): object => {
  const { append: _, prev: __, seq, time, hash, event, ...facts } = line
  return {
    backup,
    seq,
    time,
    hash,
    event,
    ...facts,
    sentence: ledgerSentence(line),
    ...(isBreak === true ? { afterDamage: true } : {}),
  }
}

export const jsonLine = (value: object): string => escapeJson(JSON.stringify(value))

/** What is to be said of a ledger after its lines: damage, and a last write that is not whole. Empty: nothing. */
export function ledgerNotes({ destination, halt, torn, lines }: LogLedger, width: number): readonly string[] {
  const notes: string[] = []
  if (halt !== null) notes.push(`! ${escapeText(halt.code)}`, ...indentText(withHint(halt), width))
  if (torn > 0 && halt === null)
    notes.push(
      ...indentText(
        `The last write to the ledger of ${destination} is not whole (${counted(torn, 'byte')}): one is under way, or a crash cut it off, and the next pass sets it aside.`,
        width,
      ),
    )
  if (halt === null && lines === 0) notes.push(...indentText(`${destination} has no ledger yet.`, width))
  return notes
}

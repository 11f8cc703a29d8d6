import type { Listing } from '../model/listing.ts'
import { gatherEntries } from './gather-entries.ts'
import { collectProblems } from './problems.ts'
import { quote } from './quote.ts'

export interface ListingParser {
  /** False: too much; the listing is a flood and no listing. */
  hear(chunk: Buffer): boolean
  /** `garbled`: there were lines that no rsync prints, so something may be missing. */
  end(): Omit<Listing, 'completeness'> & { readonly garbled: boolean }
}

const ENTRIES = 2_000_000
const LINE = 64 * 1024
const NEWLINE = 10
// `-rw-r--r--         123 2026/11/23 18:09:18 NAME`
const ENTRY = /^([-dlcbps])[-rwxsStT]{9} +(-?\d+) (-?\d+)\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) /

/** Reads what `rsync --no-h SOURCE/` prints under `LC_ALL=C TZ=UTC`, as it comes. Unsafe and colliding names are refused here (I6). */
export function parseListing(): ListingParser {
  const entries = gatherEntries()
  const problems = collectProblems()
  let rest: Buffer | null = null
  let count = 0
  let garbled = false

  const line = (buffer: Buffer, from: number, to: number): void => {
    const entry = ENTRY.exec(buffer.toString('latin1', from, Math.min(to, from + 96)))
    if (entry === null || from + entry[0].length >= to) {
      garbled = true
      problems.add({
        code: 'garbled-listing',
        message: `The source's listing holds a line that is none: ${quote(buffer.toString('latin1', from, Math.min(to, from + 200)))}.`,
        hint: 'See that nothing at the source (a login script, a wrapper) prints to the session.',
      })
      return
    }
    const [head, kind, size, ...date] = entry as unknown as [string, string, string, ...string[]]
    entries.add({
      kind,
      size,
      mtime: seconds(date.map(Number)),
      // Cut out on its own: a slice would keep the whole chunk in memory for as long as the name lives.
      name: buffer.toString('latin1', from + head.length, to),
    })
  }

  return {
    hear(chunk) {
      const buffer = rest === null ? chunk : Buffer.concat([rest, chunk])
      let from = 0
      for (let to = buffer.indexOf(NEWLINE); to !== -1; to = buffer.indexOf(NEWLINE, from)) {
        line(buffer, from, to)
        from = to + 1
        if (++count > ENTRIES) return false
      }
      rest = from < buffer.length ? Buffer.from(buffer.subarray(from)) : null
      return rest === null || rest.length <= LINE
    },
    end() {
      if (rest !== null) line(rest, 0, rest.length)
      rest = null
      const found = entries.end()
      return { files: found.files, problems: [...problems.all(), ...found.problems], garbled }
    },
  }
}

function seconds([year, month, day, hour, minute, second]: readonly number[]): number {
  // Date.UTC takes 0 to 99 for the twentieth century; such years are refused anyhow.
  return year! < 100 ? Number.NaN : Date.UTC(year!, month! - 1, day!, hour, minute, second) / 1000
}

import type { Concern } from '../model/listing.ts'
import { gatherEntries } from './gather-entries.ts'
import { collectProblems } from './problems.ts'
import { quote } from './quote.ts'

const ENTRIES = 2_000_000
const LINE = 64 * 1024
const NEWLINE = 10
const SPACE = 32
const ZERO = 48
const MINUS = 45
const MODE = /^[-dlcbps][-rwxsStT]{9}$/

/** Reads what `rsync --no-h SOURCE/` prints under `LC_ALL=C TZ=UTC`, as it comes. Unsafe and colliding names are refused here (I6). */
export function parseListing(concern?: Concern, isListed?: boolean) {
  const entries = gatherEntries(concern, isListed)
  const problems = collectProblems()
  let rest: Buffer | null = null
  let count = 0
  let garbled = false

  const line = (buffer: Buffer, from: number, to: number): void => {
    const head = readHead(buffer, from, to)
    if (head === null) {
      garbled = true
      problems.add({
        code: 'garbled-listing',
        message: `The source's listing has an invalid line: ${quote(buffer.toString('latin1', from, Math.min(to, from + 200)))}.`,
        hint: 'Check that nothing at the source (a login script, a wrapper) prints to the session.',
      })
      return
    }
    // Its own string: a slice would keep the whole chunk in memory as long as the name.
    entries.add(head, buffer.toString('latin1', head.end, to))
  }

  return {
    /** False: too much; this is a flood, not a listing. */
    hear(chunk: Buffer): boolean {
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
    /** `garbled`: there were lines that no rsync prints, so something may be missing. */
    end() {
      if (rest !== null) line(rest, 0, rest.length)
      rest = null
      const found = entries.end()
      return { ...found, problems: [...problems.all(), ...found.problems], garbled }
    },
  }
}

interface Head {
  kind: string
  /** Bytes. */
  size: number
  /** Seconds since 1970. */
  mtime: number
  /** Where the name begins. */
  end: number
}

/**
 * `-rw-r--r--         123 2026/11/23 18:09:18 NAME`, from byte to byte: with 200,000 lines a regular expression would be half of
 * all the work. Null: no such line.
 */
function readHead(buffer: Buffer, from: number, to: number): Head | null {
  const mode = buffer.toString('latin1', from, from + 10)
  if (!MODE.test(mode)) return null
  let at = from + 10
  if (buffer[at] !== SPACE) return null
  while (buffer[at] === SPACE) at++
  const negative = buffer[at] === MINUS
  if (negative) at++
  const sizeAt = at
  let size = 0
  for (; at < to && isDigit(buffer[at]!); at++) size = size * 10 + (buffer[at]! - ZERO)
  if (at === sizeAt || buffer[at] !== SPACE) return null
  const yearAt = ++at
  let year = 0
  for (; at < to && isDigit(buffer[at]!); at++) year = year * 10 + (buffer[at]! - ZERO)
  if (at - yearAt < 4) return null
  // `/11/23 18:09:18 NAME`
  if (at + 16 >= to || buffer[at + 15] !== SPACE) return null
  for (let i = 0; i < 15; i += 3)
    if (
      buffer[at + i] !== SEPARATORS[i / 3] ||
      !isDigit(buffer[at + i + 1]!) ||
      !isDigit(buffer[at + i + 2]!)
    )
      return null
  const two = (offset: number): number => (buffer[at + offset]! - ZERO) * 10 + buffer[at + offset + 1]! - ZERO
  // Date.UTC takes 0 to 99 for the twentieth century; such years are refused anyhow.
  const mtime = year < 100 ? Number.NaN : Date.UTC(year, two(1) - 1, two(4), two(7), two(10), two(13)) / 1000
  return { kind: mode[0]!, size: negative ? -size : size, mtime, end: at + 16 }
}

const SEPARATORS = [...'// ::'].map((char) => char.charCodeAt(0))

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9

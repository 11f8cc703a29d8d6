import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import stringify from 'safe-stable-stringify'

/** The same for the same value, whatever the order of its keys. sha256, lower-case hex. */
export function fingerprint(value: unknown): string {
  const hash = sha256.create()
  let waiting = ''
  feed(value, DEPTH, (text) => {
    waiting += text
    if (waiting.length < CHUNK) return
    hash.update(utf8ToBytes(waiting))
    waiting = ''
  })
  return bytesToHex(hash.update(utf8ToBytes(waiting)).digest())
}

/** The same question has the same id on every run, until its answer changes: eight hex digits of what it is about. */
export const holdId = (code: string, about: readonly unknown[]): string =>
  fingerprint([code, ...about]).slice(0, 8)

/** Characters that are hashed at once: many small parts would take ten times as long. */
const CHUNK = 65_536

/** As deep as the steps of a plan are. */
const DEPTH = 4

/** Hands on what `stringify` makes of a value, a part at a time: of a million steps the whole text would take gigabytes. */
function feed(value: unknown, depth: number, take: (text: string) => void): void {
  if (depth === 0 || typeof value !== 'object' || value === null || 'toJSON' in value) {
    take(stringify(value) ?? 'null')
    return
  }
  let before = ''
  if (Symbol.iterator in value) {
    take('[')
    for (const item of value as Iterable<unknown>) {
      take(before)
      before = ','
      feed(item, depth - 1, take)
    }
    take(']')
    return
  }
  take('{')
  for (const [key, one] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (one === undefined) continue
    take(`${before}${JSON.stringify(key)}:`)
    before = ','
    feed(one, depth - 1, take)
  }
  take('}')
}

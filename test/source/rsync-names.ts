/** A name's bytes as rsync prints them under `LC_ALL=C`: what unescapeName takes back. */
export function printedName(name: string | Buffer): string {
  const bytes = Buffer.from(name)
  let out = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    // A backslash that would look like an escape is escaped itself.
    const looksEscaped = byte === 0x5c && /^#[0-7]{3}/.test(bytes.toString('latin1', i + 1, i + 5))
    const plain = byte >= 0x20 && byte <= 0x7e && !looksEscaped
    out += plain ? String.fromCharCode(byte) : `\\#${byte.toString(8).padStart(3, '0')}`
  }
  return out
}

/** A line as `rsync --no-h SOURCE/` prints it. */
export const listingLine = (entry: {
  kind?: string
  size?: number | bigint | string
  date?: string
  name: string | Buffer
}): string =>
  `${entry.kind ?? '-'}rw-r--r-- ${String(entry.size ?? 0).padStart(11)} ${entry.date ?? '2026/11/23 18:09:18'} ${printedName(entry.name)}\n`

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A name as rsync prints it under `LC_ALL=C`: every byte but printable ASCII as `\#ooo`, and a backslash that would look like one
 * as `\#134`. Null: the bytes are not UTF-8, or the line was not made that way.
 */
export function unescapeName(printed: string): string | null {
  if (!printed.includes('\\#')) return isAscii(printed) ? printed : null
  const bytes = bytesOf(printed)
  if (isAscii(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return null
  }
}

/** Each way in which a name may be meant: as the text that it is, else with its bad bytes marked as such, and a character a byte. */
export function readings(printed: string): readonly string[] {
  const path = unescapeName(printed)
  if (path !== null) return [path]
  const bytes = bytesOf(printed)
  return [Buffer.from(bytes, 'latin1').toString('utf8'), bytes]
}

/** One character a byte. */
const bytesOf = (printed: string): string =>
  printed.replace(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

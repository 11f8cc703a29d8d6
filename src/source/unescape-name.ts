const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A name as rsync prints it under `LC_ALL=C`: every byte but printable ASCII as `\#ooo`, and a backslash that would look like one
 * as `\#134`. Null: the bytes are not UTF-8, or the line was not made that way.
 */
export function unescapeName(printed: string): string | null {
  if (!printed.includes('\\#')) return isAscii(printed) ? printed : null
  const bytes = printed.replace(/\\#([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
  if (isAscii(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return null
  }
}

const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { isWithin } from '../decide/is-within.ts'
import { type Fault, type SourceText, startOf } from './located.ts'

const MAX_SPEC_BYTES = 256 * 1024

/**
 * A YAML file's text. Never waits for a FIFO, and never reads more than the bound and one byte. With `within` it follows no link out
 * of that folder: specs come from git, and what a link points at would be quoted in a fault's frame.
 */
export async function readSpecFile(
  file: string,
  within: string | null,
): Promise<{ readonly source: SourceText; readonly fault: Fault | null }> {
  const source: SourceText = { file, text: '' }
  const no = (code: string, message: string, hint?: string) => ({
    source,
    fault: {
      place: startOf(source),
      severity: 'error' as const,
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    },
  })
  let bytes: Buffer
  try {
    if (within !== null && !isWithin(await realpath(file), await realpath(within)))
      return no('unreadable', 'the file is a link that leads out of the folder', 'put the file itself there')
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await handle.stat()).isFile()) return no('unreadable', 'the file is no regular file')
      const buffer = Buffer.alloc(MAX_SPEC_BYTES + 1)
      let length = 0
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
        length += bytesRead
        if (bytesRead === 0 || length === buffer.length) break
      }
      bytes = buffer.subarray(0, length)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EACCES' ? 'permission denied' : code === 'ENOENT' ? 'it is a dangling link, or is gone' : code
    return no(
      'unreadable',
      `the file cannot be read: ${why}`,
      'make it readable for the user who runs reconcile',
    )
  }
  if (bytes.length > MAX_SPEC_BYTES)
    return no('too-large', 'the file is larger than 256 KiB', 'a spec is a few lines long')
  try {
    // A byte order mark is dropped here.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { source: { file, text }, fault: null }
  } catch {
    return no('not-utf-8', 'the file is not UTF-8 text', 'save it as UTF-8')
  }
}

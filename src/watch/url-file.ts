import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { systemErrorOf, whyUnreadable } from '../model/system-error.ts'
import type { Halt } from '../model/trouble.ts'

/** A URL and its credentials. Never show either: anyone who knows them can call it too. */
export interface SecretUrl {
  readonly url: URL
  readonly authorization: string | null
}

type Read =
  | { readonly ok: true; readonly secret: SecretUrl }
  /** The fault names the file, and nothing of its content. */
  | { readonly ok: false; readonly fault: Halt }

const MAX_BYTES = 4096
/** Mode bits of group and others, except the group's read bit. */
const TOO_OPEN = 0o037

/** Reads the URL from a private file. Never waits for a FIFO. Read for each call, as it may change. */
export async function readUrlFile(path: string): Promise<Read> {
  const no = (code: string, why: string, hint: string): Read => ({
    ok: false,
    fault: { code, message: `cannot use the URL in ${basename(path)}: ${why}`, hint },
  })
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const isGone = systemErrorOf(error)?.name === 'ENOENT'
    const hint = isGone
      ? `Make it: install -m 0600 /dev/null ${path}, then write the URL into it.`
      : `Make ${path} readable for the user who runs reconcile.`
    return no('url-file-unreadable', whyUnreadable(error), hint)
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile())
      return no('url-file-unreadable', 'it is not a regular file', `Put the URL into ${path} itself.`)
    if ((stat.mode & TOO_OPEN) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
      return no(
        'url-file-open',
        `its permissions are too open (mode ${mode})`,
        `Run chmod 600 ${path}, or 640 with a group of its own.`,
      )
    }
    const buffer = Buffer.alloc(MAX_BYTES + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    if (bytesRead > MAX_BYTES) return no('url-file-bad', 'it is longer than 4 KiB', ONE_LINE)
    const secret = parse(buffer.toString('utf8', 0, bytesRead).trim())
    return secret === null
      ? no('url-file-bad', 'it must hold one http or https URL and nothing else', ONE_LINE)
      : { ok: true, secret }
  } catch (error) {
    return no('url-file-unreadable', whyUnreadable(error), `Check ${path}.`)
  } finally {
    await handle.close().catch(() => {})
  }
}

const ONE_LINE = 'Write one line: the URL.'

function parse(text: string): SecretUrl | null {
  if (/\s/.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  const { username, password } = url
  url.username = ''
  url.password = ''
  url.hash = ''
  const pair = `${safeDecode(username)}:${safeDecode(password)}`
  return { url, authorization: pair === ':' ? null : `Basic ${Buffer.from(pair).toString('base64')}` }
}

export function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

import type { SecretUrl } from './url-file.ts'

/** The result of one request. `why`: without any part of the URL or the response. */
export type Posted =
  | { readonly state: 'delivered' }
  /** `again`: a retry may succeed without anyone's help. */
  | { readonly state: 'failed'; readonly why: string; readonly again: boolean }

/** Milliseconds for the whole exchange. */
const TIMEOUT = 10_000

/**
 * One POST. Follows no redirect: the URL is a secret that no other host may learn. Does not read the response. Throws only the signal's
 * reason.
 */
export async function post(
  { url, authorization }: SecretUrl,
  body: { readonly type: string; readonly text: string },
  signal: AbortSignal,
): Promise<Posted> {
  signal.throwIfAborted()
  const cut = new AbortController()
  const timer = setTimeout(() => cut.abort(), TIMEOUT)
  const stop = () => cut.abort()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': body.type,
        'user-agent': 'backup-reconciler',
        ...(authorization === null ? {} : { authorization }),
      },
      body: body.text,
      redirect: 'manual',
      signal: cut.signal,
    })
    await response.body?.cancel().catch(() => {})
    return judge(response.status)
  } catch (error) {
    signal.throwIfAborted()
    if (cut.signal.aborted) return failed('no answer within 10 s', true)
    return failed(reasonOf(error), true)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function judge(status: number): Posted {
  if (status >= 200 && status < 300) return { state: 'delivered' }
  if (status >= 300 && status < 400)
    return failed(
      `it answers with a redirect (${status}), which is not followed: use the URL that it leads to`,
      false,
    )
  return failed(`it answers ${status}`, status >= 500 || status === 408 || status === 425 || status === 429)
}

const failed = (why: string, again: boolean): Posted => ({ state: 'failed', why, again })

/** From the code only: the system's message names host and address. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return (
    WORDS[code] ?? (/^[A-Z][A-Z0-9_]+$/.test(code) ? `the request failed (${code})` : 'the request failed')
  )
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENOTFOUND: 'its host name has no address',
  EAI_AGAIN: 'its host name cannot be resolved now',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
}

import { setMaxListeners } from 'node:events'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { cutTo, firstWords, type HookRequest } from '../decide/notices/messages.ts'
import type { Halt } from '../model/trouble.ts'
import { type SecretUrl, safeDecode } from './url-file.ts'

/** What a server said, without any part of the URL. */
export interface Answer {
  readonly status: number
  /** The first line of the body, of a page its title and the first line of its text, cut; '' if it has none. */
  readonly line: string
}

/** What came of one attempt. No part of it shows more of a URL than its host. */
export type Delivery =
  | { readonly state: 'delivered'; readonly answer: Answer | null; readonly host: string | null }
  | Failed
  /** Nothing was sent: a file or a program that it needs cannot be used. */
  | { readonly state: 'unusable'; readonly fault: Halt; readonly answer: null; readonly host: null }

export interface Failed {
  readonly state: 'failed'
  readonly why: string
  /** A retry may succeed without anyone's help. */
  readonly again: boolean
  /** Milliseconds that the server wants left alone; 0: it did not say. */
  readonly after: number
  readonly answer: Answer | null
  readonly host: string | null
}

export const failed = (why: string, again: boolean): Failed => ({
  state: 'failed',
  why,
  again,
  after: 0,
  answer: null,
  host: null,
})

export interface HttpCall extends HookRequest {
  /** PEM: trusted in place of the usual certificates; null: those. */
  readonly ca: string | null
  /** Whether the body of a 2xx answer says that it was accepted. */
  readonly accepts: (body: string) => boolean
}

/** Milliseconds for the whole exchange. */
const TIMEOUT = 10_000
/** Of the answer's body, bytes. */
const MOST_BODY = 64 * 1024
/** Of its first line, characters. */
const MOST_LINE = 200

/**
 * One request. Follows no redirect: the URL is a secret that no other host may learn. Throws only the signal's reason.
 */
export async function post(secret: SecretUrl, call: HttpCall, signal: AbortSignal): Promise<Delivery> {
  signal.throwIfAborted()
  // As many hooks as the settings name listen to one signal.
  setMaxListeners(0, signal)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), TIMEOUT)
  const { host } = secret.url
  try {
    const { status, after, body } = await exchange(secret, call, AbortSignal.any([signal, late.signal]))
    const answer = { status, line: firstLine(body, secret) }
    const refusal = refusalOf(answer, call.accepts(body))
    if (refusal === null) return { state: 'delivered', answer, host }
    return { ...failed(refusal, AGAIN.has(status) || status >= 500), after, answer, host }
  } catch (error) {
    signal.throwIfAborted()
    return { ...failed(late.signal.aborted ? 'no answer within 10 s' : reasonOf(error), true), host }
  } finally {
    clearTimeout(timer)
  }
}

async function exchange({ url, authorization }: SecretUrl, call: HttpCall, signal: AbortSignal) {
  const there = new URL(url)
  if ((call.under ?? '') !== '') there.pathname = `${there.pathname.replace(/\/+$/, '')}/${call.under}`
  for (const [name, value] of Object.entries(call.query)) there.searchParams.set(name, value)
  const options = {
    method: call.body === null ? 'GET' : 'POST',
    headers: {
      ...call.headers,
      'user-agent': 'backup-reconciler',
      ...(authorization === null ? {} : { authorization }),
    },
    agent: false as const,
    signal,
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request =
      there.protocol === 'https:'
        ? overHttps(there, { ...options, ca: call.ca ?? undefined })
        : overHttp(there, options)
    request.once('response', resolve)
    // Stays: a connection may also break while the answer is read.
    request.on('error', reject)
    request.end(call.body ?? undefined)
  })
  const after = delayOf(response.headers['retry-after'] ?? '')
  return { status: response.statusCode ?? 0, after, body: await bodyOf(response) }
}

/** As far as it comes: the status has said most. */
const bodyOf = (response: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MOST_BODY) response.destroy()
    })
    response.on('error', () => {})
    response.once('close', () => resolve(Buffer.concat(chunks).toString('utf8', 0, MOST_BODY)))
  })

/** Of Retry-After, seconds or a date, in milliseconds; 0: it says none. */
function delayOf(retryAfter: string): number {
  const delay = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now()
  return Math.max(delay || 0, 0)
}

/** Answers below 500 that a retry may change. */
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429])

/** Null: it is delivered. */
function refusalOf({ status, line }: Answer, isAccepted: boolean): string | null {
  const said = line === '' ? '' : `: ${line}`
  if (status >= 200 && status < 300)
    return isAccepted ? null : `it answers ${status}, but does not accept it${said}`
  return status >= 300 && status < 400
    ? `it answers with a redirect (${status}), which is not followed: use the URL that it leads to`
    : `it answers ${status}${said}`
}

/** Servers like to repeat what they were asked for. */
function firstLine(body: string, secret: SecretUrl): string {
  let shown = firstWords(body)
  for (const part of secretParts(secret)) shown = shown.replaceAll(part, '…')
  return cutTo(shown, MOST_LINE)
}

/** What of the URL must not be shown, longest first. Shorter words are the service's own, such as `push`. */
function secretParts({ url, authorization }: SecretUrl): readonly string[] {
  const pair = authorization === null ? '' : Buffer.from(authorization.slice(6), 'base64').toString()
  const words = [
    ...url.pathname.split('/'),
    ...url.searchParams.values(),
    ...url.search.split('&').map((one) => one.slice(one.indexOf('=') + 1)),
    ...pair.split(':'),
    url.host,
    url.hostname,
  ]
  const whole = [url.href, `${url.pathname}${url.search}`, url.pathname, url.search]
  return [...new Set([...whole, ...words].flatMap((one) => [one, safeDecode(one)]))]
    .filter((one) => one.length >= 6)
    .sort((a, b) => b.length - a.length)
}

/** From the code only: the system's message names host and address. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/SELF_SIGNED_CERT|^UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF)/.test(code))
    return 'its certificate is not signed by a CA that is trusted here: name yours with caFile'
  const words = /^[A-Z][A-Z0-9_]+$/.test(code) ? `the request failed (${code})` : 'the request failed'
  return WORDS[code] ?? words
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection broke',
  ENOTFOUND: 'its host name has no address',
  EAI_AGAIN: 'its host name cannot be resolved now',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'the connection timed out',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HookRequest, hookRequest, isAccepted, lackOf } from '../decide/notices/messages.ts'
import { inLocalTime, ownZone } from '../decide/time/local-time.ts'
import type { MailHook, Notice, NoticeHook, TestNotice, UrlHook } from '../model/notice.ts'
import { type Halt, withHint } from '../model/trouble.ts'
import { readCaFile } from '../system/ca-file.ts'
import { type Delivery, post } from './post.ts'
import { sendMail } from './sendmail.ts'
import { readUrlFile, type SecretUrl } from './url-file.ts'

/** What is called by URL. */
export type Place = Pick<UrlHook, 'urlFile' | 'caFile'> & { readonly kind?: UrlHook['kind'] }

/** The hook's name for people: the file's name, never the URL. */
export const nameOf = (hook: MailHook | Place): string =>
  'urlFile' in hook ? `the URL in ${basename(hook.urlFile)}` : hook.to

/** Why something was not delivered, in sentences. */
export const whyNot = (sent: Exclude<Delivery, { readonly state: 'delivered' }>, what: string): string =>
  sent.state === 'unusable' ? withHint(sent.fault) : `cannot send ${what}: ${sent.why}.`

/** Sends a notice in the form that the hook takes. Throws only the signal's reason. */
export async function deliver(
  hook: NoticeHook,
  notice: Notice | TestNotice,
  open: readonly string[],
  signal: AbortSignal,
): Promise<Delivery> {
  const said = hook.kind === 'webhook' ? notice : forPeople(notice)
  return hook.kind === 'sendmail'
    ? sendMail(hook, said, signal)
    : request(hook, hookRequest(hook.kind, said, open), signal)
}

/** With times as this machine's wall clock shows them, to the minute. */
function forPeople(notice: Notice | TestNotice): Notice | TestNotice {
  const zone = ownZone()
  const local = (text: string): string => inLocalTime(text, zone)
  const { message, text, since, at, details } = notice
  return {
    ...notice,
    ...{ message: local(message), text: local(text), since: local(since), at: local(at) },
    details: details.map((one) => ({
      ...one,
      message: local(one.message),
      ...(one.hint === undefined ? {} : { hint: local(one.hint) }),
    })),
  }
}

async function request(place: Place, asked: HookRequest, signal: AbortSignal): Promise<Delivery> {
  const read = await readTarget(place)
  if (!read.ok) return { state: 'unusable', fault: read.fault, answer: null, host: null }
  const accepts = (body: string) => isAccepted(place.kind ?? 'webhook', body)
  return post(read.secret, { ...asked, ca: read.ca, accepts }, signal)
}

/** Milliseconds before each further attempt of a sign of life. One that comes late is worthless: none is kept for the next run. */
const WAITS = [1000, 3000]

/** Makes one call that nobody keeps, with retries, unless it is to be tried `once`. Null: the signal came first. Never throws. */
export async function callNow(
  place: Place,
  asked: HookRequest,
  signal: AbortSignal,
  once = false,
): Promise<Delivery | null> {
  for (const wait of once ? [null] : [...WAITS, null]) {
    const sent = await request(place, asked, signal).catch(() => null)
    if (sent?.state !== 'failed' || !sent.again || wait === null) return sent
    await sleep(Math.max(wait, sent.after), undefined, { signal }).catch(() => {})
  }
  return null
}

type Target =
  | { readonly ok: true; readonly secret: SecretUrl; readonly ca: string | null }
  | { readonly ok: false; readonly fault: Halt }

/** The URL and the certificates to trust, read for each call, as they may change. */
export async function readTarget({ urlFile, caFile, kind = 'webhook' }: Place): Promise<Target> {
  const no = (code: string, what: string, file: string, why: string): Target => ({
    ok: false,
    fault: { code, message: `cannot use the ${what} in ${basename(file)}: ${why}`, hint: `Check ${file}.` },
  })
  const read = await readUrlFile(urlFile)
  if (!read.ok) return read
  const lack = lackOf(kind, read.secret.url)
  if (lack !== null) return no('url-file-bad', 'URL', urlFile, `for ${kind} it ${lack}`)
  if (caFile === null) return { ...read, ca: null }
  const ca = readCaFile(caFile)
  return ca.ok ? { ...read, ca: ca.pem } : no('ca-file-unusable', 'certificates', caFile, ca.fault)
}

import { basename } from 'node:path'
import { type HookRequest, hookRequest, isAccepted, lackOf } from '../decide/notices/messages.ts'
import type { MailHook, Notice, NoticeHook, TestNotice, UrlHook } from '../model/notice.ts'
import type { Halt } from '../model/trouble.ts'
import { readCaFile } from '../system/ca-file.ts'
import { type Answer, type Posted, post } from './post.ts'
import { sendMail } from './sendmail.ts'
import { readUrlFile, type SecretUrl } from './url-file.ts'

export type Delivery =
  | { readonly state: 'delivered'; readonly answer: Answer | null; readonly host: string | null }
  | {
      readonly state: 'failed'
      readonly why: string
      readonly again: boolean
      readonly answer: Answer | null
      readonly host: string | null
    }
  /** Nothing was sent: a file of the hook cannot be used. */
  | { readonly state: 'unusable'; readonly fault: Halt }

/** The hook's name for people: the file's name, never the URL. */
export const nameOf = (hook: NoticeHook): string =>
  hook.kind === 'sendmail' ? hook.to : `the URL in ${basename(hook.urlFile)}`

/** Sends a notice in the form that the hook takes. Throws only the signal's reason. */
export function deliver(
  hook: NoticeHook,
  notice: Notice | TestNotice,
  open: readonly string[],
  signal: AbortSignal,
): Promise<Delivery> {
  return hook.kind === 'sendmail'
    ? deliverMail(hook, notice, signal)
    : request(hook, hookRequest(hook.kind, notice, open), signal)
}

async function deliverMail(
  hook: MailHook,
  notice: Notice | TestNotice,
  signal: AbortSignal,
): Promise<Delivery> {
  return { ...(await sendMail(hook, notice, signal)), answer: null, host: null }
}

export async function request(hook: UrlHook, asked: HookRequest, signal: AbortSignal): Promise<Delivery> {
  const read = await readTarget(hook, hook.kind)
  if (!read.ok) return { state: 'unusable', fault: read.fault }
  const { secret, ca } = read
  const accepts = (body: string) => isAccepted(hook.kind, body)
  const posted: Posted = await post(secret, { ...asked, ca, accepts }, signal)
  return { ...posted, host: secret.url.host }
}

type Target =
  | { readonly ok: true; readonly secret: SecretUrl; readonly ca: string | null }
  | { readonly ok: false; readonly fault: Halt }

/** The URL and the certificates to trust, read for each call, as they may change. */
export async function readTarget(
  { urlFile, caFile }: Pick<UrlHook, 'urlFile' | 'caFile'>,
  kind: UrlHook['kind'] = 'webhook',
): Promise<Target> {
  const read = await readUrlFile(urlFile)
  if (!read.ok) return read
  const lack = lackOf(kind, read.secret.url)
  if (lack !== null) {
    const message = `cannot use the URL in ${basename(urlFile)}: for ${kind} it ${lack}`
    return { ok: false, fault: { code: 'url-file-bad', message, hint: `Check ${urlFile}.` } }
  }
  if (caFile === null) return { ...read, ca: null }
  const ca = readCaFile(caFile)
  if (ca.ok) return { ...read, ca: ca.pem }
  const message = `cannot use the certificates in ${basename(caFile)}: ${ca.fault}`
  return { ok: false, fault: { code: 'ca-file-unusable', message, hint: `Check ${caFile}.` } }
}

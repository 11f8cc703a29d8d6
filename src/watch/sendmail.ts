import { bodyLines, cutTo, encodedWord, titleOf } from '../decide/notices/messages.ts'
import type { MailHook, Notice, TestNotice } from '../model/notice.ts'
import { failureFrom } from '../model/system-error.ts'
import { childEnvironment, runChild } from '../system/child.ts'
import { homeFolder } from '../system/who-am-i.ts'
import { type Delivery, failed } from './post.ts'

/** Seconds until a mail system has taken a message. */
const LIMIT = 60
/** Milliseconds for what it goes on doing in the background. */
const PATIENCE = 10_000
/** EX_TEMPFAIL of sysexits.h. */
const TRY_LATER = 75
/** Of what it says, characters. */
const MOST_LINE = 200

/**
 * Hands the notice to this machine's mail system: `sendmail -i -t`, with the message on stdin. Cron's PATH lacks the folders where it
 * usually is. Throws only the signal's reason.
 */
export async function sendMail(
  hook: MailHook,
  notice: Notice | TestNotice,
  signal: AbortSignal,
): Promise<Delivery> {
  signal.throwIfAborted()
  const environment = childEnvironment()
  try {
    const { cause, code, stderr } = await runChild({
      program: 'sendmail',
      arguments: ['-i', '-t'],
      // Small mail systems for one user keep their settings at home.
      env: { ...environment, PATH: `${environment['PATH']}:/usr/sbin:/usr/lib`, HOME: homeFolder() },
      cwd: '/',
      input: mailOf(hook, notice),
      limits: { total: LIMIT },
      patience: PATIENCE,
      signal,
    })
    signal.throwIfAborted()
    if (cause !== 'itself') return failed(`it took longer than ${LIMIT} s`, true)
    if (code === 0) return { state: 'delivered', answer: null, host: null }
    const said = cutTo(
      Buffer.from(stderr, 'latin1')
        .toString()
        .trim()
        .split(/[\r\n]+/, 1)[0]!,
      MOST_LINE,
    )
    const how = code === null ? 'was killed' : `exits with ${code}`
    return failed(`sendmail ${how}${said === '' ? '' : `: ${said}`}`, code === TRY_LATER)
  } catch (error) {
    const { code, message } = failureFrom(error, signal)
    if (code !== 'missing-tool') return failed(message, true)
    const fault = {
      code,
      message: 'there is no sendmail on this machine',
      hint: 'Install a mail system that has one.',
    }
    return { state: 'unusable', fault, answer: null, host: null }
  }
}

/** The addresses are checked where settings are read, the subject is encoded, and the text is base64: nothing can add a header. */
function mailOf({ to, from }: MailHook, notice: Notice | TestNotice): string {
  const text = Buffer.from(`${bodyLines(notice).join('\n')}\n`).toString('base64')
  const headers = [
    ...(from === null ? [] : [`From: ${from}`]),
    `To: ${to}`,
    `Subject: ${encodedWord(titleOf(notice)).replaceAll('?= =?', '?=\n =?')}`,
    // The same however often it is sent.
    `Message-ID: <${messageId(notice)}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ]
  return `${headers.join('\n')}\n\n${text.replace(/.{76}/g, '$&\n')}\n`
}

const messageId = ({ id, host }: Notice | TestNotice): string =>
  `${id}@${host}`.replace(/[^A-Za-z0-9.@-]/g, '-')

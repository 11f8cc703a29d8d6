import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFingerprint } from '../decide/add/fingerprint.ts'
import { type Paste, pasteForJump, pasteForSource } from '../decide/add/paste.ts'
import { spanText } from '../decide/status/freshness.ts'
import { Failure } from '../model/failure.ts'
import type { Run } from '../model/run.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { checkIdentity, checkKnownHosts } from '../source/check-keys.ts'
import { type HostKey, pinHostKey, pinnedKeys, scanHostKeys } from '../source/host-keys.ts'
import { keyComment, makeKey, type Owner } from '../system/make-key.ts'
import { publicKeyOf } from '../system/public-key.ts'
import { escapeProse } from '../view/escape-text.ts'
import { kindOf, renderFingerprints, renderPaste } from '../view/render-setup.ts'
import { wrapText } from '../view/wrap-text.ts'
import { type Asker, GOES_ON, isYes } from './argv/ask.ts'
import { usage } from './argv/command-line.ts'
import type { Console } from './argv/console.ts'

/** Who is talked to, and what was said beforehand. */
export interface Talk {
  readonly console: Console
  /** Null: nobody is there. */
  readonly asker: Asker | null
  /** Every question but that of an unknown host key is answered with yes. */
  readonly yes: boolean
  /** The source's host key; null: it is not known. */
  readonly fingerprint: string | null
  /** Seconds to wait for a login; null: as long as it takes. */
  readonly wait: number | null
  readonly owner: Owner
  readonly run: Run
}

/** Seconds. An sshd that counts refused logins (PerSourcePenalties: 5 s each) does not shut us out. */
const BETWEEN_TRIES = 6

/** A paragraph to stderr; a line end before it stays. */
export function say({ console }: Pick<Talk, 'console'>, text: string): void {
  const before = text.startsWith('\n') ? '\n' : ''
  console.writeError(`${before}${wrapText(escapeProse(text), console.errorWidth).join('\n')}\n`)
}

/**
 * From nothing to a login: makes the key, has the host key confirmed and pinned, prints what to paste at the source, and tries until
 * `attempt` works, whose result is returned. What is done already is left as it is. Throws a Failure where it cannot go on.
 */
export async function firstLogin<T>(place: SshPlace, attempt: () => Promise<T>, talk: Talk): Promise<T> {
  const { identity, jump } = place
  const isNew = await makeKey(identity, talk.owner)
  await checkIdentity(place)
  const key = `${(await publicKeyOf(identity))?.line} ${keyComment()}`
  say(talk, `Key: ${isNew ? 'made' : 'found'} ${identity}`)
  const way: readonly Hop[] = [...jump, place]
  for (const [i, hop] of way.entries()) {
    const there: SshPlace = { ...place, ...hop, jump: jump.slice(0, i) }
    const before = way[i - 1]
    const scan = () => scanHostKeys(there, talk.run.signal)
    const shown =
      before === undefined ? await scan() : await untilItWorks(scan, pasteForJump(before, hop, key), talk)
    await confirmHostKey(there, shown, { ...talk, fingerprint: hop === place ? talk.fingerprint : null })
  }
  return untilItWorks(attempt, pasteForSource(place, key), talk)
}

/** Pins one of the keys that are shown once somebody vouches for it. Where one is pinned, only that one will do. */
async function confirmHostKey(place: SshPlace, shown: readonly HostKey[], talk: Talk): Promise<void> {
  const { host, port, knownHosts } = place
  const { fingerprint } = talk
  const where = `${host} (port ${port})`
  const isShown = ({ blob }: HostKey) => shown.some((key) => key.blob === blob)
  const prints = () => talk.console.writeError(renderFingerprints(shown))
  if (existsSync(knownHosts)) await checkKnownHosts(place)
  const pinned = await pinnedKeys(place)
  if (pinned.trusted)
    return say(talk, `Host key: a certificate authority in ${knownHosts} vouches for ${where}`)
  const known = pinned.keys.find(isShown)
  if (pinned.keys.length > 0 && known === undefined) {
    prints()
    throw new Failure({
      code: 'host-key-changed',
      message: `${where} shows another host key than the one that is pinned in ${knownHosts}. Nothing was pinned.`,
      hint: `Somebody may be intercepting the connection. If the machine was really reinstalled, compare the key on its own console, and remove the old one: ssh-keygen -R ${port === 22 ? host : `'[${host}]:${port}'`} -f ${knownHosts}`,
    })
  }
  const trusted = shown.find((key) => key.fingerprint === fingerprint)
  if (fingerprint !== null && trusted === undefined) {
    prints()
    throw new Failure({
      code: 'host-key-mismatch',
      message: `No host key of ${where} has the fingerprint ${fingerprint}. Nothing was pinned.`,
      hint: 'Compare it at the source: for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done. If it is another one there, somebody may be intercepting the connection.',
    })
  }
  if (known !== undefined)
    return say(talk, `Host key: pinned already, ${kindOf(known.type)} ${known.fingerprint}`)
  const chosen = trusted ?? (await askForHostKey(where, shown, talk))
  await pinHostKey(place, chosen)
  say(talk, `Host key: pinned ${kindOf(chosen.type)} ${chosen.fingerprint} in ${knownHosts}`)
}

/** Only the very key that was compared is pinned: a liar can show others next to it. */
async function askForHostKey(where: string, shown: readonly HostKey[], talk: Talk): Promise<HostKey> {
  const { asker, console } = talk
  const best = shown[0]!
  const kind = kindOf(best.type)
  say(talk, `\nHost key: nobody has vouched for ${where} yet. It shows:`)
  console.writeError(renderFingerprints(shown))
  const compare = `ssh-keygen -lf /etc/ssh/ssh_host_${kind.toLowerCase()}_key.pub`
  if (asker === null || talk.yes)
    throw usage(
      `the host key of ${where} is not pinned, and --yes accepts no unknown one`,
      `Compare it at the source (${compare}), then pass --fingerprint SHA256:…`,
    )
  say(talk, 'At the source itself, on its console or over a connection that you trust, this shows the same:')
  console.writeError(`  ${compare}\n`)
  for (;;) {
    const answer = await asker.ask(`Is ${kind} the same? [yes, no, or the fingerprint that you have] `)
    const typed = readFingerprint(answer)
    const match = typed === null ? undefined : shown.find(({ fingerprint }) => fingerprint === typed)
    if (match !== undefined) return match
    if (/^y(?:es)?$/i.test(answer)) return best
    if (/^no?$/i.test(answer))
      throw new Failure({
        code: 'host-key-unknown',
        message: `The host key of ${where} was not confirmed. Nothing was pinned.`,
        hint: 'Run the same command again when you know its fingerprint.',
      })
    if (typed !== null) say(talk, 'None of the keys has that fingerprint.')
  }
}

/** Tries again as long as somebody may still be at work at the source. A refused key prints what to paste, once. */
async function untilItWorks<T>(attempt: () => Promise<T>, paste: Paste, talk: Talk): Promise<T> {
  const { asker, console, run, wait } = talk
  const until = wait === null ? Number.POSITIVE_INFINITY : run.now() + wait * 1000
  let isPasted = false
  let said = ''
  for (;;) {
    const failure = await attempt().catch((error: unknown) => {
      run.signal.throwIfAborted()
      if (error instanceof Failure) return error
      throw error
    })
    if (!(failure instanceof Failure)) {
      if (isPasted) say(talk, `\nThe login at ${paste.at} works.`)
      return failure
    }
    const { code, message } = failure
    const isRefused = code === 'key-refused'
    if (isRefused && !isPasted) {
      isPasted = true
      said = message
      console.writeError(`${renderPaste(paste, console.errorWidth)}\n`)
      if (until > run.now())
        say(
          talk,
          `Trying every ${BETWEEN_TRIES} s until the login works. Ctrl-C ends that, and the same command goes on later. If it is refused once all that is done: a locked account takes no key; unlock it with usermod -p '*' ACCOUNT there.`,
        )
    }
    if (run.now() >= until)
      throw isRefused
        ? new Failure({ code, message, hint: PASTE_FIRST })
        : message === said
          ? new Failure({ code, message: `the login did not work within ${spanText(wait!)}`, hint: GOES_ON })
          : failure
    if (message !== said) {
      say(talk, `\n${message}`)
      say(talk, failure.hint)
      said = message
    }
    if (asker !== null && !isRefused) {
      if (!(await isYes(asker, 'Try again? [Y/n] ')))
        throw new Failure({ code, message: 'stopped before the login worked', hint: GOES_ON })
      continue
    }
    if (asker !== null) console.writeError('.')
    await sleep(BETWEEN_TRIES * 1000, undefined, { signal: run.signal }).catch(() =>
      run.signal.throwIfAborted(),
    )
  }
}

const PASTE_FIRST =
  'Paste what is shown above there, then run the same command again. --wait 10m waits for it.'

import { SKEW } from '../../model/clock-sanity.ts'
import type { AccountFacts, Answer, Check, SourceFacts } from '../../model/doctor.ts'
import { Failure } from '../../model/failure.ts'
import type { Finished, Hop, Spec, SshPlace } from '../../model/spec.ts'
import { confinedTo, linksWarning } from '../files/problems.ts'
import { failedCheck, okCheck, okUnless, skippedCheck, troubledCheck, warningCheck } from './check.ts'

/** All that is asked of an account, in the order of a report. */
const ACCOUNT = ['shell', 'write', 'outside', 'forward'] as const
export const CONTENTS = ['listing', 'claims'] as const

/** What makes ssh say who a machine is, or that it is another one. */
const OF_HOST_KEY: ReadonlySet<string> = new Set(['host-key-changed', 'host-key-unknown'])

export interface KeyFacts {
  /** Why ssh could not use the key; null: it can. */
  readonly identity: Failure | null
  /** Why the file of host keys cannot be read; null: it can be. */
  readonly knownHosts: Failure | null
  /** Files and folders that others may change. */
  readonly open: readonly string[]
  /** Those for which no host key is pinned. */
  readonly unpinned: readonly Hop[]
  /** Why the first of them shows no host key; null: it does, or was not asked. */
  readonly unreached: Failure | null
}

/** Of what is on this machine: key, host keys and who may change them. Where nobody answers, that comes before a host key to pin. */
export function judgeKeys(place: SshPlace, facts: KeyFacts): readonly Check[] {
  const { identity, knownHosts } = place
  return [
    ...(facts.unreached === null ? [] : [failedCheck('login', facts.unreached)]),
    okUnless('identity', facts.identity, `${identity} is a private key`),
    okUnless('known-hosts', facts.knownHosts, `${knownHosts} can be read`),
    facts.open.length === 0
      ? okCheck('key-rights', 'nobody else may read the key, or change it or the pinned host keys')
      : warningCheck(
          'key-rights',
          `others on this machine may read or replace the key or the pinned host keys: ${facts.open.join(', ')}`,
          'Take the rights away: chmod go-w FOLDER, chmod 600 KEY.',
        ),
    judgePinned(place, facts),
  ]
}

function judgePinned(place: SshPlace, { knownHosts, unpinned }: KeyFacts): Check {
  const [first] = unpinned
  if (knownHosts !== null) return skippedCheck('host-key', 'there are no pinned host keys')
  if (first === undefined) return okCheck('host-key', `pinned as ${pinOf(place)}`)
  return failedCheck('host-key', {
    code: 'host-key-unknown',
    message: `no host key is pinned in ${place.knownHosts} for ${unpinned.map(pinOf).join(', ')}`,
    hint: `Put its key there, in a line that begins with ${pinOf(first)}, after comparing it with the one on the machine: ssh-keyscan -t ed25519 -p ${first.port} ${first.host}`,
  })
}

/** What its line in known_hosts begins with. */
const pinOf = ({ host, port }: Hop): string => (port === 22 ? host : `[${host}]:${port}`)

/** Instead of what was not asked, as it was not possible. `found`: what is known so far. */
export const notAsked = (
  found: readonly Check[],
  why: string,
  codes: readonly string[] = ['login', ...CONTENTS, ...ACCOUNT, 'clock'],
): readonly Check[] =>
  codes.filter((code) => !found.some((one) => one.code === code)).map((code) => skippedCheck(code, why))

/** That nobody could log in, as far as it is about the login itself. */
export function judgeLogin(failure: Failure | null, { user, host, port }: SshPlace): Check {
  const code = OF_HOST_KEY.has(failure?.code ?? '') ? 'host-key' : 'login'
  const at = `${host}${port === 22 ? '' : `, port ${port}`}`
  return okUnless(code, failure, `as ${user} at ${at}, which showed the pinned host key`)
}

/** cmd.exe leaves the quotes in. A command that only repeats what it was sent begins with `echo`. */
const TOKEN = /^reconcile(?:'')?-probe\b/m

export const gaveShell = ({ stdout }: Answer): boolean => TOKEN.test(stdout)

const NO_ANSWER = 'the source gave no clear answer'
const RESTRICT = 'Put restrict,command="rrsync -ro DIR" before this key in authorized_keys there.'

/** What the account lets this key do. */
export function judgeAccount(facts: AccountFacts): readonly Check[] {
  const { shell, write, outside, forward } = facts
  const free = gaveShell(shell)
  const not = free ? 'the account has a shell, so it can do that' : 'the folder cannot be listed'
  return [
    free
      ? warningCheck(
          'shell',
          'this account is not confined: it runs any command that this key sends',
          `${RESTRICT} Whoever takes this box could otherwise change or remove the files there.`,
        )
      : shell.isCut
        ? skippedCheck('shell', 'the account did not answer')
        : isLost(shell) && !REFUSES.test(shell.stderr)
          ? skippedCheck('shell', NO_ANSWER)
          : okCheck('shell', 'a shell is refused'),
    write === null ? skippedCheck('write', not) : judgeWrite(write),
    outside === null ? skippedCheck('outside', not) : judgeOutside(outside),
    judgeForward(forward),
  ]
}

/** The far rsync took the role of one that writes: it was not stopped from it, whatever went wrong then. */
const RECEIVES = /\[(?:[Rr]eceiver|generator)\b/

/** sshd itself refuses what was asked for, which ssh reports as it does a connection that broke. */
const REFUSES = /request failed on channel|administratively prohibited/

/** Nobody there has answered. Whoever refuses has been reached, and ssh says nothing of its own. */
const isLost = ({ code, stderr, isCut }: Answer): boolean =>
  isCut ||
  code === null ||
  code === 255 ||
  /^(?:ssh: |\w+_exchange|Connection |client_loop|Timeout, )/m.test(stderr)

function judgeWrite(answer: Answer): Check {
  const { code, stderr } = answer
  if (isLost(answer)) return skippedCheck('write', NO_ANSWER)
  if (code !== 0 && !RECEIVES.test(stderr)) return okCheck('write', 'a write is refused')
  return {
    code: 'write',
    state: 'failed',
    message: 'a write is not refused: with this key the files at the source can be changed',
    hint: 'Say -ro in the command of this key in authorized_keys there: restrict,command="rrsync -ro DIR".',
  }
}

/** rsync looked there, and what it found was no rule about it. */
const LOOKED = /\b(?:opendir|change_dir|link_stat|readdir)\b/

function judgeOutside(answer: NonNullable<AccountFacts['outside']>): Check {
  const { code, stdout, stderr, isInside } = answer
  if (isLost(answer)) return skippedCheck('outside', NO_ANSWER)
  if (isInside || (code !== 0 && stdout === '' && !LOOKED.test(stderr)))
    return okCheck('outside', 'a path outside of the folder is refused')
  return warningCheck(
    'outside',
    'this account is not confined: the folder above the one that is backed up can be read as well',
    RESTRICT,
  )
}

function judgeForward({ stdout, stderr, isCut }: Answer): Check {
  if (/^SSH-/.test(stdout) || /connect failed/i.test(stderr))
    return warningCheck(
      'forward',
      'a TCP port forward is not refused: this key opens the network behind the source',
      'Put restrict before this key in authorized_keys there (before OpenSSH 7.2: no-port-forwarding).',
    )
  return !isCut && /prohibited|forwarding failed/i.test(stderr)
    ? okCheck('forward', 'a TCP port forward is refused')
    : skippedCheck('forward', NO_ANSWER)
}

const NO_CLAIM = {
  marker: {
    message: 'no selected file has a checksum file next to it, so none counts as finished',
    hint: 'Have one written at the source (reconcile source marker-script), or see finished: sums and quiet.',
  },
  sums: {
    message:
      'no sums file names a selected file with a checksum of the right kind, so none counts as finished',
    hint: 'See finished.sums and checksum in the spec, and what the sums file holds.',
  },
  quiet: {
    message: "the source's rsync gave no md5 of the file it was asked for",
    hint: 'Perhaps the file has just gone; run it again.',
  },
} as const

/** What the source shows of its files, or why it shows none. */
export function judgeContents(
  facts: SourceFacts | Failure,
  { finished: { kind }, source }: Pick<Spec, 'finished' | 'source'>,
): readonly Check[] {
  if (facts instanceof Failure)
    return [failedCheck('listing', facts), skippedCheck('claims', 'the folder cannot be listed')]
  const links = linksWarning(facts.links).map(({ message, hint }) => warningCheck('symlinks', message, hint))
  return [judgeListing(facts, source), ...links, judgeClaims(facts.claims, facts.selected.length, kind)]
}

function judgeListing({ files, selected, isComplete, problems }: SourceFacts, source: Spec['source']): Check {
  const [problem] = problems
  const shows = `shows ${files} files, ${selected.length} of them selected`
  if (problem !== undefined)
    return troubledCheck('listing', {
      ...problem,
      message: `${shows}, and not all is well: ${problem.message}`,
    })
  if (!isComplete)
    return warningCheck('listing', `${shows}, and not all there is`, 'See what the account may not read.')
  const hint = `See source.path and select in the spec, and whether the source has made anything yet.${confinedTo(source)}`
  return selected.length === 0 ? warningCheck('listing', shows, hint) : okCheck('listing', shows)
}

function judgeClaims(
  { asked, read, trouble }: SourceFacts['claims'],
  selected: number,
  kind: Finished['kind'],
): Check {
  if (read > 0 && trouble === null)
    return okCheck(
      'claims',
      kind === 'quiet' ? "the source's rsync says the md5 of a file" : `${read} of ${asked} read`,
    )
  if (read > 0)
    return troubledCheck('claims', { ...trouble!, message: `${read} of ${asked} read: ${trouble!.message}` })
  if (trouble !== null) return failedCheck('claims', trouble)
  if (selected === 0) return skippedCheck('claims', 'no file is selected')
  if (kind === 'quiet' && asked === 0) return skippedCheck('claims', 'every file is over 64 MiB')
  return { code: 'claims', state: 'failed', ...NO_CLAIM[kind] }
}

/** Seconds that a source's clock may differ by. */
const MOST_APART = SKEW / 1000

/** The source's clock, which only a shell shows. `newest`: of its files; `now` in seconds. */
export function judgeSourceClock(shell: AccountFacts['shell'], newest: number | null, now: number): Check {
  const shown = gaveShell(shell) ? /^(\d{9,12})\s*$/m.exec(shell.stdout)?.[1] : undefined
  const apart = shown === undefined ? Math.max(0, (newest ?? 0) - now) : Number(shown) - shell.asked
  if (Math.abs(apart) > MOST_APART)
    return warningCheck(
      'clock',
      shown === undefined
        ? `the newest file at the source is dated ${Math.round(apart / 60)} minutes ahead of this box's clock`
        : `the source's clock is ${Math.round(Math.abs(apart) / 60)} minutes ${apart > 0 ? 'ahead of' : 'behind'} this box's`,
      'Have both set by NTP (timedatectl).',
    )
  return shown === undefined
    ? skippedCheck('clock', 'a source without a shell shows no clock; no file there is dated ahead')
    : okCheck('clock', "the source's clock is right")
}

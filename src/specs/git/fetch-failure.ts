import { Failure } from '../../model/failure.ts'
import type { GitPlace } from '../../model/settings.ts'
import { shellQuoted } from '../../model/shell-words.ts'
import type { ChildEnd } from '../../system/child.ts'
import { keyWords, SSH_FAILURES, wordsAbout } from '../../system/ssh-failures.ts'
import { serverOf, withoutSecrets } from './url.ts'

const LIMIT = 300

/** What git or the server says, and what helps. Each is a definite refusal: waiting does not help. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /error: 407\b|response 407|code 407/i,
    'a proxy on the way wants a user and a password',
    'Let this machine reach the server without a proxy, or use ssh. git uses no proxy here by itself.',
  ],
  [
    /not valid: |unable to update url base from redirection/i,
    'what answered is a web page and no repository',
    'Check git.url: many servers want .git at its end. See what answers, such as a login page or a proxy: curl -si {INFO}',
  ],
  [
    /could not read (?:Username|Password)|Authentication failed|terminal prompts disabled|error: 401\b/i,
    'the server wants a user and a password, and none is kept here',
    'Use ssh with a key of its own: git.identity.',
  ],
  [
    /error: 403\b|Permission to .* denied|access denied or|You (?:are not allowed|do ?n[o']t have permission)/i,
    'the server does not let us read it',
    'Give the key of git.identity the right to read the repository, as a deploy key; and check the URL.',
  ],
  [
    /dubious ownership/i,
    'the repository belongs to another user',
    'Give the repository to the user who runs reconcile, or reach it by ssh.',
  ],
  [
    /not appear to be a git repository|repository .*not found|does not exist|could not be found|is this a git repository|error: 4(?:04|10)\b/i,
    'there is no repository',
    'Check the URL, and that the key may read the repository.',
  ],
  [
    /couldn't find remote ref|not our ref/i,
    'it does not have what git.ref names',
    'Name a branch or a tag that is there with git.ref, or --ref.',
  ],
  [
    /transport '.*' not allowed/i,
    'it was led to a transport that is not allowed',
    'Name the repository by the URL it moved to.',
  ],
  [
    /certificate subject name|host ?name (?:does not match|mismatch)|matches? target host|IP address mismatch/i,
    'its certificate is for another name',
    'This may be a man in the middle. Use the name in git.url that the certificate has, or give the server a certificate for the name used. git.caFile does not help.',
  ],
  [
    /certificate (?:has expired|is not yet valid|expiration date has passed|not activated)/i,
    'its certificate has expired, or is not valid yet',
    'Check the clock of this machine (date). If it is right, the certificate has to be renewed on the server. git.caFile does not help.',
  ],
  [
    /SSL certificate problem|certificate verification failed/i,
    'its certificate is not one that this machine trusts',
    'This may be a man in the middle. See who signed the certificate, and whether it has expired: openssl s_client -connect {HOST}:{PORT}. If a private CA signed it, name that CA with git.caFile, or add it to the certificates of this machine.',
  ],
  [
    /fsck error|hasDot|invalid path/i,
    'what the server sent is damaged or hostile, and was refused',
    'Check the repository with git fsck.',
  ],
]

/** What helps, by the code that ssh or the check of its keys gave. */
const HINTS: Readonly<Record<string, string>> = {
  'host-key-changed':
    'This may be a man in the middle. Leave the pinned key until those who run the server have confirmed its new fingerprint by another way.',
  'host-key-unknown':
    'Put its key into git.knownHosts: ssh-keyscan -t ed25519 -p {PORT} {HOST} >> {KNOWN_HOSTS}, after comparing it with the fingerprint that the server publishes.',
  'key-refused':
    'Add the public half of git.identity to the repository as a read-only deploy key, and check the user in git.url.',
  'host-unresolvable': "See git.url and this machine's DNS.",
  'connection-refused': 'Check the port in git.url, whether sshd runs there, and the firewall.',
  'source-silent': 'Check whether sshd answers there, and whether the machine is overloaded.',
  'host-unreachable': 'Check whether the machine and the line are up, and the firewall.',
  'no-common-algorithm': 'Update sshd there.',
  'connection-lost': 'It will be retried. If it persists, check the network and the log of sshd there.',
  'identity-missing':
    'Make one: ssh-keygen -t ed25519 -N "" -f {IDENTITY}, and add its .pub to the repository as a read-only deploy key; or name it with git.identity.',
  'identity-encrypted': 'Use a key of its own for this box, without a passphrase: a read-only deploy key.',
  'known-hosts-missing':
    'Pin the host key: ssh-keyscan -t ed25519 -p {PORT} {HOST} >> {KNOWN_HOSTS}, after comparing it with the fingerprint that the server publishes; or name the file with git.knownHosts.',
}

/** Of what ssh says: a no that stays one, whatever the line does. The others may pass by themselves. */
const NO: ReadonlySet<string> = new Set([
  'host-key-changed',
  'host-key-unknown',
  'key-refused',
  'no-common-algorithm',
])

/** With what it is about in the place of words in braces, so that commands can be copied. */
function filled(hint: string, { url, identity, knownHosts }: GitPlace): string {
  const server = serverOf(url)
  const web = URL.canParse(url) ? new URL(url) : null
  const host = server?.host ?? web?.hostname ?? ''
  const words: Readonly<Record<string, string>> = {
    ...{
      HOST: host,
      PORT: String(server?.port ?? (web?.port || 443)),
      INFO: shellQuoted(`${url}/info/refs?service=git-upload-pack`),
    },
    ...{ IDENTITY: shellQuoted(identity), KNOWN_HOSTS: shellQuoted(knownHosts) },
  }
  return hint.replace(/\{([A-Z_]+)\}/g, (_, word: string) => words[word]!)
}

/** Why a fetch cannot go through with the keys as they are. */
export const keysFailure = (place: GitPlace, { code, message, hint }: Failure): Failure =>
  refused(place, inSentence(message), code in HINTS ? filled(HINTS[code]!, place) : hint)

/** A repository that has nothing under the ref that is to be followed. `heads`: its branches; `head`: its default one, null where none is named. */
export function nothingThere(place: GitPlace, heads: readonly string[], head: string | null): Failure {
  if (heads.length === 0 && head === null)
    return refused(place, 'it is empty: it has no branch at all', 'Push the specs to it, or check the URL.')
  const what =
    place.ref === 'HEAD' ? 'its HEAD names no branch that is there' : `it has no branch or tag ${place.ref}`
  const some =
    heads.length > NAMED
      ? `${heads.slice(0, NAMED).join(', ')} and ${heads.length - NAMED} more`
      : heads.join(', ')
  const there = head === null ? `it has ${some}` : `its default branch is ${head} now`
  return refused(
    place,
    `${what}; ${there}`,
    `Name one that is there with git.ref, or --ref${head === null ? '' : `: ${head}`}.`,
  )
}

/** Its history ends before its beginning: what the last good commit was, and whether it is part of it, cannot be known. */
export const shallowThere = (place: GitPlace): Failure =>
  refused(
    place,
    'the repository there is a shallow clone, which lacks the older commits',
    'Make it whole there, with git fetch --unshallow, or name the repository that it was cloned from.',
  )

export const noCommit = (place: GitPlace): Failure =>
  refused(place, `${place.ref} is no commit there`, 'Name a branch or a tag with git.ref, or --ref.')

/** Why a fetch failed, in one line. It quotes git's last words, which may come from the server. */
export function fetchFailure(place: GitPlace, ended: ChildEnd): Failure {
  const { why, hint, isNo } = whyOf(place, ended)
  return isNo ? refused(place, why, hint) : unreachable(place, why, hint)
}

const NAMED = 5

const failed =
  (code: string, retryable: boolean) =>
  ({ url }: GitPlace, why: string, hint: string): Failure =>
    new Failure({ code, message: `${url} could not be fetched: ${why}`, hint, retryable })

const refused = failed('git-refused', false)
const unreachable = failed('git-unreachable', true)

const inSentence = (sentence: string): string =>
  sentence.replace(/^(?:The|No|Others) /, (word) => word.toLowerCase()).replace(/\.$/, '')

interface Why {
  readonly why: string
  readonly hint: string
  readonly isNo: boolean
}

function whyOf(place: GitPlace, { cause, stderr }: ChildEnd): Why {
  if (cause !== 'itself' && cause !== 'stopped') {
    const said = { silent: 'nothing came for too long', slow: 'it took too long', flood: 'it said too much' }
    return { why: said[cause], hint: 'Check the line, and the size of the repository.', isNo: false }
  }
  return (
    bySsh(place, stderr, 'certain') ??
    byGit(place, stderr) ??
    bySsh(place, stderr, 'vague') ?? {
      why: lastWords(stderr),
      hint: `Check the URL and the line, by hand: git ls-remote ${shellQuoted(withoutSecrets(place.url))}`,
      isNo: false,
    }
  )
}

function bySsh(place: GitPlace, stderr: string, sureness: 'certain' | 'vague'): Why | null {
  const server = serverOf(place.url)
  if (server === null) return null
  const failure = SSH_FAILURES.find(
    ({ pattern, isVague }) => (isVague === true) === (sureness === 'vague') && pattern.test(stderr),
  )
  const hint = failure === undefined ? undefined : HINTS[failure.code]
  if (failure === undefined || hint === undefined) return null
  const lines = linesOf(stderr)
  // Of a changed host key the fingerprint is what people compare.
  const line =
    lines.find((one) => /^SHA256:\S+\.$/.test(one)) ?? lines.find((one) => failure.pattern.test(one))
  const says = inSentence(wordsAbout(failure.says, server, keyWords(place.identity, null)))
  const why = `${says} (${(line ?? lastWords(stderr)).slice(0, LIMIT)})`
  return { why, hint: filled(hint, place), isNo: NO.has(failure.code) }
}

function byGit(place: GitPlace, stderr: string): Why | null {
  for (const [pattern, why, hint] of CAUSES) {
    if (pattern.test(stderr))
      return { why: `${why} (${lastWords(stderr)})`, hint: filled(hint, place), isNo: true }
  }
  return null
}

const linesOf = (stderr: string): readonly string[] =>
  Buffer.from(stderr, 'latin1')
    .toString('utf8')
    .split(/[\r\n]+/)
    .map((line) => line.trim().slice(0, LIMIT))
    .filter((line) => line !== '')

/** The last line that says what is wrong. */
function lastWords(stderr: string): string {
  const lines = linesOf(stderr)
  const telling = lines.filter((line) => /^(?:fatal|error|ssh|remote|kex|Host|[^ ]+@[^ ]+): ?/i.test(line))
  const first = telling.find((line) => !/^fatal: Could not read from remote/.test(line))
  return (first ?? lines.at(-1) ?? 'git said nothing').slice(0, LIMIT)
}

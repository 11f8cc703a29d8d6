import { Failure } from '../model/failure.ts'
import type { GitPlace } from '../model/settings.ts'
import { SSH_FAILURES } from '../model/ssh-failures.ts'
import { serverOf } from './git-url.ts'
import type { GitEnd } from './run-git.ts'

const LIMIT = 300

/** What git or ssh say, and what helps. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /could not read Username|Authentication failed|terminal prompts disabled/i,
    'the server wants a user and a password, and none is kept here',
    'Use ssh with a key of its own: git.identity.',
  ],
  [
    /dubious ownership/i,
    'the repository belongs to another user',
    'Give the repository to the user who runs reconcile, or reach it by ssh.',
  ],
  [
    /not appear to be a git repository|repository .*not found|does not exist/i,
    'there is no repository',
    'Check the URL, and that the key may read the repository.',
  ],
  [
    /transport '.*' not allowed/i,
    'it was led to a transport that is not allowed',
    'Name the repository by the URL it moved to.',
  ],
  [
    /fsck error|hasDot|invalid path|bad object|index-pack failed|unpack-objects|fatal: pack/i,
    'what the server sent is damaged or hostile, and was refused',
    'Check the repository with git fsck.',
  ],
]

/** What helps where ssh, or a look at its keys before, tells a code. */
const HINTS: Readonly<Record<string, string>> = {
  'host-key-changed':
    'Somebody may be in between. Leave the pinned key until those who run the server have confirmed its new fingerprint by another way.',
  'host-key-unknown':
    'Put its key into git.knownHosts: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with the fingerprint that the server publishes.',
  'key-refused':
    'Add the public half of git.identity to the repository as a read-only deploy key, and check the user in git.url.',
  'host-unresolvable': "See git.url and this machine's DNS.",
  'connection-refused': 'See the port in git.url, whether sshd runs there, and the firewall.',
  'source-silent': 'See whether sshd answers there, and whether the machine is overloaded.',
  'host-unreachable': 'See whether the machine and the line are up, and the firewall.',
  'no-common-algorithm': 'Update sshd there.',
  'connection-lost': 'It is tried again. If it stays so, look at the line and at the log of sshd there.',
  'identity-missing':
    'Make one: ssh-keygen -t ed25519 -N "" -f FILE, and add its .pub to the repository as a read-only deploy key; or name it with git.identity.',
  'identity-encrypted': 'Use a key of its own for this box, without a passphrase: a read-only deploy key.',
  'known-hosts-missing':
    'Pin the host key: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with the fingerprint that the server publishes; or name the file with git.knownHosts.',
}

/** Why a fetch cannot go through with the keys as they are. */
export const keysFailure = (place: GitPlace, { code, message, hint }: Failure): Failure =>
  unreachable(place, inSentence(message), HINTS[code] ?? hint)

/** Why a fetch did not go through, in one line: git's own last words are quoted, and may be anybody's. */
export function fetchFailure(place: GitPlace, ended: GitEnd | 'no-ref' | 'no-commit'): Failure {
  return unreachable(place, ...whyOf(place, ended))
}

const unreachable = ({ url }: GitPlace, why: string, hint: string): Failure =>
  new Failure({
    code: 'git-unreachable',
    message: `${url} could not be fetched: ${why}`,
    hint,
    retryable: true,
  })

const inSentence = (sentence: string): string =>
  sentence.replace(/^(?:The|No|Others) /, (word) => word.toLowerCase()).replace(/\.$/, '')

function whyOf(place: GitPlace, ended: GitEnd | 'no-ref' | 'no-commit'): Why {
  if (ended === 'no-ref')
    return [`it has no branch or tag ${place.ref}`, 'Name one that is there with git.ref, or --ref.']
  if (ended === 'no-commit')
    return [`${place.ref} is no commit there`, 'Name a branch or a tag with git.ref, or --ref.']
  if (ended.cut !== null) {
    const said = { silent: 'nothing came for too long', slow: 'it took too long', flood: 'it said too much' }
    return [said[ended.cut], 'Check the line, and the size of the repository.']
  }
  const { stderr } = ended
  return (
    bySsh(place, stderr, 'certain') ??
    byGit(stderr) ??
    bySsh(place, stderr, 'vague') ?? [
      lastWords(stderr),
      'Check the URL and the line, by hand: git ls-remote.',
    ]
  )
}

type Why = readonly [why: string, hint: string]

function bySsh({ url }: GitPlace, stderr: string, sureness: 'certain' | 'vague'): Why | null {
  const server = serverOf(url)
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
  const says = inSentence(failure.says(server.host, server.port, server.user))
  return [`${says} (${(line ?? lastWords(stderr)).slice(0, LIMIT)})`, hint]
}

function byGit(stderr: string): Why | null {
  for (const [pattern, why, hint] of CAUSES) {
    if (pattern.test(stderr)) return [`${why} (${lastWords(stderr)})`, hint]
  }
  return null
}

const linesOf = (stderr: string): readonly string[] =>
  Buffer.from(stderr, 'latin1')
    .toString('utf8')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** The last line that says what is wrong. */
function lastWords(stderr: string): string {
  const lines = linesOf(stderr)
  const telling = lines.filter((line) => /^(?:fatal|error|ssh|remote|kex|Host|[^ ]+@[^ ]+): ?/i.test(line))
  const first = telling.find((line) => !/^fatal: Could not read from remote/.test(line))
  return (first ?? lines.at(-1) ?? 'git said nothing').slice(0, LIMIT)
}

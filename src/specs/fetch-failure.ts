import { Failure } from '../model/failure.ts'
import type { GitPlace } from '../model/settings.ts'
import type { GitEnd } from './run-git.ts'

const LIMIT = 300

/** What git or ssh say, and what helps. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /Host key verification failed|No .* host key is known/i,
    "the host's key is not the pinned one, or none is pinned",
    'Compare the host key by another way, and put it into git.knownHosts (ssh-keyscan shows it).',
  ],
  [
    /Permission denied|Load key .*: (?:No such file|invalid format|error)|Identity file .* not accessible/i,
    'the server did not accept the key of git.identity',
    'Make the key readable for the user who runs reconcile, and add its public half as a read-only deploy key.',
  ],
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

/** Why a fetch did not go through, in one line: git's own last words are quoted, and may be anybody's. */
export function fetchFailure(place: GitPlace, ended: GitEnd | 'no-ref' | 'no-commit'): Failure {
  const [why, hint] = whyOf(place, ended)
  return new Failure({
    code: 'git-unreachable',
    message: `${place.url} could not be fetched: ${why}`,
    hint,
    retryable: true,
  })
}

function whyOf(place: GitPlace, ended: GitEnd | 'no-ref' | 'no-commit'): readonly [string, string] {
  if (ended === 'no-ref')
    return [`it has no branch or tag ${place.ref}`, 'Name one that is there with git.ref, or --ref.']
  if (ended === 'no-commit')
    return [`${place.ref} is no commit there`, 'Name a branch or a tag with git.ref, or --ref.']
  if (ended.cut !== null) {
    const said = { silent: 'nothing came for too long', slow: 'it took too long', flood: 'it said too much' }
    return [said[ended.cut], 'Check the line, and the size of the repository.']
  }
  const words = lastWords(ended.stderr)
  for (const [pattern, why, hint] of CAUSES) {
    if (pattern.test(ended.stderr)) return [`${why} (${words})`, hint]
  }
  return [words, 'Check the URL and the line, by hand: git ls-remote.']
}

/** The last line that says what is wrong. */
function lastWords(stderr: string): string {
  const lines = Buffer.from(stderr, 'latin1')
    .toString('utf8')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const telling = lines.filter((line) => /^(?:fatal|error|ssh|remote|kex|Host|[^ ]+@[^ ]+): ?/i.test(line))
  const first = telling.find((line) => !/^fatal: Could not read from remote/.test(line))
  return (first ?? lines.at(-1) ?? 'git said nothing').slice(0, LIMIT)
}

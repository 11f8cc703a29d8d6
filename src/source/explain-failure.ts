import { Failure } from '../model/failure.ts'
import { machineNamed } from './machine-named.ts'
import { printable } from './quote.ts'
import type { Place } from './rsync-command.ts'
import type { RsyncEnd } from './run-rsync.ts'

export type Stage = 'list' | 'fetch' | 'pull'

/** What went wrong, as far as the exit code and what was said tell it; ssh's and rsync's codes alone tell very little. */
export function explainFailure(stage: Stage, place: Place, end: RsyncEnd, timeout: number): Failure {
  const where = place.kind === 'ssh' ? `${place.host} (port ${place.port})` : place.path
  const folder =
    place.kind === 'ssh' ? `The folder ${place.path} at ${place.host}` : `The folder ${place.path}`
  const text = end.stderr
  let detail = lastWords(text)
  const fail = (code: string, message: string, hint: string, retryable = false): Failure =>
    new Failure({ code, message: detail === '' ? message : `${message} It said: ${detail}`, hint, retryable })

  switch (end.cause) {
    case 'silent':
      return fail(
        'source-silent',
        `${where} accepted the connection and then said nothing for ${timeout} s.`,
        'See whether the machine is overloaded or its disk hangs; raise transfer.timeout if it is only slow.',
        true,
      )
    case 'stalled':
      return fail(
        'source-stalled',
        `${where} stopped sending: no progress for ${timeout} s. What had come is kept.`,
        'It is tried again. If it stays so, look at the line and at rsync on the source, or raise transfer.timeout.',
        true,
      )
    case 'flood':
      return fail(
        'source-flood',
        `${where} sent far more than it may while we ${STAGES[stage]}; it was cut off.`,
        'See what lies in the folder; fewer than 2,000,000 entries are taken. It may also be that the source cannot be trusted.',
      )
    case 'grown':
      return fail(
        'source-grew',
        `${where} sent more of a file than it had listed; it was cut off.`,
        'The file is still being written, or the source cannot be trusted. It is looked at again at the next run.',
        true,
      )
    case 'stopped':
    case 'itself':
  }

  if (place.kind === 'ssh') {
    // rsync that meets the closed pipe before it meets ssh's end tells 10 or 12 in place of ssh's 255.
    const pair = SSH_FAILURES.find(
      ([pattern, code]) =>
        pattern.test(text) &&
        (end.code === 255 || ((end.code === 10 || end.code === 12) && !VAGUE.includes(code))),
    )
    if (pair !== undefined) {
      const [pattern, code, says, hint, retryable] = pair
      const line = text.split(/[\r\n]+/).find((one) => pattern.test(one)) ?? ''
      // Behind a gate that fails, our own ssh has the last word, and it is not the one that matters.
      if (place.jump.length > 0) detail = printable(line.trim())
      const { host, port, user } = machineNamed(line, place)
      return fail(code, says(host, port, user), hint, retryable)
    }
  }
  const pair = RSYNC_FAILURES.find(
    ([pattern, codes]) => (codes === null || codes.includes(end.code ?? -1)) && pattern.test(text),
  )
  if (pair !== undefined) {
    const [, , code, says, hint, retryable] = pair
    return fail(code, says(where, folder), hint, retryable)
  }
  if (end.endedBy !== null || end.code === 20 || end.code === 19)
    return fail(
      'rsync-killed',
      `rsync was killed on this machine while we ${STAGES[stage]}.`,
      "It is tried again. If nobody killed it, look for the OOM killer in the kernel's log.",
      true,
    )
  return fail(
    'rsync-failed',
    `rsync ended with code ${end.code} while we ${STAGES[stage]} at ${where}.`,
    'Run the same by hand with rsync -v to see more; "EXIT VALUES" in rsync(1) explains the code.',
    true,
  )
}

const STAGES: Record<Stage, string> = {
  list: 'listed its folder',
  fetch: 'read its list file and markers',
  pull: 'pulled files',
}

type Says = (host: string, port: number, user: string) => string

const SSH_FAILURES: readonly (readonly [
  pattern: RegExp,
  code: string,
  says: Says,
  hint: string,
  retryable: boolean,
])[] = [
  [
    /IDENTIFICATION HAS CHANGED|Host key for .* has changed|Host key verification failed[\s\S]*Offending/,
    'host-key-changed',
    (host, port) => `${host} (port ${port}) showed another host key than the one that is pinned.`,
    'If the machine was really reinstalled, compare its new key on its own console and put it into source.knownHosts. Otherwise somebody is in between.',
    false,
  ],
  [
    /No \S+ host key is known for|Host key verification failed/,
    'host-key-unknown',
    (host, port) => `No host key is pinned for ${host} (port ${port}).`,
    'Put its key into source.knownHosts: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub there.',
    false,
  ],
  [
    /Permission denied \(/,
    'key-refused',
    (host, _, user) => `${host} refused our key for the account ${user}.`,
    "Put the public half of source.identity into that account's authorized_keys, and see that the account is not locked (usermod -p '*').",
    false,
  ],
  [
    /Could not resolve hostname/,
    'host-unresolvable',
    (host) => `The name ${host} cannot be resolved.`,
    "See source.host and this machine's DNS.",
    true,
  ],
  [
    /Connection refused/,
    'connection-refused',
    (host, port) => `${host} refused the connection on port ${port}.`,
    'See source.port, whether sshd runs there, and the firewall.',
    true,
  ],
  [
    /timed out during banner exchange|banner exchange: .*timed out/i,
    'source-silent',
    (host, port) => `${host} accepted the connection on port ${port} and then said nothing.`,
    'See whether sshd answers there (is it another service?), and whether the machine is overloaded.',
    true,
  ],
  [
    /Connection timed out|Operation timed out|No route to host|(Network|Host) is unreachable/,
    'host-unreachable',
    (host, port) => `${host} (port ${port}) cannot be reached.`,
    'See whether the machine and the line are up, and the firewall.',
    true,
  ],
  [
    /no matching .* found|Unable to negotiate/,
    'no-common-algorithm',
    (host) => `${host} and this machine's ssh have no algorithm in common.`,
    'For a very old sshd set source.algorithms: legacy; better, update it.',
    false,
  ],
  [
    /not responding|closed by|reset by|Connection (closed|reset)|Broken pipe|kex_exchange_identification|disconnect/i,
    'connection-lost',
    (host) => `The connection to ${host} broke.`,
    'It is tried again. If it stays so, look at the line and at the log of sshd there.',
    true,
  ],
  [
    /[\s\S]*/,
    'ssh-failed',
    (host, port) => `ssh could not open a session on ${host} (port ${port}).`,
    'Run ssh -v with the same key and known_hosts by hand to see more.',
    true,
  ],
]

/** What these say can also be the words of the far side. */
const VAGUE: readonly string[] = ['connection-lost', 'ssh-failed']

type RsyncRow = readonly [
  pattern: RegExp,
  codes: readonly number[] | null,
  code: string,
  says: (where: string, folder: string) => string,
  hint: string,
  retryable: boolean,
]

const RSYNC_FAILURES: readonly RsyncRow[] = [
  [
    /rrsync error: .*(Restricted directory does not exist)/,
    null,
    'rrsync-folder-missing',
    (where) => `The folder that rrsync is told to serve at ${where} does not exist.`,
    'See the DIR in restrict,command="rrsync -ro DIR" in authorized_keys there.',
    true,
  ],
  [
    /rrsync error: .*No such file or directory/,
    null,
    'path-missing',
    (_, folder) => `${folder} is not there.`,
    'See source.path: it is relative to the folder that rrsync serves.',
    true,
  ],
  [
    /rrsync error: .*Permission denied/,
    null,
    'path-unreadable',
    (_, folder) => `${folder} may not be read by the account.`,
    'Give the account read and search permission on it, and on every folder above it.',
    false,
  ],
  [
    /rrsync.{0,40}(error|usage)/i,
    null,
    'refused-by-rrsync',
    (where) => `rrsync at ${where} refused what we asked for.`,
    'See source.path (relative to rrsync\'s folder, without ".."), and that the key\'s command is rrsync -ro DIR.',
    false,
  ],
  [
    /rrsync.{0,60}(not found|No such file|cannot execute|Permission denied)|(not found|No such file).{0,60}rrsync/,
    null,
    'rrsync-missing',
    (where) => `rrsync is not installed at ${where}, or not where authorized_keys says.`,
    'Install rsync there (3.2.4 or later brings /usr/bin/rrsync), or mend the path in authorized_keys.',
    false,
  ],
  [
    /rsync.{0,40}(command not found|not found|No such file or directory)|exec.{0,40}rsync/,
    [1, 2, 12, 14, 127],
    'rsync-missing-at-source',
    (where) => `rsync is not installed at ${where}.`,
    'Install the package rsync there.',
    false,
  ],
  [
    /is your shell clean|protocol version mismatch|unexpected tag|invalid (message|data|block)|protocol incompatibility/i,
    [2, 3, 12],
    'garbage-from-source',
    (where) => `What answered at ${where} is not rsync.`,
    "See that the key's command is rrsync -ro DIR, that the account has a shell, and that no login script prints anything.",
    false,
  ],
  [
    /unknown option|unrecognized option|on remote machine|requires? protocol|protocol .* not supported|option .* not (supported|allowed)/i,
    [1, 2, 4, 12],
    'option-refused',
    (where) => `rsync at ${where} does not know an option that we sent.`,
    'For a very old rsync set source.protocol: 29.',
    false,
  ],
  [
    /\[[Rr]eceiver\].*No space left on device|write failed on .*No space left/,
    null,
    'disk-full',
    () => 'The disk of the destination is full. What had come is kept.',
    'Make room, or see destination.minFree.',
    true,
  ],
  [
    /File too large/,
    [11],
    'source-grew',
    (where) => `${where} sent more of a file than it had listed; it was cut off.`,
    'The file is still being written, or the source cannot be trusted. It is looked at again at the next run.',
    true,
  ],
  [
    /\[[Rr]eceiver\]|\[generator\]/,
    [11],
    'write-failed',
    () => 'rsync could not write on this machine.',
    "See whether the destination's disk is sound, mounted writable, and ours to write.",
    true,
  ],
  [
    /out of memory|allocat/i,
    [22],
    'source-flood',
    (where) => `${where} made rsync use more memory than it may; it was cut off.`,
    'See how many files lie in the folder; two million are too many.',
    false,
  ],
  [
    /(change_dir|link_stat|opendir|chdir).*(Not a directory)/,
    [3, 23],
    'path-no-folder',
    (_, folder) => `${folder} is no folder.`,
    'Name the folder that holds the files.',
    false,
  ],
  [
    /(change_dir|link_stat|opendir|chdir).*No such file or directory/,
    [3, 12, 23],
    'path-missing',
    (_, folder) => `${folder} is not there.`,
    'See source.path, and whether what it lies on is mounted there.',
    true,
  ],
  [
    /(change_dir|link_stat|opendir|chdir).*Permission denied/,
    [3, 23],
    'path-unreadable',
    (_, folder) => `${folder} may not be read by the account.`,
    'Give the account read and search permission on it.',
    false,
  ],
  [
    /closed by remote host|Connection reset|Timeout, server/i,
    [12],
    'connection-lost',
    (where) => `The connection to ${where} broke. What had come is kept.`,
    'It is tried again. If it stays so, look at the line and at the log of sshd there.',
    true,
  ],
  [
    /connection unexpectedly closed \(0 bytes received/,
    [12],
    'source-hung-up',
    (where) => `${where} ended the session before rsync had said a word.`,
    "See that the key's command is rrsync -ro DIR and that the account has a shell; its log is with sshd.",
    true,
  ],
  [
    /[\s\S]*/,
    [10, 12, 30, 35, 255],
    'connection-lost',
    (where) => `The connection to ${where} broke. What had come is kept.`,
    'It is tried again. If it stays so, look at the line and at rsync on the source.',
    true,
  ],
]

// What ssh and rsync say after the line that matters.
const NOISE =
  /^(rsync error: |rsync: connection unexpectedly closed|rsync: \[\w+\] write error|@{5}|\(see the rsync|It is required|This private key|\s*$)/

/** The last line that tells something. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/)
  // Of a changed host key the fingerprint is what people compare.
  const fingerprint = lines.find((line) => /^SHA256:\S+\.$/.test(line))
  if (fingerprint !== undefined) return printable(fingerprint)
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!
    if (!NOISE.test(line)) return printable(line.trim())
  }
  return ''
}

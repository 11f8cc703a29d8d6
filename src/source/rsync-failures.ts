interface Words {
  readonly says: string
  readonly hint: string
  readonly retryable: boolean
  /** Where several kinds share one. */
  readonly code?: string
}

const again = (says: string, hint: string, code?: string): Words => ({
  ...{ says, hint, retryable: true },
  ...(code === undefined ? {} : { code }),
})
const final = (says: string, hint: string, code?: string): Words => ({
  ...again(says, hint, code),
  retryable: false,
})

/** By code. `{where}`: the source; `{folder}`: its folder; `{doing}`, `{timeout}` in seconds, `{code}`: rsync's; `{user}`: the account. */
export const RSYNC_WORDS = {
  'source-silent': again(
    '{where} accepted the connection and then sent nothing for {timeout} s.',
    'Check whether the machine is overloaded or its disk hangs; raise transfer.timeout if it is only slow.',
  ),
  'source-stalled': again(
    '{where} stopped sending: no progress for {timeout} s. What arrived is kept.',
    'It is retried. If this persists, check the network and rsync on the source, or raise transfer.timeout.',
  ),
  'source-flood': final(
    '{where} sent far more than allowed while we {doing}; it was cut off.',
    'Check what is in the folder; the limit is 2,000,000 entries. Or the source cannot be trusted.',
  ),
  'source-grew': again(
    '{where} sent more of a file than it had listed; it was cut off.',
    'The file is still being written, or the source cannot be trusted. The next run checks it again.',
  ),
  'identity-no-key': final(
    'The private key {identity} is not one that ssh can read, so none was offered.',
    'Write it again, whole and as ssh-keygen made it. This shows its public half once it can be read: ssh-keygen -y -f {identity}',
  ),
  'rrsync-folder-missing': again(
    'The folder that rrsync is told to serve at {where} does not exist.',
    'See the DIR in restrict,command="rrsync -ro DIR" in authorized_keys there.',
  ),
  'path-missing-below': again(
    '{folder} is not there.',
    'source.path ("{path}") counts from the folder that rrsync serves, the DIR of command="rrsync -ro DIR" in authorized_keys of {user} there, and the two do not agree. Change one of them.',
    'path-missing',
  ),
  'path-missing': again(
    '{folder} is not there.',
    'Check source.path, and whether its file system is mounted there.',
  ),
  'path-unreadable': final(
    '{folder} is not readable by the account.',
    'Give the account read and search permission on it, and search permission on every folder above it.',
  ),
  'path-no-folder': final(
    '{noFolder}.',
    'source.path is the folder that holds the files. For one file alone, name its folder there, and the file in select.include.',
  ),
  'refused-by-rrsync': final(
    '{where} refused through rrsync what we asked for.',
    'Check source.path (relative to rrsync\'s folder, without ".."), and that the key\'s command is rrsync -ro DIR.',
  ),
  'rrsync-no-interpreter': final(
    'rrsync is installed at {where}, but its interpreter (python3, or perl for an old one) is not.',
    'Install python3 there, or perl if rrsync is a perl script: its first line says which.',
  ),
  'rrsync-missing': final(
    'rrsync is not installed at {where}, or not where authorized_keys says.',
    'Install rsync there (3.2.4 or later brings /usr/bin/rrsync), or fix the path in authorized_keys. If it is there, its interpreter may be missing: see its first line.',
  ),
  'not-executable': final(
    'The account {user} at {where} may not execute the command that authorized_keys names.',
    'Make it executable: chmod 755 there, as after it was unpacked from /usr/share/doc; and see that its file system is not mounted noexec.',
    'rrsync-missing',
  ),
  'rsync-missing-at-source': final('rsync is not installed at {where}.', 'Install the package rsync there.'),
  unrequested: final(
    '{where} sent a name that was not requested; it was refused.',
    'No sound rsync does that. Find out what answers there before you trust it again.',
    'garbage-from-source',
  ),
  'garbage-from-source': final(
    'What answered at {where} is not rsync.',
    "Check that the key's command is rrsync -ro DIR, that the account has a shell, and that no login script prints anything.",
  ),
  'no-shell': final(
    'The account {user} at {where} has no login shell, so nothing can be started there.',
    'Give it one: usermod -s /bin/sh {user}. The forced command of our key (rrsync -ro DIR) still limits what it may do.',
    'garbage-from-source',
  ),
  'sftp-only': final(
    'The account {user} at {where} may use sftp only.',
    'Exempt it from ForceCommand internal-sftp in sshd_config there; rrsync -ro DIR as the command of our key limits it as well.',
    'garbage-from-source',
  ),
  'login-script': final(
    'A login script at {where} prints text before rsync starts.',
    'Let it print to a terminal only: [ -t 1 ] && echo ... in .bashrc, .profile or /etc/profile.d of the account.',
    'garbage-from-source',
  ),
  openrsync: final(
    'What answers at {where} is openrsync, which cannot do what we ask for (--files-from).',
    'Install rsync from rsync.samba.org there, and have the forced command or rrsync start it. openrsync does not accept a list of files.',
    'option-refused',
  ),
  'option-refused': final(
    'rsync at {where} does not know an option that we sent.',
    'For a very old rsync set source.protocol: 29.',
  ),
  'option-refused-again': final(
    'rsync at {where} does not know an option that we sent.',
    'source.protocol is {protocol} already: update rsync there. On macOS and OpenBSD it may be openrsync, which cannot be used.',
    'option-refused',
  ),
  'write-failed': again(
    'rsync could not write on this machine.',
    "Check that the destination's disk is healthy, mounted read-write, and writable by this user.",
  ),
  'too-many': final(
    '{where} made rsync use more memory than allowed; it was cut off.',
    'Check how many files are in the folder; two million are too many.',
    'source-flood',
  ),
  'source-hung-up': again(
    '{where} ended the session before rsync sent anything.',
    "Check that the key's command is rrsync -ro DIR and that the account has a shell; see the log of sshd.",
  ),
  'connection-lost': again(
    'The connection to {where} broke. What arrived is kept.',
    'It is retried. If this persists, check the network, and the log of sshd and rsync on the source.',
  ),
  'rsync-killed': again(
    'rsync was killed on this machine while we {doing}.',
    "It is retried. If nobody killed it, look for the OOM killer in the kernel's log.",
  ),
  'rsync-failed': again(
    'rsync ended with code {code} while we {doing} at {where}.',
    'Run the same by hand with rsync -v to see more; "EXIT VALUES" in rsync(1) explains the code.',
  ),
} satisfies Readonly<Record<string, Words>>

export type RsyncFailure = keyof typeof RSYNC_WORDS

/** By what rsync, rrsync or the shell there says, and rsync's exit code (null: any); the most telling first. */
export const RSYNC_FAILURES: readonly (readonly [RegExp, readonly number[] | null, RsyncFailure])[] = [
  [/rrsync error: .*(Restricted directory does not exist)/, null, 'rrsync-folder-missing'],
  [/rrsync error: .*No such file or directory/, null, 'path-missing-below'],
  [/rrsync error: .*Permission denied/, null, 'path-unreadable'],
  [/rrsync.{0,40}(error|usage)/i, null, 'refused-by-rrsync'],
  [
    /rrsync: .*(?:bad interpreter|required file not found)|env: .{0,4}(?:python|perl)[\w.]*.{0,4}: (?:No such file|not found)/i,
    null,
    'rrsync-no-interpreter',
  ],
  [
    /rrsync.{0,60}(not found|No such file|cannot execute)|(not found|No such file).{0,60}rrsync/,
    null,
    'rrsync-missing',
  ],
  [
    /rsync.{0,40}(command not found|not found|No such file or directory)|exec.{0,40}rsync/,
    [1, 2, 12, 14, 127],
    'rsync-missing-at-source',
  ],
  [
    /rejecting (unrequested|excluded|unsafe)|unrequested file|invalid (file|path)name|Refusing|unsafe (path|name)/i,
    null,
    'unrequested',
  ],
  // Its usage, under whatever name it was started.
  [/openrsync|^usage: \S*rsync \[-\w+\] \[-/im, null, 'openrsync'],
  [
    /is your shell clean|protocol version mismatch|unexpected tag|invalid (message|data|block)|protocol incompatibility/i,
    [2, 3, 12],
    'garbage-from-source',
  ],
  [
    /unknown option|unrecognized option|on remote machine|requires? protocol|protocol .* not supported|option .* not (supported|allowed)/i,
    [1, 2, 4, 12],
    'option-refused',
  ],
  [/File too large/, [11], 'source-grew'],
  [/\[[Rr]eceiver\]|\[generator\]/, [11], 'write-failed'],
  [/out of memory|allocat/i, [22], 'too-many'],
  [/(change_dir|link_stat|opendir|chdir).*(Not a directory)/, [3, 23], 'path-no-folder'],
  [/(change_dir|link_stat|opendir|chdir).*No such file or directory/, [3, 12, 23], 'path-missing'],
  [/(change_dir|link_stat|opendir|chdir).*Permission denied/, [3, 23], 'path-unreadable'],
  // As sh, bash and zsh say it of a file without the right x; of their own start-up files it means nothing.
  [
    /^(?:\w+: (?:line )?(?:\d+: )?\S+(?<!rc|profile|\.sh): Permission denied|zsh:\d+: permission denied: \S+)\s*$/m,
    [1, 2, 12, 14, 126],
    'not-executable',
  ],
  [/closed by remote host|Connection reset|Timeout, server/i, [12], 'connection-lost'],
  [/connection unexpectedly closed \(0 bytes received/, [12], 'source-hung-up'],
  [/[\s\S]*/, [10, 12, 30, 35, 255], 'connection-lost'],
]

/** What stands where rsync's first bytes should. A source that speaks rsync's protocol after it has a login script that prints. */
export const BANNERS: readonly (readonly [RegExp, RsyncFailure])[] = [
  [/account is (?:currently )?not available|nologin/i, 'no-shell'],
  [/\bsftp\b/i, 'sftp-only'],
  [/\n[\s\S]{0,4}?[\x1b-\x7f]\0\0\0/, 'login-script'],
]

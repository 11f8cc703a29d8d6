import { expect, test } from 'vitest'
import type { SshPlace } from '../../src/model/spec.ts'
import { explainFailure } from '../../src/source/explain-failure.ts'
import { explainLines } from '../../src/source/explain-lines.ts'

const PLACE: SshPlace = {
  kind: 'ssh',
  host: 'db1',
  port: 22,
  user: 'backup',
  path: '.',
  identity: '/keys/db1',
  knownHosts: '/keys/known_hosts',
  jump: [],
  listing: null,
  protocol: null,
  algorithms: 'default',
}
const BROKEN = 'client_loop: send disconnect: Broken pipe'
const CLOSED = 'rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]'
const explain = (place: SshPlace, code: number, ...lines: readonly string[]) =>
  explainFailure(
    'pull',
    { place, ssh: ['/bin/true'], timeout: 30 },
    { cause: 'itself', code, endedBy: null, stderr: lines.join('\n') },
    AbortSignal.timeout(30_000),
  )
const ended = (code: number, ...lines: readonly string[]) => explain(PLACE, code, ...lines)

// rsync asks for ssh's end without waiting for it, and where it has it, takes the higher code: 255 in place of 11.
test.each([
  ['source-grew', 'File too large (27)', /File too large/],
  ['disk-full', 'No space left on device (28)', /to staging: the file system is full/],
  ['disk-full', 'Disk quota exceeded (122)', /to staging: the quota is used up/],
  ['write-failed', 'Bad address (14)', /Bad address/],
])('a pipe that broke does not hide what could not be written: %s', async (code, why, says) => {
  const rsync = [
    `rsync: [receiver] write failed on "/staging/a": ${why}`,
    'rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]',
  ]
  const alone = await ended(11, ...rsync)
  expect(alone).toMatchObject({ code, retryable: true, message: expect.stringMatching(says) })
  expect(await ended(255, ...rsync, BROKEN)).toEqual(alone)
  expect(await ended(255, BROKEN, ...rsync)).toEqual(alone)
})

test.each([
  ['connection-lost', BROKEN],
  ['connection-lost', 'rsync: connection unexpectedly closed (5 bytes received so far) [receiver]', BROKEN],
  ['connection-lost', 'rsync: [generator] write error: Broken pipe (32)', BROKEN],
  // What a banner says is nobody's refusal.
  ['connection-lost', 'Refusing all but backups', 'Welcome to rrsync error-free', 'Connection reset by db1'],
  ['ssh-failed', 'Load key "/keys/db1": error in libcrypto'],
  ['ssh-failed', ''],
])('what ssh ended with is told: %s', async (code, ...lines) => {
  expect(await ended(255, ...lines)).toMatchObject({ code, retryable: true })
})

// As rsync 3.2 and 3.5 print it: what its own half could not write is no fault of the source.
test.each([
  ['[receiver] open', 'No space left on device (28)', false, 'disk-full', /no room for bytes/],
  ['[receiver] open', 'No space left on device (28)', true, 'disk-full', /no inodes left/],
  ['[generator] recv_generator: mkdir', 'No space left on device (28)', true, 'disk-full', /no inodes left/],
  ['[receiver] open', 'Disk quota exceeded (122)', false, 'disk-full', /quota/],
  ['[receiver] open', 'Stale file handle (116)', false, 'disk-gone', /NFS/],
  ['[receiver] open', 'Structure needs cleaning (117)', false, 'disk-failing', /repair/],
  ['[receiver] mkstemp', 'Read-only file system (30)', false, 'disk-read-only', /read-only/],
  ['[receiver] open', 'Memory page has hardware error (133)', false, 'write-failed', /could not write/],
  ['[sender] send_files failed to open', 'Permission denied (13)', false, 'unreadable', /at the source/],
  ['[sender] read errors mapping', 'Input/output error (5)', false, 'source-complaint', /could not read/],
])('%s: %s', (what, why, lacksInodes, code, says) => {
  const line = `rsync: ${what} "/here/.reconcile/staging/d/a.tar"${what.startsWith('[s') ? '' : ' failed'}: ${why}`
  const [problem, ...more] = explainLines(line, () => 'd/a.tar', lacksInodes)
  expect(more).toEqual([])
  expect(problem).toMatchObject({ code, path: 'd/a.tar', message: expect.stringMatching(says) })
})

test.each([
  [
    'an option is refused: the line that names it, not the usage after it',
    [
      'rsync: --no-such: unknown option',
      'rsync error: syntax or usage error (code 1) at main.c(1)',
      '(Client)',
    ],
    1,
    'option-refused',
    /It said: rsync: --no-such: unknown option$/,
    /protocol: 29/,
  ],
  [
    'openrsync is named',
    ["openrsync: unrecognized option `--files-from=-'", 'usage: openrsync [-aDgIlnoprtVvWxz]'],
    12,
    'option-refused',
    /openrsync.*--files-from/,
    /rsync\.samba\.org/,
  ],
  [
    'rrsync without its interpreter',
    [
      "/usr/bin/env: 'python3': No such file or directory",
      'rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]',
    ],
    12,
    'rrsync-no-interpreter',
    /python3/,
    /Install python3/,
  ],
  [
    'the same as bash says it',
    ['bash: line 1: /usr/bin/rrsync: /usr/bin/python3: bad interpreter: No such file or directory'],
    127,
    'rrsync-no-interpreter',
    /bad interpreter/,
    /Install python3/,
  ],
  [
    'the same as a newer bash says it',
    ['bash: line 1: /usr/bin/rrsync: cannot execute: required file not found'],
    127,
    'rrsync-no-interpreter',
    /required file not found/,
    /Install python3/,
  ],
  [
    'rrsync that is not there',
    ['sh: 1: /usr/bin/rrsync: not found'],
    127,
    'rrsync-missing',
    /not installed/,
    /Install rsync/,
  ],
  ...[
    'bash: line 1: /usr/local/bin/rrsync: Permission denied',
    'sh: 1: /srv/serve: Permission denied',
    'zsh:1: permission denied: /usr/local/bin/rrsync',
  ].flatMap((line) =>
    // Whichever ends first, ssh or rsync, the cause is the same.
    [[126, line] as const, [12, line, CLOSED] as const].map(
      ([exit, ...lines]) =>
        [`${line}, exit ${exit}`, lines, exit, 'rrsync-missing', /may not execute/, /chmod 755/] as const,
    ),
  ),
  [
    'what a shell may not read as it starts is not the command',
    ['bash: /home/pull/.bashrc: Permission denied', CLOSED],
    12,
    'source-hung-up',
    /ended the session/,
    /rrsync/,
  ],
  [
    'a folder that rsync may not enter is no refused key',
    ['rsync: [sender] change_dir "/srv/x" failed: Permission denied (13)', CLOSED],
    12,
    'source-hung-up',
    /Permission denied/,
    /rrsync/,
  ],
] as const)('%s', async (_, lines, exit, code, says, hint) => {
  expect(await ended(exit, ...lines)).toMatchObject({
    code,
    message: expect.stringMatching(says),
    hint: expect.stringMatching(hint),
  })
})

test('a protocol that is set is not advised once more', async () => {
  const old = { ...PLACE, protocol: 29 }
  const { hint } = await explain(old, 1, 'rsync: --no-such: unknown option')
  expect(hint).toMatch(/is 29 already/)
})

const NOISE = [
  'stdin: is not a tty',
  'bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)',
  'tput: No value for $TERM and no -T specified',
  'mesg: ttyname failed: Inappropriate ioctl for device',
  'Welcome to db1!',
  'WARNING: authorized use only',
]

test('what a login shell prints is no problem of a file', () => {
  const own = 'rsync: [sender] send_files failed to open "/srv/d/a.tar": Permission denied (13)'
  const problems = explainLines([...NOISE, own, ...NOISE].join('\n'), () => 'd/a.tar')
  expect(problems.map(({ code }) => code)).toEqual(['unreadable'])
})

test('where no line is known for one of rsync’s, none is lost', () => {
  expect(explainLines('something else went wrong', () => null)).toMatchObject([
    { code: 'source-complaint', message: expect.stringContaining('something else went wrong') },
  ])
})

test('why ssh could not read the key is kept', async () => {
  const { code, message } = await ended(
    255,
    'Load key "/keys/db1": error in libcrypto',
    'backup@db1: Permission denied (publickey).',
  )
  expect(code).toBe('identity-no-key')
  expect(message).toMatch(/It said: Load key "\/keys\/db1": error in libcrypto; .*Permission denied/)
})

test.each([
  [
    'source-silent',
    { cause: 'silent', stderr: '' },
    /^The jump host .* does not answer: nothing came from db1 \(port 22\) for 30 s\.$/,
  ],
  [
    'source-stalled',
    { cause: 'stalled', stderr: '' },
    /^The jump host .*: nothing more came from .* What arrived is kept\.$/,
  ],
  // As ssh itself prints it at its own limit, which is the same for all machines of the way.
  [
    'source-silent',
    { cause: 'itself', stderr: 'Connection timed out during banner exchange' },
    /^The jump host .* does not answer/,
  ],
] as const)('a jump host that does not answer is named: %s', async (code, end, says) => {
  const jump = [{ user: 'gate', host: '127.0.0.1', port: 1 }]
  const explained = (place: SshPlace) =>
    explainFailure(
      'pull',
      { place, ssh: ['/bin/true'], timeout: 30 },
      { code: 255, endedBy: null, ...end },
      AbortSignal.timeout(30_000),
    )
  expect(await explained({ ...PLACE, jump })).toMatchObject({ code, message: expect.stringMatching(says) })
  expect((await explained(PLACE)).message).toMatch(/^db1 /)
})

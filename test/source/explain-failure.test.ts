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
const ended = (code: number, ...lines: readonly string[]) =>
  explainFailure('pull', PLACE, { cause: 'itself', code, endedBy: null, stderr: lines.join('\n') }, 30)

// rsync asks for ssh's end without waiting for it, and where it has it, takes the higher code: 255 in place of 11.
test.each([
  ['source-grew', 'File too large (27)', /File too large/],
  ['disk-full', 'No space left on device (28)', /to staging: the file system is full/],
  ['disk-full', 'Disk quota exceeded (122)', /to staging: the quota is used up/],
  ['write-failed', 'Bad address (14)', /Bad address/],
])('a pipe that broke does not hide what could not be written: %s', (code, why, says) => {
  const rsync = [
    `rsync: [receiver] write failed on "/staging/a": ${why}`,
    'rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]',
  ]
  const alone = ended(11, ...rsync)
  expect(alone).toMatchObject({ code, retryable: true, message: expect.stringMatching(says) })
  expect(ended(255, ...rsync, BROKEN)).toEqual(alone)
  expect(ended(255, BROKEN, ...rsync)).toEqual(alone)
})

test.each([
  ['connection-lost', BROKEN],
  ['connection-lost', 'rsync: connection unexpectedly closed (5 bytes received so far) [receiver]', BROKEN],
  ['connection-lost', 'rsync: [generator] write error: Broken pipe (32)', BROKEN],
  // What a banner says is nobody's refusal.
  ['connection-lost', 'Refusing all but backups', 'Welcome to rrsync error-free', 'Connection reset by db1'],
  ['ssh-failed', 'Load key "/keys/db1": error in libcrypto'],
  ['ssh-failed', ''],
])('what ssh ended with is told: %s', (code, ...lines) => {
  expect(ended(255, ...lines)).toMatchObject({ code, retryable: true })
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

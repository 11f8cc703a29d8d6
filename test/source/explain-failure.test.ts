import { expect, test } from 'vitest'
import type { SshPlace } from '../../src/model/spec.ts'
import { explainFailure } from '../../src/source/explain-failure.ts'

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
  ['source-grew', 'File too large (27)'],
  ['disk-full', 'No space left on device (28)'],
  ['write-failed', 'Input/output error (5)'],
])('a pipe that broke does not hide what could not be written: %s', (code, why) => {
  const rsync = [
    `rsync: [receiver] write failed on "/staging/a": ${why}`,
    'rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]',
  ]
  const alone = ended(11, ...rsync)
  expect(alone).toMatchObject({ code, retryable: true, message: expect.stringContaining(why) })
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

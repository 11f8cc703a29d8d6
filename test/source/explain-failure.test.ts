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

// rsync asks for ssh's end without waiting for it, and where it has it, takes the higher code: 255 in place of 11.
test.each([
  ['source-grew', 11, '[receiver] write failed on "/staging/a": File too large (27)', 'code 11'],
  ['disk-full', 11, '[receiver] write failed on "/staging/a": No space left on device (28)', 'code 11'],
  ['connection-lost', null, 'connection unexpectedly closed (5 bytes received so far) [receiver]', 'code 12'],
  ['connection-lost', null, '[generator] write error: Broken pipe (32)', 'code 10'],
])('a pipe that broke hides nothing that rsync told: %s', (told, alone, words, ended) => {
  const explain = (code: number, ...lines: readonly string[]): string =>
    explainFailure('pull', PLACE, { cause: 'itself', code, endedBy: null, stderr: lines.join('\n') }, 30).code
  const rsync = [`rsync: ${words}`, `rsync error: it failed (${ended}) at io.c(285) [receiver=3.5.0]`]
  expect(explain(255, ...rsync, 'client_loop: send disconnect: Broken pipe')).toBe(told)
  expect(explain(255, 'client_loop: send disconnect: Broken pipe', ...rsync)).toBe(told)
  if (alone !== null) expect(explain(alone, ...rsync)).toBe(told)
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startThrowawaySource, type ThrowawaySource } from '../../src/commands/demo/source.ts'

let folder: string
let source: ThrowawaySource

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throw-away-'))
  await mkdir(join(folder, "it's served"))
  await writeFile(join(folder, "it's served", 'a.tar'), 'abc')
  source = await startThrowawaySource({ folder: join(folder, 'keys'), served: join(folder, "it's served") })
})

afterAll(async () => {
  await source.stop()
  await rm(folder, { recursive: true })
})

const ssh = (...more: string[]): string =>
  `ssh -F none -T -p ${source.port} -i "${source.identity}" -o IdentitiesOnly=yes -o BatchMode=yes -o "UserKnownHostsFile=${source.knownHosts}" ${more.join(' ')}`

test('a throw-away source serves its folder over a pinned host key, and counts who came', async () => {
  const before = source.countSessions()
  const listed = await execa('rsync', ['-e', ssh(), '--list-only', `${source.user}@${source.host}:./`], {
    reject: false,
  })
  expect(listed.stderr).toBe('')
  expect(listed.stdout).toContain('a.tar')
  expect(source.countSessions()).toBe(before + 1)
})

test('it lets nobody write', async () => {
  const wrote = await execa('rsync', ['-e', ssh(), '/etc/hostname', `${source.user}@${source.host}:./`], {
    reject: false,
  })
  expect(wrote.stderr).toContain('read-only')
})

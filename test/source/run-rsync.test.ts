import { readFileSync } from 'node:fs'
import { access, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import { type RsyncEnd, runRsync } from '../../src/source/run-rsync.ts'
import { checkSourceTools } from '../../src/system/check-host-tools.ts'

let folder: string
const path = process.env['PATH']

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-rsync-'))
  process.env['PATH'] = `${folder}:${path}`
})
afterEach(async () => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true })
})

/** Where this machine has it. */
async function toolPath(name: string): Promise<string> {
  for (const at of (path ?? '').split(':')) {
    const file = join(at, name)
    if ((await access(file).catch(() => file)) === undefined) return file
  }
  throw new Error(`${name} is not installed`)
}

/** Puts a program of that name before all others. */
const program = (name: string, script: string): Promise<void> =>
  writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })

const run = (signal = new AbortController().signal, hear = (_: Buffer): boolean => true): Promise<RsyncEnd> =>
  runRsync({
    arguments: [folder],
    input: null,
    fileLimit: 1e9,
    hear,
    watch: () => null,
    signal,
  })

function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3))
  } catch {
    return false
  }
}
/** The process that the program left a note of. */
async function noted(): Promise<number> {
  for (;;) {
    const text = await readFile(join(folder, 'pid'), 'utf8').catch(() => '')
    if (text.endsWith('\n')) return Number(text)
    await sleep(10)
  }
}

test('I11: it does not come back while a child that has let go of stdout still runs', async () => {
  await program('rsync', 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > "$1/pid"; exit 0')
  expect(await run()).toMatchObject({ cause: 'itself', code: 0 })
  expect(runs(await noted())).toBe(false)
})

test('I11: a child that holds stdout for ever does not hold us', async () => {
  await program('rsync', 'sleep 1000 & echo $! > "$1/pid"; exit 0')
  expect(await run()).toMatchObject({ cause: 'itself', code: 0 })
  expect(runs(await noted())).toBe(false)
})

test('a stop ends also what does not listen to it', async () => {
  await program('rsync', `trap '' TERM; echo $$ > "$1/pid"; while :; do sleep 1000; done`)
  const controller = new AbortController()
  const ended = run(controller.signal)
  const pid = await noted()
  controller.abort(new Stop('terminate'))
  expect(await ended).toMatchObject({ cause: 'stopped', endedBy: 'SIGKILL' })
  expect(runs(pid)).toBe(false)
})

test('one that says too much is ended, and of its complaints the beginning and the end are kept', async () => {
  await program('rsync', 'yes')
  expect(await run(undefined, () => false)).toMatchObject({ cause: 'flood' })
  await program('rsync', 'echo first >&2; head -c 20000000 /dev/zero >&2; echo last >&2; exit 23')
  const end = await run()
  expect(end.stderr.startsWith('first\n')).toBe(true)
  expect(end.stderr.endsWith('last\n')).toBe(true)
  expect(end.stderr.length).toBeLessThan(15_000_000)
})

test.each([
  ['3.2.4', 'rsync  version 3.2.4  protocol version 31', 'rsync-too-old'],
  ['2.6.9', 'rsync  version 2.6.9  protocol version 29', 'rsync-too-old'],
  ['3.2.5', 'rsync  version 3.2.5  protocol version 31', undefined],
  ['a later one', 'rsync  version v3.10.0dev  protocol version 33', undefined],
  ['something else', 'openrsync: protocol version 27', 'rsync-too-old'],
])('rsync %s on this machine', async (_, line, code) => {
  await program('rsync', `echo '${line}'`)
  expect((await checkSourceTools())?.code).toBe(code)
})

test('tools that are missing are named with their package', async () => {
  process.env['PATH'] = folder
  await symlink(await toolPath('setpriv'), join(folder, 'setpriv'))
  expect(await checkSourceTools()).toMatchObject({ code: 'missing-tool', hint: 'Install the package rsync.' })
  await program('rsync', `echo 'rsync  version 3.4.1  protocol version 32'`)
  expect(await checkSourceTools()).toMatchObject({
    code: 'missing-tool',
    hint: 'Install the package openssh-client.',
  })
  const missing = { code: 'missing-tool', hint: 'Install the package util-linux.' }
  await expect(run()).rejects.toMatchObject({ ...missing, message: 'prlimit is not installed.' })
  await rm(join(folder, 'setpriv'))
  await expect(run()).rejects.toMatchObject({ ...missing, message: 'setpriv is not installed.' })
})

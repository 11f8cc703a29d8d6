import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import { runDrill } from '../../src/restore/drill.ts'
import { until } from '../helpers/fault-processes.ts'

let folder = ''
const path = process.env['PATH']
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drill-'))
})
afterEach(async () => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true, force: true })
})

const digests = { sha256: createHash('sha256').update('bytes').digest('hex') as never }

async function drill(
  command: readonly string[],
  over: { timeout?: number; signal?: AbortSignal; bytes?: string } = {},
) {
  const from = join(folder, 'a b.tar')
  await writeFile(from, over.bytes ?? 'bytes')
  const files = ['one', 'in/two'].map((name) => ({ path: name, from, size: 5, digests, mtime: null }))
  const request = {
    drill: { name: 'it', command, timeout: over.timeout ?? 60 },
    files,
    scratch: join(folder, 'scratch'),
  }
  const { why } = await runDrill(request, over.signal ?? new AbortController().signal)
  expect(await readdir(join(folder, 'scratch'))).toEqual([])
  return why
}

test.runIf(process.getuid?.() === 0)(
  "root runs none below another user's folder, and removes nothing there",
  async () => {
    const other = join(folder, 'other')
    await mkdir(join(other, 'kept'), { recursive: true })
    await symlink(other, join(folder, 'scratch'))
    await chown(folder, 65_534, 65_534)
    await expect(drill(['true'])).rejects.toMatchObject({ code: 'disk-forbidden' })
    expect(await readdir(other)).toEqual(['kept'])
  },
)

test('without {path} it runs once in the folder, which is private; the environment is fixed', async () => {
  const log = join(folder, 'log')
  process.env['SECRET_OF_OURS'] = '1'
  expect(
    await drill(['sh', '-c', 'pwd > "$1"; stat -c %a . >> "$1"; ls >> "$1"; env >> "$1"', 'sh', log]),
  ).toBeNull()
  const [at, mode, ...rest] = (await readFile(log, 'utf8')).trim().split('\n')
  expect([at, mode, rest.slice(0, 2)]).toEqual([
    expect.stringContaining('/scratch/drill-'),
    '700',
    ['in', 'one'],
  ])
  expect(rest).toEqual(expect.arrayContaining([`HOME=${at}`, `TMPDIR=${at}`, 'LC_ALL=C']))
  expect(rest.join()).not.toContain('SECRET_OF_OURS')
})

test('it fails on the first file that it does not like; the last words are kept, in one line', async () => {
  const why = await drill([
    'sh',
    '-c',
    'case "$1" in */two) yes noise | head -n 9999; printf "a\\nb" >&2; exit 7; esac',
    'sh',
    '{path}',
  ])
  expect(why).toBe('exit code 7 on in/two: a b')
  expect(await drill(['sh', '-c', 'printf "%0999d" 0; exit 1'])).toBe(`exit code 1: ${'0'.repeat(300)}`)
})

test('a program that is not here fails it', async () => {
  expect(await drill(['no-such-program', '{path}'])).toBe('this box has no program no-such-program')
})

test('what cannot be restored fails without the drill', async () => {
  expect(await drill(['false'], { bytes: 'other' })).toMatch(/^cannot restore one: it has rotted/)
})

/** Of the process whose number is in the log. It was killed; when that comes to it is the kernel's. */
async function untilEnded(log: string): Promise<void> {
  const pid = (await readFile(log, 'utf8')).trim()
  await until(async () => {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '1 (sleep) Z')
    return state.split(' ')[2] === 'Z'
  })
}

test('a program that is left running in its folder, and folders that may not be written, are gone afterwards', async () => {
  const log = join(folder, 'pid')
  const code = 'setsid sleep 600 >/dev/null 2>&1 & echo $! > "$1"; mkdir -p a/b; chmod 0 a'
  expect(await drill(['sh', '-c', code, 'sh', log])).toBeNull()
  await untilEnded(log)
})

test.each([
  ['in its folder', ''],
  ['elsewhere', 'cd /; '],
])(
  'a program of its own session that holds its output, %s, is not waited for, and is ended',
  async (_, code) => {
    const log = join(folder, 'pid')
    expect(
      await drill(['sh', '-c', `${code}setsid sleep 600 & echo $! > "$1"`, 'sh', log], { timeout: 20 }),
    ).toBeNull()
    await untilEnded(log)
  },
)

test('a signal ends it, and removes what it was restored to', async () => {
  const stop = new AbortController()
  const began = join(folder, 'began')
  const ended = drill(['sh', '-c', 'touch "$1"; sleep 600', 'sh', began], { signal: stop.signal })
  while ((await stat(began).catch(() => null)) === null) await new Promise((go) => setImmediate(go))
  stop.abort(new Stop('max-time'))
  await expect(ended).rejects.toBeInstanceOf(Stop)
  expect(await readdir(join(folder, 'scratch'))).toEqual([])
})

test('where systemd-run works it gets a scope, else it runs without', async () => {
  const words = join(folder, 'words')
  const shim = (code: string) => writeFile(join(folder, 'systemd-run'), `#!/bin/sh\n${code}\n`)
  await shim(`echo "$@" >> ${words}; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`)
  await chmod(join(folder, 'systemd-run'), 0o755)
  process.env['PATH'] = `${folder}:${path}`
  expect(await drill(['test', '-s', 'one'])).toBeNull()
  expect(await readFile(words, 'utf8')).toMatch(
    /--scope .*MemoryMax=75%.* -- true\n--scope .* -- test -s one\n$/,
  )
  await shim('exit 1')
  expect(await drill(['test', '-s', 'one'])).toBeNull()
})

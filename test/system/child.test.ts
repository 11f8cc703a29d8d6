import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import { type ChildCall, runChild, runTool } from '../../src/system/child.ts'

const root = resolve(import.meta.dirname, '../..')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'child-'))
})
afterEach(() => rm(folder, { recursive: true }))

const shell = (script: string, more: Partial<ChildCall> = {}) =>
  runChild({ program: 'sh', arguments: ['-c', script, 'sh', folder], ...more })

function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** The process that a script left a note of. */
async function noted(): Promise<number> {
  for (;;) {
    const text = await readFile(join(folder, 'pid'), 'utf8').catch(() => '')
    if (text.endsWith('\n')) return Number(text)
    await sleep(10)
  }
}

test('its environment is fixed, and nothing of ours', async () => {
  process.env['RSYNC_RSH'] = 'x'
  const { stdout } = await runTool('env', [])
  expect(
    stdout
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort(),
  ).toEqual(['HOME', 'LC_ALL', 'PATH', 'TZ'])
})

test('what it is told comes to it, and what it says comes back with its exit code', async () => {
  const end = await shell('cat; echo no >&2; exit 3', { input: 'hello' })
  expect({ ...end, stdout: end.stdout.toString() }).toEqual({
    cause: 'itself',
    code: 3,
    endedBy: null,
    stdout: 'hello',
    stderr: 'no\n',
  })
})

describe('one that goes too far is ended, with all that it started', () => {
  const both = 'trap "" TERM; sleep 1000 & echo $! > "$1/pid"; '
  const cases: readonly [string, string, Partial<ChildCall>][] = [
    ['slow', `${both} while :; do echo x; sleep 0.1; done`, { limits: { total: 0.5 } }],
    ['silent', `${both} sleep 1000`, { limits: { total: 60, silence: 0.5 } }],
    ['flood', `${both} yes`, { mostOutput: 1_000_000 }],
  ]
  test.each(cases)('%s', async (cause, script, more) => {
    const end = await shell(script, more)
    expect(end).toMatchObject({ cause, code: null, endedBy: 'SIGKILL' })
    expect(end.stdout.length).toBeLessThanOrEqual(1_000_000)
    expect(runs(await noted())).toBe(false)
  })

  test('stopped', async () => {
    const stop = new AbortController()
    const ended = shell(`${both} sleep 1000`, { signal: stop.signal })
    const pid = await noted()
    stop.abort(new Stop('terminate'))
    expect(await ended).toMatchObject({ cause: 'stopped' })
    expect(runs(pid)).toBe(false)
  })
})

test('it comes back when all that it started has ended, also what has no pipe to us', async () => {
  const script = 'sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! > "$1/pid"'
  expect(await shell(script, { patience: 50 })).toMatchObject({ cause: 'itself', code: 0 })
  expect(runs(await noted())).toBe(false)
})

describe('where no program can be started', () => {
  test('one that is missing is named with its package', async () => {
    await expect(runTool('flock-that-is-not-there', [])).rejects.toMatchObject({
      code: 'missing-tool',
      message: 'flock-that-is-not-there is not installed.',
    })
  })

  /** Run with every descriptor but `left` in use. */
  const starved = (start: string) =>
    execa(
      'sh',
      [
        '-c',
        'ulimit -n 300; exec "$@"',
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        starving(start),
      ],
      { cwd: root, reject: false },
    )
  const starving = (start: string) => `
    import { openSync } from 'node:fs'
    import { execa } from 'execa'
    import { runTool } from './dist/system/child.js'
    const run = ${start}
    try { for (;;) openSync('/dev/null') } catch {}
    await run().then(() => console.log('ran'), (error) => console.log(error.code + ': ' + error.message))
    setTimeout(() => console.log('lives'), 10)`

  test('I15: no descriptor is left for its pipes: that is a Failure, and the process goes on', async () => {
    const { stdout, exitCode } = await starved("async () => runTool('true', [])")
    expect(stdout).toBe('disk-error: cannot start setpriv: too many files are open\nlives')
    expect(exitCode).toBe(0)
  })

  test('I15: none is left to look for its orphans: they are waited for all the same', async () => {
    const { stdout, exitCode } = await execa(
      'sh',
      ['-c', 'ulimit -n 300; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', ORPHANED],
      { cwd: root, reject: false },
    )
    expect(stdout).toBe('it ran, and its orphan is gone')
    expect(exitCode).toBe(0)
  })
  const ORPHANED = `
    import { closeSync, openSync, readFileSync } from 'node:fs'
    import { runChild } from './dist/system/child.js'
    let orphan = 0
    const words = ['-c', 'sleep 1000 >&- 2>&- & echo $!; read line']
    const ended = runChild({ program: 'sh', arguments: words, input: null, hear(chunk) {
      orphan = Number(chunk)
      const all = []
      // Again and again: its pipes are closed meanwhile.
      const taker = setInterval(() => { try { for (;;) all.push(openSync('/dev/null')) } catch {} }, 1)
      setTimeout(() => { clearInterval(taker); all.forEach(closeSync) }, 500)
      return true
    } })
    await ended
    const isAlive = () => { try { return !/^\\d+ \\(sleep\\) Z/.test(readFileSync('/proc/' + orphan + '/stat', 'latin1')) } catch { return false } }
    console.log(isAlive() ? 'its orphan is alive' : 'it ran, and its orphan is gone')`

  // The reason why src/system/child.ts is written on node:child_process. When this turns red, execa can take its place.
  test('execa ends the process there', async () => {
    const { stdout, stderr, exitCode } = await starved("async () => execa('true', { reject: false })")
    expect(stdout).not.toContain('lives')
    expect(stderr).toContain('EMFILE')
    expect(exitCode).not.toBe(0)
  })
})

test('it does not outlive us', async () => {
  const script = `
    import { runTool } from './dist/system/child.js'
    runTool('sh', ['-c', 'echo $$ > "$1/pid"; exec sleep 1000', 'sh', ${JSON.stringify(folder)}])`
  const us = execa(process.execPath, ['--input-type=module', '-e', script], { cwd: root, reject: false })
  const pid = await noted()
  expect(runs(pid)).toBe(true)
  us.kill('SIGKILL')
  await us
  while (runs(pid)) await sleep(10)
})

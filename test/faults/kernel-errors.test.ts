import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Result } from '../../src/model/outcome.ts'
import { inFull } from '../helpers/extent.ts'
import { expectOnlyWhole } from '../helpers/fault-checks.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

/** Whether strace is here and may trace. */
const canTrace = ((): boolean => {
  try {
    execFileSync('strace', ['-f', '-e', 'inject=uname:error=EUCLEAN', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Some that Node has names for, and some that it has not. */
const ERRORS = ['EDQUOT', 'ESTALE', 'EUCLEAN', 'ENOSPC', 'EIO', 'EHWPOISON', 'ENOMEM', 'EKEYREVOKED'] as const

let world: World
afterEach(() => world.end())

interface Refusal {
  readonly calls: string
  readonly at: string
  readonly error: string
}

/** Runs the built command with --json while the kernel refuses these calls on that very path. */
async function refused({ calls, at, error }: Refusal, ...words: string[]) {
  const log = join(world.folder, 'trace')
  const { command, args } = world.command([...words, '--json'])
  const trace = [
    '-f',
    // Only these calls stop for it, and not the thousands that starting node makes.
    '--seccomp-bpf',
    '-qq',
    '-o',
    log,
    '-P',
    at,
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:error=${error}`,
  ]
  const env = {
    NO_COLOR: '1',
    XDG_CONFIG_HOME: join(world.folder, 'no-config'),
    // As libuv would call it by io_uring, or by another thread each time, the kernel's answer would pass strace by.
    UV_USE_IO_URING: '0',
    UV_THREADPOOL_SIZE: '1',
  }
  const ended = await execa('strace', [...trace, command, ...args], { reject: false, stdin: 'ignore', env })
  const happened = existsSync(log) && readFileSync(log, 'latin1').includes('(INJECTED)')
  return { code: ended.exitCode, stdout: ended.stdout, stderr: ended.stderr, happened }
}

/** Where a pass over one new file, `d-N/f.tar`, calls the kernel. */
const CALLS: readonly (readonly [calls: string, at: (n: number, world: World) => string])[] = [
  ['link,linkat', (n, { destination }) => join(destination, `d-${n}/f.tar`)],
  ['link,linkat', (n, { destination }) => join(destination, `d-${n}/f.tar.md5`)],
  ['fsync', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['fsync', (n, { destination }) => join(destination, `d-${n}`)],
  ['fsync', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['openat', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['openat', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['openat', (_, { destination }) => join(destination, '.reconcile/status.json.new')],
  ['openat', (_, { destination }) => join(destination, '.reconcile/seen.jsonl')],
  ['openat', (_, { destination }) => join(destination, '.reconcile/lock')],
  ['openat', (_, { destination }) => destination],
  ['mkdir,mkdirat', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}`)],
  ['mkdir,mkdirat', (n, { destination }) => join(destination, `d-${n}`)],
  ['write,pwrite64', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['write,pwrite64', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['write,pwrite64', (_, { destination }) => join(destination, '.reconcile/status.json.new')],
  ['unlink,unlinkat', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['read,pread64', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['read,pread64', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['rename,renameat,renameat2', (_, { destination }) => join(destination, '.reconcile/status.json.new')],
  ['statx', (_, { destination }) => join(destination, '.reconcile')],
  ['statx', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['statx', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['getdents64', (_, { destination }) => destination],
  ['getdents64', (_, { destination }) => join(destination, '.reconcile/staging')],
  ['fchmod', (n, { destination }) => join(destination, `.reconcile/staging/d-${n}/f.tar`)],
  ['statfs', (_, { destination }) => destination],
  ['close', (_, { destination }) => join(destination, '.reconcile/ledger.jsonl')],
  ['openat', (_, { state }) => join(state, 'destinations.json')],
  ['read,pread64', (_, { state }) => join(state, 'destinations.json')],
  ['fsync', (_, { state }) => state],
  ['openat', (_, { state }) => join(state, 'suspensions.json')],
  ['openat', (_, { state }) => join(state, 'spec-folders.json')],
  ['openat', (_, { state }) => join(state, 'releases.json')],
  ['openat', (_, { state }) => join(state, 'locks/slot-0.lock')],
  ['statx,mkdir,mkdirat', (_, { state }) => join(state, 'locks')],
]

describe.skipIf(!canTrace)('a kernel that refuses (needs strace)', () => {
  test('I15: any error at any call is told by a code and ends that backup at most; the document is whole and the next backup runs', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const beside = join(world.folder, 'beside')
    const offered = new Map<string, Buffer>()
    const other: World = { ...world, destination: beside }
    // Half of it is what rsync waits for its other end when it cannot write.
    await world.declare('a', { transfer: { timeout: '20s' } })
    await world.declare('b', { destination: { path: beside } })
    await world.offer('first.tar', noise(2_000))
    offered.set('first.tar', noise(2_000))
    expect((await world.pass()).exitCode).toBe(0)
    const silent: string[] = []
    for (const [n, [calls, at]] of CALLS.entries()) {
      const isBoxes = at(n, world).startsWith(world.state)
      // Each at every call: destination-disk-errors.test.ts, on a disk in memory.
      if (!isBoxes && n % inFull(1, 2) > 0) continue
      const path = `d-${n}/f.tar`
      offered.set(path, noise(3_000, path))
      await world.offer(path, offered.get(path)!)
      const fault = { calls, at: at(n, world), error: ERRORS[n % ERRORS.length]! }
      const what = JSON.stringify(fault)
      const ended = await refused(fault, '--concurrency', '1')
      if (!ended.happened) silent.push(what)
      expect(ended.code, `${what}\n${ended.stderr}`).not.toBe(70)
      expect(ended.stderr, what).not.toMatch(/\n\s+at /)
      const result: Result = JSON.parse(ended.stdout)
      expect(
        result.backups.map(({ backup }) => backup),
        what,
      ).toEqual(['a', 'b'])
      const [one, two] = result.backups
      for (const { code, message, hint } of one!.problems) {
        expect(`${code} ${message} ${hint}`, what).not.toMatch(/undefined|Unknown system error/)
      }
      if (!isBoxes) expect(two, what).toMatchObject({ published: [path], problems: [], exitCode: 0 })
      const held = await expectOnlyWhole(world, offered)
      // I5, I14: what is reported as published is whole, and what is not is no success.
      for (const done of one!.published) expect(held, what).toContain(`${done}.md5`)
      if (!one!.published.includes(path)) expect(one!.exitCode, what).not.toBe(0)
      await expectOnlyWhole(other, offered)
      expect(await world.pass(), what).toMatchObject({ exitCode: 0 })
    }
    expect(silent).toEqual([])
  })

  test("I15: neither do the box's own files, nor those that people name, end a command without its document", async () => {
    world = await makeWorld('local', { calls: 'here' })
    const at = (name: string) => join(world.folder, name)
    // Apart from what is backed up, as no destination may lie in the folder of the configuration.
    await mkdir(at('etc'))
    for (const name of ['hook', 'beat'])
      await writeFile(at(`etc/${name}`), 'http://127.0.0.1:9/x', { mode: 0o600 })
    await writeFile(
      at('etc/config.yaml'),
      stringify({ notify: [{ urlFile: 'hook' }], heartbeat: { urlFile: 'beat' } }),
    )
    await writeFile(at('log'), '')
    await world.declare('a')
    await world.declare('b', { destination: { path: at('beside') } })
    await world.offer('f.tar', noise(2_000))
    await world.pass()
    const state = (name: string) => join(world.state, name)
    const runs: readonly (readonly [calls: string, at: string, words: readonly string[]])[] = [
      ['openat', state('suspensions.json'), ['--dry-run']],
      ['openat', state('spec-folders.json'), ['--dry-run']],
      ['openat', state('releases.json'), ['--dry-run']],
      ['read,pread64', state('destinations.json'), ['status']],
      ['openat', state('suspensions.json'), ['status']],
      ['statx', join(world.destination, '.reconcile'), ['status']],
      ['getdents64', world.destination, ['--dry-run']],
      ['openat,statx', state('notices.json'), ['--config', at('etc/config.yaml')]],
      ['read,pread64', at('etc/beat'), ['--config', at('etc/config.yaml')]],
      ['close', at('etc/beat'), ['--config', at('etc/config.yaml')]],
      ['write', at('log'), ['--log-file', at('log')]],
      ['openat', join(world.specs, 'b.yaml'), []],
      ['openat', at('source'), []],
    ]
    for (const [n, [calls, path, words]] of runs.entries()) {
      const fault = { calls, at: path, error: ERRORS[n % ERRORS.length]! }
      const what = JSON.stringify([fault, words])
      const ended = await refused(fault, ...words)
      expect(ended.happened, what).toBe(true)
      expect(ended.code, `${what}\n${ended.stderr}`).not.toBe(70)
      expect(ended.stderr, what).not.toMatch(/\n\s+at |undefined|Unknown system error/)
      const { backups } = JSON.parse(ended.stdout) as {
        readonly backups: readonly { readonly backup: string }[]
      }
      expect(backups.map(({ backup }) => backup).includes('a'), what).toBe(true)
    }
  })
})

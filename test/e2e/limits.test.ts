import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { backupIn, problemsOf } from '../helpers/backup.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

// What a spec and the command line allow: sizes, room, order, rate, time.

let world: World
/** For what depends on the line. */
let far: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  far = await makeWorld('ssh', { calls: 'here' })
})
afterAll(async () => {
  await world.end()
  await far.end()
})

/** The paths of a backup's ledger, in the order in which they were published. */
async function publishedInOrder(destination: string): Promise<readonly string[]> {
  const lines = (await readFile(join(destination, '.reconcile/ledger.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines
    .map((line) => JSON.parse(line) as { event: string; path: string })
    .filter(({ event }) => event === 'published')
    .map(({ path }) => path)
}

test('maxFileSize: the larger file is a problem, the other comes', async () => {
  const at = await backupIn(world, 'large', { transfer: { maxFileSize: '10KiB' } })
  await at.offer('small.tar', 'x')
  await at.offer('large.tar', noise(20_000))
  const outcome = await at.pass()
  expect(outcome).toMatchObject({ published: ['small.tar'], exitCode: 1 })
  expect(problemsOf(outcome)).toEqual(['too-large large.tar'])
})

test('maxSize: what fits comes, then a halt, 7', async () => {
  const at = await backupIn(world, 'full', { destination: { maxSize: '30KiB' } })
  await at.offer('first.tar', noise(20_000), { mtime: 2_000 })
  await at.offer('second.tar', noise(20_000), { mtime: 1_000 })
  expect(await at.plan()).toMatchObject({ halt: { code: 'max-size' } })
  expect(await at.pass()).toMatchObject({
    result: 'halted',
    published: ['first.tar'],
    halt: { code: 'max-size' },
    pending: 1,
    exitCode: 7,
  })
})

test('minFree: nothing is pulled, and what is here is still told of', async () => {
  const at = await backupIn(world, 'tight', { destination: { minFree: '8000TiB' } })
  await at.offer('a.tar', noise(20_000))
  expect(await at.pass()).toMatchObject({ published: [], halt: { code: 'min-free' }, exitCode: 7 })
  expect(await at.names()).toEqual([])
  const { stdout } = await at.run()
  expect(stdout).toContain('minFree')
  expect(stdout).toMatch(/free at/)
})

test('mount: nothing at all is made where the disk is not mounted', async () => {
  const at = await backupIn(far, 'unmounted', { destination: { mount: far.folder } })
  await at.offer('a.tar', 'a')
  const sessions = far.sshd!.countSessions()
  expect(await at.pass()).toMatchObject({ result: 'halted', halt: { code: 'not-mounted' }, exitCode: 7 })
  await expect(readdir(at.destination)).rejects.toThrow('ENOENT')
  expect(far.sshd!.countSessions()).toBe(sessions)
})

test('encrypted: nothing is made on a disk that is not, and plan and status say why', async () => {
  const at = await backupIn(far, 'bare', { destination: { encrypted: 'required' } })
  await at.offer('a.tar', 'a')
  const sessions = far.sshd!.countSessions()
  const why = { code: 'not-encrypted', message: expect.stringContaining('is not seen to be encrypted') }
  expect(await at.plan()).toMatchObject({ halt: why })
  expect(await at.pass()).toMatchObject({ result: 'halted', halt: why, exitCode: 7 })
  expect((await far.status('bare')).backups).toMatchObject([{ exitCode: 7 }])
  expect((await far.run('status', 'bare')).stdout).toContain('encrypted')
  await expect(readdir(at.destination)).rejects.toThrow('ENOENT')
  expect(far.sshd!.countSessions()).toBe(sessions)
})

test.skipIf(!canMount())(
  'encrypted: a loop device is named with its file, memory as what it is',
  async () => {
    const halt = async (path: string) => {
      const at = await backupIn(far, `on-${path.length}`, { destination: { path, encrypted: 'required' } })
      return (await at.pass()).halt?.message
    }
    expect(await halt(join(smallDisk('4m').path, 'offsite'))).toContain('it is tmpfs from tmpfs')
    const file = join(far.folder, 'disk.img')
    await writeFile(file, Buffer.alloc(4 << 20))
    execFileSync('mkfs.ext4', ['-q', file])
    const path = join(far.folder, 'on-loop')
    await mkdir(path)
    execFileSync('mount', ['-o', 'loop', file, path])
    onTestFinished(() => void execFileSync('umount', ['-l', path]))
    expect(await halt(join(path, 'offsite'))).toMatch(
      /ext4 is on loop\d+, a loop device over the file .*disk\.img/,
    )
  },
)

test('encrypted: takes no other word than required', async () => {
  await far.declare('odd', { destination: { path: '/srv/odd', encrypted: true } })
  const { code, stdout } = await far.run('validate')
  await rm(join(far.specs, 'odd.yaml'))
  expect([code, stdout]).toEqual([3, expect.stringMatching(/destination\.encrypted.*required/s)])
})

test.each([
  ['newest', ['new.tar', 'middle.tar', 'old.tar']],
  ['oldest', ['old.tar', 'middle.tar', 'new.tar']],
])('order: %s first', async (order, expected) => {
  const at = await backupIn(world, order, { transfer: { order } })
  for (const [name, mtime] of [
    ['middle.tar', 2_000_000],
    ['new.tar', 3_000_000],
    ['old.tar', 1_000_000],
  ] as const)
    await at.offer(name, noise(100, name), { mtime })
  expect((await at.pass()).published).toHaveLength(3)
  expect(await publishedInOrder(at.destination)).toEqual(expected)
})

test('bandwidth: the plan tells the time at the allowed rate, the least of spec and box', async () => {
  const at = await backupIn(world, 'slow', { transfer: { bandwidth: '25KiB/s' } })
  await at.offer('a.tar', noise(256_000))
  expect(await at.plan()).toMatchObject({ rate: 25 * 1024, seconds: 10 })
  expect(await at.plan('--concurrency', '2', '--bandwidth', '20KiB/s')).toMatchObject({
    rate: 10 * 1024,
    seconds: 25,
  })
  const { stdout } = await at.run('--dry-run')
  expect(stdout).toMatch(/1 to pull \(250 KiB, .* free, about 10 s at 25 KiB\/s\)/)
})

test('I13: --max-time ends a pass cleanly, 0; the next ones go on from there until it is whole', async () => {
  const at = await backupIn(far, 'timed', { transfer: { bandwidth: '256KiB/s' } })
  const bytes = noise(9_000_000)
  await at.offer('large.tar', bytes, { mtime: 1_000 })
  // A busy machine may need more than the first of these to bring a byte; none of them is enough for the file.
  let brought = 0
  for (const limit of ['5s', '15s', '30s']) {
    const outcome = await at.pass('--max-time', limit)
    expect(outcome).toMatchObject({ result: 'incomplete', published: [], problems: [], exitCode: 0 })
    brought += outcome.bytes
    if (brought > 0) break
  }
  expect(await at.names()).toEqual([])
  expect((await far.status('timed')).backups[0]).toMatchObject({ state: 'pending', lastSuccess: null })

  // Staged bytes go first, whatever `order` says.
  await at.offer('newer.tar', 'x')
  await at.declare()
  const planned = await at.plan()
  const resumed = planned.steps.find((step) => step.action === 'resume')!
  expect(resumed).toMatchObject({ path: 'large.tar' })
  expect(resumed.stagedBytes).toBeGreaterThan(0)
  expect(brought).toBe(resumed.stagedBytes)
  const second = await at.pass()
  expect(second).toMatchObject({ published: ['large.tar', 'newer.tar'], problems: [], exitCode: 0 })
  expect(second.bytes).toBeLessThanOrEqual(bytes.length - resumed.stagedBytes! + 100_000)
  expect(await publishedInOrder(at.destination)).toEqual(['large.tar', 'newer.tar'])
  expect((await at.published()).get('large.tar')).toBe(bytes.toString('latin1'))
})

test('a low rate is not taken for a stall: rsync shows nothing until it has filled its buffer of 256 KiB', async () => {
  const at = await backupIn(far, 'slowest', { transfer: { bandwidth: '16KiB/s', timeout: '12s' } })
  await at.offer('a.tar', noise(300_000))
  const { stdout } = await at.run('--output', 'ndjson')
  const events = stdout.split('\n').map((line) => JSON.parse(line) as { type: string })
  expect(events.filter(({ type }) => type === 'retrying' || type === 'problem')).toEqual([])
  expect(events.at(-1)).toMatchObject({
    type: 'result',
    result: { exitCode: 0, backups: [{ bytes: 300_000 }] },
  })
})

test('a signal keeps all bytes, publishes what is whole, and tells its own code', async () => {
  const at = await backupIn(far, 'signalled', { transfer: { bandwidth: '256KiB/s' } })
  // By name, it comes first, and in the same session.
  await at.offer('a.tar', noise(1000))
  await at.offer('large.tar', noise(3_000_000))
  const child = far.start(['signalled', '--output', 'ndjson'])
  // A second signal would end it at once.
  let isStopped = false
  for await (const line of child) {
    const event = JSON.parse(line) as { type: string; bytes?: { done: number } }
    if (isStopped || event.type !== 'progress' || event.bytes!.done <= 1000) continue
    isStopped = true
    child.kill('SIGTERM')
  }
  const { exitCode } = await child
  expect(exitCode).toBe(143)
  expect(await at.names()).toEqual(['a.tar', 'a.tar.md5'])
  const planned = await at.plan()
  expect(planned.steps).toMatchObject([{ action: 'resume', path: 'large.tar' }])
  const staged = await readdir(join(at.destination, '.reconcile/staging'))
  expect(staged).toHaveLength(1)
})

test('a copy of a destination elsewhere says all by itself', async () => {
  const at = await backupIn(world, 'copied')
  await at.offer('a.tar', 'a')
  await at.pass()
  const copy = join(world.folder, 'copy')
  await mkdir(join(copy, '.reconcile'), { recursive: true })
  for (const name of ['a.tar', 'a.tar.md5']) await copyFile(join(at.destination, name), join(copy, name))
  for (const name of ['id', 'ledger.jsonl', 'status.json'])
    await copyFile(join(at.destination, '.reconcile', name), join(copy, '.reconcile', name))
  const { backups } = await world.status(copy)
  expect(backups).toMatchObject([{ backup: 'copied', state: 'ok', destination: copy, bytes: 1 }])
})

test('what each backup gets of the limit of the box is printed', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  try {
    await world.declare('pg', {})
    const said = (await world.run('--dry-run', '--bandwidth', '50KiB/s')).stderr.replace(/\s+/g, ' ')
    expect(said).toContain('Rate: 50 KiB/s for all, so 25 KiB/s for each, as 2 may run at once')
    const alone = await world.run('--dry-run', '--bandwidth', '50KiB/s', '--concurrency', '1')
    expect(alone.stderr).not.toContain('Rate:')
    await world.offer('a.tar', 'a')
    const unlimited = ['--bandwidth', 'unlimited'] as const
    expect((await world.run('--dry-run', ...unlimited)).code).toBe(0)
    expect((await world.pass(...unlimited)).exitCode).toBe(0)
    expect((await world.run('verify', '--rate', 'unlimited')).code).toBe(0)
    expect((await world.run('service', 'print', ...unlimited)).stdout).toContain(' --bandwidth unlimited')
    for (const none of ['0', '0KiB/s'])
      expect((await world.run('--bandwidth', none)).stderr).toMatch(/write\s+unlimited/)
  } finally {
    await world.end()
  }
})

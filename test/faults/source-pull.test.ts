import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import type { PullReport } from '../../src/model/ports.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

const SIZE = 6_000_000
const data = randomBytes(SIZE)

/** Processes whose command line names `folder`, and what each has open. */
function processesOn(folder: string): readonly { pid: number; parent: number; open: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(folder)) return []
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        const open = readdirSync(`/proc/${name}/fd`).map((fd) => readlinkSync(`/proc/${name}/fd/${fd}`))
        return [
          { pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), open },
        ]
      } catch {
        return []
      }
    })
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(20)
}

describe('a pull that is disturbed', () => {
  let bed: SourceBed
  let serverPid: string
  const staged = (): Promise<number> =>
    stat(join(bed.staging, 'big')).then(
      ({ size }) => size,
      () => 0,
    )
  /** Begins a slow pull, waits until bytes have come, disturbs it, and waits for its end. */
  const disturbed = async (
    disturb: (controller: AbortController) => void | Promise<void>,
    timeout = 300,
  ): Promise<PullReport> => {
    const controller = new AbortController()
    const report = bed.pull(
      bed.open(),
      [['big', SIZE]],
      { rate: 250_000, timeout },
      quietRun(controller.signal),
    )
    // Long before its end, however slow this machine is.
    await until(async () => (await staged()) > 200_000)
    await disturb(controller)
    const ended = await report
    // Whatever it was: who may still write is gone when pull comes back.
    expect(processesOn(bed.staging)).toEqual([])
    return ended
  }
  /** Bytes that came are right, and the next pull only brings the rest. */
  const resumes = async (): Promise<void> => {
    const kept = await staged()
    expect(kept).toBeGreaterThan(0)
    expect(data.subarray(0, kept).equals(await readFile(join(bed.staging, 'big')))).toBe(true)
    const report = await bed.pull(bed.open(), [['big', SIZE, kept]])
    expect(report).toMatchObject({ ended: 'done' })
    expect(report.received).toBe(SIZE - kept)
    expect(data.equals(await readFile(join(bed.staging, 'big')))).toBe(true)
  }
  const signalServer = (signal: NodeJS.Signals): void => {
    process.kill(-Number(readFileSync(serverPid, 'utf8')), signal)
  }

  beforeAll(async () => {
    bed = await makeSourceBed('ssh', { command: null })
    serverPid = join(bed.folder, 'server.pid')
    const keys = join(bed.folder, 'keys', 'authorized_keys')
    const forced = `echo $$ > ${serverPid}; exec rrsync -ro ${bed.served}`
    await writeFile(keys, `restrict,command="${forced}" ${await readFile(keys, 'utf8')}`)
  })
  afterAll(() => bed.end())
  beforeEach(async () => {
    for (const path of [join(bed.served, 'big'), join(bed.staging, 'big')])
      if (existsSync(path)) await unlink(path)
    await writeFile(join(bed.served, 'big'), data)
  })

  test('I12: a source that stalls in the middle is given up, and every byte is kept', async () => {
    const report = await disturbed(() => signalServer('SIGSTOP'), 20)
    signalServer('SIGKILL')
    expect(report).toMatchObject({ ended: 'broken', failure: { code: 'source-stalled', retryable: true } })
    await resumes()
  })

  test('a stop keeps every byte, also while the source is stalled', async () => {
    const report = await disturbed((controller) => {
      signalServer('SIGSTOP')
      controller.abort(new Stop('terminate'))
    })
    signalServer('SIGKILL')
    expect(report).toMatchObject({ ended: 'stopped', failure: null })
    await resumes()
  })

  test('the login that sessions share is killed: it breaks, and every byte is kept', async () => {
    const report = await disturbed(() => {
      const login = processesOn('ControlMaster=yes').find(({ parent }) => parent === process.pid)
      process.kill(login!.pid, 'SIGKILL')
    })
    expect(report).toMatchObject({ ended: 'broken', failure: { code: 'connection-lost', retryable: true } })
    await resumes()
  })

  test('a run that was stopped before starts nothing', async () => {
    const before = bed.sshd!.countSessions()
    const report = await bed.pull(
      bed.open(),
      [['big', SIZE]],
      {},
      quietRun(AbortSignal.abort(new Stop('interrupt'))),
    )
    expect(report.ended).toBe('stopped')
    await expect(bed.open().list(quietRun(AbortSignal.abort(new Stop('interrupt'))))).rejects.toBeInstanceOf(
      Stop,
    )
    expect(bed.sshd!.countSessions()).toBe(before)
  })

  test('a source that disappears breaks it, and every byte is kept', async () => {
    const report = await disturbed(() => signalServer('SIGKILL'))
    expect(report).toMatchObject({ ended: 'broken', failure: { code: 'connection-lost', retryable: true } })
    await resumes()
  })

  test('I11: rsync killed alone leaves a receiver, and pull waits until that is gone too', async () => {
    const report = await disturbed(() => {
      const all = processesOn(bed.staging)
      expect(all.length).toBeGreaterThan(1)
      process.kill(all.find(({ parent }) => parent === process.pid)!.pid, 'SIGKILL')
    })
    expect(report).toMatchObject({ ended: 'broken', failure: { retryable: true } })
    await resumes()
  })

  test('I11: a receiver that is orphaned and stopped does not outlive the pull', async () => {
    const report = await disturbed(() => {
      const all = processesOn(bed.staging)
      for (const { pid, parent } of all) if (parent !== process.pid) process.kill(pid, 'SIGSTOP')
      process.kill(all.find(({ parent }) => parent === process.pid)!.pid, 'SIGKILL')
    })
    expect(report.ended).toBe('broken')
    await resumes()
  })

  test('killed as a whole, every byte is kept', async () => {
    const report = await disturbed(() => {
      const leader = processesOn(bed.staging).find(({ parent }) => parent === process.pid)!.pid
      process.kill(-leader, 'SIGKILL')
    })
    expect(report).toMatchObject({ ended: 'broken', failure: { code: 'rsync-killed', retryable: true } })
    await resumes()
  })

  test('I11: every rsync process holds the lock that it was given', async () => {
    const lock = join(bed.folder, 'lock')
    await disturbed((controller) => {
      const all = processesOn(bed.staging)
      expect(all.length).toBeGreaterThan(1)
      for (const { open } of all) expect(open).toContain(lock)
      controller.abort(new Stop('interrupt'))
    })
  })

  test('a source that rewrites, cuts or replaces the file in between harms nothing that came before', async () => {
    await disturbed(async (controller) => {
      await truncate(join(bed.served, 'big'), 100)
      await until(() => processesOn(bed.staging).length === 0 || sleep(200, true))
      controller.abort(new Stop('interrupt'))
    })
    await unlink(join(bed.served, 'big'))
    await symlink('/etc/passwd', join(bed.served, 'big'))
    const kept = await readFile(join(bed.staging, 'big'))
    const report = await bed.pull(bed.open(), [['big', SIZE, kept.length]])
    expect(report.problems.map(({ code }) => code)).toEqual(['not-regular'])
    expect(kept.equals(await readFile(join(bed.staging, 'big')))).toBe(true)
  })

  test('progress tells the bytes in staging, those of an earlier run among them', async () => {
    await writeFile(join(bed.staging, 'big'), data.subarray(0, 2_000_000))
    const told: { bytes: number; files: number; path: string | null }[] = []
    await bed.pull(bed.open(), [['big', SIZE, 2_000_000]], {
      rate: 2_000_000,
      report: (progress) => told.push(progress),
    })
    expect(told.length).toBeGreaterThan(1)
    for (const { bytes } of told) expect(bytes).toBeGreaterThanOrEqual(2_000_000)
    expect(told.some(({ path }) => path === 'big')).toBe(true)
    expect(told.at(-1)).toMatchObject({ bytes: SIZE, files: 1 })
  })

  test('a rate below what rsync can hold is refused, never exceeded', async () => {
    const report = await bed.pull(bed.open(), [['big', SIZE]], { rate: 1000 })
    expect(report).toMatchObject({ ended: 'broken', failure: { code: 'rate-too-low', retryable: false } })
    expect(await staged()).toBe(0)
  })
})

test('nothing of our own environment reaches rsync', async () => {
  const bed = await makeSourceBed('local')
  const before = { ...process.env }
  try {
    await writeFile(join(bed.folder, '.popt'), 'rsync alias -t --delete-everything-please\n')
    Object.assign(process.env, {
      HOME: bed.folder,
      RSYNC_RSH: 'false',
      RSYNC_PROTECT_ARGS: '1',
      LC_ALL: 'en_US.UTF-8',
      TZ: 'Asia/Tokyo',
    })
    await writeFile(join(bed.served, 'é'), 'x')
    const listing = await bed.open().list(quietRun())
    expect([...listing.files.keys()]).toEqual(['é'])
    const { mtimeMs } = await stat(join(bed.served, 'é'))
    expect([...listing.files.values()][0]!.mtime).toBe(Math.floor(mtimeMs / 1000))
  } finally {
    process.env = before
    await bed.end()
  }
})

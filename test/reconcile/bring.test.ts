import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { plainRate } from '../../src/decide/time/timetable.ts'
import type { WantedFile } from '../../src/decide/transfer/wanted-file.ts'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { hashFiles } from '../../src/destination/hash-pool.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { Failure, Stop } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { LockedDestination, Source } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Run } from '../../src/model/run.ts'
import { bring } from '../../src/reconcile/bring.ts'
import { reconcileBackup } from '../../src/reconcile/pass.ts'
import { openSource } from '../../src/source/open-source.ts'
import { takeLock } from '../../src/system/lock.ts'
import { quietRun } from '../contract/destination.ts'
import { options, spec } from '../helpers/picture.ts'

test('a boundary of the timetable ends the wait after a broken line too', async () => {
  const failure = new Failure({ code: 'line-broke', message: 'the line broke', hint: '', retryable: true })
  let asked: number | null = null
  const source = {
    pull: async () => ({ ended: 'broken', failure, problems: [], received: 0 }),
  } as unknown as Source
  const destination = {
    stage: async () => new Map(),
    free: async () => null,
    staging: '/s',
    lockDescriptor: 0,
  }
  const file = { path: 'a' as RelPath, mode: 'append', size: 10, stagedBytes: 0 } as unknown as WantedFile
  const isInForce = () => {
    if (asked === null) return true
    asked++
    return false
  }
  const run: Run = {
    now: () => instant(0),
    signal: new AbortController().signal,
    emit(event) {
      if (event.type === 'retrying') asked = 0
    },
  }
  const brought = await bring(
    [file],
    { source, destination: destination as unknown as LockedDestination, spec: spec(), run },
    { rate: 1, isInForce },
    () => {},
  )
  expect(brought.ended).toBe('rate-changed')
  // In the wait, and once more when it was over.
  expect(asked).toBe(2)
})

/** A pass over `files`, each a batch of its own unless there is another rate. */
async function passOver(
  files: readonly string[],
  faulty: {
    readonly lstat?: Disk['lstat']
    readonly hash?: typeof hashFiles
    readonly rate?: number | null
    /** In place of the source's own. */
    readonly pull?: (real: Source['pull'], ...order: Parameters<Source['pull']>) => ReturnType<Source['pull']>
    readonly signal?: AbortSignal
  },
) {
  const folder = await mkdtemp(join(tmpdir(), 'batches-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const from = join(folder, 'from')
  await mkdir(from)
  for (const file of files) {
    const text = file.padEnd(600)
    await writeFile(join(from, file), text)
    await writeFile(join(from, `${file}.md5`), createHash('md5').update(text).digest('hex'))
  }
  const done: string[] = []
  const place = { path: join(folder, 'held'), mount: null, rotate: false, minFree: 0, maxSize: null }
  const box = openBox(join(folder, 'state'), { concurrency: 1 })
  const destination = openDestination(place, {
    disk: {
      ...realDisk,
      ...(faulty.lstat === undefined ? {} : { lstat: faulty.lstat }),
      async link(old, to) {
        done.push(`link ${to.slice(place.path.length + 1)}`)
        return realDisk.link(old, to)
      },
    },
    box,
    uid: process.getuid!(),
    backup: 'test',
    hash: faulty.hash ?? hashFiles,
    async takeLock(...where) {
      const taken = await takeLock(...where)
      if (taken.state !== 'locked') return taken
      return {
        ...taken,
        close() {
          done.push('lock released')
          taken.close()
        },
      }
    },
  })
  const declared = spec({ source: { kind: 'local', path: from, listing: null }, destination: place })
  const real = openSource(declared.source, { transferTimeout: 60 })
  const source: Source = {
    ...real,
    pull(batch, run) {
      done.push(`pull ${batch.files.map(({ path }) => path).join(' ')}`)
      const order = { ...batch, rate: null }
      return faulty.pull === undefined ? real.pull(order, run) : faulty.pull(real.pull, order, run)
    },
  }
  const asked = options({ bandwidth: plainRate(faulty.rate === undefined ? 1 : faulty.rate) })
  const signal = faulty.signal ?? new AbortController().signal
  const run = quietRun({ now: () => instant(Date.now()), signal })
  const { outcome } = await reconcileBackup({ source, destination, box }, declared, asked, run)
  return { outcome, done }
}

const EIO = () => Object.assign(new Error('EIO: broken'), { code: 'EIO' })

test('I11: a batch that cannot be staged does not release the lock while the one before it is published', async () => {
  let failed = () => {}
  const hasFailed = new Promise<void>((resolve) => {
    failed = resolve
  })
  const { outcome, done } = await passOver(['a', 'b'], {
    async lstat(path) {
      if (!path.endsWith('/staging/b')) return realDisk.lstat(path)
      failed()
      throw EIO()
    },
    async hash(tasks, signal) {
      await hasFailed
      return hashFiles(tasks, signal)
    },
  })
  expect(outcome).toMatchObject({ result: 'failed', published: ['a'], problems: [{ path: 'b' }] })
  expect(done).toContain('link a')
  expect(done.at(-1)).toBe('lock released')
})

test('nothing more is pulled once what has come cannot be published', async () => {
  const { outcome, done } = await passOver(['a', 'b', 'c', 'd'], {
    hash: async () => {
      throw EIO()
    },
  })
  expect(outcome).toMatchObject({ result: 'failed', published: [] })
  expect(done).not.toContain('pull d')
})

test('rsync goes by name: the newest of each series is brought by itself, before what is older', async () => {
  const { outcome, done } = await passOver(
    ['db-2026-01-01.tar', 'db-2026-01-02.tar', 'db-2026-01-03.tar', 'www-2026-01-02.tar'],
    { rate: null },
  )
  expect(outcome.published).toHaveLength(4)
  const [first, ...more] = done.filter((what) => what.startsWith('pull'))
  expect(first).toMatch(/^pull (?=.*db-2026-01-03)(?=.*www-2026-01-02)\S+ \S+$/)
  expect(more).toHaveLength(1)
})

test('what came whole before a stop is published', async () => {
  const stopping = new AbortController()
  const { outcome } = await passOver(['a', 'b', 'c'], {
    rate: null,
    signal: stopping.signal,
    async pull(real, order, run) {
      const pulled = await real({ ...order, files: order.files.slice(0, 2) }, run)
      stopping.abort(new Stop('terminate'))
      return { ...pulled, ended: 'stopped' }
    },
  })
  expect(outcome).toMatchObject({ result: 'cancelled', exitCode: 143, pending: 1, problems: [] })
  expect(outcome.published).toHaveLength(2)
})

test('a stop does not wait for what cannot be judged soon', async () => {
  const stopping = new AbortController()
  const asked: AbortSignal[] = []
  const { outcome } = await passOver(['a', 'b'], {
    rate: null,
    signal: stopping.signal,
    async pull(real, order, run) {
      const pulled = await real(order, run)
      stopping.abort(new Stop('terminate'))
      return { ...pulled, ended: 'stopped' }
    },
    async hash(files, signal) {
      if (files.length === 0) return new Map()
      asked.push(signal)
      await new Promise((over) => signal.addEventListener('abort', over, { once: true }))
      return hashFiles(files, signal)
    },
  })
  expect(asked).toHaveLength(1)
  expect(outcome).toMatchObject({ result: 'cancelled', published: [], pending: 2, problems: [] })
})

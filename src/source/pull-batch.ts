import { realpath, statfs } from 'node:fs/promises'
import { Failure } from '../model/failure.ts'
import type { PullBatch, PullReport } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Problem } from '../model/trouble.ts'
import { openFiles } from '../system/process-group.ts'
import { explainFailure } from './explain-failure.ts'
import { explainLines } from './explain-lines.ts'
import { followPull } from './follow-pull.ts'
import { pathFinder } from './path-finder.ts'
import { type Far, namesOnStdin, pullArguments } from './rsync-command.ts'
import { type RsyncCall, runRsync, type Verdict } from './run-rsync.ts'
import { REHASH_RATE, startWatchdog, WRITE_BUFFER } from './watchdog.ts'

const KIBIBYTE = 1024

/** One batch in one session. What arrived stays in `into`, however it ended; only the gate judges it. */
export async function pullBatch(far: Far, batch: PullBatch, run: Run): Promise<PullReport> {
  if (batch.files.length === 0) return { ended: 'done', failure: null, problems: [], received: 0 }
  if (batch.rate !== null && batch.rate < KIBIBYTE) return broken(tooSlow(batch.rate))

  const into = await realpath(batch.into)
  const largest = Math.max(...batch.files.map((file) => file.size))
  // What is staged may be longer than the file, and a delta reads it to its end.
  const furthest = new Map<string, number>(
    batch.files.map((file) => [file.path, Math.max(file.size, file.stagedBytes)]),
  )
  const follower = followPull(batch.files)
  const watchdog = startWatchdog(batch.timeout)
  const buffering = batch.rate === null ? 0 : WRITE_BUFFER / batch.rate
  let spoken = false

  const order: RsyncCall = {
    arguments: pullArguments(far, {
      mode: batch.mode,
      maxSize: largest,
      rate: batch.rate === null ? null : Math.floor(batch.rate / KIBIBYTE),
      into,
    }),
    input: namesOnStdin(batch.files.map((file) => file.path)),
    inherit: batch.inherit,
    fileLimit: largest,
    hear: (chunk) => {
      follower.hear(chunk)
      return true
    },
    watch: (members): Verdict | null => {
      const open = openFiles(members, into)
      if (open.some(({ path, position }) => position > (furthest.get(path) ?? largest))) return 'grown'
      if (follower.look(open)) {
        spoken = true
        watchdog.progress()
      }
      batch.report(follower.progress())
      if (!watchdog.expired(buffering + follower.mostStaged() / REHASH_RATE)) return null
      return spoken ? 'stalled' : 'silent'
    },
    signal: run.signal,
  }
  const end = await runRsync(order, far.login)

  const received = await follower.received(into)
  batch.report(follower.progress())
  const lacksInodes = end.stderr.includes('No space left') && (await hasNoInode(into))
  const said = complaints(batch, end.stderr, end.code, lacksInodes)
  const base = { problems: [...follower.problems(), ...said], received }
  if (end.cause === 'stopped') return { ...base, ended: 'stopped', failure: null }
  if (end.cause === 'itself') {
    if (end.code === 0) return { ...base, ended: 'done', failure: null }
    const folderIsGone = /change_dir .* failed/.test(end.stderr)
    if ((end.code === 23 || end.code === 24) && !folderIsGone)
      return { ...base, ended: 'partial', failure: null }
  }
  return {
    ...base,
    ended: 'broken',
    failure: await explainFailure('pull', { ...far, timeout: batch.timeout }, end, run.signal, lacksInodes),
  }
}

function complaints(
  batch: PullBatch,
  stderr: string,
  code: number | null,
  lacksInodes: boolean,
): readonly Problem[] {
  if (code !== 23 && code !== 24) return []
  const paths = new Set<RelPath>(batch.files.map((file) => file.path))
  return explainLines(stderr, pathFinder(paths), lacksInodes)
}

const hasNoInode = (folder: string): Promise<boolean> =>
  statfs(folder).then(
    ({ files, ffree }) => files > 0 && ffree === 0,
    () => false,
  )

const broken = (failure: Failure): PullReport => ({ ended: 'broken', failure, problems: [], received: 0 })

const tooSlow = (rate: number): Failure =>
  new Failure({
    code: 'rate-too-low',
    message: `The rate is limited to ${rate} bytes a second, but rsync cannot go below 1 KiB/s.`,
    hint: 'Allow at least 1 KiB/s to each transfer: raise the bandwidth or lower concurrency.',
    retryable: false,
  })

import { promises } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { isWithin } from '../model/is-within.ts'
import { type Drill, NO_PROGRAM } from '../model/settings.ts'
import { otherOwner } from '../system/as-folder-owner.ts'
import { childEnvironment, runChild } from '../system/child.ts'
import { diskFailure, errnoOf } from '../system/disk-failure.ts'
import { makeWithParents } from '../system/make-with-parents.ts'
import { listFolder, readLink, readText } from '../system/proc.ts'
import { type CopyRequest, copyVerified } from './copy-verified.ts'

export interface DrillRequest {
  readonly drill: Drill
  readonly files: readonly Omit<CopyRequest, 'folder'>[]
  /** The folder of all scratch folders. One process at a time uses it: whatever is in it is left over. */
  readonly scratch: string
}

/** Seconds, by a clock that nobody sets. `why`: one line, with what came from the drill unescaped; null: the files are proven. */
export interface DrillEnd {
  readonly restoreSeconds: number
  readonly drillSeconds: number
  readonly why: string | null
  /** Of the files, those whose bytes here are not what was published. */
  readonly rotten: readonly string[]
}

/**
 * Restores files to a scratch folder (0700), runs the drill on them, and removes them whatever happens. Throws the signal's reason once it
 * aborts, and a Failure where scratch cannot be written.
 */
export async function runDrill(request: DrillRequest, signal: AbortSignal): Promise<DrillEnd> {
  const { drill, files, scratch } = request
  try {
    if (otherOwner(scratch) !== null) throw mayNotDrill(scratch)
    await sweepScratch(scratch)
    await makeWithParents(scratch)
    const folder = await promises.mkdtemp(join(scratch, 'drill-'))
    try {
      const began = performance.now()
      const verdicts = await copyVerified(
        files.map((file) => ({ ...file, folder })),
        signal,
      )
      const restoreSeconds = secondsSince(began)
      const problems = [...verdicts.values()].flatMap((one) =>
        one.verdict === 'problem' ? [one.problem] : [],
      )
      const rotten = problems.flatMap(({ code, path }) => (code === 'rot' ? [path!] : []))
      for (const { path, message } of problems)
        return { restoreSeconds, drillSeconds: 0, why: `cannot restore ${path}: ${message}`, rotten }
      const started = performance.now()
      const paths = files.map(({ path }) => join(folder, path))
      const why = await judge(drill, paths, folder, signal)
      return { restoreSeconds, drillSeconds: secondsSince(started), why, rotten }
    } finally {
      endStrays(folder)
      await remove(folder)
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw diskFailure(error, 'use', scratch)
  }
}

const secondsSince = (began: number): number => Math.round((performance.now() - began) / 100) / 10

/** Its owner could lead root's files, and what root removes, to any other folder meanwhile. */
const mayNotDrill = (scratch: string): Failure =>
  new Failure({
    code: 'disk-forbidden',
    message: `root runs no drill in ${scratch}, which is in a folder of user ${otherOwner(scratch)?.uid ?? '?'}`,
    hint: 'Run it as that user.',
    path: scratch,
  })

/** Removes what a drill that was killed has left. Root has left nothing in another user's folder. */
export async function sweepScratch(scratch: string): Promise<void> {
  if (otherOwner(scratch) !== null) return
  const names = await promises.readdir(scratch).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  })
  for (const name of names) {
    endStrays(join(scratch, name))
    await remove(join(scratch, name))
  }
}

/** A drill may have made folders that even their owner may not change. */
async function remove(folder: string): Promise<void> {
  try {
    await promises.rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error
    await runChild({ program: 'chmod', arguments: ['-R', 'u+rwx', '--', folder] })
    await promises.rm(folder, { recursive: true, force: true })
  }
}

/** Programs that a drill has left running, with a session of their own: a throw-away database. They are in its folder, or have it as TMPDIR. */
function endStrays(folder: string): void {
  const isStray = (proc: string): boolean =>
    isWithin(readLink(`${proc}/cwd`), folder) ||
    readText(`${proc}/environ`, 'utf8').split('\0').includes(`TMPDIR=${folder}`)
  for (const pid of listFolder('/proc')) {
    if (!/^\d+$/.test(pid) || !isStray(`/proc/${pid}`)) continue
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by now, or is another user's.
    }
  }
}

/** Returns why the drill is not content; null: it is. */
async function judge(
  { command, timeout }: Drill,
  paths: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<string | null> {
  const isOfEach = command.some((word) => word.includes('{path}'))
  const ends = performance.now() + timeout * 1000
  const confine = await confinement(timeout)
  for (const path of isOfEach ? paths : [folder]) {
    const [program, ...words] = command.map((word) => word.replaceAll('{path}', () => path))
    const said = [lastOf(KEPT), lastOf(KEPT)] as const
    const ended = await runChild({
      ...confine(program!, words),
      cwd: folder,
      limits: { total: Math.max(0.001, (ends - performance.now()) / 1000) },
      hear: said[0].add,
      signal,
      strays: true,
      env: { ...childEnvironment(), ...confine.env, HOME: folder, TMPDIR: folder },
    }).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'missing-tool') return null
      throw error
    })
    signal.throwIfAborted()
    if (ended === null) return `${NO_PROGRAM}${program}`
    const { cause, code, endedBy, stderr } = ended
    said[1].add(Buffer.from(stderr, 'latin1'))
    if (cause === 'itself' && code === 0) continue
    const how =
      cause === 'slow'
        ? `it took longer than its timeout of ${timeout} s`
        : code === null
          ? `it was killed by ${endedBy}`
          : `exit code ${code}`
    const about = paths.length > 1 && isOfEach ? ` on ${path.slice(folder.length + 1)}` : ''
    const output = said[1].text() || said[0].text()
    return `${how}${about}${output === '' ? '' : `: ${output}`}`
  }
  return null
}

/** Characters of a drill's output that are kept. */
const KEPT = 300

/** The last words of an output, in one line. */
function lastOf(limit: number): { add(chunk: Buffer): boolean; text(): string } {
  let tail = Buffer.alloc(0)
  return {
    add(chunk) {
      tail = Buffer.concat([tail, chunk]).subarray(-limit * 4)
      return true
    },
    text: () => tail.toString('utf8').replace(/\s+/gu, ' ').trim().slice(-limit),
  }
}

type Confine = ((
  program: string,
  words: readonly string[],
) => { program: string; arguments: readonly string[] }) & {
  readonly env: Readonly<Record<string, string>>
}

/** What a user's systemd is found by. */
const BUS = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'] as const

/**
 * A scope of its own where systemd gives one: it limits memory, processes and time, and comes last for processor and disk. Elsewhere the
 * command itself.
 */
async function confinement(timeout: number): Promise<Confine> {
  const bus = Object.fromEntries(BUS.flatMap((key) => (process.env[key] ? [[key, process.env[key]!]] : [])))
  const isRoot = process.getuid?.() === 0
  const env = isRoot ? {} : bus
  const limits = [
    `RuntimeMaxSec=${Math.ceil(timeout) + 60}`,
    'MemoryMax=75%',
    'TasksMax=4096',
    'CPUWeight=20',
    'IOWeight=20',
  ]
  const scope = [
    ...['--scope', '--quiet', '--collect', ...(isRoot ? [] : ['--user'])],
    ...limits.flatMap((one) => ['-p', one]),
    '--',
  ]
  const works = await runChild({
    program: 'systemd-run',
    arguments: [...scope, 'true'],
    env: { ...childEnvironment(), ...env },
    limits: { total: 10 },
  }).then(
    ({ cause, code }) => cause === 'itself' && code === 0,
    () => false,
  )
  const bare = BUS.flatMap((key) => ['-u', key])
  return Object.assign(
    (program: string, words: readonly string[]) =>
      works
        ? { program: 'systemd-run', arguments: [...scope, 'env', ...bare, '--', program, ...words] }
        : { program, arguments: words },
    { env: works ? env : {} },
  )
}

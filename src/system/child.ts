import { type ChildProcess, spawn } from 'node:child_process'
import { Failure } from '../model/failure.ts'
import { notStarted, systemErrorOf } from '../model/system-error.ts'
import { livingMembers, signalGroup, untilGone } from './process-group.ts'

/** Prefix for a command: the kernel kills it when the process that started it dies, for whatever reason. */
export const DIES_WITH_US = ['setpriv', '--pdeathsig', 'KILL'] as const

/** The search path for programs. */
export const searchPath = (): string =>
  process.env['PATH'] || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The environment of every child. Nothing of ours leaks in: RSYNC_*, ~/.popt, agents and locales all change what programs do. */
export const childEnvironment = (): Record<string, string> => ({
  PATH: searchPath(),
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
})

export interface ChildCall<Verdict extends string = never> {
  readonly program: string
  readonly arguments: readonly string[]
  /** The whole environment, in place of the fixed one. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Whom it runs as, without their further groups, where that is another user than ours; null or left out: as we do. */
  readonly user?: { readonly uid: number; readonly gid: number } | null
  /** What goes to its stdin; null or left out: nothing. */
  readonly input?: string | null
  /** A lock's descriptor that it and all that it starts inherit as their descriptor 3 (I11); null or left out: none. */
  readonly inherit?: number | null
  /** Our descriptors for its stdout and stderr, in place of pipes. */
  readonly onto?: readonly [stdout: number, stderr: number]
  /** No file it writes grows beyond this; bytes. */
  readonly fileLimit?: number
  /** Memory of any of its processes; bytes. */
  readonly memoryLimit?: number
  readonly limits?: TimeLimits
  /** Bytes of stdout that are kept; more, and it is ended. */
  readonly mostOutput?: number
  /** Sees stdout as it comes, and nothing of it is kept; false: end the child. */
  readonly hear?: (chunk: Buffer) => boolean
  /** Asked once a second with the living members of the group; a word: end them, for this reason. */
  readonly watch?: (members: readonly number[]) => Cut | Verdict | null
  readonly signal?: AbortSignal
  /** What it starts may leave the group and keep its output open: nobody waits for that. */
  readonly strays?: boolean
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly patience?: number
}

/** Seconds that a child may take, and seconds without output. */
export interface TimeLimits {
  readonly total: number
  readonly silence?: number
}

type Cut = 'slow' | 'silent' | 'flood'

export interface ChildEnd<Verdict extends string = never> {
  /** Why it ended: by itself, by the call's signal, or by one of its limits or guards. */
  readonly cause: 'itself' | 'stopped' | Cut | Verdict
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly endedBy: NodeJS.Signals | null
  readonly stdout: Buffer
  /** One character a byte; the middle is left out where there was too much. */
  readonly stderr: string
}

const TICK = 1_000
/** rsync needs milliseconds after SIGTERM, unless it is stopped. Whole runs stop within 5 s. */
const PATIENCE = 1_500
const MOST_OUTPUT = 80 << 20
const STDERR_LIMIT = 4 << 20

/**
 * Runs a program without a shell, in a process group of its own (a Ctrl-C is ours to answer) that is ended as a whole and does not outlive
 * this process. Comes back only when none of the group lives: until then it may still write. The exit code is the caller's to judge. Throws a
 * Failure where it cannot be started.
 */
export const runChild = <Verdict extends string = never>(
  call: ChildCall<Verdict>,
): Promise<ChildEnd<Verdict>> => startChild(call).ended

/** Like `runChild`, for callers that need the process id meanwhile; null: it was not started. */
export function startChild<Verdict extends string = never>(
  call: ChildCall<Verdict>,
): { readonly pid: number | null; readonly ended: Promise<ChildEnd<Verdict>> } {
  if (call.signal?.aborted === true) {
    const stopped = {
      cause: 'stopped',
      code: null,
      endedBy: null,
      stdout: Buffer.alloc(0),
      stderr: '',
    } as const
    return { pid: null, ended: Promise.resolve(stopped) }
  }
  const [file, ...words] = [...guards(call), call.program, ...call.arguments]
  const [out, err] = call.onto ?? (['pipe', 'pipe'] as const)
  const stdin = typeof call.input === 'string' ? 'pipe' : 'ignore'
  try {
    // Node's own, not execa: that throws away an `error` event, and so ends us, where no descriptor is left for a pipe (I15).
    const child: ChildProcess = spawn(file!, words, {
      // Its parent-death signal goes by thread: nothing is ever started from another thread than the main one.
      detached: true,
      env: call.env ?? childEnvironment(),
      cwd: call.cwd,
      ...call.user,
      stdio: [stdin, out, err, ...(typeof call.inherit === 'number' ? [call.inherit] : [])],
    })
    return { pid: child.pid ?? null, ended: follow(child, file!, call) }
  } catch (error) {
    return {
      pid: null,
      ended: Promise.reject(systemErrorOf(error) === null ? error : missingTool(file!, error)),
    }
  }
}

/** On other systems than Linux only specs are validated. */
function guards({ fileLimit, memoryLimit }: ChildCall<string>): readonly string[] {
  if (process.platform !== 'linux') return []
  const limits = [
    ...(fileLimit === undefined ? [] : [`--fsize=${fileLimit}`]),
    ...(memoryLimit === undefined ? [] : [`--as=${memoryLimit}`]),
  ]
  return [...DIES_WITH_US, ...(limits.length === 0 ? [] : ['prlimit', ...limits])]
}

async function follow<Verdict extends string>(
  child: ChildProcess,
  file: string,
  call: ChildCall<Verdict>,
): Promise<ChildEnd<Verdict>> {
  const { signal, limits, hear, watch, patience = PATIENCE } = call
  const closed = new Promise<Pick<ChildEnd, 'code' | 'endedBy'>>((resolve, reject) => {
    child.once('error', (error) => reject(missingTool(file, error)))
    child.once('close', (code, endedBy) => resolve({ code, endedBy }))
  })
  const group = child.pid
  if (group === undefined) return closed as Promise<never>

  let cause: ChildEnd<Verdict>['cause'] = 'itself'
  let killer: NodeJS.Timeout | undefined
  const killLater = (): void => {
    killer ??= setTimeout(() => {
      signalGroup(group, 'SIGKILL')
      if (call.strays === true) for (const pipe of [child.stdout, child.stderr]) pipe?.destroy()
    }, patience)
  }
  const end = (why: ChildEnd<Verdict>['cause']): void => {
    if (cause !== 'itself') return
    cause = why
    signalGroup(group, 'SIGTERM')
    killLater()
  }
  const stop = (): void => end('stopped')
  signal?.addEventListener('abort', stop, { once: true })
  const after = (seconds: number | undefined, why: Cut): NodeJS.Timeout | undefined =>
    seconds === undefined ? undefined : setTimeout(() => end(why), seconds * 1000)
  const slow = after(limits?.total, 'slow')
  const silent = after(limits?.silence, 'silent')
  const ticker = setInterval(() => {
    const verdict = cause === 'itself' ? watch?.(livingMembers(group)) : null
    if (verdict) end(verdict)
  }, TICK)
  // Killed alone, it leaves children that keep writing and may be stopped: `close` would wait for them forever.
  child.once('exit', killLater)

  const kept: Buffer[] = []
  let room = call.mostOutput ?? MOST_OUTPUT
  const keep = (chunk: Buffer): boolean => {
    room -= chunk.length
    if (room >= 0) kept.push(chunk)
    return room >= 0
  }
  const stderr = gather(STDERR_LIMIT)
  child.stdout?.on('data', (chunk: Buffer) => {
    silent?.refresh()
    if (cause === 'itself' && !(hear ?? keep)(chunk)) end('flood')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    silent?.refresh()
    stderr.add(chunk)
  })
  // If the child exits before reading its input, its exit code says more than the broken pipe.
  child.stdin?.on('error', () => {})
  child.stdin?.end(call.input, 'utf8')
  try {
    const { code, endedBy } = await closed
    await untilGone(group)
    const said = stderr.text()
    const notFound = code === 127 ? NOT_FOUND.exec(said)?.[1] : undefined
    if (notFound !== undefined) throw missingTool(notFound)
    return { cause, code, endedBy, stdout: Buffer.concat(kept), stderr: said }
  } finally {
    clearInterval(ticker)
    for (const timer of [slow, silent, killer]) clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** The whole output of setpriv or prlimit when the program does not exist. */
const NOT_FOUND = /^(?:setpriv|prlimit): (?:failed to|can't) execute '?([^\s':]+)[^\n]*\n?$/

/** The beginning and the end of what is added, at most `limit` bytes each. */
function gather(limit: number): { add(chunk: Buffer): void; text(): string } {
  let head = ''
  let tail = ''
  let dropped = false
  return {
    add(chunk) {
      const text = chunk.toString('latin1')
      if (head.length < limit) head += text
      else tail += text
      if (tail.length <= 2 * limit) return
      tail = tail.slice(-limit)
      dropped = true
    },
    text: () => (dropped ? `${head}\n${tail}` : head + tail),
  }
}

/** Runs one short tool, whose words are UTF-8; as another user, in `/`. One that was killed counts as failed. Throws a Failure where it cannot be started. */
export async function runTool(
  program: string,
  words: readonly string[],
  user: ChildCall['user'] = null,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const { code, endedBy, stdout, stderr } = await runChild({
    ...{ program, arguments: words, user },
    ...(user == null ? {} : { cwd: '/' }),
  })
  if (code === null) return { exitCode: KILLED, stdout: '', stderr: `${program} was killed by ${endedBy}` }
  const said = Buffer.from(stderr, 'latin1').toString('utf8')
  return { exitCode: code, stdout: stdout.toString('utf8').trimEnd(), stderr: said.trimEnd() }
}

const KILLED = 128

const PACKAGES: Readonly<Record<string, string>> = {
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'ssh-keyscan': 'openssh-client',
  rsync: 'rsync',
  git: 'git',
  sync: 'coreutils',
  mv: 'coreutils',
  stat: 'coreutils',
  mkdir: 'coreutils',
  rm: 'coreutils',
  find: 'findutils',
}

/** Debian's package that has a program. */
export const packageOf = (program: string): string => PACKAGES[program] ?? 'util-linux'

/** A program that could not be started, or is not here. */
const missingTool = (program: string, cause?: unknown): Failure =>
  notStarted(cause, program) ??
  new Failure({
    code: 'missing-tool',
    message: `${program} is not installed.`,
    hint: `Install the package ${packageOf(program)}.`,
    cause,
  })

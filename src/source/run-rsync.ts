import { spawn } from 'node:child_process'
import { Failure } from '../model/failure.ts'
import { notStarted } from '../model/system-error.ts'
import { livingMembers, signalGroup, untilGone } from '../system/process-group.ts'

export interface RsyncCall {
  readonly arguments: readonly string[]
  /** What goes to its stdin; null: nothing. */
  readonly input: string | null
  /** A descriptor that every rsync process inherits; null: none. */
  readonly inherit: number | null
  /** No file it writes grows beyond this; bytes. */
  readonly fileLimit: number
  /** Memory of any of its processes; bytes. */
  readonly memoryLimit: number
  /** Sees stdout as it comes; false: it has heard enough, end it. */
  readonly hear: (chunk: Buffer) => boolean
  /** Asked once a second with the living members; a word: end it, for this reason. */
  readonly watch: (members: readonly number[]) => Verdict | null
  readonly signal: AbortSignal
}

export type Verdict = 'silent' | 'stalled' | 'flood' | 'grown'

export interface RsyncEnd {
  /** Why it ended: by itself, by our run's signal, or by one of our guards. */
  readonly cause: 'itself' | 'stopped' | Verdict
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly endedBy: NodeJS.Signals | null
  /** What it said, one character a byte; the middle is left out where it said too much. */
  readonly stderr: string
}

const TICK = 1_000
/** After SIGTERM rsync has this long; it needs milliseconds, unless it is stopped. Whole runs stop within 5 s. */
const PATIENCE = 1_500
const STDERR_LIMIT = 4 * 1024 * 1024

/**
 * Runs rsync in a process group of its own that does not outlive this process, and comes back only when none of the group lives:
 * until then a line on stdout is only a hint, and rsync may still write.
 */
export async function runRsync(call: RsyncCall): Promise<RsyncEnd> {
  if (call.signal.aborted) return { cause: 'stopped', code: null, endedBy: null, stderr: '' }
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'prlimit', `--fsize=${call.fileLimit}`, `--as=${call.memoryLimit}`, 'rsync'],
      ...call.arguments,
    ],
    {
      detached: true,
      env: rsyncEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe', ...(call.inherit === null ? [] : [call.inherit])],
    },
  )
  const closed = new Promise<{ code: number | null; endedBy: NodeJS.Signals | null }>((tell, fail) => {
    child.once('error', (cause) => fail(missingTool('setpriv', cause)))
    child.once('close', (code, endedBy) => tell({ code, endedBy }))
  })
  const group = child.pid
  if (group === undefined) return closed as Promise<never>

  let cause: RsyncEnd['cause'] = 'itself'
  let killer: NodeJS.Timeout | null = null
  const end = (why: Exclude<RsyncEnd['cause'], 'itself'>): void => {
    if (cause !== 'itself') return
    cause = why
    signalGroup(group, 'SIGTERM')
    killer = setTimeout(() => signalGroup(group, 'SIGKILL'), PATIENCE)
  }
  const stop = (): void => end('stopped')
  call.signal.addEventListener('abort', stop, { once: true })
  const ticker = setInterval(() => {
    if (cause !== 'itself') return
    const verdict = call.watch(livingMembers(group))
    if (verdict !== null) end(verdict)
  }, TICK)

  const stderr = gather(STDERR_LIMIT)
  child.stderr!.on('data', (chunk: Buffer) => stderr.add(chunk))
  child.stdout!.on('data', (chunk: Buffer) => {
    if (cause === 'itself' && !call.hear(chunk)) end('flood')
  })
  // A peer that is gone before it has read its names: its exit code tells more than the broken pipe.
  child.stdin!.on('error', () => {})
  child.stdin!.end(call.input ?? '', 'utf8')

  // Killed alone, it leaves a receiver that goes on writing, and that may be stopped: `close` would wait for it for ever.
  child.once('exit', () => {
    killer ??= setTimeout(() => signalGroup(group, 'SIGKILL'), PATIENCE)
  })
  try {
    const { code, endedBy } = await closed
    await untilGone(group)
    return { cause, code, endedBy, stderr: stderr.text() }
  } finally {
    clearInterval(ticker)
    if (killer !== null) clearTimeout(killer)
    call.signal.removeEventListener('abort', stop)
  }
}

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

/** Nothing of ours leaks in: RSYNC_* variables, ~/.popt, agents and locales all change what rsync and ssh do. */
export const rsyncEnvironment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
})

export const missingTool = (program: string, cause?: unknown): Failure => {
  const refused = notStarted(cause, program)
  if (refused !== null) return refused
  const debianPackage =
    { ssh: 'openssh-client', 'ssh-keygen': 'openssh-client', rsync: 'rsync' }[program] ?? 'util-linux'
  return new Failure({
    code: 'missing-tool',
    message: `${program} is not installed.`,
    hint: `Install the package ${debianPackage}.`,
    retryable: false,
    cause,
  })
}

import { spawn } from 'node:child_process'
import { Failure } from '../../model/failure.ts'

export interface GitCall {
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What goes to its stdin; left out: nothing. */
  readonly input?: string
  /** A lock's descriptor that it and its helpers inherit; left out: none. */
  readonly inherit?: number
  /** Most bytes it may print; beyond, it is ended. */
  readonly mostOutput?: number
  /** Seconds it may take, and seconds without a word from it. */
  readonly limits?: GitLimits
  readonly signal: AbortSignal
}

export interface GitLimits {
  readonly total: number
  readonly silence: number
}

export interface GitEnd {
  /** Null: it was ended, by us or by another. */
  readonly code: number | null
  readonly stdout: Buffer
  /** The end of what it said. */
  readonly stderr: string
  /** Why we ended it; null: we did not. */
  readonly cut: 'silent' | 'slow' | 'flood' | null
}

/** No file that it writes grows beyond this: a specs repository is small, and the far side may be hostile. Bytes. */
const FILE_LIMIT = 1 << 30
const STDERR_LIMIT = 64 * 1024
const PATIENCE = 1_500

/**
 * Runs git without a shell, in a process group of its own that is ended as a whole and does not outlive this process. Its exit code is the
 * caller's to judge. Throws the signal's reason, or a Failure (`missing-tool`).
 */
export async function runGit(call: GitCall): Promise<GitEnd> {
  const { signal, limits, mostOutput = 80 << 20 } = call
  signal.throwIfAborted()
  const [file, ...words] = [...GUARDED, 'git', ...call.arguments]
  const child = spawn(file!, words, {
    detached: true,
    env: call.env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', ...(call.inherit === undefined ? [] : [call.inherit])],
  })
  let cut: GitEnd['cut'] = null
  let killer: NodeJS.Timeout | undefined
  const kill = (): void => {
    signalGroup(child.pid, 'SIGTERM')
    killer ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), PATIENCE)
  }
  const end = (why: NonNullable<GitEnd['cut']>) => (): void => {
    cut ??= why
    kill()
  }
  const total = limits === undefined ? undefined : setTimeout(end('slow'), limits.total * 1000)
  const silence = limits === undefined ? undefined : setTimeout(end('silent'), limits.silence * 1000)
  signal.addEventListener('abort', kill, { once: true })

  const stdout: Buffer[] = []
  let length = 0
  let stderr = ''
  // They are missing where no descriptor was left for a pipe.
  child.stdout?.on('data', (chunk: Buffer) => {
    silence?.refresh()
    length += chunk.length
    if (length > mostOutput) end('flood')()
    else stdout.push(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    silence?.refresh()
    stderr = (stderr + chunk.toString('latin1')).slice(-STDERR_LIMIT)
  })
  // Ended before it has read all: its exit code tells more than the broken pipe.
  child.stdin?.on('error', () => {})
  child.stdin?.end(call.input ?? '')
  try {
    const code = await new Promise<number | null>((tell, fail) => {
      child.once('error', (cause) => fail(missing(cause)))
      // setpriv's and prlimit's way of saying that there is no such program.
      child.once('close', (ended) => (ended === 127 ? fail(missing(new Error(stderr))) : tell(ended)))
    })
    signal.throwIfAborted()
    return { code: cut === null ? code : null, stdout: Buffer.concat(stdout), stderr, cut }
  } finally {
    clearTimeout(total)
    clearTimeout(silence)
    clearTimeout(killer)
    signal.removeEventListener('abort', kill)
  }
}

// Elsewhere specs are validated, and no more.
const GUARDED =
  process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', 'prlimit', `--fsize=${FILE_LIMIT}`] : []

function signalGroup(group: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (group === undefined) return
  try {
    process.kill(-group, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const missing = (cause: Error): Failure =>
  new Failure({
    code: 'missing-tool',
    message: `git cannot be started: ${cause.message.trim().slice(0, 200)}`,
    hint: 'Install the packages git and util-linux, or mend PATH.',
    retryable: false,
    cause,
  })

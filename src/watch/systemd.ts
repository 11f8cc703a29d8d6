import { Failure } from '../model/failure.ts'
import { type ChildEnd, childEnvironment, runChild } from '../system/child.ts'

/** Notifies systemd, by its notify protocol, where `watch` runs as a service. Never throws. */
export interface ServiceManager {
  /** It works; `status` is the line that `systemctl status` shows. */
  ready(status?: string): Promise<void>
  /** It still works. */
  alive(): Promise<void>
  status(text: string): Promise<void>
  /** It is about to end. */
  stopping(): Promise<void>
  /** Milliseconds within which to call `alive`; null: not asked for. */
  readonly watchdogInterval: number | null
}

/** Seconds. systemd-notify itself waits at most five seconds for an answer. */
const TIMEOUT = 10

/**
 * Uses systemd-notify, as Node has no Unix datagram sockets; so the unit needs NotifyAccess=all. Without NOTIFY_SOCKET it does nothing.
 */
export function openServiceManager(
  env: NodeJS.ProcessEnv,
  pid: number,
  warn: (text: string) => void,
): ServiceManager {
  const socket = env['NOTIFY_SOCKET'] ?? ''
  let isWarned = false

  async function notify(...words: readonly string[]): Promise<void> {
    if (socket === '') return
    const why = await runChild({
      program: 'systemd-notify',
      arguments: words,
      env: {
        ...childEnvironment(),
        PATH: env['PATH'] || '/usr/local/bin:/usr/bin:/bin',
        NOTIFY_SOCKET: socket,
      },
      limits: { total: TIMEOUT },
    }).then(whatFailed, (error: unknown) =>
      error instanceof Failure && error.code === 'missing-tool'
        ? 'systemd-notify is not installed'
        : String((error as Error).message),
    )
    if (why === null) isWarned = false
    else if (!isWarned) {
      isWarned = true
      warn(`cannot notify the service manager: ${why}`)
    }
  }

  return {
    ready: (status) => notify('READY=1', ...(status === undefined ? [] : [statusWord(status)])),
    alive: () => notify('WATCHDOG=1'),
    status: (text) => notify(statusWord(text)),
    stopping: () => notify('STOPPING=1'),
    watchdogInterval: intervalOf(env, pid),
  }
}

/** Null: nothing. */
function whatFailed({ cause, code, endedBy, stderr }: ChildEnd): string | null {
  if (cause === 'itself' && code === 0) return null
  const how = cause === 'slow' ? `took more than ${TIMEOUT} s` : `ended with ${code ?? endedBy}`
  return stderr.trim() || `systemd-notify ${how}`
}

/** The protocol has one word a line. */
const statusWord = (text: string): string => `STATUS=${text.replace(/\s+/g, ' ').slice(0, 500)}`

/** Half of what systemd allows, as it recommends. */
function intervalOf(env: NodeJS.ProcessEnv, pid: number): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const meant = env['WATCHDOG_PID'] ?? ''
  if ((env['NOTIFY_SOCKET'] ?? '') === '' || !(microseconds > 0)) return null
  return meant === '' || Number(meant) === pid ? Math.max(1, Math.floor(microseconds / 2000)) : null
}

/** Calls `alive` at intervals if the service manager asks for it, from the same thread that does the work. */
export async function keepAlive(service: ServiceManager, signal: AbortSignal): Promise<void> {
  if (service.watchdogInterval === null || signal.aborted) return
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => void service.alive(), service.watchdogInterval!)
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer)
        resolve()
      },
      { once: true },
    )
  })
}

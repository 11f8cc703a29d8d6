import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../model/failure.ts'
import { type ChildEnd, childEnvironment, runChild } from '../system/child.ts'
import { withoutRepeats } from './without-repeats.ts'

export type ServiceManager = ReturnType<typeof openServiceManager>

/** Seconds. systemd-notify itself waits at most five seconds for an answer. */
const TIMEOUT = 10

/**
 * Notifies systemd, by its notify protocol, where `watch` runs as a service. Never throws. Uses systemd-notify, as Node has no Unix datagram sockets; so the unit needs NotifyAccess=all. Without NOTIFY_SOCKET it does nothing.
 */
export function openServiceManager(env: NodeJS.ProcessEnv, pid: number, warn: (text: string) => void) {
  const socket = env['NOTIFY_SOCKET'] ?? ''
  const repeats = withoutRepeats(warn)

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
    if (why === null) repeats.well('')
    else repeats.trouble('', `cannot notify the service manager: ${why}`)
  }

  return {
    /** It works; `status` is the line that `systemctl status` shows. The protocol has one word a line. */
    ready: (status: string) => notify('READY=1', `STATUS=${status.replace(/\s+/g, ' ').slice(0, 500)}`),
    /** It still works. */
    alive: () => notify('WATCHDOG=1'),
    /** It is about to end. */
    stopping: () => notify('STOPPING=1'),
    /** Milliseconds within which to call `alive`; null: not asked for. */
    watchdogInterval: intervalOf(env, pid),
  }
}

/** Null: nothing. */
function whatFailed({ cause, code, endedBy, stderr }: ChildEnd): string | null {
  if (cause === 'itself' && code === 0) return null
  const how = cause === 'slow' ? `took more than ${TIMEOUT} s` : `ended with ${code ?? endedBy}`
  return stderr.trim() || `systemd-notify ${how}`
}

/** Half of what systemd allows, as it recommends. */
function intervalOf(env: NodeJS.ProcessEnv, pid: number): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const meant = env['WATCHDOG_PID'] ?? ''
  if ((env['NOTIFY_SOCKET'] ?? '') === '' || !(microseconds > 0)) return null
  return meant === '' || Number(meant) === pid ? Math.max(1, Math.floor(microseconds / 2000)) : null
}

/** Calls `alive` at intervals if the service manager asks for it, from the same thread that does the work. */
export async function keepAlive(
  { watchdogInterval, alive }: ServiceManager,
  signal: AbortSignal,
): Promise<void> {
  while (watchdogInterval !== null && !signal.aborted) {
    await sleep(watchdogInterval, undefined, { signal }).catch(() => {})
    if (!signal.aborted) void alive()
  }
}

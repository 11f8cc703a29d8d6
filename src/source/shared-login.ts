import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Run } from '../model/run.ts'
import type { SshPlace } from '../model/spec.ts'
import { type ChildEnd, runChild } from '../system/child.ts'
import { makeSocketFolder } from '../system/socket-folder.ts'
import { explainFailure, type Stage } from './explain-failure.ts'
import type { Far } from './rsync-command.ts'
import { MEMORY_LIMIT, withoutMux } from './run-rsync.ts'
import { withFirst } from './ssh-command.ts'
import { startWatchdog } from './watchdog.ts'

interface Login {
  /** With ssh's words for a session over it. Where it is gone or refuses one, ssh logs in by itself. */
  readonly far: Far
  isOver(): boolean
  hangUp(): Promise<string>
}

/** One login at a time, which sessions share. */
export function shareLogins() {
  let current: Login | null = null
  // One that served no session is not followed by another: sessions then log in by themselves.
  let isWorthIt = true
  const served = (): void => {
    isWorthIt = true
  }
  return {
    /**
     * The source by way of the login; `outside`, the way there without it, is asked for where one has to be made. Throws a Failure where the
     * source lets nobody in.
     */
    async over(outside: () => Promise<Far>, stage: Stage, run: Run): Promise<Far> {
      if (current?.isOver() === true) current = null
      if (current === null) {
        const far = await outside()
        if (!isWorthIt || run.signal.aborted) return far
        isWorthIt = false
        current = await logIn(far, stage, run).catch((error: unknown) => {
          // It took the session's place.
          served()
          throw error
        })
        if (current === null) return far
      }
      const { far, hangUp } = current
      return { ...far, login: { served, hangUp } }
    },
    async end(): Promise<void> {
      await current?.hangUp()
      current = null
    },
  }
}

/**
 * An ssh that logs in, holds no session and listens at a socket: in a process group of its own that dies with us. It writes to no file; what
 * it carries goes to rsync. Null: there is none, for a reason that is not the source's. Throws a Failure where its login fails: a session's
 * would as well.
 */
async function logIn(far: Far, stage: Stage, { signal }: Run): Promise<Login | null> {
  const folder = await makeSocketFolder()
  if (folder === null) return null
  const { socket, remove } = folder
  const ssh = withFirst(far.ssh!, { ControlPath: socket })
  const [program, ...words] = withFirst(ssh, { ControlMaster: 'yes' })
  const { user, host } = far.place as SshPlace
  const over = new AbortController()
  const watchdog = startWatchdog(far.timeout)
  const master = { end: null as ChildEnd | null }
  const ending = runChild({
    program: program!,
    arguments: [...words, '-N', '-l', user, host],
    fileLimit: 0,
    memoryLimit: MEMORY_LIMIT,
    signal: over.signal,
  })
    .then((end) => {
      master.end = end
      return end
    })
    .finally(remove)
  const hangUp = async (): Promise<string> => {
    over.abort()
    return withoutMux((await ending).stderr)
  }
  const isOver = (): boolean => master.end !== null
  // ssh links it there once it has logged in and listens.
  const isReady = (): boolean => existsSync(socket)
  const isDue = (): boolean => isOver() || isReady() || signal.aborted || watchdog.expired(0)
  for (let pause = 4; !isDue(); pause = Math.min(25, pause * 1.5)) await Promise.race([ending, sleep(pause)])
  if (!isOver() && isReady()) return { far: { ...far, ssh }, isOver, hangUp }
  const isSilent = !isOver()
  const said = await hangUp()
  const { end } = master
  if (signal.aborted || end === null) return null
  if (isSilent) throw await explainFailure(stage, far, { ...end, cause: 'silent' }, signal)
  // Killed, or without a place for its socket.
  if (end.code === null || said.trim() === '') return null
  throw await explainFailure(stage, far, end, signal)
}

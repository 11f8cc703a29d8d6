import { type ChildCall, type ChildEnd, runChild } from '../system/child.ts'

/** Why our transfer guards end rsync, in addition to the runner's own limits. */
type Guarded = 'stalled' | 'grown'
export type RsyncEnd = Omit<ChildEnd<Guarded>, 'stdout'>
export type RsyncCall = Omit<ChildCall<Guarded>, 'program'> & {
  readonly fileLimit: number
  readonly signal: AbortSignal
}
export type Verdict = Guarded | 'silent' | 'flood'

/** One login that several sessions share. */
export interface SharedLogin {
  /** A session over it has ended well. */
  served(): void
  /** Ends it. What ssh said of it. */
  hangUp(): Promise<string>
}

/** Memory of any process that a source can make larger, bytes. */
export const MEMORY_LIMIT = 2 * 1024 ** 3

/**
 * Resolves once no process of rsync's group is alive. Until then rsync may still write, and a line on stdout is only a hint. Where the
 * session goes over a shared login and does not end well, that is over too: perhaps it is what failed, and it may keep rsync's output open.
 */
export async function runRsync(call: RsyncCall, login: SharedLogin | null = null): Promise<RsyncEnd> {
  const end = await runChild({
    ...call,
    program: 'rsync',
    memoryLimit: MEMORY_LIMIT,
    strays: login !== null,
  })
  const stderr = withoutMux(end.stderr)
  if (login === null) return { ...end, stderr }
  if (endedWell(end)) {
    login.served()
    return { ...end, stderr }
  }
  return { ...end, stderr: `${await login.hangUp()}${stderr}` }
}

/** What came has come, or rsync says what did not. */
export const endedWell = ({ cause, code }: Pick<RsyncEnd, 'cause' | 'code'>): boolean =>
  cause === 'itself' && (code === 0 || code === 23 || code === 24)

/** What ssh says of a shared login that is gone or full is no trouble: the session logs in by itself. */
export const withoutMux = (stderr: string): string =>
  stderr.replace(
    /^(?:mux|mm_|unix_listener|Control ?(?:Path|[Ss]ocket)|channel \d+: open failed)[^\n]*\n?/gm,
    '',
  )

import { type ChildCall, type ChildEnd, runChild } from '../system/child.ts'

/** Why our transfer guards end rsync, in addition to the runner's own limits. */
type Guarded = 'stalled' | 'grown'
export type RsyncEnd = Omit<ChildEnd<Guarded>, 'stdout'>
export type Verdict = Guarded | 'silent' | 'flood'

/** Memory of any process that a source can make larger, bytes. */
const MEMORY_LIMIT = 2 * 1024 ** 3

/** Resolves once no process of rsync's group is alive. Until then rsync may still write, and a line on stdout is only a hint. */
export const runRsync = (
  call: Omit<ChildCall<Guarded>, 'program'> & { readonly fileLimit: number; readonly signal: AbortSignal },
): Promise<RsyncEnd> => runChild({ ...call, program: 'rsync', memoryLimit: MEMORY_LIMIT })

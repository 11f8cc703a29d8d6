import { type ChildCall, type ChildEnd, runChild } from '../system/child.ts'

/** What our guards of a transfer can say, beside what the runner itself does. */
type Guarded = 'stalled' | 'grown'
export type RsyncEnd = Omit<ChildEnd<Guarded>, 'stdout'>
export type Verdict = Guarded | 'silent' | 'flood'

/** Memory of any process that a source can make larger, bytes. */
const MEMORY_LIMIT = 2 * 1024 ** 3

/** rsync ends only when no process of its group lives: until then a line on stdout is only a hint, and rsync may still write. */
export const runRsync = (
  call: Omit<ChildCall<Guarded>, 'program'> & { readonly fileLimit: number; readonly signal: AbortSignal },
): Promise<RsyncEnd> => runChild({ ...call, program: 'rsync', memoryLimit: MEMORY_LIMIT })

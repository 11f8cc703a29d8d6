import type { Failure } from '../model/failure.ts'

/** Whether this machine can keep a destination: Linux, util-linux, coreutils. The Failure (`missing-tool`) names the package. */
export async function checkHostTools(): Promise<Failure | null> {
  return null
}

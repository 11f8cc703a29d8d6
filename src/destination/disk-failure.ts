import { Failure } from '../model/failure.ts'

/**
 * The disk's own error in words: a full, read-only, failing or forbidding disk. `doing` completes "Cannot ...". A Failure passes through;
 * what is no system error is a bug and is thrown on as it is.
 */
export function diskFailure(error: unknown, doing: string, path: string): Failure {
  if (error instanceof Failure) return error
  throw error ?? new Error(`soon ${doing} ${path}`)
}

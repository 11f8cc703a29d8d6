import { findingOfLedger } from '../decide/verify/findings.ts'
import { seekHead } from '../decide/verify/head.ts'
import { Failure } from '../model/failure.ts'
import type { LedgerHead } from '../model/holding.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { VerifiedBackup } from '../model/verified.ts'

/**
 * Whether a destination's ledger still holds the line that a head names, and is sound. Reads the ledger alone, without the lock, and
 * records nothing: also where this box has never seen the disk. Throws a Failure where it cannot be read.
 */
export async function verifyHead(
  destination: Destination,
  { backup, head }: { readonly backup: string; readonly head: LedgerHead },
  run: Run,
): Promise<VerifiedBackup> {
  const seeker = seekHead(head)
  const history = destination.history(run)
  for (;;) {
    run.signal.throwIfAborted()
    const { done, value } = await history.next()
    if (!done) {
      for (const { line } of value) seeker.enter(line)
      continue
    }
    const { halt, head: last, torn } = value
    if (halt !== null && findingOfLedger(halt) === null) throw new Failure(halt)
    const { found, findings } = seeker.end(value)
    return {
      backup,
      destination: destination.path,
      files: 0,
      bytes: 0,
      left: { files: 0, bytes: 0 },
      oldest: null,
      head: { ...head, found, last, torn },
      findings,
      problems: [],
      recorded: false,
      news: false,
      exitCode: findings.length === 0 ? 0 : 6,
    }
  }
}

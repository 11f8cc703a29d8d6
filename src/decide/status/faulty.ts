import type { Instant } from '../../model/instant.ts'
import type { BackupStatus } from '../../model/status.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { type Claim, dated, joined } from './conditions.ts'

/** A backup that is declared and whose spec is faulty: it does not run, and where its destination is is not known. */
export function faultyStatus(
  backup: string,
  faults: readonly Pick<Diagnostic, 'file' | 'line' | 'column' | 'code' | 'message'>[],
  asOf: Instant,
  /** When its file was last written to; null: not known. */
  written: Instant | null,
): BackupStatus {
  const reason = faults[0]?.code ?? 'spec-invalid'
  const message =
    faults.length === 0
      ? 'its spec is faulty; see reconcile validate'
      : joined(faults.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}`))
  const unknown = { status: 'unknown', reason: 'spec-invalid', message: 'its spec is faulty' } as const
  const claims: readonly Claim[] = [
    {
      type: 'Ready',
      status: 'false',
      reason: 'spec-invalid',
      message: 'its spec is faulty: it does not run',
    },
    { type: 'Reconciling', ...unknown },
    { type: 'Stalled', status: 'true', reason, message },
    { type: 'Fresh', ...unknown },
    { type: 'SpecValid', status: 'false', reason, message },
    { type: 'SourceReachable', ...unknown },
    { type: 'Held', ...unknown },
    { type: 'Pushed', ...unknown },
  ]
  return {
    backup,
    state: 'failed',
    destination: null,
    series: [],
    conditions: dated(claims, [], written === null || written > asOf ? asOf : written),
    lastPass: null,
    lastSuccess: null,
    counts: null,
    observed: null,
    nextRun: null,
    validUntil: null,
    watch: null,
    bytes: null,
    free: null,
  }
}

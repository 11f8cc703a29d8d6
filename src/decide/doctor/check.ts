import type { BackupChecks, Check } from '../../model/doctor.ts'
import type { Diagnostic, Halt } from '../../model/trouble.ts'

export const okCheck = (code: string, message: string): Check => ({ code, state: 'ok', message })

export const skippedCheck = (code: string, why: string): Check => ({
  code,
  state: 'skipped',
  message: `not tried: ${why}`,
})

/** A trouble that a pass would meet too, under the check that found it. */
export const failedCheck = (code: string, { code: cause, message, hint }: Halt): Check => ({
  code,
  state: 'failed',
  message,
  hint,
  cause,
})

/** 1: a check has failed; 3: a spec or a setting is faulty; 0: all is well, or there are only warnings. */
export function exitCodeOfChecks(
  backups: readonly BackupChecks[],
  box: readonly Check[],
  diagnostics: readonly Diagnostic[],
): number {
  if (diagnostics.some(({ severity }) => severity === 'error')) return 3
  const all = [...box, ...backups.flatMap(({ checks }) => checks)]
  return backups.length === 0 || all.some(({ state }) => state === 'failed') ? 1 : 0
}

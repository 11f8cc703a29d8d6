import type { BackupChecks, Check } from '../../model/doctor.ts'
import type { Diagnostic, Halt } from '../../model/trouble.ts'

export const okCheck = (code: string, message: string): Check => ({ code, state: 'ok', message })

export const skippedCheck = (code: string, why: string): Check => ({
  code,
  state: 'skipped',
  message: `not tried: ${why}`,
})

/** What is doubtful and stops no pass. */
export const warningCheck = (code: string, message: string, hint: string): Check => ({
  ...{ code, state: 'warning', message, hint },
})

/** A trouble that a pass would meet too, under the check that found it. */
export const failedCheck = (code: string, { code: cause, message, hint }: Halt): Check => ({
  code,
  state: 'failed',
  message,
  hint,
  cause,
})

/** `halt` null: it is as it should be. */
export const okUnless = (code: string, halt: Halt | null, message: string): Check =>
  halt === null ? okCheck(code, message) : failedCheck(code, halt)

/** The same where a pass goes on. */
export const troubledCheck = (code: string, trouble: Halt): Check => ({
  ...failedCheck(code, trouble),
  state: 'warning',
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

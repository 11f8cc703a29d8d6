import { groupBy } from '../../model/group-by.ts'
import type { CodedOutcome, Result } from '../../model/outcome.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { TroubleGroup } from '../../model/status.ts'
import { fingerprint } from '../documents/fingerprint.ts'
import { isOfBox } from './box-problems.ts'

/** Paths of one code that are remembered one by one. */
const MOST_PATHS = 1000

/** Whether a pass says what is wrong: one that was stopped or did not run does not. */
export const saysOfTroubles = ({ result, exitCode }: CodedOutcome): boolean =>
  result !== 'cancelled' && !(exitCode === 0 && (result === 'busy' || result === 'suspended'))

/** What is wrong with a backup by its pass, without the box's own problems. The same troubles are the same value. */
export function troublesOf(outcome: CodedOutcome): readonly TroubleGroup[] {
  const { problems, conflicts, lost, holds, halt, late, result, exitCode } = outcome
  const found = grouped([
    ...problems.filter((one) => !isOfBox(one)),
    ...conflicts.map(({ path }) => ({ code: 'conflict', path })),
    ...lost.map((path) => ({ code: 'lost', path })),
    ...holds,
    ...(halt === null ? [] : [halt]),
    ...late.map(({ series }) => ({ code: 'late', path: series })),
  ])
  const isUnsaid = found.length === 0 && exitCode !== 0 && UNWELL.has(result)
  return isUnsaid ? [{ code: result, paths: [] }] : found
}

/** Results that are trouble by themselves. */
const UNWELL: ReadonlySet<string> = new Set(['failed', 'halted', 'busy', 'suspended'])

/** What is wrong with the box and the specs, whatever backups came to. */
export const troublesOfBox = ({ problems, diagnostics, backups }: Result): readonly TroubleGroup[] =>
  grouped([
    ...problems,
    ...diagnostics.flatMap(({ severity, code, file }) => (severity === 'error' ? { code, path: file } : [])),
    ...(backups.length === 0 ? [{ code: 'failed' }] : []),
  ])

export const areSame = (one: readonly TroubleGroup[], other: readonly TroubleGroup[]): boolean =>
  fingerprint(one) === fingerprint(other)

function grouped(
  troubles: readonly { readonly code: string; readonly path?: string }[],
): readonly TroubleGroup[] {
  return [...groupBy(troubles, ({ code }) => code)]
    .toSorted(([a], [b]) => comparePaths(a, b))
    .map(([code, found]) => {
      const paths = [...new Set(found.flatMap(({ path }) => path ?? []))].sort(comparePaths)
      if (paths.length <= MOST_PATHS) return { code, paths }
      return { code, paths: paths.slice(0, MOST_PATHS), more: fingerprint(paths.slice(MOST_PATHS)) }
    })
}

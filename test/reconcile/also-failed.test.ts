import { expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import { emptyOutcome } from '../../src/model/outcome.ts'
import type { BackupName } from '../../src/model/spec.ts'
import { alsoFailed } from '../../src/reconcile/failed-outcome.ts'

const PATH = '/backups/pg/.reconcile/status.json'

const failure = (code: string, message: string, retryable = true) =>
  new Failure({ code, message, hint: 'Look.', retryable, path: PATH })

test.each([
  ['the whole disk', 'disk-full', undefined, 'other words', 1],
  ['the whole disk, of one path', 'disk-full', '/backups/pg/db.tar', 'other words', 2],
  ['a place, in other words', 'disk-forbidden', undefined, 'other words', 2],
  ['another place, in the same words', 'disk-path', '/backups/pg/db.tar', 'no', 2],
  ['the same place, in the same words', 'disk-path', PATH, 'no', 1],
])(
  'a status that cannot be written fails the pass; a problem of %s is known or not',
  (_, code, path, message, count) => {
    const problem = { code, message, hint: '', ...(path === undefined ? {} : { path }) }
    const outcome = { ...emptyOutcome('pg' as BackupName), result: 'applied' as const, problems: [problem] }
    const failed = alsoFailed(outcome, failure(code, 'no'))
    expect(failed).toMatchObject({ result: 'failed', retry: true })
    expect(failed.problems).toHaveLength(count)
  },
)

import { expect, test } from 'vitest'
import type { WantedFile } from '../../src/decide/transfer/wanted-file.ts'
import { Failure } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { LockedDestination, Source } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Run } from '../../src/model/run.ts'
import { bring } from '../../src/reconcile/bring.ts'
import { spec } from '../helpers/picture.ts'

test('a boundary of the timetable ends the wait after a broken line too', async () => {
  const failure = new Failure({ code: 'line-broke', message: 'the line broke', hint: '', retryable: true })
  let asked: number | null = null
  const source = {
    pull: async () => ({ ended: 'broken', failure, problems: [], received: 0 }),
  } as unknown as Source
  const destination = { stage: async () => new Map(), staging: '/s', lockDescriptor: 0 }
  const file = { path: 'a' as RelPath, mode: 'append', size: 10, stagedBytes: 0 } as unknown as WantedFile
  const isInForce = () => {
    if (asked === null) return true
    asked++
    return false
  }
  const run: Run = {
    now: () => instant(0),
    signal: new AbortController().signal,
    emit(event) {
      if (event.type === 'retrying') asked = 0
    },
  }
  const brought = await bring(
    [file],
    { source, destination: destination as unknown as LockedDestination, spec: spec(), run },
    { rate: 1, isInForce },
    () => {},
  )
  expect(brought.ended).toBe('rate-changed')
  // In the wait, and once more when it was over.
  expect(asked).toBe(2)
})

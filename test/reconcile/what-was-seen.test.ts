import { expect, test } from 'vitest'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../../src/decide/documents/snapshot.ts'
import { seenAtStart } from '../../src/decide/look/next-seen.ts'
import { planBackup } from '../../src/decide/plan/backup.ts'
import { readSeen, seenLine } from '../../src/destination/look/seen-line.ts'
import type { Seen } from '../../src/model/holding.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { context, holding, md5, NOON, seen, spec } from '../helpers/picture.ts'

const path = 'a.tar' as RelPath

/** As the cache's file gives it back, which is not how it was made. */
function remembered(what: Seen): Seen {
  const read = readSeen(Buffer.from(seenLine(path, what).trimEnd()), new Map())
  if (read?.seen == null) throw new Error('not remembered')
  return read.seen
}

const told: readonly Seen[] = [
  seen(),
  seen({ readAt: null }),
  seen({ marker: { state: 'none' }, readAt: null, waitingSince: NOON }),
  seen({ stagedFor: md5('B') }),
  seen({ gate: { at: NOON, size: 10, mtime: 1000, digest: md5('A') } }),
]

/** Listed as it is remembered, and not here: a look hands on what is remembered. */
const lookAt = (one: Seen): Observation => ({
  source: { completeness: 'complete', files: new Map([[path, one]]), problems: [] },
  destination: holding({ seen: new Map([[path, one]]) }),
})

test.each(told)('what is remembered is read with every field (%#)', (what) => {
  expect(remembered(what)).toEqual(what)
  expect(seenLine(path, remembered(what))).toBe(seenLine(path, what))
})

test('what a transfer begins for is added to what is remembered, and nothing of it is lost', () => {
  const observation = lookAt(remembered(seen()))
  const changes = seenAtStart(observation, planBackup(spec(), observation, context()), NOON)
  expect(changes).toEqual(new Map([[path, seen({ stagedFor: md5('A') })]]))
})

test.each(told)('a snapshot holds all that is remembered (%#)', (what) => {
  const place = { source: '/src', listing: null, checksum: 'md5', destination: '/dest' }
  const snapshot: Snapshot = {
    ...{ backup: 'postgres', taken: NOON, halt: null, holds: [] },
    place,
    observation: lookAt(remembered(what)),
  }
  const read = decodeSnapshot(JSON.stringify(encodeSnapshot(snapshot)))
  if ('fault' in read) throw new Error(read.fault)
  const { source, destination } = read.snapshot.observation
  expect(destination.seen).toEqual(new Map([[path, what]]))
  expect(source.files).toEqual(new Map([[path, { listed: what.listed, marker: what.marker }]]))
})

import { expect, test } from 'vitest'
import { suspensionOf } from '../../../src/decide/status/suspended.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Suspension } from '../../../src/model/spec.ts'
import type { StoredSuspension, StoredSuspensions } from '../../../src/model/suspension.ts'
import { NOON, spec } from '../../helpers/picture.ts'

const EARLIER = instant(NOON - 1)
const LATER = instant(NOON + 1)
const written = (until: Suspension['until']): Suspension => ({
  reason: 'disk swap',
  until,
  file: '/specs/postgres.yaml',
  line: 2,
})
const said = (reason: string, until: StoredSuspension['until'] = null): StoredSuspension => ({
  reason,
  until,
  by: 'anna',
  at: EARLIER,
})
const stored = (own: StoredSuspension | null, all: StoredSuspension | null): StoredSuspensions => ({
  all,
  backups: new Map(own === null ? [] : [['postgres', own]]),
})

test.each([
  ['nobody says so', null, null, null, null],
  ['the spec says so', written(null), null, null, 'spec: disk swap'],
  ['the spec goes before a command', written(null), said('own'), said('all'), 'spec: disk swap'],
  ['until then', written(LATER), null, null, 'spec: disk swap'],
  ['not from then on', written(NOON), null, null, null],
  ['a command goes on where the spec’s time is over', written(EARLIER), said('own'), null, 'backup: own'],
  ['its own goes before that of all', null, said('own'), said('all'), 'backup: own'],
  ['that of all', null, null, said('all'), 'all: all'],
  ['that of all, where its own is over', null, said('own', NOON), said('all', LATER), 'all: all'],
  ['all of them over', written(EARLIER), said('own', EARLIER), said('all', EARLIER), null],
])('%s', (_, suspend, own, all, is) => {
  const found = suspensionOf(spec({ suspend }), stored(own, all), NOON)
  const who = found === null ? null : found.from === 'spec' ? 'spec' : found.of
  expect(found === null ? null : `${who}: ${found.reason}`).toBe(is)
})

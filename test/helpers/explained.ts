import type { Look } from '../../src/decide/explain/explained.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { Spec } from '../../src/model/spec.ts'
import { context, spec } from './picture.ts'
import { rulesOf } from './points.ts'

/** A spec of dated files, each day's its own point: `db-2026-11-23.tar`. */
export const dated = (rules: string, over: Partial<Spec> = {}): Spec =>
  spec({
    select: { include: ['*.tar'], exclude: ['tmp-*'] },
    series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' },
    retain: rulesOf(rules),
    ...over,
  })

/** A picture as it is looked at to be explained. */
export const lookAt = (observation: Observation, over: Partial<Look> = {}): Look => ({
  observation,
  context: context({ all: true }),
  isKnown: true,
  unselected: null,
  diagnostics: [],
  ...over,
})

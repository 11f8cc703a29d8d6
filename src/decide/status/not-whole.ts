import type { HeldFile, LedgerRecord } from '../../model/holding.ts'
import type { DestinationStatus, TroubleNow } from '../../model/status.ts'
import { isWhole } from '../files/facts.ts'
import { FEW, fewOf } from './conditions.ts'
import { isOverSpecs } from './over-specs.ts'

/** Published files that are not here whole, by what is wrong with them; the worst first. */
export type NotWhole = readonly { readonly code: NotWholeCode; readonly paths: readonly string[] }[]

const CODES = ['rot', 'missing-here', 'marker-missing', 'marker-altered'] as const
type NotWholeCode = (typeof CODES)[number]

/** What is wrong with a published file, as far as a look can show; null: it is whole. */
export function whyNotWhole(held: HeldFile | undefined, record: LedgerRecord): NotWholeCode | null {
  if (isWhole(held, record)) return null
  if (held === undefined) return 'missing-here'
  if (held.size !== record.size || record.isRotten || held.foundOther !== undefined) return 'rot'
  return held.marker === null ? 'marker-missing' : 'marker-altered'
}

/** Without what the last pass found to be lost, or in conflict: it is that. */
export function notWholeNow(
  found: readonly { readonly code: NotWholeCode; readonly path: string }[],
  last: DestinationStatus | null,
): NotWhole {
  const known = new Set(
    last?.troubles?.flatMap(({ code, paths }) => (code === 'lost' || code === 'conflict' ? paths : [])),
  )
  const pathsOf = (code: NotWholeCode): readonly string[] =>
    found.flatMap((one) => (one.code === code && !known.has(one.path) ? one.path : []))
  return CODES.map((code) => ({ code, paths: pathsOf(code) })).filter(({ paths }) => paths.length > 0)
}

/** What is late, and what stands over all specs, is known better than by the last pass; and so is what is gone. */
export function troublesNow(now: NotWhole, last: DestinationStatus | null): readonly TroubleNow[] {
  const isKnownBetter = (code: string): boolean =>
    code === 'late' || code === 'missing-here' || isOverSpecs(code) || now.some((one) => one.code === code)
  const before = (last?.troubles ?? []).filter(({ code }) => !isKnownBetter(code))
  return [...before, ...now].map(({ code, paths }) => ({
    code,
    count: paths.length,
    names: paths.slice(0, FEW),
  }))
}

export function notWholeText({ code, paths }: NotWhole[number], place: string): string {
  const [one, are] = paths.length === 1 ? ['1', 'is'] : [`${paths.length}`, 'are']
  const files = `${one} published ${paths.length === 1 ? 'file' : 'files'}`
  const markers = paths.length === 1 ? 'marker' : 'markers'
  const back = `the next pass reads the data and, if it is sound, writes the ${markers} again`
  return {
    'missing-here': `${files} ${are} gone from ${place}: ${fewOf(paths)}`,
    rot: `${files} ${are} not as published in ${place}: ${fewOf(paths)}`,
    'marker-missing': `the ${markers} of ${files} ${are} gone from ${place}, and the data is there: ${fewOf(paths)}; ${back}`,
    'marker-altered': `the ${markers} of ${files} ${are} not as published in ${place}: ${fewOf(paths)}; ${back}`,
  }[code]
}

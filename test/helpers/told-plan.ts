import { type Decided, decideBackup } from '../../src/decide/plan/backup.ts'
import type { PlanContext } from '../../src/decide/plan/context.ts'
import type { Holding, LedgerRecord, PrunedFile } from '../../src/model/holding.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { Observation, SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Spec } from '../../src/model/spec.ts'
import { context, NOON, picture, spec } from './picture.ts'
import { rulesOf } from './points.ts'

/** A picture in which `22` is the dump of 22 November 2026, yesterday, and `22.p1` a volume of it; `x` a name that no pattern fits. */
export interface Told {
  readonly retain?: string
  readonly spec?: Partial<Spec>
  readonly prune?: Partial<Spec['prune']>
  readonly look?: SourceView['completeness']
  readonly context?: Partial<PlanContext>
  readonly holding?: Partial<Holding>
  /** Files with something of their record, of the source's listing, or of how they were removed, that is not as usual. */
  readonly records?: Readonly<Record<string, Partial<LedgerRecord>>>
  readonly mtimes?: Readonly<Record<string, number>>
  readonly pruned?: Readonly<Record<string, Partial<PrunedFile>>>
  /** Since when files are on record as surplus; null: they are not. All that is held is, for as long as a minAge may be. */
  readonly surplus?: Readonly<Record<string, Instant | null>> | 'none'
}

const NAME = /^(\d\d)((?:\.p\d)?)$/

const fileOf = (short: string): RelPath =>
  short.replace(NAME, (_, day, part) => `db-2026-11-${day}${part}.tar`) as RelPath

export const shortOf = (path: string): string => path.replace(/^db-2026-11-(\d\d)((?:\.p\d)?)\.tar$/, '$1$2')

export const DAYS = 86_400_000

/** When a dump of that day of November would be listed. Seconds. */
const listedOf = (path: string): number => {
  const day = /^db-2026-11-(\d\d)/.exec(path)?.[1]
  return day === undefined ? NOON / 1000 : Date.UTC(2026, 10, Number(day), 12) / 1000
}

function specOf({ retain = 'daily=2', spec: over = {}, prune = {} }: Told = {}): Spec {
  return spec({
    series: {
      patterns: ['{series}-{YYYY}-{MM}-{DD}.tar', '{series}-{YYYY}-{MM}-{DD}.p{part}.tar'],
      timezone: 'UTC',
    },
    retain: rulesOf(retain),
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 86_400, until: null }],
    prune: { mode: 'auto', keepAtLeast: 1, minAge: 7 * 86_400, trashFor: 7 * 86_400, ...prune },
    ...over,
  })
}

/** Lines of `picture`, but for the names, separated by commas. */
export function drawn(text: string, told: Told = {}): Observation {
  const lines = text.split(',').map((line) => {
    const [kind = '', name = '', letter = 'A'] = line.trim().split(' ')
    return `${kind} ${fileOf(name)} 10 ${letter}`
  })
  const { source, destination } = picture(lines.join('\n'), told.look)
  const files = new Map(source.files)
  for (const [path, file] of files) {
    const mtime = told.mtimes?.[shortOf(path)] ?? listedOf(path)
    if (file.listed !== null) files.set(path, { ...file, listed: { ...file.listed, mtime } })
  }
  const records = new Map(destination.records)
  for (const [path, record] of records) {
    const mtime = files.get(path)?.listed?.mtime ?? listedOf(path)
    records.set(path, { ...record, mtime, ...told.records?.[shortOf(path)] })
  }
  const removed = Object.entries(told.pruned ?? {}).map(([short, one]): [RelPath, PrunedFile] => [
    fileOf(short),
    {
      at: instant(NOON - 3 * DAYS),
      trash: 'event',
      by: 'policy',
      reason: '',
      series: 'db',
      point: instant(listedOf(fileOf(short)) * 1000),
      planId: null,
      ...one,
    },
  ])
  const surplus = new Map<RelPath, Instant>()
  for (const path of destination.files.keys()) {
    const since = told.surplus === 'none' ? null : told.surplus?.[shortOf(path)]
    if (since !== null) surplus.set(path, since ?? instant(NOON - 7 * DAYS))
  }
  return {
    source: { ...source, files },
    destination: { ...destination, records, surplus, pruned: new Map(removed), ...told.holding },
  }
}

/** What the spec of a picture goes by, as a ledger would know it from an earlier prune. */
export function termsOf(told: Told = {}): { readonly policy: string; readonly basis: string } {
  const { policy, basis } = decideBackup(specOf(told), picture(''), context()).prune!
  return { policy, basis }
}

/** As decided by a destination where prunes go by the terms they went by before, but where it is told otherwise. */
export function decided(text: string, given: Told = {}): Decided {
  const { keepAtLeast, minAge, trashFor } = specOf(given).prune
  const terms = [{ at: instant(0), keepAtLeast, minAge, trashFor }]
  const told = { ...given, holding: { lastPrune: termsOf(given), terms, ...given.holding } }
  return decideBackup(specOf(told), drawn(text, told), context({ all: true, ...told.context }))
}

/** As one day's dumps after the other: `days('held', 12, 14)` is `held 14, held 13, held 12`. */
export function days(kind: string, from: number, until: number): string {
  const lines: string[] = []
  for (let day = until; day >= from; day--) lines.push(`${kind} ${String(day).padStart(2, '0')}`)
  return lines.join(', ')
}

/** A line a step and a problem, but for that of a source that is not drawn: `keep 22: complete, last 1, daily 1`, `! dated-ahead 30`. */
export function plan(text: string, told: Told = {}): readonly string[] {
  const { steps, problems } = decided(text, told).plan
  return [
    ...steps.map(({ action, path, because }) => `${action} ${shortOf(path)}: ${because.join(', ')}`),
    ...problems
      .filter(({ code }) => code !== 'nothing-found')
      .map(({ code, path }) => (path === undefined ? `! ${code}` : `! ${code} ${shortOf(path)}`)),
  ]
}

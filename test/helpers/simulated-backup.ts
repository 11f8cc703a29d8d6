import { decideBackup } from '../../src/decide/plan-backup.ts'
import { project } from '../../src/decide/project.ts'
import { nextListed } from '../../src/decide/prune-guards.ts'
import type { Digest } from '../../src/model/digest.ts'
import type { Holding } from '../../src/model/holding.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { Observation, SourceFile, SourceView } from '../../src/model/observation.ts'
import type { Action, BackupPlan, Step } from '../../src/model/plan.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Spec } from '../../src/model/spec.ts'
import { context, holding } from './picture.ts'

/** A backup whose passes are made on the model alone: what a plan says is taken to have happened, in no time. */
export interface Simulated {
  destination: Holding
  /** One pass at `now` over what the source shows then. Tells what it removed and what held it back. */
  pass(source: SourceView, now: Instant): SimulatedPass
}

export interface SimulatedPass {
  /** The destination after what was to come had come, before anything was removed. */
  readonly before: Holding
  readonly plan: BackupPlan
  readonly removed: readonly Step[]
  readonly holds: readonly string[]
}

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

const BRING: ReadonlySet<Action> = new Set(['pull', 'resume', 'adopt', 'repair'])
const REMOVE: ReadonlySet<Action> = new Set(['prune', 'expire'])

/** `brings`: which of a plan's transfers a pass gets done; all of them where it is left out. */
export function simulate(
  spec: Spec,
  began: Instant,
  brings: (steps: readonly Step[]) => readonly Step[] = (steps) => steps,
): Simulated {
  const simulated: Simulated = {
    destination: holding({ created: began, lastTime: began, listedBefore: null }),
    pass(source, now) {
      const start: Observation = { source, destination: simulated.destination }
      const terms = context({ asOf: now })
      const first = decideBackup(spec, start, terms).plan
      const come = only(first, brings(first.steps.filter(({ action }) => BRING.has(action))))
      let there = project(start, come, now)
      const decide = () =>
        decideBackup(spec, there, { ...terms, prune: { ...terms.prune, passBegan: now, when: 'now' } })
      let last = decide()
      if (last.prune !== null && last.prune.toRead.length > 0) {
        there = { source, destination: readAgain(there.destination, last.prune.toRead, now) }
        last = decide()
      }
      const removed = last.plan.steps.filter(({ action }) => action === 'prune')
      const away = only(
        last.plan,
        last.plan.steps.filter(({ action }) => REMOVE.has(action)),
      )
      const { policy = '', basis = '' } = last.prune ?? {}
      const after = project(there, away, now, { policy, basis }).destination
      const before = there.destination
      simulated.destination = {
        ...after,
        lastPrune: after.lastPrune ?? (last.prune?.isFirst ? { policy, basis } : null),
        lastTime: instant(Math.max(now, after.lastTime ?? 0)),
        listedBefore: nextListed(there, last.prune)(after.listedBefore),
      }
      return { before, plan: last.plan, removed, holds: last.plan.holds.map(({ code }) => code) }
    },
  }
  return simulated
}

const only = (plan: BackupPlan, steps: readonly Step[]): BackupPlan => ({ ...plan, steps })

function readAgain(before: Holding, paths: readonly RelPath[], now: Instant): Holding {
  const records = new Map(before.records)
  for (const path of paths) records.set(path, { ...records.get(path)!, readAt: now })
  return { ...before, records }
}

/** A finished file at the source. The digest tells its contents. */
export const offered = (path: string, mtime: Instant, digest: string, size = 10): [RelPath, SourceFile] => [
  path as RelPath,
  {
    listed: { size, mtime: Math.floor(mtime / 1000) },
    marker: {
      state: 'claimed',
      path: `${path}.md5` as RelPath,
      digest: digest as Digest,
      size: 40,
      mtime: Math.floor(mtime / 1000),
      text: '',
    },
  },
]

export const listing = (
  files: Iterable<[RelPath, SourceFile]>,
  completeness: SourceView['completeness'] = 'complete',
): SourceView => ({ completeness, files: new Map(files), problems: [] })

export const UNREACHABLE: SourceView = { completeness: 'unknown', files: new Map(), problems: [] }

/** `2026-11-23`, UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** A digest of 32 digits that differs with `seed`. */
export const digestFor = (seed: number): string => seed.toString(16).padStart(32, '0')

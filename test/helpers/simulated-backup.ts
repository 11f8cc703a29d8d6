import { type Decided, decideBackup } from '../../src/decide/plan/backup.ts'
import { project } from '../../src/decide/plan/project.ts'
import { nextListed } from '../../src/decide/prune/guards.ts'
import { withNews } from '../../src/decide/prune/removals.ts'
import type { Digest } from '../../src/model/digest.ts'
import type { Holding } from '../../src/model/holding.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { Observation, SourceView } from '../../src/model/observation.ts'
import type { Action, BackupPlan, Step } from '../../src/model/plan.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile } from '../../src/model/source-file.ts'
import type { Spec } from '../../src/model/spec.ts'
import { context, holding } from './picture.ts'

/** A backup whose passes are made on the model alone: what a plan says is taken to have happened, in no time. */
export interface Simulated {
  /** As declared; may be declared anew between passes. */
  spec: Spec
  destination: Holding
  /** One pass at `now` over what the source shows then. Tells what it did and what held it back. */
  pass(source: SourceView, now: Instant, how?: PassTerms): SimulatedPass
  /** What a plan made now says, without any of it happening. */
  plan(source: SourceView, now: Instant, how?: PassTerms): BackupPlan
}

export interface PassTerms {
  /** `reconcile prune`, which manual mode waits for. */
  readonly asked?: boolean
  /** Each hold that comes up is released at once. */
  readonly releasesAll?: boolean
  /** Held files whose bytes are others by now: found where they are read. */
  readonly rotten?: ReadonlySet<string>
}

export interface SimulatedPass {
  /** The destination after what was to come had come and been read, before anything was removed. */
  readonly before: Holding
  readonly plan: BackupPlan
  /** Files that no rule wanted over all that was known, before anything was read again, and after. */
  unwanted(): ReadonlySet<string>
  unwantedThen(): ReadonlySet<string>
  /** Paths that came, and those that were read again. */
  readonly brought: readonly string[]
  readonly read: readonly string[]
  readonly removed: readonly Step[]
  /** The ledger learnt something of what is wanted before anything went. */
  readonly learnt: boolean
  /** The box's clock was believed: by another one the ledger learns nothing of what is wanted. */
  readonly isBelieved: boolean
  /** Series of which points were said to have been pushed. */
  readonly pushed: readonly string[]
  readonly holds: readonly string[]
}

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

const BRING: ReadonlySet<Action> = new Set(['pull', 'resume', 'adopt', 'repair'])
const REMOVE: ReadonlySet<Action> = new Set(['prune', 'expire'])
const ALL = { has: () => true } as unknown as ReadonlySet<string>
const NONE: ReadonlySet<string> = new Set()

/**
 * What a pass gets done of a plan's steps that bring something: all of them where it is left out. `staged` is what lies in staging
 * after it.
 */
export type Line = (
  plan: BackupPlan,
  observation: Observation,
  now: Instant,
) => { readonly done: readonly Step[]; readonly staged?: Holding['staged']; readonly seen?: Holding['seen'] }

export const everything = ({ steps }: BackupPlan) => ({
  done: steps.filter(({ action }) => BRING.has(action)),
})

export function simulate(spec: Spec, began: Instant, line: Line = everything): Simulated {
  const termsAt = (asOf: Instant, { asked = false, releasesAll = false }: PassTerms) =>
    context({ asOf, asked, released: releasesAll ? ALL : NONE })
  let passes = 0
  const simulated: Simulated = {
    spec,
    destination: holding({ created: began, lastTime: began, listedBefore: null }),
    plan: (source, now, how = {}) =>
      decideBackup(simulated.spec, { source, destination: simulated.destination }, termsAt(now, how)).plan,
    pass(source, now, how = {}) {
      const start: Observation = { source, destination: simulated.destination }
      const terms = { ...termsAt(now, how), when: 'now' as const }
      const first = decideBackup(simulated.spec, start, terms)
      const come = line(first.plan, start, now)
      let { destination } = project(start, only(first.plan, come.done), now, null, `pass ${++passes}`)
      destination = {
        ...destination,
        staged: come.staged ?? destination.staged,
        seen: come.seen ?? destination.seen,
      }
      const decide = () => decideBackup(simulated.spec, { source, destination }, terms)
      const isAsItWas = come.done.length === 0 && come.staged === undefined && come.seen === undefined
      let last = isAsItWas ? first : decide()
      const unwanted = unwantedOf(last)
      const news = last.prune?.news ?? null
      if (news !== null) {
        destination = withNews(destination, news, now)
        last = decide()
      }
      const read = last.prune?.toRead ?? []
      if (read.length > 0) {
        destination = readAgain(destination, read, how.rotten ?? NONE, now)
        last = decide()
      }
      const removed = last.plan.steps.filter(({ action }) => action === 'prune')
      const { policy = '', basis = '' } = last.prune ?? {}
      const away = only(
        last.plan,
        last.plan.steps.filter(({ action }) => REMOVE.has(action)),
      )
      const there: Observation = { source, destination }
      const after = project(there, away, now, { policy, basis }).destination
      simulated.destination = {
        ...after,
        lastTime: instant(Math.max(now, after.lastTime ?? 0)),
        listedBefore: nextListed(
          there,
          removed.length > 0 ? (last.prune?.passed ?? []) : [],
        )(after.listedBefore),
      }
      return {
        before: destination,
        plan: last.plan,
        unwanted,
        unwantedThen: unwantedOf(last),
        brought: come.done.map(({ path }) => path),
        read,
        removed,
        learnt: news !== null,
        isBelieved: last.clock.state === 'sane',
        pushed: last.prune?.pushed.map(({ series }) => series) ?? [],
        holds: last.plan.holds.map(({ code }) => code),
      }
    },
  }
  return simulated
}

/** Found out once, when it is asked for: most do not. */
function unwantedOf({ retention }: Decided): () => ReadonlySet<string> {
  let found: Set<string> | null = null
  return () => {
    if (found !== null) return found
    const paths = new Set<string>()
    retention?.eachUnwanted(({ facts }) => {
      for (const { path } of facts) paths.add(path)
    })
    found = paths
    return found
  }
}

const only = (plan: BackupPlan, steps: readonly Step[]): BackupPlan => ({ ...plan, steps })

function readAgain(
  before: Holding,
  paths: readonly RelPath[],
  rotten: ReadonlySet<string>,
  now: Instant,
): Holding {
  const records = new Map(before.records)
  for (const path of paths) {
    const record = records.get(path)!
    records.set(path, rotten.has(path) ? { ...record, isRotten: true } : { ...record, readAt: now })
  }
  return { ...before, records }
}

/** A finished file at the source. The digest tells its contents. */
export const offered = (path: string, mtime: Instant, digest: string, size = 10): [RelPath, SourceFile] => [
  path as RelPath,
  {
    listed: { size, mtime: Math.floor(mtime / 1000) },
    marker: {
      state: 'claimed',
      suffix: '.md5',
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

import { type Decided, decideBackup, type PlanContext } from '../decide/plan/backup.ts'
import { type PruneDecision, type PruneNews, withNews } from '../decide/prune/removals.ts'
import { stayText } from '../decide/prune/stay.ts'
import type { Box } from '../model/box.ts'
import type { Holding } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
import type { LedgerEvent } from '../model/ledger-event.ts'
import type { SourceView } from '../model/observation.ts'
import type { LockedDestination, PruneRequest } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { PruneRules, Spec } from '../model/spec.ts'
import type { Hold, Problem } from '../model/trouble.ts'
import type { Tally } from './tally.ts'
import { useReleases } from './use-releases.ts'

export interface PruneGround {
  readonly destination: LockedDestination
  readonly box: Box
  readonly spec: Spec
  readonly context: PlanContext
  readonly origin: { readonly planId: string; readonly revision: string | null }
  readonly tally: Tally
  /** Where a saved plan is applied, the paths it removes: no others go. */
  readonly only: ReadonlySet<RelPath> | null
}

/** How things stand once transfers are over and surplus is gone. */
export interface Pruned {
  readonly holding: Holding
  readonly decided: Decided
  /** Released holds that something went past: spent now. */
  readonly used: readonly Hold[]
}

/**
 * Removes what may be removed by now: decided anew from what the disk holds once the transfers are over. The points relied on are
 * read first where they were not read lately (I9); what turns out rotten is recorded, and everything is decided once more.
 */
export async function pruneSurplus(
  ground: PruneGround,
  view: SourceView,
  before: Holding,
  run: Run,
): Promise<Pruned> {
  const { destination, spec, tally } = ground
  const decide = (holding: Holding): Decided =>
    decideBackup(spec, { source: view, destination: holding }, termsNow(ground.context, run))
  let holding = tally.published.length > 0 ? await destination.inspect(run) : before
  let decided = decide(holding)
  const used: Hold[] = []
  const news = decided.prune?.news ?? null
  if (news !== null) {
    // What stops being wanted is on record before its time begins to count, and the policy before anything goes by it.
    const released = (decided.prune?.passed ?? []).filter(({ code }) => code === 'prune-cliff')
    await useReleases(released, ground.box, destination, run)
    used.push(...released)
    await destination.record(newsEvents(news), run)
    holding = withNews(holding, news, run.now())
    decided = decide(holding)
  }
  const toRead = decided.prune?.toRead ?? []
  if (toRead.length > 0) {
    await readAgain(toRead, holding, ground, run)
    holding = await destination.inspect(run)
    decided = decide(holding)
  }
  const { prune } = decided
  if (prune !== null)
    for (const problem of leftOf(prune, decided, holding, ground.only)) tally.trouble(problem)
  if (prune === null || prune.remove.size === 0) return { holding, decided, used }
  const requests = requestsOf(prune, spec.prune, ground.origin).filter(
    ({ path }) => ground.only?.has(path) ?? true,
  )
  if (requests.length === 0) return { holding, decided, used }
  const verdicts = await destination.prune(requests, run)
  const after = await destination.inspect(run)
  const gone = new Set<string>()
  for (const { path, reason, series } of requests) {
    const verdict = verdicts.get(path)
    if (verdict === undefined) throw new Error(`pruning ${path} came to no verdict`)
    if (verdict.verdict === 'done') {
      tally.prune(path, reason)
      gone.add(series)
    } else tally.trouble(verdict.problem)
    // The next recovery ends what was begun, and asks nobody.
    if (after.begun.has(path)) gone.add(series)
  }
  // A release lets something go once: where nothing went, it is good for the next pass.
  const spent = prune.passed.filter(({ series }) => (series === null ? gone.size > 0 : gone.has(series)))
  await useReleases(spent, ground.box, destination, run)
  return { holding: after, decided, used: [...used, ...spent] }
}

/** Removals of a saved plan that are not made now, but where a hold says so by itself. */
function leftOf(
  prune: PruneDecision,
  { retention }: Decided,
  holding: Holding,
  only: ReadonlySet<RelPath> | null,
): readonly Problem[] {
  return [...(only ?? [])].flatMap((path) => {
    const point = retention?.pointOf(path) ?? null
    if (!holding.files.has(path) || (point !== null && prune.remove.has(point))) return []
    const stay = point === null ? undefined : prune.stay.get(point)
    return stay?.why === 'held'
      ? []
      : [left(path, stay === undefined ? 'it is not surplus now' : stayText(stay))]
  })
}

const left = (path: string, why: string): Problem => ({
  code: 'prune-left',
  path,
  message: `the plan has it removed, and it is still here: ${why}`,
  hint: 'Apply the plan again later, or make it anew.',
})

const termsNow = (context: PlanContext, run: Run): PlanContext => ({
  ...context,
  asOf: run.now(),
  prune: { ...context.prune, when: 'now' },
})

/** Reads files whose points are to be relied on. Those that are rotten are known to every later pass, and count no more. */
async function readAgain(
  paths: readonly RelPath[],
  holding: Holding,
  { destination, spec, tally }: PruneGround,
  run: Run,
): Promise<void> {
  const bytes = paths.reduce((sum, path) => sum + (holding.records.get(path)?.size ?? 0), 0)
  run.emit({ type: 'gating', backup: spec.name, files: paths.length, bytes })
  const verdicts = await destination.verify(paths, run)
  const rotten = paths.filter((path) => verdicts.get(path)?.verdict === 'mismatch')
  await destination.record(
    rotten.map((path) => ({ event: 'rotten', path })),
    run,
  )
  for (const path of rotten) tally.trouble(rottenWhenRead(path))
  for (const verdict of verdicts.values()) if (verdict.verdict === 'problem') tally.trouble(verdict.problem)
}

/** Bytes of paths in one line of the ledger, which holds a megabyte at most. */
const LINE_BYTES = 128 * 1024

/** The lines that say what is wanted no more, and what is again. */
function newsEvents({ surplus, wanted, terms }: PruneNews): readonly LedgerEvent[] {
  const lines = (event: 'surplus' | 'wanted', paths: readonly RelPath[]): readonly LedgerEvent[] => {
    const all: { readonly event: typeof event; readonly paths: RelPath[] }[] = []
    let room = 0
    for (const path of paths) {
      if (room < path.length) {
        all.push({ event, paths: [] })
        room = LINE_BYTES
      }
      all.at(-1)!.paths.push(path)
      room -= path.length
    }
    return all
  }
  return [
    ...(terms === null ? [] : [{ event: 'prune-terms' as const, ...terms }]),
    ...lines('surplus', surplus),
    ...lines('wanted', wanted),
  ]
}

const requestsOf = (
  prune: PruneDecision,
  { trashFor }: PruneRules,
  origin: PruneGround['origin'],
): readonly PruneRequest[] =>
  [...prune.remove].flatMap(([point, because]) =>
    point.facts.map(({ path }) => ({
      path,
      by: 'policy' as const,
      reason: because.join(', '),
      series: point.series,
      point: isoTime(point.time),
      policy: prune.policy,
      basis: prune.basis,
      trashFor,
      ...origin,
    })),
  )

const rottenWhenRead = (path: string): Problem => ({
  code: 'rot',
  path,
  message: 'was read again before anything was pruned, and its bytes are not those that were published',
  hint: 'The next run brings it anew if the source still has the same bytes. Check the disk, and look for another copy.',
})

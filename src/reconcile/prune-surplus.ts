import type { PruneDecision, PruneNews } from '../decide/prune/removals.ts'
import { withNews } from '../decide/prune/removals.ts'
import { whyKeptText } from '../decide/prune/why-kept.ts'
import type { Holding } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
import type { LedgerEvent } from '../model/ledger-event.ts'
import type { PruneRequest } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Hold, Problem } from '../model/trouble.ts'
import { type Pass, useReleases } from './pass-context.ts'
import { decide, type Planned, type Standing } from './plan-pass.ts'

/**
 * Removes what may be removed by now: decided again from what the disk holds after the transfers. The points relied on are
 * read first where they were not read lately (I9); what turns out rotten is recorded, and everything is decided once more.
 */
export async function pruneSurplus(pass: Pass, standing: Standing): Promise<Standing> {
  const { options, tally } = pass
  // If a saved plan is applied, only the paths that it removes.
  const only = options.saved === null ? null : removalsOf(standing)
  if (tally.stopped || !isDecidedAnew(pass, standing, only)) return standing
  const ready = await readyToRemove(pass, standing)
  const { prune, plan } = ready.decided
  const now: Standing = {
    ...standing,
    ...ready,
    observation: { ...standing.observation, destination: ready.holding },
    holds: only?.size === 0 ? [] : plan.holds,
  }
  if (prune === null) return now
  for (const problem of leftOf(ready.decided, ready.holding, only)) tally.trouble(problem)
  const requests = requestsOf(prune, pass).filter(({ path }) => only?.has(path) ?? true)
  if (requests.length === 0) return now
  const { holding, gone } = await remove(requests, pass)
  // A release is for one removal: if nothing was removed, the next pass may still use it.
  const spent = prune.passed.filter(({ series }) => (series === null ? gone.size > 0 : gone.has(series)))
  await useReleases(spent, pass)
  return {
    ...now,
    observation: { ...now.observation, destination: holding },
    used: [...ready.used, ...spent],
  }
}

const removalsOf = ({ plan }: Standing): ReadonlySet<RelPath> =>
  new Set(plan.steps.flatMap(({ action, path }) => (action === 'prune' ? (path as RelPath) : [])))

/** Whether to decide again: something may be removed, a late series may be on time by now, or the newest point is to be remembered. */
const isDecidedAnew = (
  { spec: { retain, prune, expect, destination: near }, tally }: Pass,
  { observation: { destination } }: Standing,
  only: ReadonlySet<RelPath> | null,
): boolean =>
  (only === null
    ? (retain !== null && prune.mode !== 'never') || destination.surplus.size > 0
    : only.size > 0) ||
  ((expect.length > 0 || near.rotate) && tally.published.length > 0)

/** Decides again, once the ledger knows what stopped being wanted and the points relied on have been read. */
async function readyToRemove(
  pass: Pass,
  { observation: { source, destination: before } }: Standing,
): Promise<{ readonly holding: Holding; readonly decided: Planned; readonly used: readonly Hold[] }> {
  const { destination, spec, context, tally, run } = pass
  const decideFor = (holding: Holding): Planned =>
    decide(spec, { source, destination: holding }, { ...context, asOf: run.now(), when: 'now' })
  let holding = tally.published.length > 0 ? await destination.inspect(run) : before
  let decided = decideFor(holding)
  const news = decided.prune?.news ?? null
  const used = news === null ? [] : (decided.prune?.passed ?? []).filter(({ code }) => code === 'prune-cliff')
  if (news !== null) {
    // What stops being wanted is recorded before its time begins to count, and the policy before anything is removed by it.
    await useReleases(used, pass)
    await destination.record(newsEvents(news), run)
    holding = withNews(holding, news, run.now())
    decided = decideFor(holding)
  }
  const toRead = decided.prune?.toRead ?? []
  if (toRead.length > 0) {
    await readAgain(toRead, holding, pass)
    holding = await destination.inspect(run)
    decided = decideFor(holding)
  }
  return { holding, decided, used }
}

/** Returns what is held afterwards, and the series that lost something or will: the next recovery finishes what was begun, unasked. */
async function remove(
  requests: readonly PruneRequest[],
  { destination, tally, run }: Pass,
): Promise<{ readonly holding: Holding; readonly gone: ReadonlySet<string> }> {
  const verdicts = await destination.prune(requests, run)
  const holding = await destination.inspect(run)
  const gone = new Set<string>()
  for (const { path, reason, series } of requests) {
    const verdict = verdicts.get(path)
    if (verdict === undefined) throw new Error(`pruning ${path} came to no verdict`)
    if (verdict.verdict === 'done') tally.prune(path, reason)
    else tally.trouble(verdict.problem)
    if (verdict.verdict === 'done' || holding.begun.has(path)) gone.add(series)
  }
  return { holding, gone }
}

/** Removals of a saved plan that are not made now, except those that a hold explains. */
function leftOf(
  { prune, retention }: Planned,
  holding: Holding,
  only: ReadonlySet<RelPath> | null,
): readonly Problem[] {
  return [...(only ?? [])].flatMap((path) => {
    const point = retention?.pointOf(path) ?? null
    if (!holding.files.has(path) || (point !== null && prune?.remove.has(point))) return []
    const why = point === null ? undefined : prune?.keptBack.get(point)
    return why?.why === 'held'
      ? []
      : [left(path, why === undefined ? 'it is not surplus now' : whyKeptText(why))]
  })
}

const left = (path: string, why: string): Problem => ({
  code: 'prune-left',
  path,
  message: `the plan removes it, but it is still here: ${why}`,
  hint: 'Apply the plan again later, or make a new one.',
})

/** Reads files whose points are to be relied on. Those that are rotten are known to every later pass, and count no more. */
async function readAgain(
  paths: readonly RelPath[],
  holding: Holding,
  { destination, spec, tally, run }: Pass,
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

const requestsOf = (prune: PruneDecision, { spec, origin }: Pass): readonly PruneRequest[] =>
  [...prune.remove].flatMap(([point, because]) =>
    point.facts.map(({ path }) => ({
      path,
      by: 'policy' as const,
      reason: because.join(', '),
      series: point.series,
      point: isoTime(point.time),
      policy: prune.policy,
      basis: prune.basis,
      trashFor: spec.prune.trashFor,
      ...origin,
    })),
  )

const rottenWhenRead = (path: string): Problem => ({
  code: 'rot',
  path,
  message: 'was read again before pruning, and its bytes differ from what was published',
  hint: 'The next run pulls it again if the source still has the same bytes. Check the disk, and look for another copy.',
})

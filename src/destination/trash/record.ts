import type { PruneVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { diskProblem, type Site } from '../publish/site.ts'
import { type InTrash, TRASH_BATCH } from './trash.ts'

type Verdicts = Map<RelPath, PruneVerdict>

/** False: the ledger took no line, and each file has its verdict. */
export async function recorded(
  site: Site,
  all: readonly { readonly path: RelPath }[],
  events: Parameters<Site['ledger']['append']>[0],
  verdicts: Verdicts,
): Promise<boolean> {
  if (events.length === 0) return all.length > 0
  try {
    await site.ledger.append(events)
    return true
  } catch (error) {
    for (const { path } of all)
      verdicts.set(path, { verdict: 'problem', problem: diskProblem(error, 'record', path) })
    return false
  }
}

/** Records these files as done, and those that never can be as failed. */
export async function recordEnds(
  site: Site,
  event: 'prune-done' | 'undo-done' | 'trash-expired',
  done: readonly InTrash[],
  hopeless: readonly InTrash[],
  verdicts: Verdicts,
): Promise<void> {
  const lines = [
    ...done.map(({ path, trash }) => ({ event, path, trash })),
    ...hopeless.map(({ path, trash }) => ({ event, path, trash, failed: true as const })),
  ]
  if (await recorded(site, done, lines, verdicts))
    for (const { path } of done) verdicts.set(path, { verdict: 'done' })
}

export interface Finished {
  readonly done: readonly RelPath[]
  readonly problems: readonly Problem[]
}

/** Carries out what earlier runs began, a batch at a time; a stop is obeyed between two of them. */
export async function finishAll<T>(
  intents: readonly T[],
  { signal }: Run,
  carryOut: (some: readonly T[], verdicts: Verdicts) => Promise<void>,
): Promise<Finished> {
  const verdicts: Verdicts = new Map()
  for (let from = 0; from < intents.length; from += TRASH_BATCH) {
    signal.throwIfAborted()
    await carryOut(intents.slice(from, from + TRASH_BATCH), verdicts)
  }
  return finished(verdicts)
}

export function finished(verdicts: ReadonlyMap<RelPath, PruneVerdict>): Finished {
  const done: RelPath[] = []
  const problems: Problem[] = []
  for (const [path, verdict] of verdicts) {
    if (verdict.verdict === 'done') done.push(path)
    else problems.push(verdict.problem)
  }
  return { done, problems }
}

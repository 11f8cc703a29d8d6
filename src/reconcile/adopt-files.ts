import { anomalyJudge } from '../decide/anomaly/judge.ts'
import type { DigestPair } from '../model/digest.ts'
import type { HeldFile, Holding } from '../model/holding.ts'
import { markerPath } from '../model/marker-name.ts'
import type { Observation } from '../model/observation.ts'
import type { AdoptRequest } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Pass } from './pass-context.ts'
import { choose, type Standing } from './plan-pass.ts'

/** Files hashed and made durable together: few enough for a quick stop and visible progress. */
const AT_ONCE = 500

/**
 * Judges and finishes the data that is already here, and plans again: the new plan knows which files turned out to have other bytes than
 * they should.
 */
export async function adoptFiles(pass: Pass, standing: Standing): Promise<Standing> {
  const { destination, spec, origin, tally, run } = pass
  const { plan, observation } = standing
  const steps = plan.steps.filter((step) => step.action === 'adopt')
  if (steps.length === 0) return standing
  const found = new Map<RelPath, DigestPair>()
  const odd = anomalyJudge(spec, observation, standing.decided.retention)
  for (let from = 0; from < steps.length; from += AT_ONCE) {
    run.signal.throwIfAborted()
    const some = steps.slice(from, from + AT_ONCE)
    const bytes = some.reduce((sum, step) => sum + (step.size ?? 0), 0)
    run.emit({ type: 'gating', backup: spec.name, files: some.length, bytes })
    const requests = some.map((step) => requestOf(step.path as RelPath, observation, origin))
    const verdicts = await destination.adopt(requests, run, odd)
    for (const { path, judge } of requests) {
      const verdict = verdicts.get(path)
      if (verdict === undefined) throw new Error(`adopting ${path} came to no verdict`)
      if (verdict.verdict === 'adopted') tally.adopt(path, verdict.size, verdict.digests[spec.checksum])
      else if (verdict.verdict === 'problem') tally.trouble(verdict.problem)
      else {
        found.set(path, verdict.digests)
        if (judge === 'pair') tally.trouble(rottenPair(path))
      }
    }
  }
  const holding = withFindings(await destination.inspect(run), found)
  const { plan: left, refused, observation: now } = choose(pass, { ...observation, destination: holding })
  return { ...standing, plan: left, refused, observation: now }
}

function requestOf(
  path: RelPath,
  { source, destination }: Observation,
  origin: Pass['origin'],
): AdoptRequest {
  const file = source.files.get(path)
  const marker = file?.marker.state === 'claimed' ? file.marker : null
  const marked = destination.files.get(path)?.marker != null
  const judge = destination.records.has(path) ? 'ledger' : marked ? 'pair' : 'source'
  if (judge === 'source' && marker?.text == null)
    throw new Error(`the plan adopts ${path}, and no marker was read for it`)
  return {
    path,
    judge,
    marker:
      judge === 'source' && marker?.text != null
        ? { path: markerPath(path, marker), text: marker.text, digest: marker.digest }
        : null,
    from: file?.from,
    mtime: file?.listed?.mtime ?? null,
    markerMtime: marker?.mtime ?? null,
    vouched: judge === 'source' ? marker?.by : undefined,
    ...origin,
  }
}

/** The holding with what hashing found. */
function withFindings(holding: Holding, found: ReadonlyMap<RelPath, DigestPair>): Holding {
  if (found.size === 0) return holding
  const files = new Map<RelPath, HeldFile>(holding.files)
  for (const [path, digests] of found) {
    const held = files.get(path)
    if (held !== undefined) files.set(path, { ...held, foundOther: digests })
  }
  return { ...holding, files }
}

const rottenPair = (path: string) => ({
  code: 'rot',
  path,
  message:
    'was here with a marker that does not match it: the marker is now in quarantine, and the data does not count',
  hint: 'It is pulled again if the source still has it.',
})

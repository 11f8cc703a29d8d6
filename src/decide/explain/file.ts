import type {
  FileAtSource,
  FileExplanation,
  FilePoint,
  FileStanding,
  Verdict,
} from '../../model/explanation.ts'
import { isoSeconds, isoTime } from '../../model/instant.ts'
import { markerOf, markerPath } from '../../model/marker-name.ts'
import type { Observation } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { heldSelectorOf } from '../files/dated-name.ts'
import { claimOf, hasFailedGate, isWhole } from '../files/facts.ts'
import { anyOf, explainSelection } from '../files/select.ts'
import { byNameAtSource, nameAtSource } from '../files/versions.ts'
import type { Decided } from '../plan/backup.ts'
import { dateFiles, isGuessed } from '../retention/series-pattern.ts'
import { filesOf, type Point } from '../retention/series-points.ts'
import { suggestPattern } from '../retention/suggest-pattern.ts'
import type { Retention } from '../retention/wanted.ts'
import { zoneOf } from '../time/zone.ts'
import { decideLook, explainedBy, isAbout, type Look, removedFile } from './explained.ts'
import { momentOf, verdicts } from './verdicts.ts'
import { whatNext } from './what-next.ts'

/** The path here of what is asked about, which may be the source's name for it: then its newest version. */
export function pathHere({ observation: { source, destination } }: Look, asked: RelPath): RelPath {
  if (source.files.has(asked) || destination.files.has(asked) || destination.records.has(asked)) return asked
  for (const [from, , path] of byNameAtSource(source.files)) if (from === asked) return path
  const versions = [...destination.records.values()].filter(({ from }) => from === asked)
  return versions.sort((a, b) => (b.mtime ?? 0) - (a.mtime ?? 0))[0]?.path ?? asked
}

/** Every path that can be explained: that either side, the ledger, the trash or a problem knows. */
export function knownPaths({ observation, unselected }: Look, asked: string): ReadonlySet<string> {
  const { source, destination } = observation
  const known = new Set<string>(unselected === null ? [] : [asked])
  for (const map of [source.files, destination.files, destination.records, destination.staged])
    for (const path of map.keys()) known.add(path)
  for (const [from] of byNameAtSource(source.files)) known.add(from)
  for (const { from } of destination.records.values()) if (from !== undefined) known.add(from)
  for (const path of source.links ?? []) known.add(path)
  // A marker is explained with its data.
  for (const { path } of [...source.problems, ...destination.problems])
    if (path !== undefined && !known.has(markerOf(path)?.data ?? '')) known.add(path)
  return known
}

/** Why one file is, or is not, here, and what becomes of it. Pure. */
export function explainFile(spec: Spec, look: Look, path: RelPath): FileExplanation {
  const { observation } = look
  const { destination } = observation
  const decided = decideLook(spec, look)
  const { plan, retention } = decided
  const point = retention?.pointOf(path) ?? null
  const held = destination.files.get(path)
  const record = destination.records.get(path)
  const pruned = held === undefined ? destination.pruned.get(path) : undefined
  const source = observation.source.files.get(path) ?? look.unselected
  const from = source?.from ?? record?.from ?? path
  const steps = plan.steps.filter((step) => step.path === path)
  const isOurs = isAbout(path, spec, from)
  const selection = {
    ...explainSelection(spec, from),
    ...(spec.select.as !== undefined && from === path
      ? { selected: source !== null || heldSelectorOf(spec, destination.records)(path) }
      : {}),
  }
  const asked = wouldGo(spec, look, point)
  const about = { spec, look, path, point, decided, asked, steps, pruned, source, selection }
  return {
    ...explainedBy(
      spec,
      look,
      decided,
      plan.problems.filter((problem) => problem.path === undefined || isOurs(problem)),
    ),
    kind: 'file',
    path,
    ...(from === path ? {} : { sourceName: from }),
    selection,
    point: known(point, (one) => filePoint(path, one, spec, observation)),
    matches: isGuessed(spec.series) || dateFiles(spec.series)(path) !== null,
    wanted: known(point, ({ reasons }) => ({ wanted: reasons !== null, reasons: reasons ?? [] })),
    verdicts: point === null || retention === null ? [] : verdictsOn(point, retention, spec),
    pinnedBy:
      point === null ? [] : (spec.retain?.pin ?? []).filter((pin) => filesOf(point).some(anyOf([pin]))),
    source: known(source, (file) => atSource(path, file, observation)),
    destination: known(held, ({ size, marker }) => ({
      size,
      marker: known(marker, (one) => ({
        path: one.path ?? null,
        digest: one.digest,
        wrong: one.isWrong === true,
      })),
    })),
    staged: known(destination.staged.get(source?.from ?? path), ({ size }) => ({
      bytes: size,
      digest: destination.seen.get(source?.from ?? path)?.stagedFor ?? null,
      unwantedSince: known(destination.abandoned.get(source?.from ?? path), isoTime),
    })),
    ledger: known(record, ({ size, md5, sha256, since, readAt, isRotten, planId, revision = null }) => ({
      size,
      md5,
      sha256,
      since: isoTime(since),
      readAt: isoTime(readAt),
      rotten: isRotten === true,
      planId,
      revision,
    })),
    pruned: known(pruned, (one) => removedFile(path, one, spec, look)),
    steps,
    ...whatNext(about),
  }
}

const known = <Value, Told>(value: Value | null | undefined, tell: (value: Value) => Told): Told | null =>
  value == null ? null : tell(value)

function filePoint(path: RelPath, point: Point, { series }: Spec, observation: Observation): FilePoint {
  return {
    series: point.series,
    ...(isGuessed(series) && point.series !== UNDATED ? { pattern: suggestPattern(path) } : {}),
    ...momentOf(point.time, zoneOf(series.timezone)),
    dated: point.dated,
    ahead: point.isAhead,
    standing: point.standing,
    others: filesOf(point)
      .filter((other) => other !== path)
      .map((other) => ({ path: other, standing: fileStanding(other, observation) })),
  }
}

function fileStanding(path: RelPath, { source, destination }: Observation): FileStanding {
  const held = destination.files.get(path)
  if (isWhole(held, destination.records.get(path))) return 'published'
  if (held !== undefined) return 'here'
  const there = source.files.get(path)
  if (there === undefined) return 'gone'
  const { state } = there.marker
  return there.listed !== null && (state === 'claimed' || state === 'unread') ? 'finished' : 'unfinished'
}

/** Held against the points that were counted with it, as its reasons were. */
function verdictsOn(point: Point, { series }: Retention, spec: Spec): readonly Verdict[] {
  if (spec.retain === null || point.isAhead) return []
  const isAlone = point.series === UNDATED && isGuessed(spec.series)
  const all = (isAlone ? [point] : (series.get(point.series) ?? [])).filter(({ isAhead }) => !isAhead)
  const counted =
    point.standing === 'unfinished' ? all : all.filter(({ standing }) => standing !== 'unfinished')
  return verdicts(counted, point, spec.retain, zoneOf(spec.series.timezone))
}

function atSource(path: RelPath, file: SourceFile, { destination }: Observation): FileAtSource {
  const { listed, marker } = file
  const name = nameAtSource(path, file)
  const seen = destination.seen.get(name)
  const by = marker.state === 'claimed' ? marker.by : undefined
  const isRemembered = marker.state === 'claimed' && marker.text === null
  return {
    size: listed?.size ?? null,
    mtime: known(listed?.mtime, isoSeconds),
    marker: marker.state,
    ...(marker.state === 'none' && marker.isOlder ? { isOlder: true as const } : {}),
    markerPath: 'suffix' in marker && by === undefined ? markerPath(name, marker) : null,
    ...('quiet' in marker && marker.quiet !== undefined ? { quietSince: isoTime(marker.quiet.at) } : {}),
    ...(by === undefined ? {} : { by }),
    digest: claimOf(file),
    readAt: isRemembered ? known(seen?.readAt, isoTime) : null,
    waitingSince: marker.state === 'none' ? known(seen?.waitingSince, isoTime) : null,
    failedAt: hasFailedGate(seen, file) ? known(seen?.gate?.at, isoTime) : null,
  }
}

/** What would become of a surplus point if a person asked for a prune, which `prune.mode: manual` waits for. */
function wouldGo(spec: Spec, look: Look, point: Point | null): Decided | null {
  if (point === null || point.reasons !== null || spec.prune.mode !== 'manual') return null
  const { context } = look
  return decideLook(spec, { ...look, context: { ...context, asked: true } })
}

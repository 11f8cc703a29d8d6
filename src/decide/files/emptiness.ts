import type { Holding } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { Instead, Observation, SourceView } from '../../model/observation.ts'
import { makesWhole, type Step } from '../../model/plan.ts'
import { baseName, comparePaths, type RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Newer } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import { joined } from '../status/conditions.ts'
import { FIRST_FILE, type SeriesView } from '../status/series.ts'
import { heldSelectorOf } from './dated-name.ts'
import { isWhole } from './facts.ts'
import { nameAtSource } from './versions.ts'

/** Nothing is asked of a backup whose series have all ended. */
export const isEnded = (views: readonly SeriesView[]): boolean =>
  views.length > 0 && views.every(({ status }) => status.state === 'ended')

/** Whether any selected file is here, whole. */
function holdsAnything(spec: Spec, { records, files }: Pick<Holding, 'records' | 'files'>): boolean {
  const wanted = heldSelectorOf(spec, records)
  for (const [path, record] of records) if (wanted(path) && isWhole(files.get(path), record)) return true
  return false
}

/** Whether a file is yet to be looked at a second time, or the source's rsync is yet to be asked about one. */
export function isAwaitingQuiet({ files }: Pick<SourceView, 'files'>): boolean {
  for (const { marker } of files.values()) if ('quiet' in marker && marker.quiet !== undefined) return true
  return false
}

/** A series of which the source shows something, and of which nothing has ever been held: its first file is awaited. */
export const isAwaited = ({ status }: SeriesView, newer: Newer): boolean =>
  status.newest === null && status.state !== 'ended' && ['coming', 'no-marker', 'refused'].includes(newer)

/**
 * I14: what keeps a backup from holding anything at all, or anything of a new series, and files with a checksum next to them that does not
 * count. `views`: with what is on its way counted as here.
 */
export function findUnfinished(
  spec: Spec,
  observation: Observation,
  steps: readonly Step[],
  {
    views,
    newerOf,
  }: { readonly views: readonly SeriesView[]; readonly newerOf: (view: SeriesView) => Newer },
  asOf: Instant,
): readonly Problem[] {
  const { source, destination } = observation
  if (isEnded(views)) return []
  const brings = steps.some((step) => makesWhole(step))
  if (source.files.size > 0 && !brings && !isAwaitingQuiet(source) && !holdsAnything(spec, destination))
    return [empty(spec, observation)]
  const late = views.filter((view) => {
    const since = destination.awaited.get(view.status.series)
    return since !== undefined && asOf - since > FIRST_FILE && isAwaited(view, newerOf(view))
  })
  const waiting = steps.flatMap(({ action, path }) => (action === 'wait' ? [path as RelPath] : []))
  return [
    ...otherChecksums(
      spec,
      waiting.map((path) => nameAtSource(path, source.files.get(path))),
      source.instead,
    ),
    ...(late.length === 0 || views.every(({ status }) => status.points === 0)
      ? []
      : [seriesEmpty(late.map(({ status }) => status.series))]),
  ]
}

function otherChecksums(
  { checksum }: Spec,
  waiting: readonly RelPath[],
  instead: Instead | undefined,
): readonly Problem[] {
  if (instead === undefined || instead.suffixes.size === 0) return []
  const paths = waiting.filter((path) => instead.suffixes.has(path)).sort(comparePaths)
  const [first] = paths
  if (first === undefined) return []
  const suffix = instead.suffixes.get(first)!
  const names = paths.map((path) => `${path}${instead.suffixes.get(path)}`)
  return [
    {
      code: 'other-checksum',
      ...(paths.length === 1 ? { path: first } : {}),
      message:
        paths.length === 1
          ? `has no .${checksum} next to it at the source, only ${suffix}, which does not count here`
          : `${paths.length} files have no .${checksum} next to them at the source, only what does not count here: ${joined(names)}`,
      hint: adviceOn(suffix, checksum),
    },
  ]
}

/** What is expected, what is there instead, and what to do. */
function empty(
  { name, checksum, finished, source: { listing } }: Spec,
  { source, destination }: Observation,
): Problem {
  const { files, instead } = source
  const removed = [...files.keys()].filter((path) => destination.pruned.get(path)?.by === 'person')
  if (removed.length === files.size)
    return {
      code: 'empty',
      message: `nothing complete is held: all that is selected at the source was removed here by hand: ${joined(removed)}`,
      hint: `What is still in the trash comes back with reconcile prune ${name} --undo FILE; it is never pulled again.`,
    }
  const unmarked = [...files]
    .flatMap(([path, file]) =>
      file.listed !== null && file.marker.state === 'none' ? [nameAtSource(path, file)] : [],
    )
    .sort(comparePaths)
  const isOlder = [...files.values()].some(({ marker }) => marker.state === 'none' && marker.isOlder === true)
  const unlisted = [...files.values()].filter(({ listed }) => listed === null).length
  const count = files.size === 1 ? '1 file is' : `${files.size} files are`
  const begin = `nothing complete is held: ${count} selected at the source, and `
  const [first] = unmarked
  if (first === undefined)
    return {
      code: 'empty',
      message:
        unlisted === files.size
          ? `${begin}none that ${listing ?? 'the list'} names is there`
          : `${begin}none can be taken as it is`,
      hint:
        unlisted === files.size
          ? 'Check what writes the list, and source.path in the spec.'
          : 'Check what else is reported about them, and run reconcile explain.',
    }
  if (finished.kind === 'sums')
    return {
      code: 'empty',
      message: isOlder
        ? `${begin}${finished.name} is older than what it names, so of an earlier version`
        : `${begin}no ${finished.name} there names one of them with its ${checksum}`,
      hint: `Have the job that makes the files write it as its last step, in their folder: ${checksum}sum FILE… > ${finished.name}`,
    }
  const marker = `${baseName(first)}.${checksum}`
  const other = unmarked.find((path) => instead?.suffixes.has(path))
  const suffix = other === undefined ? undefined : instead?.suffixes.get(other)
  const there =
    other !== undefined && suffix !== undefined
      ? `there is only ${baseName(other)}${suffix}`
      : instead?.sums != null
        ? `there is only ${instead.sums}, which finishes files only with finished: { sums: ${baseName(instead.sums)} }`
        : isOlder
          ? 'the one that is there is older than it, so of an earlier version'
          : 'there is no checksum file next to them'
  return {
    code: 'empty',
    message: `${begin}${unmarked.length === files.size ? 'none is' : unmarked.length === 1 ? '1 is not' : `${unmarked.length} are not`} finished: expected ${marker} next to ${baseName(first)} (checksum: ${checksum}); ${there}`,
    hint: suffix === undefined ? writeMarkers(checksum) : adviceOn(suffix, checksum),
  }
}

const writeMarkers = (checksum: Spec['checksum']): string =>
  `Have the job that makes the files write a checksum next to each, as its last step: ${checksum}sum X > X.${checksum}`

/** What to do where there is only a checksum of another form next to a file. */
function adviceOn(suffix: string, checksum: Spec['checksum']): string {
  const kind = /^\.(md5|sha256)/i.exec(suffix)?.[1]?.toLowerCase()
  return kind === undefined || kind === checksum
    ? writeMarkers(checksum)
    : `Set checksum: ${kind} in the spec; or ${writeMarkers(checksum).replace('H', 'h')}`
}

const seriesEmpty = (names: readonly string[]): Problem => ({
  code: 'series-empty',
  message: `${names.length === 1 ? 'a series has' : `${names.length} series have`} been at the source for over a day, and nothing of ${names.length === 1 ? 'it' : 'them'} is held: ${joined(names)}`,
  hint: 'Check whether its files get their markers, or exclude them; for a series that gets no more files, write expect: { series: NAME, every: never }.',
})

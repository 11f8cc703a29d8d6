import { byNameAtSource, versionsOf } from '../decide/files/versions.ts'
import { nextToAsk, withAnswers } from '../decide/look/claims.ts'
import { neededMarkers, unreadNames } from '../decide/look/markers-to-read.ts'
import { problemOf } from '../model/failure.ts'
import type { Instant } from '../model/instant.ts'
import { UNKNOWN_BOOT } from '../model/listing.ts'
import type { Observation, SourceView } from '../model/observation.ts'
import type { Shown, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { SourceFile } from '../model/source-file.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'

/** By the source's names: of its files whose claims are wanted and can be asked for, those that are asked for next: a part, so that transfers begin soon. */
export const claimsToAsk = (
  spec: Spec,
  observation: Observation,
  mustRead: ReadonlySet<RelPath>,
  asOf: Instant,
): readonly RelPath[] =>
  spec.finished.kind !== 'quiet'
    ? []
    : nextToAsk(
        unreadNames(neededMarkers(spec, observation, mustRead, asOf), observation.source.files),
        atSource(observation.source),
      )

const atSource = ({ files }: SourceView): ReadonlyMap<RelPath, SourceFile> =>
  new Map(Array.from(byNameAtSource(files), ([from, file]) => [from, file]))

/** Asks the source's rsync for the digests of these files. What it could not do is a problem of the view. */
export async function askClaims(
  source: Source,
  spec: Spec,
  { source: view, destination }: Observation,
  paths: readonly RelPath[],
  run: Run,
): Promise<SourceView> {
  if (paths.length === 0) return view
  const shownBefore = atSource(view)
  const versions = versionsOf(spec, destination)
  const files = paths.map((path) => {
    const { listed, marker } = shownBefore.get(path)!
    const stops = marker.state === 'unread' ? (marker.quiet?.stops ?? 0) : 0
    return { path, size: listed?.size ?? 0, stops }
  })
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  run.emit({ type: 'asking', backup: spec.name, files: files.length, bytes })
  const stops = Math.max(...files.map((one) => one.stops))
  const answered = (shown: ReadonlyMap<RelPath, Shown> | null): SourceView => {
    const after = withAnswers(shownBefore, paths, shown, { at: run.now(), ...UNKNOWN_BOOT })
    return versions?.viewOf({ ...view, files: after }) ?? { ...view, files: after }
  }
  try {
    return answered(await source.look(files, { digests: true, stops }, run))
  } catch (error) {
    const failure = failureFrom(error, run.signal)
    const isSlow = failure.code === 'source-silent' || failure.code === 'source-stalled'
    const left = isSlow ? answered(null) : view
    return { ...left, problems: [...left.problems, problemOf(failure)], isMute: true }
  }
}

import { nextToAsk, withAnswers } from '../decide/look/claims.ts'
import { neededMarkers } from '../decide/look/markers-to-read.ts'
import { problemOf } from '../model/failure.ts'
import type { Instant } from '../model/instant.ts'
import { UNKNOWN_BOOT } from '../model/listing.ts'
import type { Observation, SourceView } from '../model/observation.ts'
import type { Shown, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'

/** A source's disk reads at least this fast; bytes a second. */
const READ_RATE = 20 * 1024 * 1024

/** Seconds in which a source has read these files. */
export const patienceFor = (files: readonly { readonly size: number }[]): number =>
  files.reduce((sum, { size }) => sum + size, 0) / READ_RATE

/** Of the source's files whose claims are wanted and can be asked for, those that are asked for next: a part, so that transfers begin soon. */
export const claimsToAsk = (
  spec: Spec,
  observation: Observation,
  mustRead: ReadonlySet<RelPath>,
  asOf: Instant,
): readonly RelPath[] =>
  spec.finished.kind !== 'quiet'
    ? []
    : nextToAsk(neededMarkers(spec, observation, mustRead, asOf), observation.source.files)

/** Asks the source's rsync for the digests of these files. What it could not do is a problem of the view. */
export async function askClaims(
  source: Source,
  spec: Spec,
  view: SourceView,
  paths: readonly RelPath[],
  run: Run,
): Promise<SourceView> {
  if (paths.length === 0) return view
  const files = paths.flatMap((path) => view.files.get(path)?.listed ?? [])
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  run.emit({ type: 'asking', backup: spec.name, files: paths.length, bytes })
  const stops = paths.map((path) => {
    const marker = view.files.get(path)?.marker
    return marker?.state === 'unread' ? (marker.quiet?.stops ?? 0) : 0
  })
  const patience = patienceFor(files) * 2 ** Math.max(...stops)
  const answered = (shown: ReadonlyMap<RelPath, Shown> | null, now: Parameters<typeof withAnswers>[3]) =>
    withAnswers(view.files, paths, shown, now)
  const now = { at: run.now(), ...UNKNOWN_BOOT }
  try {
    const shown = await source.look(paths, { digests: true, patience }, run)
    return { ...view, files: answered(shown, now) }
  } catch (error) {
    run.signal.throwIfAborted()
    const failure = failureFrom(error)
    const isSlow = failure.code === 'source-silent' || failure.code === 'source-stalled'
    return {
      ...view,
      ...(isSlow ? { files: answered(null, now) } : {}),
      problems: [...view.problems, problemOf(failure)],
    }
  }
}

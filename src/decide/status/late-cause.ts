import type { Instant } from '../../model/instant.ts'
import type { SourceView } from '../../model/observation.ts'
import type { GoneHere, LateCause, Newer } from '../../model/status.ts'
import type { Point } from '../retention/series-points.ts'

/** What is known of a late series when its cause is asked for. */
export interface CauseFacts {
  readonly isSuspended: boolean
  /** What stops the whole backup. A lack of room counts only where something is to come. */
  readonly stopped: 'held' | 'halted' | null
  /** When the source was last looked at, or a look was tried; null: never. */
  readonly lookedAt: Instant | null
  readonly due: Instant | null
  /** A pass is at it now. */
  readonly isUnderWay: boolean
  readonly isReachable: boolean
  readonly newer: Newer
  /** Nothing would be late if it were here. */
  readonly gone: GoneHere | null
  /** What is coming had its turn, and is not here. False: it is what the next pass brings. */
  readonly hadItsTurn: boolean
}

/** Why a late series is late; null: unknown. The first that holds counts. Pure. */
export function lateCause(facts: CauseFacts): LateCause | null {
  const { newer, lookedAt, due, gone } = facts
  // Neither the source nor the line is to blame for what was here.
  if (gone !== null && newer !== 'coming') return gone.removed === null ? 'lost-here' : 'removed-here'
  if (facts.isSuspended) return 'suspended'
  if (facts.stopped === 'held') return 'held'
  if (facts.stopped === 'halted' && (newer === 'coming' || newer === 'unknown')) return 'halted'
  // What the source had before the point was due tells nothing.
  if (lookedAt === null || (due !== null && !(lookedAt >= due)))
    return facts.isUnderWay ? 'line-slow' : 'not-looked'
  if (!facts.isReachable) return 'source-unreachable'
  switch (newer) {
    case 'coming':
      return facts.hadItsTurn ? 'line-slow' : 'coming'
    case 'none':
      return 'producer-silent'
    case 'unclear':
      return 'source-unclear'
    case 'unknown':
      return null
    default:
      return newer
  }
}

const WORDS: Readonly<Record<LateCause, string>> = {
  suspended: 'the backup is suspended',
  held: 'the backup is held',
  halted: 'the backup is halted',
  'not-looked': 'no pass has looked at the source since it was due',
  'source-unreachable': 'the source could not be listed',
  'source-unclear': 'the source could not be listed whole',
  coming: 'it is finished at the source and comes next',
  'line-slow': 'the transfer is too slow, or was cut short: what is newer has not fully arrived',
  'no-marker': 'the file is at the source and has no marker: it is not finished',
  refused: 'a newer file is at the source and was not accepted: its own problem says why',
  unwanted: 'the source has newer ones, and retain wants none of them',
  'beside-pattern':
    'the source has newer files, and their names fit no series.pattern: they count for no series',
  'producer-silent': 'the producer is silent: the source has nothing newer',
  'removed-here': 'its newest point was removed here by hand',
  'lost-here': 'its newest point was here, and is gone or damaged',
}

/** One that another version wrote, in a saved plan, stands for itself. */
export function describeCause(cause: LateCause, gone: GoneHere | undefined): string {
  if (gone === undefined) return Object.hasOwn(WORDS, cause) ? WORDS[cause] : cause
  const { path, removed } = gone
  if (removed === null) return `${path} was here, and is gone or damaged`
  const next = removed.inTrash ? 'prune --undo puts it back' : 'it is not pulled again'
  return `${path} was removed here by hand at ${removed.at} (${removed.reason}): ${next}`
}

const BEST: readonly Newer[] = ['coming', 'no-marker', 'refused', 'unwanted']

/**
 * What the source has of one series beyond its newest complete point here. `beside`: the time of its newest file that fits no pattern, which
 * may be one of this series under another name.
 */
export function newerAtSource(
  points: readonly Point[],
  newest: Instant | null,
  { completeness, files }: SourceView,
  beside: Instant | null,
): Newer {
  if (completeness === 'unknown') return 'unknown'
  const kinds = new Set<Newer>()
  for (const point of points) {
    if (point.isAhead || point.standing === 'whole' || (newest !== null && point.madeAt <= newest)) continue
    const shown = point.facts.flatMap(({ path }) => files.get(path) ?? [])
    if (point.standing === 'coming') kinds.add(point.reasons === null ? 'unwanted' : 'coming')
    else if (shown.some(({ listed, marker }) => listed === null || marker.state === 'none'))
      kinds.add('no-marker')
    else if (shown.length > 0) kinds.add('refused')
  }
  const best = BEST.find((kind) => kinds.has(kind))
  if (best === undefined && beside !== null && (newest === null || beside > newest)) return 'beside-pattern'
  return best ?? (completeness === 'complete' ? 'none' : 'unclear')
}

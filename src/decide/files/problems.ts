import type { Holding } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import type { Observation } from '../../model/observation.ts'
import type { RefusedNames } from '../../model/ports.ts'
import { comparePaths, foldName, type RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Finished, Spec } from '../../model/spec.ts'
import type { Problem, Warning } from '../../model/trouble.ts'
import { policyText } from '../retention/retain.ts'
import type { FileFacts } from './facts.ts'

/** The problems a decision can find with one file, in words. */

export const sourceChanged = (path: string): Problem => ({
  code: 'source-changed',
  path,
  message: 'the data at the source has changed, but its marker still has the checksum of our copy',
  hint: 'Our copy matches the marker and was left alone. If the new data is intended, write its marker again at the source.',
})

export const unmarkedHere = (path: string): Problem => ({
  code: 'unmarked',
  path,
  message:
    'in the destination without a marker, and no longer at the source: whether it is complete is unknown',
  hint: 'Put its marker next to it if you have one, exclude it in the spec, or move it away.',
})

export const markerUnreadableHere = (path: string): Problem => ({
  code: 'marker-unreadable-here',
  path,
  message: 'in the destination next to a marker without its checksum: whether it is complete is unknown',
  hint: "Check the marker next to it. Once that is moved away, the file is judged by the source's marker.",
})

export const tooLargeAtSource = (path: string, size: number, limit: number): Problem => ({
  code: 'too-large',
  path,
  message: `has ${humanSize(size)} at the source, over transfer.maxFileSize (${humanSize(limit)})`,
  hint: 'Raise transfer.maxFileSize in the spec if the file is meant to be that large.',
})

/** Its marker is that of an earlier version. */
export const isOlder = ({ marker }: Pick<SourceFile, 'marker'>): boolean =>
  marker.state === 'none' && marker.isOlder === true

/** What a file that is not finished waits for. */
export function awaited({ finished, checksum }: Spec, { marker }: SourceFile): string {
  const older = isOlder({ marker })
  switch (finished.kind) {
    case 'marker':
      return older ? `its .${checksum} is older than it: that of an earlier version` : `no .${checksum} yet`
    case 'sums':
      return older
        ? `${finished.name} is older than it: it names an earlier version`
        : `not named in ${finished.name} yet`
    case 'quiet':
      return marker.state === 'unread'
        ? 'unchanged; the source is asked for its md5 when its turn comes'
        : 'its second look, unchanged, is yet to come'
  }
}

const WAITS_FOR: Record<Finished['kind'], string> = {
  marker: 'The job that makes it writes the marker last. Check that it still runs, or exclude the file.',
  sums: 'The job that makes it writes the sums file last. Check that it still runs, or exclude the file.',
  quiet:
    'Something changes it, or passes come seldom: two looks are needed. Check what writes it, or exclude it.',
}

export const waitOverdue = (
  path: string,
  finished: Finished = { kind: 'marker' },
  isOlder = false,
): Problem => ({
  code: 'wait-overdue',
  path,
  message: 'waiting for over a day to be finished at the source',
  hint: isOlder
    ? 'What says that it is finished is older than it. Have the job that makes it write the checksum last, each time.'
    : WAITS_FOR[finished.kind],
})

/** Said by the pass that saw the gate fail twice, and by those after it. */
export const checksumFailed = (path: string, claim: string): Problem => ({
  code: 'checksum-failed',
  path,
  message: `what the source sends does not match its marker (${claim}), twice: it is not published`,
  hint: 'Check the file and its marker at the source. It is fetched again when either changes, or after a day.',
})

export const missingHere = (path: string, rest: string): Problem => ({
  code: 'missing-here',
  path,
  message: `was published and is gone from the destination; ${rest}`,
  hint: 'It is pulled again as soon as the source shows it with the same digest.',
})

/** What a person does about a file of which no good copy is here, nor at the source. */
export const PUT_BACK = 'Put the file and its marker back from another copy, and run reconcile verify'

export const lossAccepted = (path: string): Warning => ({
  code: 'loss-accepted',
  message: `${path} is whole here, and acknowledge accepts its loss: if it rots or goes, a pass does not report that as lost`,
  hint: 'Remove its entry from acknowledge in the spec.',
})

/** `rest`: why the source does not replace it. */
export const rot = (path: string, because: string, rest: string): Problem => ({
  code: 'rot',
  path,
  message: `the copy here is not what was published: ${because}; ${rest}`,
  hint: 'Check the disk. It is repaired as soon as the source shows the same bytes; or put them back from another copy, and run reconcile verify.',
})

export const goneUnwanted = (path: string, { retain }: Spec): Problem => ({
  code: 'missing-here',
  path,
  message:
    'was published and is gone from the destination; it is not pulled again, because nothing wants it any more',
  hint: `Retention (${retain === null ? 'none' : policyText(retain)}) does not keep it. If it was removed on purpose, acknowledge its path and digest in the spec; to remove a file on the record, use reconcile prune.`,
})

/**
 * I6: a name at the source that a case-folding file system would take for one held here under another spelling is refused before
 * any byte, and so is one that the file system does not take at all. (Names that collide among themselves at the source are refused by
 * the listing.)
 */
export function clashFinder(
  destination: Holding,
  refused: RefusedNames | null,
): (facts: FileFacts) => Problem | null {
  let folded: Map<string, RelPath> | null = null
  return ({ path, held, record }) => {
    if (held !== undefined || record !== undefined) return null
    if (refused?.isSure === true && refused.paths.has(path)) return nameRefused(path, refused)
    folded ??= new Map(Array.from(destination.files.keys(), (one) => [foldName(one), one]))
    const other = folded.get(foldName(path))
    if (other === undefined) return null
    return {
      code: 'name-collision',
      path,
      message: `differs from ${other}, which is held here, only in letter case or in how its letters are composed`,
      hint: 'Rename one of them at the source, or exclude it in the spec.',
    }
  }
}

const OTHER_NAME =
  'Rename it at the source, exclude it in the spec, or keep the copies on a file system such as ext4.'

const nameRefused = (path: string, { filesystem }: RefusedNames): Problem => ({
  code: 'name-refused',
  path,
  message: `the destination's file system (${filesystem}) does not take this name: nothing of it is fetched`,
  hint: OTHER_NAME,
})

/** Where only trying would tell, and nothing may be written. */
export const doubtfulNames = (refused: RefusedNames | null): readonly Warning[] =>
  refused === null || refused.isSure
    ? []
    : [
        {
          code: 'name-doubtful',
          message: `the destination's file system (${refused.filesystem}) may not take ${firstFew([...refused.paths])}: a pass tries it before it fetches anything`,
          hint: OTHER_NAME,
        },
      ]

export const isNothingFound = ({ completeness, files }: Observation['source']): boolean =>
  completeness === 'complete' && files.size === 0

export const nothingFound = (spec: Spec, kept: number): Problem => ({
  code: 'nothing-found',
  message:
    kept === 0
      ? 'the source contains nothing that this spec selects: there is nothing to back up'
      : `the source no longer contains anything that this spec selects; ${kept} published files stay`,
  hint: `Check source.path, source.listing and select in ${spec.file}, and the folder at the source.${confinedTo(spec.source)}`,
})

/** Why what is seen may be another folder than is meant: only its keeper knows which one a key is limited to. */
export const confinedTo = (source: Spec['source']): string =>
  source.kind === 'local' || source.path.startsWith('/')
    ? ''
    : ` If rrsync limits the key, source.path (${JSON.stringify(source.path)}) counts from the DIR of command="rrsync -ro DIR" in authorized_keys of ${source.user} at ${source.host}. Check that the two agree.`

const NAMED = 3

const firstFew = (paths: readonly string[]): string => {
  const named = paths.toSorted(comparePaths).slice(0, NAMED).join(', ')
  return paths.length > NAMED ? `${named} and ${paths.length - NAMED} more` : named
}

/** One for all the symlinks under selected names: `latest` next to what it points to is common, and nothing is wrong with it. */
export function linksWarning(links: readonly string[]): readonly Warning[] {
  if (links.length === 0) return []
  return [
    {
      code: 'links-skipped',
      message:
        links.length === 1
          ? `${links[0]} is a symlink at the source: it is not followed`
          : `${links.length} symlinks at the source are not followed: ${firstFew(links)}`,
      hint: 'Nothing is lost if it points to a file that is selected itself. Otherwise put the file there in its place; to silence this, add the link to select.exclude.',
    },
  ]
}

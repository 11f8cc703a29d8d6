import { anomalyText } from '../decide/anomaly/problems.ts'
import { spanText } from '../decide/status/freshness.ts'
import { humanSize } from '../model/human-size.ts'
import { isoSeconds } from '../model/instant.ts'
import type { DamageCode, DrillEvent, FileEvent, LedgerLine, PruneBegin } from '../model/ledger-event.ts'
import { counted } from './human-count.ts'
import { humanDuration } from './human-time.ts'

/** Paths of one line that are named; more are counted. */
const NAMED = 3

/** Turns a time in UTC into what people are shown. */
type Show = (time: string) => string

/** What one line of a ledger says: what happened, by which plan and commit, who vouched, why. Raw text of one line. */
export const ledgerSentence = (line: LedgerLine, show: Show = (time) => time): string =>
  line.clock === undefined
    ? said(line, show)
    : `${said(line, show)} (the clock was not believed: ${line.clock})`

function said(line: LedgerLine, show: Show): string {
  switch (line.event) {
    case 'created':
      return `this destination began, with the id ${line.id}`
    case 'published':
      return `published ${line.path} (${bytesOf(line)})${nameThere(line)}: ${vouched(line, 'at the source vouches for it')}${odd(line)}${byWhat(line)}`
    case 'adopted':
      return `adopted ${line.path} (${bytesOf(line)}), which was here already${nameThere(line)}: ${vouched(line, 'vouches for it')}${odd(line)}${byWhat(line)}`
    case 'repaired':
      return `repaired ${line.path} (${bytesOf(line)}) with the bytes that were published before${nameThere(line)}${byWhat(line)}`
    case 'repair-begin':
      return `began to repair ${line.path} (${bytesOf(line)}); the damaged copy goes to quarantine/${line.quarantine}${byWhat(line)}`
    case 'repair-done':
      return `the repair of ${line.path} is done; what was there before is in quarantine/${line.quarantine}`
    case 'rot':
      return `${line.path} was found rotten: its bytes are not what its marker says, and the marker is in quarantine/${line.quarantine}`
    case 'recovered':
      return `the ledger's last write was cut off: ${counted(line.bytes, 'byte')} of it are in quarantine/${line.quarantine}`
    case 'rebuilt': {
      const old = line.oldHead === null ? 'it had no good line' : `its head was ${line.oldHead}`
      const where =
        line.quarantine === null
          ? 'there was none before'
          : `the old one is in quarantine/${line.quarantine}; ${old}`
      return `the ledger was started anew: ${where}`
    }
    case 'released':
      return `${line.by} released the hold ${line.hold} (${line.code}): ${line.reason}`
    case 'clock-believed':
      return 'the clock is believed from here on: what an unbelieved one dated happened by now at the latest'
    case 'verified':
      return `read ${line.path} again: the bytes are those that were published`
    case 'same':
      return `the source's ${line.from} of ${show(isoSeconds(line.mtime))} has the same bytes as ${line.path}: nothing was pulled`
    case 'rotten':
      return `read ${line.path} again, and it has rotted: the bytes are not those that were published`
    case 'damaged':
      return DAMAGE[line.code]?.(line.path) ?? `${line.path} is damaged: ${line.code}`
    case 'foreign':
      return line.paths.length === 0
        ? 'everything under the destination is in the ledger again'
        : `found under the destination, and not in the ledger: ${fewOf(line.paths)}`
    case 'proven':
      return `${drilled(line, show)} is proven: restored in ${humanDuration(line.restoreSeconds)}, and the drill ${line.drill} passed in ${humanDuration(line.drillSeconds)}`
    case 'drill-failed':
      return `${drilled(line, show)} is not proven: the drill ${line.drill} failed: ${line.why}`
    case 'prune-terms': {
      const { keepAtLeast, minAge, trashFor } = line
      const terms = [
        ...(keepAtLeast === undefined ? [] : [`at least ${counted(keepAtLeast, 'point')} kept`]),
        ...(minAge === undefined ? [] : [`surplus for ${spanText(minAge)} first`]),
        ...(trashFor === undefined ? [] : [`${spanText(trashFor)} in the trash`]),
      ]
      return `removals go by these terms from here on: ${[...terms, `policy ${short(line.policy)}`].join(', ')}`
    }
    case 'surplus':
      return `no rule keeps ${fewOf(line.paths)} any more`
    case 'wanted':
      return `the rules keep ${fewOf(line.paths)} again`
    case 'prune-begin':
      return `began to remove ${line.path} (series ${line.series}, point of ${show(line.point)}): ${whyRemoved(line)}${byWhat(line)}`
    case 'prune-done':
      return line.failed === true
        ? `${line.path} was not removed after all: it is as it was before`
        : `removed ${line.path}; it is in trash/${line.trash}`
    case 'undo-begin':
      return `${line.by} began to bring ${line.path} back out of trash/${line.trash}: ${line.reason}`
    case 'undo-done':
      return line.failed === true
        ? `${line.path} was not brought back: all is as it was before`
        : `${line.path} is back out of trash/${line.trash}`
    case 'trash-expired':
      return `${line.path} left the trash for good: its time in trash/${line.trash} was over`
    case 'staging-abandoned':
      return `the staged bytes of ${line.path} are not wanted any more: ${line.why}`
    case 'staging-wanted':
      return `the staged bytes of ${line.path} are wanted again`
    case 'staging-expired':
      return `the staged bytes of ${line.path} were removed: nothing wanted them`
    default:
      return `a line that this version does not know: ${unknownEvent(line)}`
  }
}

/** A later version may have written it. */
const unknownEvent = (line: never): string => (line as { readonly event: string }).event

type Facts = Omit<FileEvent, 'event'>

const bytesOf = ({ size, md5 }: Facts): string => `${humanSize(size)}, md5 ${short(md5)}`

const nameThere = ({ from }: Facts): string => (from === undefined ? '' : `, ${from} at the source`)

function vouched({ vouched: by, marker }: Facts, does: string): string {
  if (by === undefined) return `${marker.name} ${does}`
  return by === 'sums' ? 'a sums file at the source vouches for it' : "the source's own rsync vouches for it"
}

/** What was unusual when it came. */
const odd = ({ anomalies = [] }: Facts): string => anomalies.map((one) => `; ${anomalyText(one)}`).join('')

const DAMAGE: Readonly<Record<DamageCode, (path: string) => string>> = {
  'missing-here': (path) => `${path} is gone, and no prune removed it`,
  'marker-missing': (path) => `the marker of ${path} is gone`,
  'marker-altered': (path) => `the marker of ${path} is not what was published`,
}

function drilled({ series, point, files, paths, bytes }: DrillEvent, show: Show): string {
  const what = point === null ? `${paths[0]}${files === 1 ? '' : ', …'}` : `the point of ${show(point)}`
  return `${what} of series ${series} (${counted(files, 'file')}, ${humanSize(bytes)})`
}

const byWhat = ({ planId, revision }: Pick<Facts, 'planId' | 'revision'>): string =>
  [
    ...(planId === null ? [] : [`plan ${short(planId)}`]),
    ...(revision == null ? [] : [`commit ${short(revision)}`]),
  ].reduce((text, part, i) => `${text}${i === 0 ? '; ' : ', '}${part}`, '')

const whyRemoved = ({ by, reason, trashFor, trash }: PruneBegin): string =>
  `${by === 'person' ? 'a person said: ' : ''}${reason}; to trash/${trash}${trashFor === undefined ? '' : ` for ${spanText(trashFor)}`}`

function fewOf(paths: readonly string[]): string {
  const named = paths.slice(0, NAMED).join(', ')
  return paths.length <= NAMED ? named : `${counted(paths.length, 'file')} (${named}, …)`
}

const short = (digest: string): string => digest.slice(0, 8)

import type { Check, DestinationFacts } from '../../model/doctor.ts'
import type { Holding } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import type { RefusedNames } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt, Hold } from '../../model/trouble.ts'
import { haltOfHold } from '../specs/identity-hold.ts'
import { failedCheck, okCheck, okUnless, skippedCheck, troubledCheck, warningCheck } from './check.ts'

/** Names of the kinds that not every file system takes: what is tried beside the source's own. */
export const SAMPLE_NAMES: readonly RelPath[] = [
  'a:b.tar',
  'høst-備份.tar',
  `${'x'.repeat(240)}.tar`,
] as RelPath[]

const BEFORE = 'see what failed before'

/** Which check a halt of the whole destination belongs to. */
const CHECK_OF: Readonly<Record<string, string>> = {
  'mount-unknown': 'mount',
  'not-mounted': 'mount',
  'not-encrypted': 'encrypted',
  'other-owner': 'owner',
  'private-folder-strange': 'owner',
}

export interface NearFacts extends DestinationFacts {
  /** Why nothing may be written there; null: nothing forbids it. */
  readonly halt: Halt | null
  readonly hold: Hold | null
  /** Null: not looked at. */
  readonly holding: Pick<Holding, 'halt' | 'used'> | null
  readonly hasPrivateFolder: boolean
  /** Of the source's own names, by the type of the file system; null: none is. */
  readonly refused: RefusedNames | null
}

/** Of one destination; what a halt leaves unknown is not tried. */
export function judgeDestination(place: DestinationPlace, facts: NearFacts): readonly Check[] {
  const { halt, hold, holding, hasPrivateFolder, path, fault } = facts
  const checks: Check[] = []
  const stop = halt ?? fault
  const stoppedAt = stop === null ? null : (CHECK_OF[stop.code] ?? 'destination')
  const order: readonly (readonly [code: string, isAsked: boolean, message: string])[] = [
    ['mount', place.mount !== null, `${place.mount} is mounted`],
    ['encrypted', place.encrypted !== undefined, 'it is on an encrypted disk'],
    ['owner', hasPrivateFolder || stoppedAt === 'owner', '.reconcile is ours'],
    ['destination', true, `${path} can be ${facts.isThere ? 'written' : 'made'}`],
  ]
  let isStopped = halt !== null && stoppedAt === 'destination'
  for (const [code, isAsked, message] of order) {
    if (!isAsked) continue
    if (code === stoppedAt) checks.push(failedCheck(code, stop!))
    else checks.push(isStopped ? skippedCheck(code, BEFORE) : okCheck(code, message))
    isStopped ||= code === stoppedAt
  }
  if (hold !== null) checks.push(failedCheck('disk-identity', haltOfHold(hold)))
  else if (hasPrivateFolder && halt === null)
    checks.push(okCheck('disk-identity', 'it is the disk that was here before'))
  if (holding !== null && hasPrivateFolder)
    checks.push(okUnless('ledger', holding.halt, 'the ledger is sound'))
  // The disk below a missing mount is another one.
  const rest = ['space', 'inodes', 'links', 'names']
  if (halt !== null) return [...checks, ...rest.map((code) => skippedCheck(code, BEFORE))]
  return [...checks, judgeSpace(place, facts), ...judgeInodes(facts), judgeLinks(facts), judgeNames(facts)]
}

function judgeSpace({ minFree }: DestinationPlace, { free, on }: NearFacts): Check {
  if (free === null) return skippedCheck('space', 'the file system does not say how much is free')
  const where = on === null ? '' : ` on ${on.source} (${on.type})`
  if (free >= minFree)
    return okCheck('space', `${humanSize(free)} free${where}, ${humanSize(minFree)} is to stay free`)
  return failedCheck('space', {
    code: 'min-free',
    message: `${humanSize(free)} is free${where}, and destination.minFree is ${humanSize(minFree)}: nothing is pulled`,
    hint: 'Free some space, or lower destination.minFree.',
  })
}

const FEW_INODES = 1_000

function judgeInodes({ inodes }: NearFacts): readonly Check[] {
  if (inodes === null) return []
  if (inodes.free >= FEW_INODES) return [okCheck('inodes', `${inodes.free} inodes free`)]
  const judged = inodes.free === 0 ? failedCheck : troubledCheck
  const message = `${inodes.free} of ${inodes.all} inodes are free: there may be room for bytes, and none for files`
  const hint =
    'Remove files there (df -i shows how many it can hold), or recreate the file system with more inodes.'
  return [judged('inodes', { code: 'disk-full', message, hint })]
}

/** These keep no hard links, however they are mounted. */
const LINKLESS: ReadonlySet<string> = new Set(['vfat', 'msdos', 'exfat'])

function judgeLinks({ tried, on }: NearFacts): Check {
  const has = 'links' in tried ? tried.links : on !== null && LINKLESS.has(on.type) ? false : null
  if (has === null) return skippedCheck('links', 'not' in tried ? tried.not : '')
  if (has) return okCheck('links', 'hard links work')
  return warningCheck(
    'links',
    `there are no hard links on ${on?.type ?? 'this file system'}: files are published by a rename that replaces nothing`,
    'It works, if the system call for it does. ext4, XFS, btrfs and ZFS have links.',
  )
}

function judgeNames({ tried, refused, on }: NearFacts): Check {
  const known = 'refused' in tried
  const all = known ? [...tried.refused] : [...(refused?.paths ?? [])]
  const own = all.filter((path) => !SAMPLE_NAMES.includes(path as RelPath))
  const type = refused?.filesystem ?? (on === null ? 'this file system' : `${on.type}, ${on.source}`)
  if (own.length > 0) {
    const isSure = known || refused!.isSure
    return (isSure ? failedCheck : troubledCheck)('names', {
      code: 'name-refused',
      message: `the file system (${type}) ${isSure ? 'does' : 'may'} not take ${own.length} of the source's names, such as ${own[0]}`,
      hint: 'Use a file system that takes every name (ext4, XFS, btrfs, ZFS), or exclude these in select.',
    })
  }
  if (!known) return skippedCheck('names', tried.not)
  if (all.length === 0) return okCheck('names', 'it takes colons, long names and any letters')
  return warningCheck(
    'names',
    `the file system (${type}) does not take every name: ${all.map((one) => (one.length > 60 ? 'one of 244 letters' : one)).join(', ')}`,
    'No file at the source has such a name now.',
  )
}

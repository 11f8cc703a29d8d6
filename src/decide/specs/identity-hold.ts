import { Failure } from '../../model/failure.ts'
import type { DiskBefore, DiskNames, Identity, StrangeDisk } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import type { Halt, Hold } from '../../model/trouble.ts'
import { holdId } from '../documents/fingerprint.ts'

const UNKNOWN = 'destination-unknown'

/**
 * The hold that asks about this destination's disk: whether it is another one than was here before, or one that this box has never seen.
 * The same question has the same id until its answer changes, and a release of it counts for this very folder of this very file system.
 * Null: it is the expected one, or a new folder.
 */
export function holdOfIdentity(path: string, identity: Identity): Hold | null {
  const { expected, found, lastSeenAt, owner, strange } = identity
  const isCopy = strange?.isCopy === true
  if (expected === found && owner === undefined && !isCopy) return null
  if (strange?.known !== undefined && expected !== null && owner === undefined)
    return holdOfTurn(path, identity, strange, strange.known)
  const { filesystem = null, within = null } = strange?.disk ?? {}
  const hold = (code: string, message: string): Hold => ({
    id: holdId(code, [path, expected, found, filesystem, within, ...(owner === undefined ? [] : [owner])]),
    code,
    message,
    ...(code === UNKNOWN && lastSeenAt === null ? { neverSeen: true } : {}),
  })
  const left = strange?.left ?? 'no-id'
  const now = strange === undefined ? '' : ` ${nowOn(strange)}`
  if (found === null) {
    return hold(
      'destination-id-missing',
      `${path} was the destination ${expected} before${beforeOn(strange)} and ${LEFT[left]}.${now} If its disk is not mounted, mount it${PUT_BACK[left] ?? ''} and run again; release only if this folder is meant to start afresh`,
    )
  }
  const lastPass = strange?.lastPass ?? null
  const its = lastPass === null ? found : `${found} (last pass over it ${lastPass})`
  if (owner !== undefined) {
    return hold(
      'destination-other-id',
      `${path} is the destination ${its} of the backup ${owner}, by the status of its last pass.${now} If disks or paths were swapped, put them right and run again; release only if this backup is to take it over`,
    )
  }
  if (expected === null) {
    const where = lastSeenAt === null ? 'this box has never seen it' : `this box knows it at ${lastSeenAt}`
    return hold(
      UNKNOWN,
      `${path} is the destination ${its}, and ${where}: it was moved or copied here, or this box lost its state.${now} Release if it is the right one`,
    )
  }
  return hold(
    'destination-other-id',
    `${path} is the destination ${its}, and ${expected} was here before${beforeOn(strange)}.${now} If another disk is mounted by mistake, mount the right one and run again; release only if this one takes its place`,
  )
}

/** Where disks take turns: a release counts for this disk whichever of the others was here last. */
function holdOfTurn(
  path: string,
  { found }: Identity,
  { disk, lastPass, before, isCopy }: StrangeDisk,
  known: readonly DiskBefore[],
): Hold {
  const code = isCopy === true ? 'destination-copy' : UNKNOWN
  const id = holdId(code, [path, found, disk.filesystem, disk.within])
  const name = diskName(disk)
  if (isCopy === true) {
    const original = before?.disk == null ? 'another file system' : diskName(before.disk)
    const message = `${path} is on ${name}, and is a copy of the destination ${found} on ${original}: it has the same id. Mount the original; release only if this copy takes its place. To let it take turns as a disk of its own, first remove ${path}/.reconcile from it`
    return { id, code, message }
  }
  const names = known.map((one) => {
    const day = one.day === null ? '' : ` (last here ${one.day})`
    return `${one.disk === null ? 'one without a name' : shortName(one.disk)}${day}`
  })
  const pass = lastPass === null ? '' : `, last pass over it ${lastPass}`
  const holds = found === null ? 'It holds no destination yet' : `It holds the destination ${found}${pass}`
  const message = `the disk at ${disk.mountPoint}, ${name}, is new to ${path}, which knows ${names.join(', ')}. ${holds}. Mount a known disk, or release this one to let it take turns too`
  return { id, code, message }
}

/** What is there in place of a destination, as the end of a clause. */
const LEFT: Readonly<Record<NonNullable<StrangeDisk['left']>, string>> = {
  nothing: 'is not there now',
  file: 'is a file now, not a folder',
  'empty-folder': 'is an empty folder now',
  'without-private-folder': 'has files but no .reconcile now',
  'no-id': 'has no id now (.reconcile/id)',
}

const PUT_BACK: Partial<typeof LEFT> = {
  nothing: ', or if the folder was moved, move it back,',
  file: ', or move that file away and put the folder back,',
  'without-private-folder': ', or if .reconcile was moved, move it back,',
}

/** What follows from a hold outside of a pass. Its message says when a release is right. */
export const haltOfHold = ({ id, code, message }: Hold): Halt => ({
  code,
  message,
  hint: `To release it: reconcile release ${id} --reason "…", and run a pass.`,
})

/** Throws a Failure where a destination may not be read, or is not the one that is meant. */
export function mustBeMeant(
  path: string,
  facts: { readonly identity: Identity; readonly halt: Halt | null },
): void {
  const hold = facts.halt === null ? holdOfIdentity(path, facts.identity) : null
  const halt = hold === null ? facts.halt : haltOfHold(hold)
  if (halt !== null) throw new Failure({ ...halt, retryable: false })
}

/** Why what is read there says nothing of this backup: the destination is gone, or another's stands in its place. Null: it may be its own. */
export function whyNotIts(path: string, identity: Identity): Halt | null {
  const hold = holdOfIdentity(path, identity)
  const isOther = hold?.code === 'destination-other-id'
  return hold !== null && (identity.found === null || isOther) ? haltOfHold(hold) : null
}

const nowOn = ({ disk }: StrangeDisk): string => `It is on ${diskName(disk)}, mounted at ${disk.mountPoint}.`

function beforeOn(strange: StrangeDisk | undefined): string {
  const { disk = null, day = null } = strange?.before ?? {}
  const words = [
    ...(disk === null ? [] : [`on ${diskName(disk)}`]),
    ...(day === null ? [] : [`last here ${day}`]),
  ]
  return words.length === 0 ? '' : ` (${words.join('; ')})`
}

/** `ext4 "offsite1", 1.8 TiB, /dev/sdb1`. */
const diskName = (disk: DiskNames): string =>
  [
    disk.label === null ? disk.type : shortName(disk),
    ...(disk.size === null ? [] : [humanSize(disk.size)]),
    disk.source,
  ].join(', ')

/** `ext4 "offsite1"`; without a label its device. */
const shortName = ({ type, label, source }: DiskNames): string =>
  label === null ? `${type} ${source}` : `${type} "${label}"`

/** What differs though it is one disk: whose folder it is (`nas:/export` and `//nas/share` are the disk's own name), which destination, when its pass was, and the id of the hold. */
const WHOSE =
  /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?|(?<![\w:/])\/(?!dev\/|\/)\S+|(?<=release )\w+/g

/** What a hold asks about a disk, the same for every folder on it. Null: it asks about none. */
export const diskQuestion = ({ code, message }: Pick<Hold, 'code' | 'message'>): string | null =>
  code === UNKNOWN || /^destination-(?:id-missing|other-id|copy)$/.test(code)
    ? `${code} ${message.replace(WHOSE, '')}`
    : null

/** Whether `release --all-destinations` accepts it: never a disk that stands where another is expected, or where one is missing. */
export const isUnknownDisk = ({ code }: Hold): boolean => code === UNKNOWN

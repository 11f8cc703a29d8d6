import { groupBy } from '../../model/group-by.ts'
import type { BackupStatus, ConditionType, StatusReport } from '../../model/status.ts'
import type { Diagnostic, SpecPlace } from '../../model/trouble.ts'
import { isUnderAll } from '../specs/faults.ts'
import { diskQuestion } from '../specs/identity-hold.ts'
import { isSharedFileGone } from '../specs/vanished.ts'
import { fewOf, isTrouble } from './conditions.ts'
import { diskKey } from './disk-growth.ts'
import { isDamage } from './exit-code.ts'
import { isNotSeen, isRefusal } from './over-specs.ts'

/** One thing that is wrong with a backup. */
export interface Cause {
  readonly code: string
  /** One line; empty where the code says it all. */
  readonly message: string
  /** Of a faulty spec: where its first fault was written. */
  readonly place?: SpecPlace
  /** The first file, or series, that it is about. */
  readonly path?: string
  /** How many of them. */
  readonly count: number
}

/** Reasons of readiness of which another condition says more. */
export const SAID_BY: Readonly<Record<string, ConditionType>> = { 'spec-invalid': 'SpecValid', held: 'Held' }

/** All that is wrong with a backup, each once: first why it is in its state, then the worst. What is unknown counts only where nothing is known. */
export function causesOf({
  conditions,
  troubles = [],
  shared,
}: Pick<BackupStatus, 'conditions' | 'troubles' | 'shared'>): readonly Cause[] {
  // Reported once for all.
  if (shared !== undefined) return []
  const found = conditions.filter((one) => isTrouble(one) && !isOfAllSpecs(one))
  const certain = found.filter(({ status }) => status !== 'unknown')
  const all = certain.length > 0 ? certain : found
  const ready = all.find(({ type }) => type === 'Ready')
  // Where no pass has looked, it goes without saying that no point has come.
  const known = ready?.reason === 'never-run' ? all.filter(({ reason }) => reason !== 'no-point-yet') : all
  const first = known.find(({ type }) => type === SAID_BY[ready?.reason ?? '']) ?? ready
  const about = new Map(troubles.map((one) => [one.code, one]))
  const said = [...(first === undefined ? [] : [first]), ...known.filter((one) => one !== ready)].map(
    ({ reason, message, place }): Cause => ({
      code: reason,
      message: message === reason ? '' : message,
      ...(place === undefined ? {} : { place }),
      ...filesOf(about.get(reason)),
    }),
  )
  const others = troubles.map((one): Cause => {
    const files = one.count === 0 ? [] : [fewOf(one.names, one.count)]
    return {
      code: one.code,
      message: [...(shortly(one.code) ?? []), ...files].join(': '),
      ...filesOf(one),
    }
  })
  const each = [...groupBy([...said, ...others], ({ code }) => code).values()].map(([one]) => one!)
  return [...each.slice(0, 1), ...worstFirst(each.slice(1))]
}

/** A refused or unseen commit concerns all backups: it is reported once, and not under each. */
const isOfAllSpecs = ({ type, reason, place }: BackupStatus['conditions'][number]): boolean =>
  type === 'SpecValid' && place === undefined && (isRefusal(reason) || isNotSeen(reason))

const filesOf = (trouble: NonNullable<BackupStatus['troubles']>[number] | undefined) => {
  const { names: [path] = [], count = 0 } = trouble ?? {}
  return { count: Math.max(1, count), ...(path === undefined ? {} : { path }) }
}

/** Where a problem stands among others, the worst lowest. */
export const severity = (code: string): number => RANKS[code] ?? (isDamage(code) ? 3 : PLAIN)

/** In this order everywhere; of those that weigh the same, what stops all before what is one file's. */
export const worstFirst = <T extends { readonly code: string; readonly path?: string }>(
  all: readonly T[],
): readonly T[] => all.toSorted((a, b) => weight(a) - weight(b))

const weight = ({ code, path }: { readonly code: string; readonly path?: string }): number =>
  severity(code) + (severity(code) === PLAIN && path !== undefined ? 0.5 : 0)

const PLAIN = 5

/** Below it: what a person must see before anything that is held. */
export const GRAVE = 4

const RANKS: Readonly<Record<string, number>> = {
  'disk-gone': 0,
  conflict: 0,
  lost: 1,
  // I14: nothing complete is held.
  empty: 2,
  'list-fits-nothing': 2,
  'missing-here': 4,
  'wait-overdue': 6,
}

/** What is said of it in a few words; what is not listed here says its code. */
const WORDS: Readonly<Record<string, string>> = {
  'anomaly-kind': 'a file is not what its name says',
  'anomaly-same': 'a file has the bytes of the one before',
  'anomaly-size': 'a file has an unusual size',
  'box-clock': "this box's clock is wrong",
  'checksum-failed': 'a file fails its checksum',
  conflict: 'the source has other bytes',
  'connection-refused': 'its source refuses connections',
  crashed: 'a bug ended its last pass',
  'defaults-gone': '_defaults.yaml is gone',
  'destination-copy': 'a copy of its disk is there',
  'destination-id-missing': 'its disk is not here',
  'destination-other-id': 'another disk is there',
  'disk-full': 'its disk is full',
  empty: 'it holds nothing complete',
  'host-key-changed': 'the host key has changed',
  'hosts-gone': '_hosts.yaml is gone',
  'host-unreachable': 'its source is unreachable',
  'identity-missing': 'its key is missing',
  'key-refused': 'its key is refused',
  'ledger-damaged': 'its ledger is damaged',
  'ledger-missing': 'its ledger is gone',
  late: 'a backup is late',
  lost: 'files are lost',
  'max-size': 'it has reached maxSize',
  'min-free': 'its disk is down to minFree',
  'marker-altered': 'a marker was altered',
  'marker-missing': 'a marker is gone',
  'missing-here': 'files are gone',
  'never-run': 'no pass yet',
  'not-encrypted': 'its disk is not seen to be encrypted',
  'not-mounted': 'its disk is not mounted',
  'nothing-found': 'its source is empty',
  overdue: 'nobody looks',
  'pattern-fits-nothing': 'its pattern fits nothing',
  'path-missing': "the source's folder is gone",
  'reach-short': 'its oldest points are gone',
  rot: 'a file is rotten',
  'spec-invalid': 'its spec is faulty',
  'state-damaged': 'the state folder is damaged',
  'state-lost': 'the state folder is lost',
  'wait-overdue': 'no marker for over a day',
  'watch-gone': 'watch does not run',
}

const shortly = (code: string): readonly string[] => (Object.hasOwn(WORDS, code) ? [WORDS[code]!] : [])

/** Why it is in its state, in a few words. */
export function whyOf({
  state,
  conditions,
  shared,
}: Pick<BackupStatus, 'state' | 'conditions' | 'shared'>): string {
  const reason = shared ?? conditions.find(({ type }) => type === 'Ready')?.reason ?? state
  const spec = reason === 'spec-invalid' ? specOf({ conditions }) : undefined
  const place = spec?.place
  if (spec !== undefined && isSharedFileGone(spec.reason)) return wordsFor(spec.reason)
  if (place !== undefined && isUnderAll(place.file)) return `${fileName(place.file)} is faulty`
  return wordsFor(reason)
}

/** However alike they read, each backup has its own. */
const OWN: ReadonlySet<string> = new Set(['held', 'late', 'suspended', 'never-run', 'overdue'])

/** Of specs: two are shown each with its own. */
const FAULT = 'fault'

/** By what of its first cause is the same for others on its host or disk; null: it is its own. */
export function sharedCauseOf(
  backup: Pick<BackupStatus, 'conditions' | 'troubles' | 'shared' | 'destination' | 'disk'>,
): string | null {
  const [first] = causesOf(backup)
  // Which files had no room is another matter.
  if (first?.code === 'disk-full' && backup.disk !== null) return `disk-full ${diskKey(backup.disk)}`
  const isHeld = backup.conditions.some(({ type, reason }) => type === 'Held' && reason === first?.code)
  if (isHeld) return diskQuestion({ code: first!.code, message: first!.message })
  if (first === undefined || OWN.has(first.code)) return null
  if (severity(first.code) !== PLAIN && first.code !== 'disk-gone') return null
  if (first.place !== undefined) return `${FAULT} ${first.code}`
  if (first.message === '' || first.path !== undefined) return null
  return `${first.code} ${withoutPlace(first.message, backup)}`
}

/** A message of it as it may be the same for others. */
export const withoutPlace = (message: string, { destination }: Pick<BackupStatus, 'destination'>): string =>
  destination === null ? message : message.replaceAll(destination, '')

/** Who is stopped by the very same, each with all of them; who is alone is left out. */
export function sameCauses<T extends Parameters<typeof sharedCauseOf>[0]>(
  backups: readonly T[],
): ReadonlyMap<T, readonly T[]> {
  const groups = [...groupBy(backups, sharedCauseOf)].filter(
    ([cause, these]) => cause !== null && these.length > (cause.startsWith(`${FAULT} `) ? 2 : 1),
  )
  return new Map(groups.flatMap(([, these]) => these.map((one) => [one, these] as const)))
}

/** How what a hold asks is answered. */
const RELEASED = /\(reconcile release (\w+)\)/

/** What is said of several that are stopped by the very same question, with what answers it for all. `most`: more ids are left to a dry run. */
export function releasingAll(
  text: string,
  same: readonly Parameters<typeof causesOf>[0][],
  most = Number.POSITIVE_INFINITY,
): string {
  const ids = same.flatMap((one) => RELEASED.exec(causesOf(one)[0]?.message ?? '')?.[1] ?? [])
  const release = ids.length > most ? 'reconcile -n shows the release' : `reconcile release ${ids.join(' ')}`
  return text.replace(RELEASED, `(${release})`)
}

const wordsFor = (reason: string): string => shortly(reason)[0] ?? reason.replaceAll('-', ' ')

/** A disk in trouble that is no destination's is the state folder's. */
export const wordsForAll = (code: string): string =>
  code.startsWith('disk-') ? 'the state folder cannot be used' : wordsFor(code)

const specOf = ({ conditions }: Pick<BackupStatus, 'conditions'>) =>
  conditions.find(({ type }) => type === 'SpecValid')

const placeOf = (backup: Pick<BackupStatus, 'conditions'>): SpecPlace | undefined => specOf(backup)?.place

export const fileName = (file: string): string => file.split('/').at(-1)!

/** The faults of specs and settings: those of one backup's own file, and those that are shown once for all. */
export interface Faults {
  readonly own: readonly Diagnostic[]
  readonly common: readonly Diagnostic[]
}

export function faultsOf({ backups, diagnostics }: Pick<StatusReport, 'backups' | 'diagnostics'>): Faults {
  const users = groupBy(
    backups.flatMap((backup) => placeOf(backup) ?? []),
    ({ file }) => file,
  )
  const isOwn = ({ file }: Diagnostic) => !isUnderAll(file) && users.get(file)?.length === 1
  const errors = diagnostics.filter(({ severity: rank }) => rank === 'error')
  return { own: errors.filter(isOwn), common: errors.filter((one) => !isOwn(one)) }
}

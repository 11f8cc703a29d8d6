import stringWidth from 'string-width'
import { type Cause, type Faults, fileName } from '../decide/status/causes.ts'
import type { Zone } from '../decide/time/zone.ts'
import type { DiskInTurn } from '../model/disk-in-turn.ts'
import { groupBy } from '../model/group-by.ts'
import { humanPart, humanRate, humanSize } from '../model/human-size.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupStatus, RunningNow, StagedNow, VerifiedNow, WaitingNow } from '../model/status.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { dayTime, humanAge, humanDuration, newestText } from './human-time.ts'
import { shorten } from './lay-rows.ts'
import { cutText } from './wrap-text.ts'

/** Shown once, above all that it is about. */
export const faultText = ({ file, line, column, message }: Diagnostic): string =>
  `${file === '' ? '' : `${fileName(file)}:${line}:${column}: `}${message}`

/** `key-refused: nas does not accept the key`; of a faulty spec the first fault, all of which are for validate to say. */
export function causeText(
  { code, message, place }: Pick<Cause, 'code' | 'message' | 'place'>,
  { own, common }: Faults,
): string {
  if (place === undefined) {
    if (message === '') return code
    // What has no words of its own repeats its code.
    const rest = message.startsWith(code) ? message.slice(code.length, code.length + 1) : null
    return rest !== null && ' ;:'.includes(rest) ? message : `${code}: ${message}`
  }
  const { file, line, column } = place
  if (common.some((one) => one.file === file))
    return `spec-invalid: ${fileName(file)}:${line}:${column}, as above`
  const faults = own.filter((one) => one.file === file)
  const first = faults.find((one) => one.line === line && one.column === column)
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  return `${code}: ${first === undefined ? message : faultText(first)}${more}`
}

/** `running since 14:58: 0.9 of 1.4 GiB, 25 KiB/s, 6 h left (4 s ago): db.tar.gz`. A path that is too long loses its beginning. */
export function runningText(
  { since, at, bytes, total, rate, left, path, verifying }: RunningNow,
  { now, zone }: { readonly now: Instant; readonly zone: Zone },
  width: number,
): string {
  const pace = rate === null ? [] : rate === 0 ? ['nothing is coming in'] : [humanRate(rate)]
  const facts = [
    humanPart(bytes, total),
    ...(bytes >= total ? [] : pace),
    ...(left === null || bytes >= total ? [] : [`${humanDuration(left)} left`]),
    ...(verifying === null
      ? []
      : [`verifying ${counted(verifying.files, 'file')}, ${humanSize(verifying.bytes)}`]),
  ].join(', ')
  const text = `running since ${dayTime(since, now, zone)}: ${facts} (${humanAge(at, now)})`
  const room = width - stringWidth(text) - 2
  return path === null || room < SHORTEST_PATH ? text : `${text}: ${cutText(escapeText(path), room)}`
}

const SHORTEST_PATH = 8

export function stagedText({ files, bytes, size: whole, path }: StagedNow): string {
  const part = whole === null || whole < bytes ? humanSize(bytes) : humanPart(bytes, whole)
  return `stopped: ${part} staged of ${files === 1 ? escapeText(path) : `${counted(files, 'file')}, ${escapeText(path)} among them`}; the next pass goes on`
}

/** `ext4 "offsite2", 1.8 TiB`; of one that was never named, the beginning of its id. */
export function turnName({ id, label, type, size }: DiskInTurn): string {
  const name = label === null ? id.slice(0, 8) : `"${escapeText(label)}"`
  const kind = type === null ? name : `${escapeText(type)} ${name}`
  return size === null ? kind : `${kind}, ${humanSize(size)}`
}

/** `here, newest 3 h ago`, `away, last here 6 d ago, newest 6 d ago`. */
export function turnText(
  { here, lastHere, newest, known }: Pick<DiskInTurn, 'here' | 'lastHere' | 'newest' | 'known'>,
  now: Instant,
): string {
  // Of one that was here before disks took turns, the day is all that is known.
  if (known === false)
    return `away, ${lastHere === null ? '' : `last here ${lastHere.slice(0, 10)}, `}contents not known yet: its next pass looks`
  const age = newest === null ? 'nothing complete' : `newest ${newestText(newest, now)}`
  if (here) return `here, ${age}`
  return `away, ${lastHere === null ? '' : `last here ${humanAge(lastHere, now)}, `}${age}`
}

/** What each backup is called: where folders hold several of one name, with the folder. */
export function namesOf(backups: readonly BackupStatus[]): ReadonlyMap<BackupStatus, string> {
  const byName = groupBy(backups, ({ backup }) => backup)
  return new Map(
    backups.map((one) => {
      const isAlone = byName.get(one.backup)!.length === 1
      return [one, escapeText(isAlone ? one.backup : `${one.backup} at ${one.destination}`)]
    }),
  )
}

/** `12 files not finished at the source, longest waiting: a.tar: since …`; without `when` it leaves the time out. */
export function waitingText({ files, path, since }: WaitingNow, when?: (time: string) => string): string {
  const most = files === 1 ? '' : 'longest waiting: '
  const longest = path === null || since === null ? '' : `, ${most}${path}`
  const at = longest === '' || since === null || when === undefined ? '' : `: since ${when(since)}`
  return `${counted(files, 'file')} not finished at the source${longest}${at}`
}

/** `all verified within 30 d, the oldest 12 d ago`, else how many are not. */
export function verifiedText(
  { every, assumed, overdue, oldest, damaged, foreign }: VerifiedNow,
  now: Instant,
): string {
  if (assumed && oldest !== null) {
    const bad = damaged === 0 ? '' : `${damaged} damaged; `
    return `${bad}the oldest ${humanAge(oldest, now)}; how often it is asked for, a faulty spec does not say`
  }
  const within = `within ${humanDuration(every)}`
  const age = oldest === null ? '' : `, the oldest ${humanAge(oldest, now)}`
  const good = overdue === 0 ? `all verified ${within}` : `${counted(overdue, 'file')} not verified ${within}`
  const bad = [
    ...(damaged === 0 ? [] : [`${damaged} damaged`]),
    ...(foreign === 0 ? [] : [`${foreign} not from here`]),
  ]
  if (oldest === null) return bad.join(', ') || 'nothing is held'
  return bad.length === 0
    ? good + age
    : `${bad.join(', ')}; ${overdue === 0 ? `the others verified ${within}` : good}${age}`
}

/** `all files verified within 30 d`, or how many are not, and of which backups; null: nothing is held. */
export function verifiedOfAll(backups: readonly BackupStatus[]): string | null {
  const known = backups.flatMap(({ backup, verified }) =>
    verified === undefined ||
    verified.assumed ||
    (verified.oldest === null && verified.damaged + verified.foreign === 0)
      ? []
      : [{ backup, ...verified }],
  )
  if (known.length === 0) return null
  const [every, ...others] = new Set(known.map((one) => one.every))
  const within = others.length > 0 ? 'in time' : `within ${humanDuration(every!)}`
  const sum = (which: 'overdue' | 'damaged' | 'foreign') => known.reduce((all, one) => all + one[which], 0)
  const [overdue, damaged, foreign] = [sum('overdue'), sum('damaged'), sum('foreign')]
  // Of the others nobody knows.
  const which = known.length === backups.length ? '' : ` of ${counted(known.length, 'backup')}`
  if (overdue + damaged + foreign === 0) return `all files${which} verified ${within}`
  const words = [
    ...(damaged === 0 ? [] : [`${counted(damaged, 'file')} damaged`]),
    ...(overdue === 0 ? [] : [`${counted(overdue, 'file')} not verified ${within}`]),
    ...(foreign === 0 ? [] : [`${counted(foreign, 'file')} not from here`]),
  ]
  const bad = known.filter((one) => one.overdue + one.damaged + one.foreign > 0).map(({ backup }) => backup)
  return `${words.join(', ')}: ${shorten(bad, 3, (left) => `${left} more`).join(', ')}`
}

export const quarantineText = ({ files, bytes }: NonNullable<BackupStatus['quarantine']>): string =>
  `${counted(files, 'file')}, ${humanSize(bytes)}, in .reconcile/quarantine: only you remove them`

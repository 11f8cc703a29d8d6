import stringWidth from 'string-width'
import { causesOf, type Faults, SAID_BY } from '../decide/status/causes.ts'
import { isTrouble } from '../decide/status/conditions.ts'
import { describeCause } from '../decide/status/late-cause.ts'
import { needsWords } from '../decide/status/verdict.ts'
import { inLocalTime } from '../decide/time/local-time.ts'
import type { Zone } from '../decide/time/zone.ts'
import { groupBy } from '../model/group-by.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupStatus } from '../model/status.ts'
import type { WatchWord } from '../model/watch-beat.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { humanAge, humanDuration } from './human-time.ts'
import type { Paint } from './paint.ts'
import { besideText, guessedLines, isUnnamed } from './series-facts.ts'
import {
  causeText,
  quarantineText,
  runningText,
  stagedText,
  turnName,
  turnText,
  verifiedText,
  waitingText,
} from './status-facts.ts'
import { indentText, padText, wrapText } from './wrap-text.ts'

/** Columns of a name next to its value; a longer one has a line of its own. */
const LONGEST = 30

/** Where the destination keeps it. */
const UNSEEN = 'not known: its destination could not be read'

/** What is behind one backup's line in the table: times, series, and conditions where they are not well. */
export function detailLines(
  backup: BackupStatus,
  faults: Faults,
  options: { readonly now: Instant; readonly zone: Zone; readonly width: number },
  brush: Paint,
): readonly string[] {
  const { now, zone, width } = options
  const { destination, running, staged, lastPass, nextRun, validUntil, watch, waiting, disks = [] } = backup
  const { verified, quarantine, bytes } = backup
  const when = (time: string | null): string =>
    time === null ? 'never' : `${inLocalTime(time, zone)} (${humanAge(time, now)})`
  const reconciling = backup.conditions.find(
    ({ type, status }) => type === 'Reconciling' && status === 'true',
  )
  const facts = [
    ...(destination === null ? [] : [['destination', destination]]),
    ['last success', lastPass === null && bytes === null ? UNSEEN : when(backup.lastSuccess)],
    ...(lastPass === null ? [] : [['last pass', when(lastPass)]]),
    ...(backup.observed === null ? [] : [['spec obeyed', observed(backup.observed)]]),
    ...(reconciling === undefined ? [] : [['under way', reconciling.message]]),
    ...(nextRun === null ? [] : [['next run', when(nextRun)]]),
    ...(watch === null ? [] : [['watch', daemonWord(watch, when)]]),
    ...(validUntil === null ? [] : [['valid until', when(validUntil)]]),
    ...(verified === undefined ? [] : [['verified', verifiedText(verified, now)]]),
    ...(quarantine === undefined ? [] : [['quarantine', quarantineText(quarantine)]]),
    ...(waiting === undefined ? [] : [['waiting', waitingText(waiting, when)]]),
    ...disks.map((disk) => [`disk ${disk.id.slice(0, 8)}`, `${turnName(disk)}: ${turnText(disk, now)}`]),
    ...backup.series.map(({ series, state, points, newest, due, expect, cause, gone, proof }) => [
      isUnnamed({ series, newest }) ? 'no point yet' : series,
      [
        state,
        counted(points, 'point'),
        `newest ${when(newest)}`,
        ...(expect === null ? [] : [`expected ${expect}`]),
        ...(due == null ? [] : [`due ${when(due)}`]),
        ...(cause === undefined ? [] : [describeCause(cause, gone)]),
        ...(proof === undefined ? [] : [proofText(proof, now)]),
      ].join(', '),
    ]),
  ].map(([name, value]) => [escapeText(name ?? ''), inLocalTime(escapeProse(value ?? ''), zone)] as const)
  const column = Math.max(...facts.map(([name]) => stringWidth(name)).filter((one) => one <= LONGEST))
  const dim = (text: string): readonly string[] => indentText(text, width, (line) => brush('dim', line))
  return [
    ...facts.flatMap(([name, value]) => {
      const isLong = stringWidth(name) > column
      const lines = wrapText(value, width - column - 4).map(
        (line, i) => `  ${brush('dim', padText(i === 0 && !isLong ? name : '', column))}  ${line}`,
      )
      return isLong ? [`  ${brush('dim', name)}`, ...lines] : lines
    }),
    ...(running === null ? [] : dim(runningText(running, options, Number.POSITIVE_INFINITY))),
    ...(staged === null ? [] : dim(stagedText(staged))),
    ...guessedLines(backup.series).flatMap(dim),
    ...(backup.beside === undefined ? [] : dim(besideText(backup.beside))),
    ...unwell(backup, faults).flatMap((text) =>
      indentText(inLocalTime(text, zone), width, (line) => brush('yellow', line)),
    ),
  ]
}

/**
 * All that is wrong, the worst first: since when, and by which conditions. Those that are so for the same reason are one, in the words of
 * the one that says most.
 */
function unwell(backup: BackupStatus, faults: Faults): readonly string[] {
  if (backup.shared !== undefined) return []
  const byReason = groupBy(backup.conditions.filter(isTrouble), ({ reason }) => reason)
  const causes = needsWords(backup) ? causesOf(backup) : []
  const worst = causes.map((cause) => {
    const same = byReason.get(cause.code) ?? []
    byReason.delete(cause.code)
    const [message] = [cause, ...same].map((one) => one.message).toSorted((a, b) => b.length - a.length)
    return [same, causeText({ ...cause, message: message! }, faults)] as const
  })
  if (causes.length > 0) for (const reason of Object.keys(SAID_BY)) byReason.delete(reason)
  const others = [...byReason.values()].map((same) => {
    const [most] = same.toSorted((a, b) => b.message.length - a.message.length)
    return [same, causeText({ code: most!.reason, message: most!.message }, faults)] as const
  })
  return [...worst, ...others].map(([same, text]) => {
    const types = same.map(({ type, status }) => `${type} ${status}`).join(', ')
    return same[0] === undefined ? text : `${types} since ${same[0].since}: ${text}`
  })
}

/** `proven 12 d ago, restore took 3 min`. */
function proofText(
  { proven, restoreSeconds, failed }: NonNullable<BackupStatus['series'][number]['proof']>,
  now: Instant,
): string {
  const took = humanDuration(Math.max(1, Math.round(restoreSeconds ?? 0)))
  const good = proven === null ? 'not proven yet' : `proven ${humanAge(proven, now)}, restore took ${took}`
  return failed === null ? good : `its drill failed ${humanAge(failed, now)}, ${good}`
}

const daemonWord = (
  { phase, nextRun, failures, crash, lastGood }: WatchWord,
  when: (time: string) => string,
): string =>
  [
    phase === 'idle' && failures > 0 ? `waiting to retry at ${when(nextRun)}` : phase,
    ...(failures > 0 ? [failures === 1 ? 'after a failure' : `after ${failures} failures in a row`] : []),
    ...(crash === null ? [] : [`a bug ended its last pass: ${crash}`]),
    ...(lastGood ? ['using its last good spec'] : []),
  ].join(', ')

/** A digest is recognised by its beginning. */
const observed = ({ digest, revision }: NonNullable<BackupStatus['observed']>): string =>
  `${digest.slice(0, 12)}${revision === null ? '' : `, at commit ${revision}`}`

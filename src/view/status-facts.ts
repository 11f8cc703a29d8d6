import stringWidth from 'string-width'
import type { Zone } from '../decide/time/zone.ts'
import { humanPart, humanRate, humanSize } from '../model/human-size.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { Condition, RunningNow, StagedNow } from '../model/status.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { humanAge, humanDuration, localTime } from './human-time.ts'
import { cutText } from './wrap-text.ts'

export const causeText = ({ reason, message }: Pick<Condition, 'reason' | 'message'>): string =>
  message === '' || message === reason ? reason : `${reason}: ${message}`

/** `running since 14:58: 0.9 of 1.4 GiB, 25 KiB/s, about 6 h left (4 s ago): db.tar.gz`. A path that is too long loses its beginning. */
export function runningText(
  { since, at, bytes, total, rate, left, path, verifying }: RunningNow,
  { now, zone }: { readonly now: Instant; readonly zone: Zone },
  width: number,
): string {
  const pace = rate === null ? [] : rate === 0 ? ['nothing is coming in'] : [humanRate(rate)]
  const facts = [
    humanPart(bytes, total),
    ...(bytes >= total ? [] : pace),
    ...(left === null || bytes >= total ? [] : [`about ${humanDuration(left)} left`]),
    ...(verifying === null
      ? []
      : [`verifying ${counted(verifying.files, 'file')}, ${humanSize(verifying.bytes)}`]),
  ].join(', ')
  const text = `running since ${sinceText(since, now, zone)}: ${facts} (${humanAge(at, now)})`
  const room = width - stringWidth(text) - 2
  return path === null || room < SHORTEST_PATH ? text : `${text}: ${cutText(escapeText(path), room)}`
}

const SHORTEST_PATH = 8

/** Of today the time alone. */
export function sinceText(since: string, now: Instant, zone: Zone): string {
  const [then, today] = [localTime(since, zone), localTime(isoTime(now), zone)]
  return then.slice(0, 10) === today.slice(0, 10) ? then.slice(11, 16) : then.slice(0, 16)
}

export function stagedText({ files, bytes, size: whole, path }: StagedNow): string {
  const part = whole === null || whole < bytes ? humanSize(bytes) : humanPart(bytes, whole)
  return `stopped: ${part} staged of ${files === 1 ? escapeText(path) : `${counted(files, 'file')}, ${escapeText(path)} among them`}; the next pass goes on`
}

import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { stringify } from 'yaml'
import type { Instant } from '../model/instant.ts'
import { withHint, withRelease } from '../model/trouble.ts'
import type { Cause, WatchEvent } from '../model/watch-event.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import type { EventLogger } from './event-log.ts'
import { counted } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { ndjsonLine } from './ndjson.ts'

const CAUSES: Readonly<Record<Cause, string>> = {
  schedule: 'it is due',
  'spec-added': 'its spec is new',
  'spec-changed': 'its spec has changed',
  timetable: 'its timetable allows it again',
  quiet: 'its files may have been quiet for long enough',
  retry: 'retry',
  hangup: 'SIGHUP',
  'source-seen': 'its host answers again',
  'damage-found': 'its files were verified, and some are damaged',
  drilled: 'a drill failed',
  resumed: 'it was resumed',
  released: 'a hold was released',
}

/** An event as escaped text; a changed spec is followed by its diff. */
export function describeWatchEvent(event: WatchEvent): string {
  const name = 'backup' in event ? `${escapeText(event.backup)}: ` : ''
  return `${name}${sentenceOf(event)}`
}

function sentenceOf(event: WatchEvent): string {
  switch (event.type) {
    case 'watching':
      return `watching ${escapeText(event.specs)}`
    case 'specs-current':
      return `using the specs of the newest commit, ${event.revision.slice(0, 12)}`
    case 'triggered':
      return `run: ${event.causes.map((cause) => CAUSES[cause]).join(', ')}${at(event.revision)}${event.notTaken === null ? '' : `; the newest commit, ${event.notTaken.slice(0, 12)}, is not taken`}`
    case 'spec-added':
      return `new spec${at(event.revision)}, to ${escapeText(event.destination)}`
    case 'spec-changed': {
      const was = event.was === event.backup ? '' : `, was ${escapeText(event.was)}`
      const diff = renderSpecDiff(event.from.document, event.to.document).trimEnd()
      return `spec changed${at(event.revision)}${was}\n${diff.replace(/^/gm, '  ')}`
    }
    case 'spec-removed':
      return `spec removed${at(event.revision)}; its data stays in ${escapeText(event.orphan.destination)}, and nothing touches it`
    case 'spec-broken': {
      const { file, line, column, message } = event.fault
      const then = event.lastGood ? 'the last good one stays in force' : 'it does not run'
      return `spec is faulty, ${then}: ${escapeText(file)}:${line}:${column}: ${escapeProse(message)}`
    }
    case 'spec-mended':
      return 'spec is valid again'
    case 'specs-held':
      return `held: ${escapeProse(withRelease(event.hold))}`
    case 'specs-hold-over':
      return `no longer held (${event.hold.code}, ${event.hold.id}): the specs now count as they are`
    case 'specs-unreadable':
      return `cannot read the specs, the previous ones stay in force: ${escapeProse(withHint(event))}`
    case 'stopped-run':
      return `run stopped, ${escapeProse(event.why)}; received bytes are kept`
    case 'backing-off':
      return `trying again in ${humanDuration(Math.round(event.seconds))} (${counted(event.failures, 'failure')} in a row)`
    case 'crashed':
      return `a bug in reconcile ended this run, please report it; the others continue\n${event.stack.split('\n').map(escapeText).join('\n')}`
    case 'clock-leapt': {
      const by = humanDuration(Math.abs(event.seconds))
      return event.seconds < 0
        ? `the clock went back by ${by}`
        : `the clock went forward by ${by}, or this machine slept`
    }
    case 'reloading':
      return 'SIGHUP: reloading settings and specs, running every backup now'
    case 'warning':
      return escapeProse(event.message)
    case 'stopping':
      return event.running.length === 0 ? 'stopping' : `stopping ${counted(event.running.length, 'run')}`
    default:
      return event satisfies never
  }
}

const at = (revision: string | null): string => (revision === null ? '' : ` at ${revision.slice(0, 12)}`)

const LEVELS: Partial<Record<WatchEvent['type'], 'warn' | 'error'>> = {
  'spec-removed': 'warn',
  'spec-broken': 'error',
  'specs-held': 'error',
  'specs-unreadable': 'error',
  'backing-off': 'warn',
  crashed: 'error',
  'clock-leapt': 'warn',
  warning: 'warn',
}

/** The event as plain data, with a diff for a changed spec. */
function fieldsOf(event: WatchEvent): Readonly<Record<string, unknown>> {
  if (event.type !== 'spec-changed') return { ...event }
  const { from, to, ...rest } = event
  return {
    ...rest,
    digest: to.spec.digest,
    before: from.spec.digest,
    diff: renderSpecDiff(from.document, to.document),
  }
}

/** Logs each event: messages are constant, and what varies is in the fields. */
export const logWatchEvents =
  (logger: EventLogger) =>
  (event: WatchEvent): void => {
    const { type: _, message, ...fields } = fieldsOf(event)
    const renamed = message === undefined ? fields : { ...fields, text: message }
    const safe = JSON.parse(JSON.stringify(renamed), (_, value) =>
      typeof value === 'string' ? value.split('\n').map(escapeText).join('\n') : value,
    )
    logger[LEVELS[event.type] ?? 'info'](safe, event.type.replaceAll('-', ' '))
  }

/** One event on one line, as `--output ndjson` streams it. Ends with a newline. */
export const watchEventLine = (event: WatchEvent, at: Instant): string => ndjsonLine(fieldsOf(event), at)

/**
 * What changed in a spec, defaults merged in, as a unified diff of YAML with sorted keys: comments and layout do not show. Escaped;
 * empty if nothing changed.
 */
function renderSpecDiff(before: unknown, after: unknown): string {
  const [old, now] = [canonical(before), canonical(after)]
  if (old === now) return ''
  return createTwoFilesPatch('before', 'now', old, now, undefined, undefined, {
    context: 2,
    headerOptions: FILE_HEADERS_ONLY,
  })
}

const canonical = (document: unknown): string =>
  stringify(document, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })
    .split('\n')
    .map(escapeText)
    .join('\n')

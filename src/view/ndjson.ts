import type { PassEvent } from '../model/event.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import { escapeJson } from './escape-text.ts'

/** One event on one line, with its time before it, as `--output ndjson` streams it. Ends with a newline. */
export const ndjsonLine = (event: PassEvent, at: Instant): string =>
  `${escapeJson(JSON.stringify({ time: isoTime(at), ...event }))}\n`

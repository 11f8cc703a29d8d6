import { type Instant, isoTime } from '../model/instant.ts'
import { escapeJson } from './escape-text.ts'

/** One event on one line, with its time before it, as `--output ndjson` streams it. Ends with a newline. */
export const ndjsonLine = (event: object, at: Instant): string =>
  `${escapeJson(JSON.stringify({ time: isoTime(at), ...event }))}\n`

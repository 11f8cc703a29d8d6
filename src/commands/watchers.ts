import { existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PassEvent } from '../model/event.ts'
import type { Instant } from '../model/instant.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import { escapeText } from '../view/escape-text.ts'
import { lineProgress } from '../view/line-progress.ts'
import { ndjsonLine } from '../view/ndjson.ts'
import type { Console } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'

export interface Watchers {
  onEvent(event: PassEvent): void
  /** Of a daemon. */
  onWatch(event: WatchEvent): void
  /** A warning about no single backup, for the log only: the caller prints it. */
  warn(text: string): void
  end(): void
}

type Watcher = Pick<Watchers, 'onEvent'> & Partial<Watchers>

/** Milliseconds by which a heartbeat may be late. */
const BEAT = 5_000

/**
 * Shows a pass: live progress on a terminal, else a line per event and a heartbeat a minute; with ndjson a stream on stdout; and a
 * log, if asked for. Loads only what it needs: neither cron nor a daemon shows live progress.
 */
export async function openWatchers(
  console: Console,
  { logLevel, logFile }: Pick<SharedFlags, 'logLevel' | 'logFile'>,
  now: () => Instant,
  revision: string | null,
  daemon = false,
): Promise<Watchers> {
  const toStderr = logLevel !== undefined && logFile === undefined
  const watchers: Watcher[] = []
  const views = daemon ? await import('../view/watch-events.ts') : null
  if (logLevel !== undefined || logFile !== undefined) {
    const logger = logWatcher(logLevel, logFile, revision, console.writeError, views?.logWatchEvents)
    watchers.push(await logger)
  }
  if (console.output === 'ndjson') {
    watchers.push({
      onEvent: (event) => console.write(ndjsonLine(event, now())),
      onWatch: (event) => console.write(views?.watchEventLine(event, now()) ?? ''),
    })
  } else if (!console.quiet && !toStderr) {
    watchers.push(
      !daemon && console.stderr.isTTY && process.env['TERM'] !== 'dumb'
        ? await livePicture(console)
        : {
            ...plainLines(console, now, daemon),
            onWatch: (event) => console.writeError(`${views?.describeWatchEvent(event) ?? ''}\n`),
          },
    )
  }
  const each = (act: (one: Watcher) => void): void => {
    for (const one of watchers) act(one)
  }
  return {
    onEvent: (event) => each((one) => one.onEvent(event)),
    onWatch: (event) => each((one) => one.onWatch?.(event)),
    warn: (text) => each((one) => one.warn?.(text)),
    end: () => each((one) => one.end?.()),
  }
}

async function livePicture(console: Console): Promise<Watcher> {
  const { liveProgress, useUnicode } = await import('../view/live-progress.ts')
  return liveProgress(console.stderr, { color: console.color.writeError, unicode: useUnicode(process.env) })
}

function plainLines(console: Console, now: () => Instant, daemon: boolean): Watcher {
  const lines = lineProgress({ write: console.writeError }, { summary: !daemon, now })
  // A stalled or hashing backup sends no events, but must be shown too.
  const timer = setInterval(() => lines.beat(), BEAT)
  timer.unref()
  return {
    onEvent: lines.onEvent,
    end() {
      clearInterval(timer)
      lines.end()
    },
  }
}

async function logWatcher(
  level = 'info',
  file: string | undefined,
  revision: string | null,
  write: Console['writeError'],
  onWatch?: typeof import('../view/watch-events.ts').logWatchEvents,
): Promise<Watcher> {
  const { pino } = await import('pino')
  const { logEvents } = await import('../view/event-log.ts')
  // A log that cannot be written is reported once, and ends no backup.
  let isWarned = false
  const complain = (error: unknown): void => {
    if (!isWarned)
      write(`Cannot write the log: ${escapeText(error instanceof Error ? error.message : String(error))}\n`)
    isWarned = true
  }
  const dest = file === undefined ? 2 : openLog(file, complain)
  if (dest === null) return { onEvent() {} }
  const destination = pino.destination({ dest, sync: true })
  destination.on('error', complain)
  const logger = pino(
    { level, base: revision === null ? null : { revision }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  )
  return {
    onEvent: logEvents(logger),
    ...(onWatch === undefined ? {} : { onWatch: onWatch(logger) }),
    warn: (text) => logger.warn({ what: text }, 'notification failed'),
  }
}

/** Creates its folder, but none above it. */
function openLog(file: string, complain: (error: unknown) => void): number | null {
  try {
    if (!existsSync(dirname(file))) mkdirSync(dirname(file))
    return openSync(file, 'a', 0o600)
  } catch (error) {
    complain(error)
    return null
  }
}

import type { PassEvent } from '../model/event.ts'
import type { Instant } from '../model/instant.ts'
import { describeBeforeSummary, describeEvent } from './describe-event.ts'
import { escapeText } from './escape-text.ts'
import {
  bytesDone,
  filesDone,
  foldRunning,
  gatingText,
  pace,
  type Running,
  type RunningBackups,
} from './running.ts'
import { wrapText } from './wrap-text.ts'

/** Milliseconds between heartbeats. */
const MINUTE = 60_000
/** Of a daemon's log each event stays on one line. */
const WIDTH = 78

/**
 * Progress without a terminal: a line for each event, and at most once a minute a line for each running backup. `summary`: one
 * follows, and repeats nothing of this. Call `beat` now and then too: a stalled or hashing backup sends no events.
 */
export function lineProgress(
  out: { write(text: string): unknown },
  options: { readonly summary: boolean; readonly now: () => Instant },
): { onEvent(event: PassEvent): void; beat(): void; end(): void } {
  const describe = options.summary ? describeBeforeSummary : describeEvent
  let running: RunningBackups = new Map()
  let beaten: Instant | null = null

  const say = (backup: string, text: string): void => {
    const line = `${escapeText(backup)}: ${text}`
    out.write(`${options.summary ? wrapText(line, WIDTH).join('\n  ') : line}\n`)
  }
  const beat = (): void => {
    const at = options.now()
    beaten ??= at
    // A clock that was set back must not stop the heartbeat.
    if (at >= beaten && at - beaten < MINUTE) return
    beaten = at
    for (const one of running.values()) say(one.backup, heartbeat(one))
  }
  return {
    onEvent(event) {
      beaten ??= options.now()
      running = foldRunning(running, event)
      const said = describe(event)
      if (said !== null) say(event.backup, said.text)
      beat()
    },
    beat,
    end() {
      running = new Map()
    },
  }
}

function heartbeat(one: Running): string {
  const { progress, gating, waiting } = one
  if (waiting !== null) return 'still waiting'
  const parts = [
    ...(progress === null ? [] : [filesDone(one), bytesDone(progress), pace(progress)]),
    ...(progress !== null || gating === null ? [] : [gatingText(gating)]),
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'running' : parts.join(', ')
}

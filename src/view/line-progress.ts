import type { PassEvent } from '../model/event.ts'
import type { Instant } from '../model/instant.ts'
import { describeEvent } from './describe-event.ts'
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

/** Milliseconds between heartbeats. */
const MINUTE = 60_000

/**
 * Progress without a terminal: a line for each event, and at most once a minute a line for each running backup. Quiet prints nothing.
 * Call `beat` now and then too: a stalled or hashing backup sends no events.
 */
export function lineProgress(
  out: { write(text: string): unknown },
  options: { readonly quiet: boolean; readonly now: () => Instant },
): { onEvent(event: PassEvent): void; beat(): void; end(): void } {
  let running: RunningBackups = new Map()
  let beaten: Instant | null = null

  const say = (backup: string, text: string): void => {
    if (!options.quiet) out.write(`${escapeText(backup)}: ${text}\n`)
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
      const said = describeEvent(event, true)
      if (said !== null) say(event.backup, said.text)
      beat()
    },
    beat,
    end() {
      running = new Map()
    },
  }
}

function heartbeat({ progress, gating, waiting }: Running): string {
  if (waiting !== null) return 'still waiting'
  const parts = [
    ...(progress === null ? [] : [filesDone(progress), bytesDone(progress), pace(progress)]),
    ...(gating === null ? [] : [gatingText(gating)]),
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'running' : parts.join(', ')
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instant } from '../../src/model/instant.ts'
import { logEvents } from '../../src/view/event-log.ts'
import { useUnicode } from '../../src/view/live-progress.ts'
import { ndjsonLine } from '../../src/view/ndjson.ts'
import { useColor } from '../../src/view/paint.ts'
import { NASTY, nastyText } from './nasty.ts'
import { everyEvent } from './sample-events.ts'

/** What a logger was told: level, message, fields. */
function logged(name: string): (readonly [string, string, Readonly<Record<string, unknown>>])[] {
  const entries: (readonly [string, string, Readonly<Record<string, unknown>>])[] = []
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    entries.push([level, message, fields])
  }
  const log = logEvents({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') })
  for (const event of everyEvent(name)) log(event)
  return entries
}

describe('events for machines', () => {
  it('stream one a line, with the time first and the event unchanged', () => {
    fc.assert(
      fc.property(nastyText, (name) => {
        for (const event of everyEvent(name)) {
          const line = ndjsonLine(event, instant(Date.UTC(2026, 10, 24, 3)))
          expect(line).toMatch(
            /^\{"time":"2026-11-24T03:00:00Z","type":"[a-z-]+","backup":"postgres"[^\n]*\}\n$/,
          )
          expect(line.slice(0, -1)).not.toMatch(NASTY)
          const { time, ...rest } = JSON.parse(line)
          expect(rest).toEqual(JSON.parse(JSON.stringify(event)))
        }
      }),
    )
  })

  it('are logged with messages that never vary', () => {
    const messages = (name: string) => logged(name).map(([level, message]) => `${level} ${message}`)
    expect(messages('a')).toEqual(messages('\u001b[2J other'))
    expect(messages('a')).toMatchInlineSnapshot(`
      [
        "info backup started",
        "info waiting",
        "info planned",
        "info batch started",
        "debug progress",
        "debug gating",
        "info published",
        "warn retrying",
        "warn problem",
        "error conflict",
        "error halted",
        "error held",
        "warn recovered",
        "info backup finished",
      ]
    `)
  })

  it('are logged with nothing that moves a cursor', () => {
    for (const [, , fields] of logged('\u001b[2J\u009b\u202e'))
      for (const value of Object.values(fields)) expect(String(value)).not.toMatch(NASTY)
    expect(logged('a')).toHaveLength(everyEvent('a').length)
  })
})

describe('what a terminal is given', () => {
  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, {}, false],
  ])('colour, where it is a terminal: %s and the environment %j: %s', (isTTY, env, yes) => {
    expect(useColor({ isTTY }, env)).toBe(yes)
  })

  it.each([
    [{ LANG: 'nb_NO.UTF-8' }, true],
    [{ LANG: 'nb_NO.UTF-8', LC_ALL: 'C' }, false],
    [{ LC_CTYPE: 'C.utf8' }, true],
    [{}, false],
  ])('more than ASCII, where the environment is %j: %s', (env, yes) => {
    expect(useUnicode(env)).toBe(yes)
  })
})

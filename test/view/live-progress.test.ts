import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { liveProgress } from '../../src/view/live-progress.ts'
import { NASTY } from './nasty.ts'
import { everyEvent, progress } from './sample-events.ts'

/** What takes a line off a terminal. */
const ERASE = '\u001b[2K'

/** A terminal that keeps what was written, and the pictures drawn on it. */
function world(columns = 100, unicode = true) {
  vi.useFakeTimers()
  const writes: string[] = []
  const out = { write: (text: string) => writes.push(text), columns, rows: 24, isTTY: true }
  const live = liveProgress(out, { color: true, unicode })
  const draw = (): string => {
    writes.length = 0
    vi.advanceTimersByTime(200)
    return shown()
  }
  const shown = (): string => stripVTControlCharacters(writes.join('')).trimEnd()
  return { ...live, draw, shown, writes }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('progress on a terminal', () => {
  it('shows files, bytes, rate and time left, with resumed bytes told apart', () => {
    const { onEvent, draw } = world()
    onEvent(progress('db.tar.gz', 0.9))
    expect(draw()).toMatchInlineSnapshot(`
      "postgres  ╍╍╍╍╍╍━━━━━━━━━─────────   64 %  0.9 of 1.4 GiB (410 MiB resumed)
                9 of 40 published, 3 staged   25 KiB/s, 5.8 h left   db.tar.gz"
    `)
  })

  it('has a plain bar for a plain terminal', () => {
    const { onEvent, draw } = world(100, false)
    onEvent(progress('db.tar.gz', 0.9))
    expect(draw()).toMatch(/={6}#{9}-{9} +64 %/)
  })

  it('lets what is finished scroll above the picture', () => {
    const { onEvent, draw, writes } = world()
    onEvent(progress('b', 0.9))
    draw()
    onEvent({ type: 'published', backup: 'postgres', path: 'a', size: 5, digest: 'd', how: 'pulled' })
    expect(draw()).toMatch(/^postgres {2}pulled a \(5 B\)\npostgres {2}╍/)
    // The old picture goes before the line comes.
    expect(writes.join('').split('pulled')[0]).toContain(ERASE)
  })

  it('takes the picture away at the end, and keeps the last news', () => {
    const { onEvent, end, draw, shown, writes } = world()
    onEvent(progress('b', 0.9))
    draw()
    writes.length = 0
    end()
    expect(writes.join('')).toContain(ERASE)
    onEvent({ type: 'published', backup: 'postgres', path: 'a', size: 5, digest: 'd', how: 'pulled' })
    end()
    expect(shown()).toBe('postgres  pulled a (5 B)')
  })

  it('puts a flood of small files on one line, and counts troubles that the summary lists', () => {
    const { onEvent, end, shown, writes } = world()
    for (let i = 0; i < 500; i++) {
      onEvent({ type: 'published', backup: 'wiki', path: `${i}`, size: 1024, digest: 'd', how: 'adopted' })
      if (i % 10 === 0)
        onEvent({ type: 'problem', backup: 'wiki', problem: { code: 'x', message: `no. ${i}`, hint: 'h' } })
    }
    vi.advanceTimersByTime(200)
    expect(shown()).toContain('wiki  looking at both sides   50 problems')
    expect(shown().match(/wiki {2}published .*/g)).toEqual(['wiki  published 500 files (500 KiB)'])
    writes.length = 0
    for (const event of everyEvent('x').slice(-6)) onEvent(event)
    end()
    expect(shown()).toBe('postgres  recovered: x')
  })

  it.each([40, 60, 80, 200])('fits each running backup into two lines of %d columns', (columns) => {
    const { onEvent, draw } = world(columns)
    onEvent(progress(`folder/${'long-'.repeat(30)}.tar.gz`, 0.9))
    onEvent({ type: 'gating', backup: 'postgres', files: 2, bytes: 5e9 })
    const lines = draw().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(stringWidth(line)).toBeLessThan(columns)
  })

  it.each(['\u001b[2J', '\u009b2J', '\u202e', 'a\nb'])('shows %j in a name and does not obey it', (name) => {
    const { onEvent, draw, end, shown, writes } = world(200)
    for (const event of everyEvent(name)) {
      onEvent(event)
      for (const line of draw().split('\n')) expect(line).not.toMatch(NASTY)
      expect(writes.join('')).not.toContain(name)
    }
    end()
    expect(shown().replaceAll('\n', '')).not.toMatch(NASTY)
  })
})

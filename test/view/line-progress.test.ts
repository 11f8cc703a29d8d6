import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PassEvent } from '../../src/model/event.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import { lineProgress } from '../../src/view/line-progress.ts'
import { NASTY, nastyText } from './nasty.ts'
import { backupPlan, GIB, HELD, KIB, step } from './sample-documents.ts'
import { everyEvent, progress } from './sample-events.ts'

/** A progress whose clock is moved by hand, and what it has written. */
function world(summary = false) {
  let lines = ''
  let at = 0
  const out = { write: (text: string) => (lines += text) }
  const now = (): Instant => instant(at)
  return {
    ...lineProgress(out, { summary, now }),
    at: (seconds: number) => {
      at = seconds * 1000
    },
    lines: () => lines,
  }
}

describe('progress without a terminal', () => {
  it('has a line for each event that people care about', () => {
    const { onEvent, lines } = world()
    for (const event of everyEvent('db.tar.gz')) onEvent(event)
    expect(lines()).toMatchInlineSnapshot(`
      "postgres: db.tar.gz -> db.tar.gz
      postgres: waiting: another transfer from this host is running
      postgres: plan: 1 to pull (1.0 GiB, 912 GiB free, about 12 h at 25 KiB/s)
      postgres: pulled db.tar.gz (1.0 GiB)
      postgres: trying again in 30 s (attempt 2): db.tar.gz
      postgres: problem: db.tar.gz: db.tar.gz. db.tar.gz
      postgres: conflict: db.tar.gz: held 9f86d081884c7d659a2feaa0c55ad015, source 60303ae22b998861bce3b28f33eec1be; neither is touched
      postgres: halted: db.tar.gz. db.tar.gz
      postgres: held: db.tar.gz. To release it: reconcile release h-1 --reason "…"
      postgres: recovered: db.tar.gz
      postgres: finished: applied, 1 published, 1.0 GiB in 60 s
      "
    `)
  })

  it('beats at most once a minute, however many the events', () => {
    const { onEvent, at, lines } = world()
    for (let second = 0; second <= 200; second++) {
      at(second)
      onEvent(progress('db.tar.gz', 0.9))
    }
    expect(lines()).toBe(
      'postgres: 9 of 40 published, 3 staged, 0.9 of 1.4 GiB (410 MiB resumed), 25 KiB/s, 5.8 h left\n'.repeat(
        3,
      ),
    )
  })

  it('beats for a backup that sends no events, and no more for one that has finished', () => {
    const { onEvent, beat, at, lines } = world()
    onEvent({ type: 'gating', backup: 'postgres', files: 1, bytes: 5 })
    at(61)
    beat()
    expect(lines()).toBe('postgres: verifying 1 file, 5 B\n')
    onEvent(everyEvent('x').at(-1)!)
    const before = lines()
    at(200)
    beat()
    expect(lines()).toBe(before)
  })

  it('goes on beating when the clock was set back', () => {
    const { onEvent, beat, at, lines } = world()
    at(10_000)
    onEvent(progress('a', 0.5))
    at(5)
    beat()
    expect(lines()).toContain('9 of 40 published')
  })

  it('leaves to the summary what it lists: troubles, what waits, and how each backup ended', () => {
    const { onEvent, lines } = world(true)
    const steps = [step('pull db.tar.gz', { size: GIB }), step('conflict a'), step('wait b'), step('lost c')]
    for (const event of everyEvent('db.tar.gz'))
      onEvent(event.type === 'planned' ? { ...event, plan: backupPlan(steps) } : event)
    onEvent({ type: 'planned', backup: 'wiki', plan: backupPlan([step('conflict a'), step('wait b')]) })
    expect(lines()).toMatchInlineSnapshot(`
      "postgres: db.tar.gz -> db.tar.gz
      postgres: waiting: another transfer from this host is running
      postgres: plan: 1 to pull (1.0 GiB, 912 GiB free, about 12 h at 25 KiB/s)
      postgres: pulled db.tar.gz (1.0 GiB)
      postgres: trying again in 30 s (attempt 2): db.tar.gz
      postgres: recovered: db.tar.gz
      "
    `)
  })

  it('fits 80 columns before a summary', () => {
    const { onEvent, lines } = world(true)
    onEvent({
      type: 'retrying',
      backup: 'postgres',
      attempt: 2,
      seconds: 30,
      why: 'the line broke '.repeat(9),
    })
    for (const line of lines().split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('says that publishing lags a batch behind the transfer', () => {
    const { onEvent, beat, at, lines } = world()
    let minutes = 0
    const seen = (): string => {
      minutes += 2
      at(minutes * 60)
      beat()
      return lines().trim().split('\n').at(-1)!
    }
    const now = (done: number, published: number, rate: number | null = 25 * KIB): PassEvent => ({
      ...(progress('a', 0.9) as Extract<PassEvent, { type: 'progress' }>),
      files: { done, total: 60, published },
      rate,
    })
    onEvent(now(0, 0, null))
    expect(seen()).toBe('postgres: 0 of 60 published, 0.9 of 1.4 GiB (410 MiB resumed), starting')
    onEvent(now(17, 12))
    onEvent({ type: 'gating', backup: 'postgres', files: 3, bytes: GIB })
    expect(seen()).toContain('postgres: 12 of 60 published, 3 being checked, 2 staged, 0.9 of 1.4 GiB')
    for (const path of ['a', 'b', 'c'])
      onEvent({ type: 'published', backup: 'postgres', path, size: 1, digest: HELD, how: 'pulled' })
    expect(seen()).toContain('postgres: 15 of 60 published, 2 staged, 0.9 of 1.4 GiB')
    const problem = { code: 'checksum-failed', path: 'd', message: 'twice', hint: '' }
    onEvent({ type: 'problem', backup: 'postgres', problem })
    expect(seen()).toContain('postgres: 15 of 60 published, 1 staged, 1 failed, 0.9 of 1.4 GiB')
    onEvent(now(60, 60, 0))
    expect(seen()).toBe(
      'postgres: 60 of 60 published, 1 failed, 0.9 of 1.4 GiB (410 MiB resumed), nothing is coming in',
    )
  })

  it('moves no cursor and keeps to one line an event, whatever the names hold', () => {
    fc.assert(
      fc.property(nastyText, (name) => {
        for (const event of everyEvent(name)) {
          const { onEvent, lines } = world()
          onEvent(event)
          expect(lines()).toMatch(/^[^\n]*\n?$/)
          expect(lines().replace('\n', '')).not.toMatch(NASTY)
        }
      }),
    )
  })
})

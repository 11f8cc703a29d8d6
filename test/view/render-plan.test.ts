import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { waitOverdue } from '../../src/decide/files/problems.ts'
import type { BackupPlan } from '../../src/model/plan.ts'
import { renderPlan } from '../../src/view/render-plan.ts'
import { NASTY, nastyText } from './nasty.ts'
import { backupPlan, GIB, HELD, OTHER, plan, step, summary } from './sample-documents.ts'

const text = (...backups: readonly BackupPlan[]): string =>
  renderPlan(plan(...backups), { color: false, width: 100 })
const calm = (name: string, files: number) =>
  backupPlan([], { backup: name, summary: { ...summary([]), keep: files } })

describe('a plan in text', () => {
  it('shows each step with its because, and every number a person must judge', () => {
    const steps = [
      step('pull db-2026-11-23.tar.gz', { size: 1.4 * GIB }),
      step('resume db-2026-11-22.tar.gz', { size: 1.4 * GIB, stagedBytes: 0.9 * GIB }),
      step('wait db-2026-11-24.tar.gz', { size: 7, because: ['no .md5 yet'] }),
      step('conflict db-2026-11-20.tar.gz', { held: HELD, source: OTHER, because: ['same name, other md5'] }),
      step('lost db-2026-08-14.tar.gz', { size: 5 * GIB, because: ['gone on both sides'] }),
    ]
    expect(text(backupPlan(steps))).toMatchInlineSnapshot(`
      "postgres  foo@db1.example.net:222:. -> /srv/offsite/postgres
        + pull      db-2026-11-23.tar.gz   1.4 GiB          selected
        ~ resume    db-2026-11-22.tar.gz   0.9 of 1.4 GiB   selected
        ? wait      db-2026-11-24.tar.gz   no .md5 yet
        ! conflict  db-2026-11-20.tar.gz   held 9f86d081, source 60303ae2; same name, other md5
        ! lost      db-2026-08-14.tar.gz   5.0 GiB          gone on both sides

      Plan: 1 to pull, 1 to resume (1.9 GiB, 912 GiB free, about 22 h at 25 KiB/s), 1 waiting, 1 conflict,
      1 lost. 0 overwrites, 0 removals.
      "
    `)
  })

  it('is one calm line a backup where all is in sync', () => {
    expect(text(calm('postgres', 1234), calm('wiki', 1))).toMatchInlineSnapshot(`
      "postgres  in sync  1,234 files, 912 GiB free
      wiki      in sync  1 file, 912 GiB free

      Plan: nothing to do, 2 backups in sync. 0 overwrites, 0 removals.
      "
    `)
  })

  it('shows halts, holds with the line that releases them, and problems with what to do', () => {
    const backup = backupPlan([], {
      halt: { code: 'mount', message: '/srv/offsite is not a mount point', hint: 'Mount the disk.' },
      holds: [{ id: 'h-3fa9', code: 'moved', message: 'this disk was last seen elsewhere' }],
      problems: [
        { code: 'entry', path: 'pipe', message: 'is a FIFO', hint: 'Exclude it.' },
        { code: 'list', message: 'LIST is older than a day', hint: 'Look at its producer.' },
      ],
    })
    expect(text(backup)).toMatchInlineSnapshot(`
      "postgres  foo@db1.example.net:222:. -> /srv/offsite/postgres
        ! halted    /srv/offsite is not a mount point
                    Mount the disk.
        ! held      this disk was last seen elsewhere
                    reconcile release h-3fa9 --reason "…"
        ! problem   pipe   is a FIFO
                    Exclude it.
        ! problem   LIST is older than a day
                    Look at its producer.

      Plan: 1 halted, 1 held, 2 problems. 0 overwrites, 0 removals.
      "
    `)
  })

  it('is never called in sync while something is unknown, wrong or waits', () => {
    const problem = { code: 'x', message: 'm', hint: 'h' }
    const troubles = [
      { halt: problem },
      { holds: [{ id: 'i', code: 'c', message: 'm' }] },
      { problems: [problem] },
      { steps: [step('wait a')] },
      { summary: { ...summary([]), conflict: 1 } },
    ]
    for (const trouble of troubles) expect(text(backupPlan([], trouble))).not.toContain('in sync')
  })

  it('tells each backup its own free space and time where several have work', () => {
    const one = backupPlan([step('pull a', { size: GIB })], { backup: 'a' })
    const two = backupPlan([step('pull b', { size: GIB })], {
      backup: 'b',
      free: 1,
      rate: null,
      seconds: null,
    })
    expect(text(one, two)).toContain('  1.0 GiB, 912 GiB free, about 12 h at 25 KiB/s\n')
    expect(text(one, two)).toContain('  1.0 GiB, only 1 B free, no rate limit\n')
    expect(text(one, two)).toContain('2 to pull (2.0 GiB, the longest about 12 h)')
  })

  it('sums up a long plan, loses no count, and shows all of it when asked', () => {
    const steps = Array.from({ length: 2000 }, (_, i) => step(`pull part-${i}`, { size: 1024 }))
    const short = text(backupPlan(steps))
    expect(short).toContain('… and 1,976 more, 1.9 MiB (--all shows them)')
    expect(short).toContain('2,000 to pull')
    const all = renderPlan(plan(backupPlan(steps)), { color: false, width: 100, all: true })
    expect(all.match(/\+ pull/g)).toHaveLength(2000)
  })

  it('lists transfers in the order in which they come, and folds the last', () => {
    const steps = Array.from({ length: 30 }, (_, i) => {
      const [turn, path] = [30 - i, `db-${String(i + 1).padStart(2, '0')}`]
      if (turn === 27) return step(`repair ${path}`, { turn: 1, size: 1024 })
      if (turn === 1) return step(`resume ${path}`, { turn: 27, size: 1024, stagedBytes: 5 })
      return step(`pull ${path}`, { turn, size: 1024 })
    })
    const shown = text(backupPlan(steps)).split('\n').slice(1, 26)
    const names = shown.map((line) => line.trim().split(/ +/).slice(1, 3).join(' '))
    expect(names.slice(0, 4)).toEqual(['repair db-04', 'pull db-29', 'pull db-28', 'pull db-27'])
    expect(names[23]).toBe('pull db-07')
    expect(shown[24]).toBe('  + pull      … and 6 more, 6.0 KiB (--all shows them)')
  })

  it('shows waits that are a problem as one, in one row', () => {
    const names = Array.from({ length: 48 }, (_, i) => `db-${String(i + 1).padStart(2, '0')}.tar`)
    const steps = [...names, 'new.tar'].map((path) => step(`wait ${path}`, { because: ['no .md5 yet'] }))
    const backup = backupPlan(steps, { problems: names.map(waitOverdue) })
    expect(renderPlan(plan(backup), { color: false, width: 80 })).toMatchInlineSnapshot(`
      "postgres  foo@db1.example.net:222:. -> /srv/offsite/postgres
        ? wait      new.tar    no .md5 yet
        ! problem   48 files   waiting for over a day to be finished at the source
                    db-01.tar, db-02.tar, db-03.tar and 45 more (--all shows them)
                    The job that makes it writes the marker last. Check that it still
                    runs, or exclude the file.

      Plan: 49 waiting, 48 problems. 0 overwrites, 0 removals.
      "
    `)
    expect(
      renderPlan(plan(backup), { color: false, width: 80, all: true }).split('\n').length,
    ).toBeGreaterThan(150)
  })

  it('says of a commit that is not taken which one counts on, and never that backups are missing', () => {
    const fault = {
      file: 'a',
      line: 1,
      column: 1,
      severity: 'error',
      code: 'commit-refused',
      message: 'm',
    } as const
    const made = { ...plan(calm('a', 1)), diagnostics: [fault] }
    const said = (revision: string | null) => renderPlan({ ...made, revision }, { color: false, width: 100 })
    expect(said('0123456789abcdef')).toContain(
      'The newest commit is rejected, commit 01234567 stays in force. See reconcile validate.',
    )
    expect(said('0123456789abcdef')).not.toContain('not in this plan')
    expect(said(null)).toContain('rejected, and there is no earlier one.')
  })

  it('counts spec faults, so that a missing backup is not taken for one in sync', () => {
    const fault = { file: 'a.yaml', line: 1, column: 1, severity: 'error', code: 'c', message: 'm' } as const
    expect(
      renderPlan({ ...plan(calm('a', 1)), diagnostics: [fault] }, { color: false, width: 80 }),
    ).toContain('1 fault in specs or settings: faulty backups are not in this plan.')
  })

  it('moves no cursor whatever the names and messages hold, and keeps prose within the width', () => {
    const prose = fc.array(fc.constantFrom('a', 'word', 'sentence,', '\u001b[2J', '日本'), { maxLength: 60 })
    fc.assert(
      fc.property(
        nastyText,
        prose,
        nastyText,
        fc.integer({ min: 60, max: 160 }),
        (path, words, other, width) => {
          const message = words.join(' ')
          const backup = backupPlan([step('pull x', { path, because: [message, message], size: 5 })], {
            from: other,
            halt: { code: 'c', message, hint: message },
            problems: [{ code: 'c', path: other, message, hint: message }],
          })
          const shown = renderPlan(plan(backup), { color: false, width })
          expect(shown.replaceAll('\n', '')).not.toMatch(NASTY)
          for (const line of shown.split('\n').slice(1)) {
            if (!/[^ -~日本]/.test(line) && path.length + other.length < 8)
              expect(stringWidth(line)).toBeLessThanOrEqual(width)
          }
        },
      ),
    )
  })

  it('has colour only where it was asked for', () => {
    const backup = backupPlan([step('pull a', { size: 1 })])
    expect(renderPlan(plan(backup), { color: true, width: 80 })).toContain('\u001b[32m+ pull')
    expect(text(backup)).not.toContain('\u001b')
  })
})

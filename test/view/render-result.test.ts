import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderResult } from '../../src/view/render-result.ts'
import { NASTY, nastyText } from './nasty.ts'
import { GIB, HELD, OTHER, outcome, result } from './sample-documents.ts'

const text = (...args: Parameters<typeof result>): string =>
  renderResult(result(...args), { color: false, width: 100 })

describe('the summary after a pass', () => {
  it('is calm where nothing was to be done', () => {
    expect(text(0, outcome())).toMatchInlineSnapshot(`
      "postgres  in sync  14 files complete, 18 GiB
      Result: 1 backup in sync (exit 0: fine).
      "
    `)
  })

  it('tells what was done, what a person must look at, and what the exit code means', () => {
    const one = outcome({
      result: 'applied',
      exitCode: 6,
      published: ['a', 'b', 'c'],
      adopted: ['b'],
      waiting: ['db-2026-11-24.tar.gz'],
      conflicts: [{ path: 'db-2026-11-20.tar.gz', held: HELD, source: OTHER }],
      problems: [{ code: 'x', path: 'pipe', message: 'is a FIFO', hint: 'Exclude it.' }],
      bytes: 1.9 * GIB,
      seconds: 1260,
    })
    expect(text(6, one)).toMatchInlineSnapshot(`
      "postgres  applied  2 pulled, 1 adopted, 1.9 GiB in 21 min (1.5 MiB/s), 14 files complete, 18 GiB
        ! conflict  db-2026-11-20.tar.gz   held 9f86d081, source 60303ae2; same name, bytes differ;
                                           neither is touched
                    The copies here are kept. Fix the file at the source, or rename it there. If the
                    change was intended, silence the conflict in the spec:
                    acknowledge: [{ path: db-2026-11-20.tar.gz, digest: 60303ae22b998861bce3b28f33eec1be, reason: "…" }]
        ! problem   pipe                   is a FIFO
                    Exclude it.
        ? waiting   db-2026-11-24.tar.gz   not finished at the source yet
      Result: 3 published, 1 waiting, 1 in conflict, 1 problem (exit 6: a conflict, a failed checksum,
      rot, loss or a damaged ledger: a person must look).
      "
    `)
  })

  it('names who holds a busy destination', () => {
    const busy = outcome({ result: 'busy', exitCode: 5, holders: [{ pid: 4711, command: 'rsync' }] })
    expect(text(5, busy)).toMatchInlineSnapshot(`
      "postgres  busy  held by rsync (pid 4711)
      Result: 1 busy (exit 5: another run is using the destination).
      "
    `)
  })

  it('says what is still to come, and which hold can be released how', () => {
    const held = outcome({
      result: 'incomplete',
      pending: 12,
      holds: [{ id: 'h-1', code: 'c', message: 'moved' }],
    })
    expect(text(7, held)).toContain('12 still to come')
    expect(text(7, held)).toContain('reconcile release h-1 --reason "…"')
  })

  it.each(['halted', 'failed', 'incomplete', 'cancelled', 'busy', 'suspended'] as const)(
    'never calls a backup that is %s in sync',
    (state) => {
      const shown = text(1, outcome({ result: state }), outcome({ backup: 'wiki' }))
      expect(shown).toContain(`1 ${state}`)
      expect(shown).not.toMatch(/Result:.*in sync/)
    },
  )

  it('counts spec faults, so that a missing backup is not taken for one that ran', () => {
    const fault = { file: 'a.yaml', line: 1, column: 1, severity: 'error', code: 'c', message: 'm' } as const
    const shown = renderResult({ ...result(3, outcome()), diagnostics: [fault] }, { color: false, width: 80 })
    expect(shown).toContain('1 fault in specs or settings: faulty backups did not run.')
    expect(shown).toContain('(exit 3: a spec or a setting is invalid)')
  })

  it('knows every exit code of the contract', () => {
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 64, 70, 130, 143])
      expect(text(code, outcome())).not.toContain(': unknown')
  })

  it('moves no cursor whatever the names and messages hold', () => {
    fc.assert(
      fc.property(nastyText, nastyText, (path, message) => {
        const shown = text(
          6,
          outcome({
            conflicts: [{ path, held: HELD, source: OTHER }],
            lost: [path],
            waiting: [path],
            problems: [{ code: 'c', path, message, hint: message }],
            halt: { code: 'c', message, hint: message },
            holds: [{ id: 'h', code: 'c', message }],
            holders: [{ pid: 1, command: message }],
            late: [{ series: '', message }],
          }),
        )
        expect(shown.replaceAll('\n', '')).not.toMatch(NASTY)
      }),
    )
  })
})

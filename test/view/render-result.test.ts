import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { waitOverdue } from '../../src/decide/files/problems.ts'
import { markerOf } from '../../src/model/marker-name.ts'
import { parseMarker } from '../../src/model/parse-marker.ts'
import type { Problem } from '../../src/model/trouble.ts'
import { explainMarker } from '../../src/source/explain-marker.ts'
import { type Brief, renderResult } from '../../src/view/render-result.ts'
import { problemRows } from '../../src/view/trouble-rows.ts'
import { NASTY, nastyText } from './nasty.ts'
import { GIB, HELD, OTHER, outcome, result } from './sample-documents.ts'

const text = (...args: Parameters<typeof result>): string =>
  renderResult(result(...args), { color: false, width: 100 })

describe('the summary after a pass', () => {
  it('leaves what to do about a clock that jumped to the hold that asks', () => {
    const clock = { code: 'box-clock', message: 'this box shows 2030', hint: 'If it is wrong, set it.' }
    const shown = (code: string) => {
      const held = outcome({ exitCode: 7, holds: [{ id: 'h-1', code, message: 'Set it if it is wrong' }] })
      return renderResult({ ...result(7, held), problems: [clock] }, { color: false, width: 100 })
    }
    expect(shown('clock-leap')).toContain('this box shows 2030')
    expect(shown('clock-leap')).not.toContain('If it is wrong, set it.')
    expect(shown('prune-late')).toContain('If it is wrong, set it.')
  })

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
                    acknowledge:
                      - path: db-2026-11-20.tar.gz
                        digest: 60303ae22b998861bce3b28f33eec1be
                        reason: "…"
        ! problem   pipe                   is a FIFO
                    Exclude it.
        ? waiting   db-2026-11-24.tar.gz   not finished at the source yet
      Result: 3 published, 1 waiting, 1 in conflict, 1 problem (exit 6: a conflict, a failed checksum,
      rot, loss or a damaged ledger: a person must look).
      "
    `)
  })

  it('explains once what keeps several backups from one source', () => {
    const away = {
      code: 'connection-refused',
      message: 'nas (port 22) refuses connections.',
      hint: 'Start sshd there.',
    }
    const failed = (backup: string) => outcome({ backup, result: 'failed', exitCode: 1, problems: [away] })
    const all = [failed('b10'), failed('b9'), failed('b1')]
    const said = text(1, ...all)
    expect(said.match(/refuses connections/g)).toHaveLength(1)
    expect(said.match(/Start sshd there/g)).toHaveLength(1)
    expect(said.match(/! problem {3}connection-refused, as with b1$/gm)).toHaveLength(2)
    const gone = (backup: string) => {
      const path = `/srv/${backup}`
      const problem = { code: 'disk-gone', path, message: `${path} is no longer on it`, hint: 'Mount it.' }
      return outcome({ backup, result: 'failed', exitCode: 1, problems: [problem] })
    }
    const disk = text(1, gone('b1'), gone('b2'))
    expect(disk.match(/Mount it/g)).toHaveLength(1)
    expect(disk).toContain('! problem   disk-gone, as with b1\n')
    // A file of one name in two backups is each one's own.
    const file = { code: 'disk-failing', path: 'a', message: 'cannot read a', hint: 'Check it.' }
    expect(text(1, ...['b1', 'b2'].map((backup) => outcome({ backup, problems: [file] })))).not.toContain(
      'as with',
    )
    // Nobody is referred to who is not shown.
    const brief: Brief = { unwell: new Set(['b9']), recovered: new Set(), box: 'same' }
    const one = renderResult(result(1, ...all), { color: false, width: 100, brief })
    expect(one).toContain('refuses connections')
  })

  it('asks once what one disk asks of several backups, with one command for all', () => {
    const uuid = (n: number) => `fb1a2c24-0673-457d-b194-d421eec7d74${n}`
    const on = (disk: string) => (name: string, n: number) =>
      outcome({
        backup: name,
        result: 'halted',
        exitCode: 7,
        complete: { files: 0, bytes: 0 },
        holds: [
          {
            id: `0000000${n}`,
            code: 'destination-id-missing',
            message: `/srv/${name} was the destination ${uuid(n)} before (last here 2026-11-0${n}) and has no id now. It is on ${disk}, mounted at /. If its disk is not mounted, mount it`,
          },
        ],
      })
    const one = on('ext4, /dev/vda')
    const other = on('xfs, /dev/vdb')
    const halt = { code: 'not-mounted', message: 'nothing is mounted at /mnt', hint: 'Mount it.' }
    const stopped = outcome({ backup: 'z', result: 'halted', exitCode: 7, halt })
    const said = renderResult(result(7, ...['a', 'b', 'c', 'd', 'e'].map(one), other('f', 6), stopped), {
      color: false,
      width: 80,
    })
    expect(said).toMatchInlineSnapshot(`
      "f  halted
        ! held      /srv/f was the destination fb1a2c24-0673-457d-b194-d421eec7d746
                    before (last here 2026-11-06) and has no id now. It is on xfs,
                    /dev/vdb, mounted at /. If its disk is not mounted, mount it
                    reconcile release 00000006 --reason "…"
      z  halted  14 files complete, 18 GiB
        ! halted    nothing is mounted at /mnt
                    Mount it.
      5 backups halted, by one disk: a, b, c, d, e
        ! held      /srv/a was the destination fb1a2c24-0673-457d-b194-d421eec7d740
                    before (last here 2026-11-00) and has no id now. It is on ext4,
                    /dev/vda, mounted at /. If its disk is not mounted, mount it
                    reconcile release 00000000 00000001 00000002 00000003 \\
                      00000004 --reason "…"
      Result: 6 held, 1 halted (exit 7: halted or held: a person must decide).
      "
    `)
    expect(said.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it("says once what halts several backups word for word, and keeps what is one's own", () => {
    const on = (mount: string, code = 'not-mounted') => ({
      result: 'halted' as const,
      exitCode: 7,
      halt: { code, message: `nothing is mounted at ${mount}`, hint: `Mount the disk (mount ${mount}).` },
    })
    const late = { series: 'b', message: 'the newest is 3 days old' }
    const all = [
      outcome({ backup: 'a', ...on('/mnt') }),
      outcome({ backup: 'b', ...on('/mnt'), late: [late] }),
      outcome({ backup: 'c', ...on('/mnt/other') }),
      // What it did before it stopped is its own.
      outcome({ backup: 'd', ...on('/srv', 'min-free') }),
      outcome({ backup: 'e', ...on('/srv', 'min-free') }),
    ]
    const said = renderResult(result(7, ...all), { color: false, width: 80 })
    expect(said).toMatchInlineSnapshot(`
      "b  halted  14 files complete, 18 GiB
        ! late      the newest is 3 days old
      c  halted  14 files complete, 18 GiB
        ! halted    nothing is mounted at /mnt/other
                    Mount the disk (mount /mnt/other).
      d  halted  14 files complete, 18 GiB
        ! halted    nothing is mounted at /srv
                    Mount the disk (mount /srv).
      e  halted  14 files complete, 18 GiB
        ! halted    nothing is mounted at /srv
                    Mount the disk (mount /srv).
      2 backups halted, by one disk: a, b
        ! halted    nothing is mounted at /mnt
                    Mount the disk (mount /mnt).
      Result: 1 late, 5 halted (exit 7: halted or held: a person must decide).
      "
    `)
  })

  it('shows problems of one code in one row each way out, with a name for any of them', () => {
    const marker = (path: string, text: string): Problem => {
      const { data, kind } = markerOf(path)!
      const parsed = parseMarker(Buffer.from(text), data, kind)
      if ('digest' in parsed) throw new Error('it is sound')
      return explainMarker(path, parsed)
    }
    const certutil = `MD5 hash of FILE:\r\n${HELD}\r\nCertUtil: -hashfile command completed.\r\n`
    const rows = problemRows(
      [
        marker('a.tar.md5', 'nothing\n'),
        marker('sub/b.tar.md5', 'nothing here\n'),
        marker('c.tar.md5', certutil),
        marker('d.tar.md5', `${HELD}\n${HELD.replace('9', '8')}\n`),
        marker('e.tar.md5', certutil),
        marker('f.tar.md5', 'Algorithm : MD5\r\n'),
      ],
      '--json shows them',
    )
    expect(
      rows.map(({ path, hints }) => [path, ...(hints ?? []).map((one) => Object.values(one)[0])]),
    ).toEqual([
      [
        '2 files',
        expect.stringContaining('a.tar.md5'),
        expect.stringContaining('sub/b.tar.md5'),
        expect.stringMatching(/md5sum FILE > FILE\.md5$/),
      ],
      [
        '3 files',
        ...['c', 'e', 'f'].map((name) => expect.stringContaining(`"${name}.tar.md5" is the output of `)),
        expect.stringMatching(/MD5 'FILE'\)\.Hash .* 'FILE\.md5'$/),
      ],
      [undefined, expect.stringMatching(/md5sum d\.tar > d\.tar\.md5$/)],
    ])
  })

  it('shows troubles of one code in one row with a count and the first few names', () => {
    const names = Array.from({ length: 48 }, (_, i) => `db-${String(i + 1).padStart(2, '0')}.tar`)
    const shown = renderResult(
      result(
        6,
        outcome({
          result: 'failed',
          exitCode: 6,
          waiting: [...names, 'new.tar'],
          problems: [
            ...names.map((one) => waitOverdue(one)),
            ...['a', 'b'].map((path) => ({
              code: 'x',
              path,
              message: `holds ${path}${path}`,
              hint: 'Look.',
            })),
          ],
          conflicts: ['c.tar', 'd.tar'].map((path) => ({ path, held: HELD, source: OTHER })),
          lost: ['e.tar', 'f.tar'],
          late: ['g', 'h'].map((series) => ({ series, message: `${series} is late` })),
        }),
      ),
      { color: false, width: 80 },
    )
    expect(shown).toMatchInlineSnapshot(`
      "postgres  failed  14 files complete, 18 GiB
        ! conflict  2 files    same name, bytes differ; neither is touched
                    c.tar: held 9f86d081, source 60303ae2
                    d.tar: held 9f86d081, source 60303ae2
                    The copies here are kept. Fix the file at the source, or rename it
                    there. If the change was intended, silence the conflict in the
                    spec:
                    acknowledge:
                      - path: c.tar
                        digest: 60303ae22b998861bce3b28f33eec1be
                        reason: "…"
        ! lost      2 files    gone or rotten here, and no longer at the source
                    e.tar, f.tar
                    Put the file and its marker back from another copy, and run
                    reconcile verify. To accept the loss on the record, acknowledge
                    its path in the spec with the digest that the plan shows.
        ! problem   48 files   waiting for over a day to be finished at the source
                    db-01.tar, db-02.tar, db-03.tar and 45 more (--json shows them)
                    The job that makes it writes the marker last. Check that it still
                    runs, or exclude the file.
        ! problem   2 files
                    a: holds aa
                    b: holds bb
                    Look.
        ! late      2 series
                    g: g is late
                    h: h is late
        ? waiting   new.tar    not finished at the source yet
      Result: 2 late, 49 waiting, 2 in conflict, 2 lost, 1 failed,
      50 problems (exit 6: a conflict, a failed checksum, rot,
      loss or a damaged ledger: a person must look).
      "
    `)
  })

  it('shows only the unwell where that was asked for, and no warnings', () => {
    const pushed = { code: 'points-pushed', message: 'pushed', hint: 'h' }
    const sick = outcome({
      backup: 'nas',
      result: 'failed',
      exitCode: 1,
      waiting: ['w'],
      warnings: [pushed],
      problems: [{ code: 'x', message: 'its key is refused', hint: 'Run doctor.' }],
    })
    const brief = (more: Partial<Brief>) =>
      renderResult(result(1, outcome({ warnings: [pushed] }), sick), {
        color: false,
        width: 80,
        brief: { unwell: new Set(), recovered: new Set(), box: 'same', ...more },
      })
    expect(brief({ unwell: new Set(['nas']) })).toMatchInlineSnapshot(`
      "nas  failed  14 files complete, 18 GiB
        ! problem   its key is refused
                    Run doctor.
      Result: 1 in sync, 1 waiting, 1 failed, 1 problem (exit 1: a step failed,
      something is late, or nothing was found to back up).
      "
    `)
    expect(brief({ recovered: new Set(['postgres']) })).toMatchInlineSnapshot(`
      "postgres  well again  14 files complete, 18 GiB
      "
    `)
    expect(brief({})).toBe('')
    expect(brief({ box: 'shown' })).toContain('As before: nas.')
  })

  it.each([
    ['node /opt/reconcile/dist/cli.js --config /etc/x.yaml', 'pid 4711, a pass since 02:58'],
    ['/usr/bin/reconcile watch --config /etc/x.yaml', 'pid 4711, reconcile watch'],
    ['reconcile prune pg --undo a', 'pid 4711, reconcile prune since 02:58'],
    ['/usr/bin/rsync -t --from0 .', 'pid 4711, rsync since 02:58'],
  ])('says who uses a busy destination, without arguments, and what to do: %s', (command, who) => {
    const since = '2026-11-24T02:58:20Z'
    const holders = [
      { pid: 4711, command, since },
      { pid: 4712, command: 'rsync -t', since },
    ]
    expect(text(5, outcome({ result: 'busy', exitCode: 5, holders })).replace(/\n +/g, ' ')).toBe(
      `postgres  busy  in use by ${who}; reconcile status postgres shows how far that is, --lock-timeout 1h waits for it\n` +
        'Result: 1 busy (exit 5: another run is using the destination).\n',
    )
  })

  it('says of a destination that was not looked at only what is known, and as of when', () => {
    const halt = { code: 'c', message: 'is not mounted', hint: 'Mount it.' }
    const none = { result: 'halted', exitCode: 7, halt, complete: { files: 0, bytes: 0 } } as const
    expect(text(7, outcome({ ...none, lookedAt: null }))).toMatch(/^postgres {2}halted\n/)
    expect(text(7, outcome({ ...none, lookedAt: '2026-11-23T14:03:22Z' }))).toContain(
      'halted  not looked at since 2026-11-23 14:03 UTC',
    )
  })

  it('gives times in prose by the wall clock, and the cause of exit code 1', () => {
    const message = 'postgres: the newest is of 2026-11-20T22:59:59.999Z'
    const late = outcome({ exitCode: 1, late: [{ series: 'postgres', message }] })
    expect(text(1, late, outcome({ backup: 'wiki' }))).toMatchInlineSnapshot(`
      "postgres  in sync  14 files complete, 18 GiB
        ! late      the newest is of 2026-11-20 22:59 UTC
      wiki      in sync  14 files complete, 18 GiB
      Result: 2 backups in sync, 1 late (exit 1: something is late).
      "
    `)
  })

  it('shows what is late with many backups once', () => {
    const overdue = Array.from({ length: 20 }, (_, i) => {
      const backup = `web${i + 1}`
      const series = i === 1 ? ['a', 'b'] : [backup]
      const late = series.map((one) => ({
        series: one,
        message: `${one}: one was due at 2026-11-24T00:00:00Z`,
      }))
      return outcome({ backup, exitCode: 1, late })
    })
    expect(
      text(1, ...overdue)
        .split('\n')
        .slice(19, -1),
    ).toEqual([
      'web20  in sync  14 files complete, 18 GiB',
      '  ! late      20 backups',
      '              web1: one was due at 2026-11-24 00:00 UTC',
      '              web2: one was due at 2026-11-24 00:00 UTC (and 1 more of its series)',
      '              web3: one was due at 2026-11-24 00:00 UTC',
      '              and 17 more (--json shows them)',
      'Result: 20 backups in sync, 21 late (exit 1: something is late).',
    ])
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
      expect(shown).not.toContain('backups in sync')
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

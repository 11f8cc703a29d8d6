import { describe, expect, test } from 'vitest'
import { judgeBox } from '../../src/decide/doctor/box.ts'
import { exitCodeOfChecks, okCheck, skippedCheck } from '../../src/decide/doctor/check.ts'
import { judgeDestination, type NearFacts } from '../../src/decide/doctor/destination.ts'
import { gaveShell, judgeAccount, judgeSourceClock } from '../../src/decide/doctor/source.ts'
import type { Answer, Check } from '../../src/model/doctor.ts'
import { Failure } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { BackupName, DestinationPlace } from '../../src/model/spec.ts'

const said = (code: number | null, stdout = '', stderr = '', isCut = false): Answer => ({
  ...{ code, stdout, stderr, isCut },
})
const stateOf = (checks: readonly Check[], code: string) => checks.find((one) => one.code === code)?.state

describe('whether a shell answered', () => {
  test.each<[string, string, boolean]>([
    ['a POSIX shell', 'reconcile-probe\n1700000000\n', true],
    ['a shell whose login script prints', 'Welcome!\nreconcile-probe\n1700000000\n', true],
    ['cmd.exe', "reconcile''-probe; date +%s\r\n", true],
    ['rrsync', '', false],
    ['a command that repeats what it was sent', "echo reconcile''-probe; date +%s\n", false],
    ['one that puts words before it', "refused: echo reconcile''-probe; date +%s\n", false],
  ])('%s', (_, stdout, is) => {
    expect(gaveShell(said(0, stdout))).toBe(is)
  })
})

describe('what an account lets a key do', () => {
  const refusal = said(12, '', 'rrsync error: sending to read-only server is not allowed\n')
  const closed = said(255, '', 'channel 0: open failed: administratively prohibited: open failed\n')
  const account = {
    shell: { ...said(1), asked: 0 },
    ...{ write: refusal, outside: { ...refusal, isInside: false }, forward: closed },
  }

  test.each<[string, Partial<typeof account>, string, string]>([
    ['a refused write', {}, 'write', 'ok'],
    ['a write that went through', { write: said(0) }, 'write', 'failed'],
    [
      'a receiver that stumbled later',
      { write: said(3, '', 'rsync: [Receiver] change_dir "/x" failed: No such file or directory (2)') },
      'write',
      'failed',
    ],
    ['no answer to a write', { write: said(null, '', '', true) }, 'write', 'skipped'],
    [
      'a connection that was refused',
      { write: said(255, '', 'kex_exchange_identification: read: reset') },
      'write',
      'skipped',
    ],
    [
      'a connection that broke',
      {
        outside: {
          ...said(12, '', 'Connection closed by 10.0.0.1 port 22\r\nrsync: connection unexpectedly closed'),
          isInside: false,
        },
      },
      'outside',
      'skipped',
    ],
    [
      'a wrapper that refuses without a word',
      { write: said(12, '', 'rsync: connection unexpectedly closed') },
      'write',
      'ok',
    ],
    ['a refused path', {}, 'outside', 'ok'],
    [
      'names from outside',
      { outside: { ...said(0, 'drwxr-xr-x 4,096 2026/01/01 00:00:00 .\n'), isInside: false } },
      'outside',
      'warning',
    ],
    [
      'a folder outside that only its rights close',
      {
        outside: {
          ...said(23, '', 'rsync: [sender] opendir "/srv/." failed: Permission denied (13)'),
          isInside: false,
        },
      },
      'outside',
      'warning',
    ],
    [
      'one folder, whatever it is asked for',
      { outside: { ...said(0, '-rw- 1 a.tar\n'), isInside: true } },
      'outside',
      'ok',
    ],
    ['a refused forward', {}, 'forward', 'ok'],
    ['a forward to sshd', { forward: said(null, 'SSH-2.0-OpenSSH_9.2\r\n') }, 'forward', 'warning'],
    [
      'a forward to where nobody listens',
      { forward: said(255, '', 'channel 0: open failed: connect failed: Connection refused\n') },
      'forward',
      'warning',
    ],
    [
      'a connection that broke meanwhile',
      { forward: said(255, '', 'Connection reset by peer\n') },
      'forward',
      'skipped',
    ],
    [
      'a connection that broke before the shell answered',
      { shell: { ...said(255, '', 'Connection closed by 10.0.0.1 port 22\r\n'), asked: 0 } },
      'shell',
      'skipped',
    ],
    ['an answer that a signal cut off', { shell: { ...said(null), asked: 0 } }, 'shell', 'skipped'],
    [
      'an sshd that refuses every command',
      { shell: { ...said(255, '', 'exec request failed on channel 0\r\n'), asked: 0 } },
      'shell',
      'ok',
    ],
    ['a shell that hangs', { shell: { ...said(null, '', '', true), asked: 0 } }, 'shell', 'skipped'],
  ])('%s', (_, over, code, state) => {
    expect(stateOf(judgeAccount({ ...account, ...over }), code)).toBe(state)
  })

  test('with a shell neither a write nor a path outside is tried', () => {
    const shell = { ...said(0, 'reconcile-probe\n1700000000\n'), asked: 1_700_000_000 }
    const checks = judgeAccount({ shell, write: null, outside: null, forward: closed })
    expect(checks.map(({ code, state }) => `${code} ${state}`)).toEqual([
      ...['shell warning', 'write skipped', 'outside skipped', 'forward ok'],
    ])
  })

  test.each<[string, string, number | null, string]>([
    ['a shell that shows the same time', '1700000010', null, 'ok'],
    ['one that is an hour behind', '1699996400', null, 'warning'],
    ['one that shows none', 'date: not found', 1_700_000_000, 'skipped'],
    ['one that shows none, and a file of tomorrow', '', 1_700_086_400, 'warning'],
  ])('the clock: %s', (_, date, newest, state) => {
    const shell = { ...said(0, `reconcile-probe\n${date}\n`), asked: 1_700_000_000 }
    expect(judgeSourceClock(shell, newest, 1_700_000_000).state).toBe(state)
  })
})

describe('destinations', () => {
  const place: DestinationPlace = {
    path: '/d',
    mount: '/d',
    rotate: false,
    minFree: 100,
    maxSize: null,
    encrypted: 'required',
  }
  const facts: NearFacts = {
    ...{ path: '/d', isThere: true, fault: null, halt: null, hold: null, refused: null },
    ...{ holding: { halt: null, used: 0 }, hasPrivateFolder: true, free: 100, inodes: null },
    on: { type: 'ext4', source: '/dev/sda1' },
    tried: { links: true, refused: new Set() },
  }
  const rows = (over: Partial<NearFacts>) =>
    judgeDestination(place, { ...facts, ...over }).map(({ code, state }) => `${code} ${state}`)
  const halt = (code: string) => ({ halt: { code, message: 'm', hint: 'h' } })

  test('all is well', () => {
    expect(rows({})).toEqual([
      ...['mount ok', 'encrypted ok', 'owner ok', 'destination ok', 'disk-identity ok', 'ledger ok'],
      ...['space ok', 'links ok', 'names ok'],
    ])
  })

  const after = ['space skipped', 'inodes skipped', 'links skipped', 'names skipped']
  test.each([
    ['not-mounted', ['mount failed', 'encrypted skipped', 'owner skipped', 'destination skipped']],
    ['not-encrypted', ['mount ok', 'encrypted failed', 'owner skipped', 'destination skipped']],
    ['other-owner', ['mount ok', 'encrypted ok', 'owner failed', 'destination skipped']],
    ['destination-forbidden', ['mount skipped', 'encrypted skipped', 'owner skipped', 'destination failed']],
  ])('%s: what comes after is not tried', (code, before) => {
    expect(rows({ ...halt(code), holding: null })).toEqual([...before, ...after])
  })

  test.each<[string, Partial<NearFacts>, string]>([
    ['no room', { free: 99 }, 'space failed'],
    ['few inodes', { inodes: { free: 9, all: 10_000 } }, 'inodes warning'],
    ['no inode', { inodes: { free: 0, all: 10_000 } }, 'inodes failed'],
    ['no links', { tried: { links: false, refused: new Set() } }, 'links warning'],
    [
      'FAT, before anything is written',
      { tried: { not: 'x' }, on: { ...facts.on!, type: 'vfat' } },
      'links warning',
    ],
    ['a name of the source', { tried: { links: true, refused: new Set(['a:1.tar']) } }, 'names failed'],
    ['another name', { tried: { links: true, refused: new Set(['a:b.tar']) } }, 'names warning'],
    [
      'a name that may be refused',
      {
        tried: { not: 'x' },
        refused: { paths: new Set(['a:1.tar' as never]), filesystem: 'ntfs3', isSure: false },
      },
      'names warning',
    ],
    [
      'a folder that may not be written',
      { fault: { code: 'disk-forbidden', message: 'm', hint: 'h' } },
      'destination failed',
    ],
  ])('%s', (_, over, row) => {
    expect(rows(over)).toContain(row)
  })
})

test('this box: a missing program, an old clock, one that leapt', () => {
  const facts = {
    ...{
      tools: null,
      versions: { rsync: 'rsync  version 3.2.7  protocol version 31', ssh: 'OpenSSH_9.2p1 Debian-2' },
    },
    ...{
      state: { path: '/s', fault: null },
      now: instant(Date.UTC(2026, 10, 29)),
      urls: { count: 0, faults: [] },
    },
    recorded: [] as { path: string; last: ReturnType<typeof instant>; leap: number }[],
  }
  expect(judgeBox(facts).slice(0, 3)).toEqual([
    okCheck('tools', 'flock, setpriv and prlimit are here'),
    ...[okCheck('rsync', '3.2.7'), okCheck('ssh', '9.2p1')],
  ])
  const tools = new Failure({ code: 'missing-tool', message: 'm', hint: 'h' })
  expect(judgeBox({ ...facts, tools })[0]).toMatchObject({ state: 'failed', cause: 'missing-tool' })
  const clock = (last: number, now: number = facts.now) =>
    stateOf(
      judgeBox({ ...facts, now: instant(now), recorded: [{ path: '/d', last: instant(last), leap: 1000 }] }),
      'box-clock',
    )
  expect([clock(facts.now), clock(facts.now + 9e6), clock(facts.now - 9e6), clock(0, 9)]).toEqual([
    ...['ok', 'failed', 'warning', 'failed'],
  ])
})

test('the exit code: skipped and warnings are fine, a failure is 1, a faulty spec 3, nothing to check 1', () => {
  const backup = (state: Check['state']) => [
    { backup: 'pg' as BackupName, checks: [{ ...skippedCheck('x', 'y'), state }] },
  ]
  const fault = { file: 'f', line: 1, column: 1, code: 'c', message: 'm' }
  expect([
    exitCodeOfChecks(backup('warning'), [], [{ ...fault, severity: 'warning' }]),
    exitCodeOfChecks(backup('failed'), [], []),
    exitCodeOfChecks(backup('failed'), [], [{ ...fault, severity: 'error' }]),
    exitCodeOfChecks([], [], []),
  ]).toEqual([0, 1, 3, 1])
})

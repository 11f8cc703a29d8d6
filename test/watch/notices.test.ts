import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openNoticeMemory } from '../../src/box/notice-memory.ts'
import { Stop } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import { NOTICE_KINDS, type Notice, type NoticeKind } from '../../src/model/notice.ts'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { DestinationStatus } from '../../src/model/status.ts'
import { bodyOf } from '../../src/watch/heartbeat.ts'
import { openHooks } from '../../src/watch/hooks.ts'
import { type NoticeUse, openNotices } from '../../src/watch/notices.ts'
import { deadOrigin, heartbeatTo, type Receiver, startReceiver, webhook } from '../helpers/receiver.ts'
import { outcome, result } from '../view/sample-documents.ts'

let folder: string
let receiver: Receiver
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notices-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.end()
  await rm(folder, { recursive: true, force: true })
})

const SECRET = '/services/T0S3CRET'
const inConflict = {
  result: 'failed',
  exitCode: 6,
  conflicts: [{ path: 'a.tar', held: 'a', source: 'b' }],
} as const

async function hook(name = 'ops', origin = receiver.origin): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, `${origin}${SECRET}?token=q\n`, { mode: 0o600 })
  return file
}

interface RunOptions {
  readonly use?: NoticeUse
  readonly on?: readonly NoticeKind[]
  readonly signal?: AbortSignal
  readonly heartbeat?: string
  /** With `{name}`. */
  readonly each?: string
  readonly kuma?: string
  /** Milliseconds since the first run. */
  readonly after?: number
}

/** A run of this program with such settings. */
function open(
  urlFiles: readonly string[],
  { use = 'some', on = NOTICE_KINDS, signal, heartbeat, each, kuma, after = 0 }: RunOptions = {},
) {
  const warnings: string[] = []
  const memory = openNoticeMemory(join(folder, 'state'))
  const notices = openNotices(
    () => ({
      notify: [
        ...urlFiles.map((urlFile) => webhook(urlFile, on)),
        ...(kuma === undefined ? [] : [{ ...webhook(kuma, on), kind: 'uptime-kuma' as const }]),
      ],
      heartbeat:
        each !== undefined
          ? { urlFile: null, eachFile: each, caFile: null }
          : heartbeat === undefined
            ? null
            : heartbeatTo(heartbeat),
    }),
    use,
    {
      memory,
      host: 'box',
      revision: () => 'c0ffee',
      now: () => instant(Date.UTC(2026, 10, 24) + after),
      declared: () => 3,
      diskOf: () => '/srv',
      signal: signal ?? new AbortController().signal,
      warn: (text) => warnings.push(text),
      oneLine: (text) => text.replaceAll('\n', '\\n'),
    },
  )
  return { ...notices, memory, warnings }
}

/** One run over one backup. */
async function run(urlFiles: readonly string[], more: Partial<BackupOutcome>, options: RunOptions = {}) {
  const notices = open(urlFiles, options)
  notices.began()
  await notices.finished(outcome(more), 'whole')
  await notices.ended(null)
  return {
    warnings: notices.warnings,
    pending: (await notices.memory.read()).pending.map(({ notice }) => notice.kind),
  }
}

const kinds = () => receiver.received.map(({ body }) => (JSON.parse(body) as Notice).kind)

describe('notices', () => {
  test('are posted as JSON, on change only', async () => {
    const ops = await hook()
    for (const state of [inConflict, inConflict, {}, {}]) {
      expect(await run([ops], state)).toEqual({ warnings: [], pending: [] })
    }
    expect(kinds()).toEqual(['conflict', 'recovered'])
    expect(receiver.received[0]).toMatchObject({
      method: 'POST',
      url: `${SECRET}?token=q`,
      headers: { 'content-type': 'application/json', 'user-agent': 'backup-reconciler' },
    })
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({
      format: 'reconcile.notice/1',
      backup: 'postgres',
      kind: 'conflict',
      host: 'box',
      revision: 'c0ffee',
      details: [{ code: 'conflict', path: 'a.tar' }],
    })
  })

  test('for one hook do not wait until another one, which is down, is to be tried again', async () => {
    const memory = openNoticeMemory(join(folder, 'state'))
    const stopping = new AbortController()
    const names = [await hook('down', await deadOrigin()), await hook('ops')]
    const notice = (urlFile: string) => ({
      hook: urlFile,
      notice: { id: urlFile, backup: 'a', kind: 'late', message: '' } as Notice,
    })
    const warned: string[] = []
    const hooks = openHooks(() => names.map((urlFile) => webhook(urlFile)), {
      memory,
      now: () => instant(0),
      signal: stopping.signal,
      warn: (text) => warned.push(text),
      waits: [3_600_000],
      forever: true,
    })
    const add = (urlFile: string) =>
      memory.change((book) => ({ ...book, pending: [...book.pending, notice(urlFile)] }))
    await add(names[0]!)
    hooks.kick()
    await expect.poll(() => warned.length).toBe(1)
    await add(names[1]!)
    hooks.kick()
    await receiver.got(1)
    stopping.abort()
    await hooks.settled()
  })

  test.each<[string, Parameters<Receiver['answer']>[0]]>([
    ['answers 503', 503],
    ['hangs up', (response) => response.destroy()],
    ['asks for time', (response) => response.writeHead(429, { 'retry-after': '600' }).end()],
  ])('a hook that %s is not tried again after each backup of a pass', async (_, how) => {
    receiver.answer(how)
    const memory = openNoticeMemory(join(folder, 'state'))
    const ops = await hook()
    const warned: string[] = []
    const hooks = openHooks(() => [webhook(ops)], {
      memory,
      now: () => instant(0),
      signal: new AbortController().signal,
      warn: (text) => warned.push(text),
      waits: [3_600_000],
      forever: false,
    })
    for (const backup of ['a', 'b', 'c', 'd']) {
      const notice = { id: backup, backup, kind: 'late', message: '' } as Notice
      await memory.change((book) => ({ ...book, pending: [...book.pending, { hook: ops, notice }] }))
      hooks.kick()
      await hooks.settled()
    }
    expect(receiver.received).toHaveLength(1)
    expect(warned).toHaveLength(1)
    // A new URL is tried at once.
    receiver.answer(200)
    await rm(ops)
    await hook()
    hooks.kick()
    await hooks.settled()
    expect((await memory.read()).pending).toEqual([])
  })

  test('hold what a source made say on one line, cut', async () => {
    const message = `a\nb${'x'.repeat(5000)}`
    await run([await hook()], {
      result: 'failed',
      exitCode: 1,
      problems: [{ code: 'rsync-failed', message, hint: '' }],
    })
    const told = JSON.parse(receiver.received[0]!.body) as Notice
    expect(told.message).toMatch(/^failing: a\\nbx+…$/)
    expect(receiver.received[0]!.body.length).toBeLessThan(4000)
  })

  test('are never cut inside a character', async () => {
    const problems = [0, 1].map((more) => ({
      code: `rsync-failed-${more}`,
      message: `${'x'.repeat(more)}${'🙂'.repeat(900)}`,
      hint: '',
    }))
    await run([await hook()], { result: 'failed', exitCode: 1, problems })
    expect(receiver.received[0]!.body).not.toMatch(/\\ud[89a-f]/i)
  })

  test('are tried again within the run', async () => {
    receiver.answer(503)
    const notices = open([await hook()])
    await notices.finished(outcome(inConflict), 'whole')
    await receiver.got(1)
    receiver.answer(204)
    await notices.ended(null)
    expect(kinds()).toEqual(['conflict', 'conflict'])
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
    expect((await notices.memory.read()).pending).toEqual([])
  })

  test.each<[string, (file: string) => Promise<unknown>, RegExp]>([
    ['a server that fails', async () => receiver.answer(500), /it answers 500: no … here\./],
    ['one that refuses it', async () => receiver.answer(403), /it answers 403: no … here\./],
    [
      'one that sends elsewhere',
      async () =>
        receiver.answer((response) =>
          response.writeHead(302, { location: `${receiver.origin}/elsewhere` }).end(),
        ),
      /redirect \(302\), which is not followed/,
    ],
    [
      'one that hangs up',
      async () => receiver.answer((response) => response.destroy()),
      /the connection broke/,
    ],
    [
      'one that is not there',
      async (file) => writeFile(file, `${await deadOrigin()}${SECRET}`),
      /connection is refused/,
    ],
    ['a URL that is not kept secret', (file) => chmod(file, 0o644), /mode 0644/],
    ['a file that is gone', (file) => rm(file), /there is no such file/],
  ])('%s: they are kept, told without the URL, and sent by a later run', async (_, spoil, why) => {
    const ops = await hook()
    await spoil(ops)
    const end = AbortSignal.timeout(2_000)
    const first = open([ops], { signal: end })
    await first.finished(outcome(inConflict), 'whole')
    await Promise.race([first.ended(null), new Promise((late) => end.addEventListener('abort', late))])
    await first.ended(null)
    expect(first.warnings.length).toBe(1)
    expect(first.warnings[0]).toMatch(why)
    expect(first.warnings[0]).toContain('ops')
    for (const secret of [receiver.origin, 'S3CRET', 'token=q', '127.0.0.1'])
      expect(first.warnings[0]).not.toContain(secret)
    expect(receiver.received.filter(({ url }) => url === '/elsewhere')).toEqual([])

    receiver.answer(200)
    // Connections are taken in order: whatever the first run still sent has come before this.
    await fetch(`${receiver.origin}/after`, { method: 'POST', body: '{}' })
    const before = receiver.received.length
    await rm(ops, { force: true })
    await hook()
    expect(await run([ops], inConflict)).toEqual({ warnings: [], pending: [] })
    expect(kinds().slice(before)).toEqual(['conflict'])
  })

  test.each([400, 401, 403, 404, 410])(
    'one that is refused (%i) is not sent again before its time',
    async (status) => {
      receiver.answer(status)
      const ops = await hook()
      const pass = async (after: number) => (await run([ops], inConflict, { after })).warnings
      const [warning, ...more] = await pass(0)
      expect(more).toEqual([])
      expect(warning).toMatch(
        new RegExp(`the URL in ops: it answers ${status}: no … here\\. .*\`reconcile notify test\``),
      )
      const [minute, hour] = [60_000, 3_600_000]
      for (const [after, sent] of [
        [minute, 1],
        [hour - minute, 1],
        [hour, 2],
        [2 * hour, 2],
        [24 * hour, 2],
        [25 * hour, 3],
        [25 * hour + minute, 3],
      ] as const) {
        expect(await pass(after)).toEqual([])
        expect(receiver.received).toHaveLength(sent)
      }
      // A new message is tried, and so are all once the file of the URL has changed.
      await run([ops], { ...inConflict, lost: ['b'] }, { after: 26 * hour })
      expect(kinds().slice(3)).toEqual(['lost'])
      receiver.answer(200)
      await rm(ops)
      await hook()
      expect(await run([ops], { ...inConflict, lost: ['b'] }, { after: 26 * hour })).toEqual({
        warnings: [],
        pending: [],
      })
      expect(kinds().slice(4)).toEqual(['conflict', 'lost'])
    },
  )

  test('a server that asks for time (Retry-After) gets it, also from later runs', async () => {
    receiver.answer((response) => response.writeHead(429, { 'retry-after': '600' }).end())
    const ops = await hook()
    const state = { ...inConflict, lost: ['b'] }
    expect((await run([ops], state)).warnings).toEqual([
      'cannot send a notice to the URL in ops: it answers 429. It is kept for later.',
    ])
    expect((await run([ops], state, { after: 580_000 })).warnings).toEqual([])
    expect(kinds()).toEqual(['lost'])
    receiver.answer(200)
    expect((await run([ops], state, { after: 600_000 })).pending).toEqual([])
    expect(kinds()).toEqual(['lost', 'lost', 'conflict'])
  })

  test('a rest that another clock wrote down ends', async () => {
    receiver.answer(403)
    const ops = await hook()
    await run([ops], inConflict, { after: 366 * 86_400_000 })
    receiver.answer(200)
    expect((await run([ops], inConflict)).pending).toEqual([])
  })

  test('one that a hook refuses keeps no later one back', async () => {
    receiver.answer(400)
    expect((await run([await hook()], { ...inConflict, lost: ['b'] })).pending).toEqual(['lost', 'conflict'])
    expect(kinds()).toEqual(['lost', 'conflict'])
  })

  test('one that was refused is not sent after its end', async () => {
    receiver.answer(403)
    const ops = await hook()
    await run([ops], inConflict)
    receiver.answer(200)
    expect((await run([ops], {})).pending).toEqual([])
    await hook()
    expect((await run([ops], {})).pending).toEqual([])
    expect(kinds()).toEqual(['conflict', 'recovered'])
  })

  test('a hook that fails keeps no other one back', async () => {
    const bad = await hook('bad', await deadOrigin())
    const notices = open([bad, await hook()], { signal: AbortSignal.timeout(1_500) })
    await notices.finished(outcome(inConflict), 'whole')
    await receiver.got(1)
    await notices.ended(null)
    expect((await notices.memory.read()).pending.map(({ hook }) => hook)).toEqual([bad])
  })

  test('an older one that was never delivered gives way to a newer of its kind', async () => {
    const ops = await hook('ops', await deadOrigin())
    const over = { signal: AbortSignal.abort(new Stop('terminate')) }
    await run([ops], inConflict, over)
    await run([ops], { ...inConflict, conflicts: [{ path: 'b.tar', held: 'a', source: 'b' }] }, over)
    await hook()
    await run([ops], {})
    expect(kinds()).toEqual(['conflict', 'recovered'])
    expect(receiver.received[0]!.body).toContain('b.tar')
  })

  test('two processes at once send each once', async () => {
    const ops = await hook()
    receiver.answer((response) => setImmediate(() => response.end()))
    const runs = Array.from({ length: 6 }, () => run([ops], { ...inConflict, lost: ['b'] }))
    for (const ended of await Promise.all(runs)) expect(ended.warnings).toEqual([])
    expect(kinds()).toEqual(['lost', 'conflict'])
  })

  test('a signal ends a request that hangs at once; it stays pending', async () => {
    receiver.answer('hang')
    const stopping = new AbortController()
    const notices = open([await hook()], { signal: stopping.signal })
    await notices.finished(outcome(inConflict), 'whole')
    await receiver.got(1)
    const ended = notices.ended(null)
    stopping.abort(new Stop('terminate'))
    await ended
    expect(notices.warnings).toEqual([])
    expect((await notices.memory.read()).pending).toHaveLength(1)
  })

  test('a pass whose time is up still tells', async () => {
    const ops = await hook()
    await run(
      [ops],
      { ...inConflict, result: 'incomplete' },
      { signal: AbortSignal.abort(new Stop('max-time')) },
    )
    expect(kinds()).toEqual(['conflict'])
  })

  test('the memory is private, holds no URL, and a damaged one fails no run', async () => {
    const ops = await hook()
    receiver.answer(403)
    await run([ops], inConflict)
    const file = join(folder, 'state/notices.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700)
    expect(await readFile(file, 'utf8')).not.toMatch(/S3CRET|127\.0\.0\.1/)
    await writeFile(file, 'garbage')
    const notices = open([ops])
    await notices.finished(outcome(inConflict), 'whole')
    await notices.ended(null)
    expect(notices.warnings[0]).toContain('notices.json does not hold what this program writes there')
  })
})

describe('the heartbeat of a pass', () => {
  const beats = () => receiver.received.map(({ url }) => url)
  const pass = async (exitCode: number, more: Partial<BackupOutcome>, options: RunOptions = {}) => {
    const notices = open([], { use: 'all', heartbeat: await hook('beat'), ...options })
    notices.began()
    await notices.finished(outcome({ ...more, exitCode }), 'whole')
    await notices.ended(result(exitCode, outcome({ ...more, exitCode })))
    return notices.warnings
  }

  test('tells its beginning, and that it went well; the query keeps its place', async () => {
    expect(await pass(0, {})).toEqual([])
    expect(beats()).toEqual([`${SECRET}/start?token=q`, `${SECRET}?token=q`])
    expect(receiver.received[1]!.body).toBe('exit 0')
  })

  test('tells what is not well', async () => {
    await pass(6, inConflict)
    expect(beats()).toEqual([`${SECRET}/start?token=q`, `${SECRET}/fail?token=q`])
    expect(receiver.received[1]!.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(receiver.received[1]!.body).toBe('exit 6\npostgres: exit 6: 1 in conflict: a.tar')
  })

  test('says nothing of a pass that found all backups at work in another', async () => {
    await pass(0, { result: 'busy' })
    expect(beats()).toEqual([`${SECRET}/start?token=q`])
  })

  test('is for passes over all backups alone', async () => {
    await pass(0, {}, { use: 'some' })
    expect(beats()).toEqual([])
  })

  test('leaves out the end of a pass that a signal ended, and tells it of one whose time was up', async () => {
    const signal = AbortSignal.abort(new Stop('max-time'))
    await pass(0, { result: 'incomplete' }, { signal })
    expect(beats()).toEqual([`${SECRET}/start?token=q`, `${SECRET}?token=q`])
    await pass(143, { result: 'cancelled' }, { signal: AbortSignal.abort(new Stop('terminate')) })
    expect(beats()).toHaveLength(2)
  })

  test('is tried again, and its failure told without the URL', async () => {
    receiver.answer(404)
    const [warning, ...others] = await pass(0, {})
    expect(warning).toBe('cannot send the heartbeat to the URL in beat: it answers 404: no … here.')
    expect(others).toEqual([])
    receiver.answer(502)
    const notices = open([], { use: 'all', heartbeat: await hook('beat') })
    const ended = notices.ended(result(0, outcome()))
    await receiver.got(3)
    receiver.answer(200)
    await ended
    expect(beats().slice(2)).toEqual([`${SECRET}?token=q`, `${SECRET}?token=q`])
  })
})

describe('the heads in a heartbeat', () => {
  test('come after what is said, are whole, and leave room for it', () => {
    expect(bodyOf(['exit 0'], ['ledger a 1:x'])).toBe('exit 0\nledger a 1:x')
    expect(bodyOf([], [])).toBe('')
    const heads = Array.from({ length: 200 }, (_, i) => `ledger backup-${i} 1000:${'a'.repeat(64)}`)
    const body = bodyOf(['exit 6', 'x'.repeat(20_000)], heads)
    expect(body.length).toBeLessThanOrEqual(10_000)
    expect(body).toMatch(/^exit 6\nx{1000,}\nledger backup-0 1000:a{64}\n/)
    const kept = body.split('\n').filter((line) => heads.includes(line))
    expect(
      body.endsWith(
        `\nand ${200 - kept.length} more ledgers: eachFile gives each backup a heartbeat of its own`,
      ),
    ).toBe(true)
  })
})

describe('the heartbeat of watch', () => {
  const HEAD = `ledger old 7:${'a'.repeat(64)}`

  test('beats after good passes while none is failing, and tells when one begins to', async () => {
    const notices = open([], { use: 'watch', heartbeat: await hook('beat') })
    const head = { seq: 7, hash: 'a'.repeat(64) }
    const pass = async (backup: string, exitCode: number) => {
      const more = backup === 'old' ? { head } : {}
      await notices.finished(outcome({ backup, exitCode, ...more }), 'whole')
      // Of those that wait for their turn the newest alone is sent.
      await new Promise((turn) => setTimeout(turn, 50))
    }
    notices.remember('old', { exitCode: 1, result: 'failed' } as DestinationStatus)
    await pass('a', 0)
    expect(receiver.received).toEqual([])
    await pass('old', 0)
    await receiver.got(1)
    await pass('a', 0)
    await pass('b', 1)
    await receiver.got(2)
    await pass('b', 1)
    await pass('a', 0)
    await pass('b', 0)
    await receiver.got(3)
    await pass('c', 6)
    await receiver.got(4)
    await notices.gone('c')
    await notices.ended(null)
    expect(receiver.received.map(({ url, body }) => [url, body])).toEqual([
      [`${SECRET}?token=q`, HEAD],
      [`${SECRET}/fail?token=q`, `b: exit 1: in-sync\n${HEAD}`],
      [`${SECRET}?token=q`, HEAD],
      [`${SECRET}/fail?token=q`, `c: exit 6: in-sync\n${HEAD}`],
    ])
  })
})

describe('the heartbeat of each backup', () => {
  const calls = () =>
    receiver.received.map(({ url }) => {
      const { pathname, searchParams } = new URL(url, 'http://x')
      return { call: pathname.slice(SECRET.length), rid: searchParams.get('rid') ?? '' }
    })
  const each = async (use: NoticeUse = 'some') => {
    await hook('beat-postgres')
    return open([], { use, each: join(folder, 'beat-{name}') })
  }

  test.each<[string, Partial<BackupOutcome>, string]>([
    ['success', { result: 'applied', exitCode: 0 }, ''],
    ['fail', inConflict, '/fail'],
    ['log', { result: 'incomplete', exitCode: 0 }, '/log'],
    ['log', { result: 'suspended', exitCode: 0 }, '/log'],
    ['fail', { result: 'halted', exitCode: 7 }, '/fail'],
  ])('starts, and then tells %s, with one rid', async (_, how, end) => {
    const notices = await each()
    notices.locked('postgres')
    await notices.finished(outcome(how), 'whole')
    await notices.ended(null)
    const [start, ended] = calls()
    expect([start!.call, ended!.call]).toEqual(['/start', end])
    expect(start!.rid).toMatch(/^[0-9a-f-]{36}$/)
    expect(ended!.rid).toBe(start!.rid)
    expect(receiver.received[1]!.body).toMatch(new RegExp(`^postgres: exit ${how.exitCode}: .*\npublished `))
  })

  test('says each problem once, and counts in words', async () => {
    const notices = await each()
    const problem = (path: string) => ({ code: 'rot', path, message: 'it is rotten', hint: '' })
    const at = { exitCode: 1, bytes: 1, seconds: 2, complete: { files: 1, bytes: 4 } }
    for (const problems of [[problem('a')], [problem('a'), problem('b')]])
      await notices.finished(outcome({ result: 'failed', ...at, problems }), 'whole')
    await notices.ended(null)
    const counts = [
      'published 0, repaired 0, pruned 0, still to bring 0',
      '1 byte in 2 s; 1 file (4 bytes) complete here',
    ]
    expect(receiver.received.map(({ body }) => body.split('\n'))).toEqual([
      ['postgres: exit 1: a: it is rotten', ...counts],
      ['postgres: exit 1: a: it is rotten (and 1 more)', ...counts, 'b: it is rotten'],
    ])
  })

  test('a busy one does not start, and a cancelled one does not end', async () => {
    const notices = await each()
    await notices.finished(outcome({ result: 'busy', exitCode: 0 }), 'whole')
    notices.locked('postgres')
    await notices.finished(outcome({ result: 'cancelled', exitCode: 143 }), 'whole')
    await notices.ended(null)
    expect(calls().map(({ call }) => call)).toEqual(['/log', '/start'])
  })

  test('one without a file has none, nor has a pass over a part', async () => {
    const notices = await each()
    notices.locked('web')
    await notices.finished(outcome({ backup: 'web' }), 'whole')
    await notices.finished(outcome({}), 'part')
    await notices.ended(null)
    expect([receiver.received, notices.warnings]).toEqual([[], []])
  })

  test('a fault over its spec fails it at once, and its good passes until it is over', async () => {
    const notices = await each('watch')
    const faults = [{ code: 'x', message: 'bad spec' }]
    await notices.stands(new Map([['postgres', faults]]), { faults: [], holds: [] }, true)
    await notices.finished(outcome({}), 'whole')
    await notices.stands(new Map([['postgres', []]]), { faults: [], holds: [] }, true)
    await notices.finished(outcome({}), 'whole')
    await notices.ended(null)
    expect(calls().map(({ call }) => call)).toEqual(['/fail', '/fail', ''])
    expect(receiver.received[0]!.body).toContain('bad spec')
  })
})

test.each(['terminate', 'max-time'] as const)('servers that hang do not outlive a %s', async (why) => {
  receiver.answer('hang')
  await hook('beat-postgres')
  const stopping = new AbortController()
  const notices = open([await hook()], {
    use: 'all',
    each: join(folder, 'beat-{name}'),
    signal: stopping.signal,
  })
  notices.began()
  notices.locked('postgres')
  await notices.finished(outcome(inConflict), 'whole')
  await receiver.got(2)
  stopping.abort(new Stop(why))
  await notices.ended(result(6, outcome(inConflict)))
  // A stop is nobody's fault; a time that is up leaves unsaid how the pass ended.
  expect(notices.warnings).toEqual(
    why === 'terminate'
      ? []
      : ['cannot send the heartbeat to the URL in beat-postgres: no answer before the pass ended.'],
  )
  expect((await notices.memory.read()).pending).toHaveLength(1)
})

test('Uptime Kuma hears of each good pass, but not while it was told of trouble', async () => {
  receiver.answer((response) => response.end('{"ok":true}'))
  const file = join(folder, 'kuma')
  await writeFile(file, `${receiver.origin}/api/push/t0ken?status=up&msg=OK&ping=`, { mode: 0o600 })
  const pass = async (more: Partial<BackupOutcome>, exitCode: number) => {
    const notices = open([], { use: 'all', kuma: file })
    notices.began()
    await notices.finished(outcome(more), 'whole')
    await notices.ended(result(exitCode, outcome(more)))
    expect(notices.warnings).toEqual([])
  }
  await pass({}, 0)
  await pass(inConflict, 6)
  await pass({ result: 'busy' }, 0)
  await pass({ result: 'incomplete' }, 0)
  await pass({}, 0)
  await pass({}, 0)
  const statuses = receiver.received.map(({ url }) => new URL(url, 'http://x').searchParams.get('status'))
  // The recovery, and a sign of life after it.
  expect(statuses.slice(0, 3)).toEqual(['up', 'down', 'up'])
  expect(new Set(statuses.slice(3))).toEqual(new Set(['up']))
})

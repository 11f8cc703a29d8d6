import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Notice } from '../../src/model/notice.ts'
import type { Result } from '../../src/model/outcome.ts'
import type { Diagnostic } from '../../src/model/trouble.ts'
import { deadOrigin, type Receiver, startReceiver } from '../helpers/receiver.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// The command itself with `notify` and `heartbeat` in its settings.

let world: World
let receiver: Receiver
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  receiver = await startReceiver()
  await world.offer('a.tar', 'one')
  await world.declare()
})
afterEach(async () => {
  await receiver.end()
  await world.end()
})

const SECRET = '/T0S3CRET'

/** Points both at these origins; the words that make a command use them. */
async function configure(hook: string, beat = receiver.origin): Promise<readonly string[]> {
  const file = join(world.folder, 'etc/config.yaml')
  await mkdir(dirname(file), { recursive: true })
  for (const [name, origin] of Object.entries({ hook, beat })) {
    const url = `${origin}${SECRET}/${name}`
    const path = join(world.folder, 'etc', name)
    if ((await readFile(path, 'utf8').catch(() => '')) !== url) await writeFile(path, url, { mode: 0o600 })
  }
  await writeFile(file, stringify({ notify: [{ urlFile: 'hook' }], heartbeat: { urlFile: 'beat' } }))
  return ['--config', file]
}

const told = () => receiver.received.map(({ url, body }) => `${url.slice(SECRET.length)} ${kindOf(body)}`)
const kindOf = (body: string): string =>
  body.startsWith('{') ? (JSON.parse(body) as Notice).kind : body.split('\n')[0]!

test('a pass tells of a conflict once, and that it is over; each pass has its heartbeat', async () => {
  const config = await configure(receiver.origin)
  const codes: (number | undefined)[] = []
  for (const bytes of ['one', 'two', 'two', 'one']) {
    // A change is seen by its second at the latest.
    await world.offer('a.tar', bytes, { mtime: 1_700_000_000 + codes.length })
    codes.push((await world.run(...config)).code)
  }
  expect(codes).toEqual([0, 6, 6, 0])
  const beat = (end: string) => ['/beat/start ', end]
  expect(told().filter((one) => one.startsWith('/beat'))).toEqual(
    [beat('/beat exit 0'), beat('/beat/fail exit 6'), beat('/beat/fail exit 6'), beat('/beat exit 0')].flat(),
  )
  expect(told().filter((one) => one.startsWith('/hook'))).toEqual(['/hook conflict', '/hook recovered'])
  expect(JSON.parse(receiver.received.find(({ body }) => body.startsWith('{'))!.body)).toMatchObject({
    backup: 'pg',
    details: [{ code: 'conflict', path: 'a.tar' }],
  })
})

test('rot that the source can no longer replace is told as lost, once, and over once its digest is acknowledged', async () => {
  const config = await configure(receiver.origin)
  const digest = await world.offer('b.tar', 'two', { mtime: 1_763_600_000 })
  const codes = [(await world.run(...config)).code]
  await chmod(join(world.destination, 'b.tar'), 0o644)
  await writeFile(join(world.destination, 'b.tar'), 'rot')
  for (const name of ['b.tar', 'b.tar.md5']) await rm(join(world.source, name))
  for (let i = 0; i < 2; i++) codes.push((await world.run(...config)).code)
  await world.declare('pg', { acknowledge: [{ path: 'b.tar', digest, reason: 'not needed' }] })
  codes.push((await world.run(...config)).code)
  expect(codes).toEqual([0, 6, 6, 0])
  expect(told().filter((one) => one.startsWith('/hook'))).toEqual(['/hook lost', '/hook recovered'])
})

test('a plan tells nobody anything, and a named pass no heartbeat', async () => {
  const config = await configure(receiver.origin)
  await world.offer('a.tar', 'one', { marker: 'nonsense' })
  for (const words of [['--dry-run'], ['prune', '--dry-run']]) await world.run(...config, ...words)
  expect(told()).toEqual([])
  expect((await world.run(...config, 'pg')).code).toBe(1)
  expect(told()).toEqual(['/hook failing'])
})

test('a faulty spec is told, and the pass fails its heartbeat', async () => {
  const config = await configure(receiver.origin)
  await writeFile(join(world.specs, 'web.yaml'), 'version: 1\nsorce: {}\n')
  expect((await world.run(...config)).code).toBe(3)
  expect(told().sort()).toEqual(['/beat/fail exit 3', '/beat/start ', '/hook failing'])
  const [notice] = receiver.received
    .filter(({ body }) => body.startsWith('{'))
    .map(({ body }) => JSON.parse(body) as Notice)
  expect(notice).toMatchObject({ backup: 'web', count: expect.any(Number) })
  expect(notice!.message).toContain('web.yaml:')
})

/** A message of several lines in one. */
const unfolded = (text: string): string => text.replaceAll(/\n {2}(?=\S)/g, ' ').trim()

test('nobody who listens fails no run, shows no URL anywhere, and is told later', async () => {
  const dead = await deadOrigin()
  const config = await configure(dead, dead)
  const log = join(world.folder, 'log')
  await world.offer('a.tar', 'one', { marker: 'nonsense' })
  const ended = await world.run(...config, '--log-file', log, '--json')
  expect(ended.code).toBe(1)
  expect((JSON.parse(ended.stdout) as Result).exitCode).toBe(1)
  expect(ended.stderr).toContain(
    'warning: cannot send a notice to the URL in hook: the connection is refused.',
  )
  expect(ended.stderr).toContain('warning: cannot send the heartbeat to the URL in beat')
  const logged = await readFile(log, 'utf8')
  expect(logged).toContain('cannot send a notice')
  for (const text of [ended.stderr, ended.stdout, logged]) expect(text).not.toMatch(/S3CRET|127\.0\.0\.1/)
  await rm(join(world.folder, 'etc/hook'))
  // Who counts on a message that never comes would hear of it nowhere else.
  await configure(receiver.origin, dead)
  await world.offer('a.tar', 'one')
  const quiet = await world.run(...config, '-q')
  expect(quiet).toMatchObject({ code: 0, stdout: '' })
  expect(unfolded(quiet.stderr)).toMatch(/^warning: cannot send the heartbeat to the URL in beat[^\n]*$/)
  expect(told().filter((one) => one.startsWith('/hook'))).toEqual(['/hook failing', '/hook recovered'])
})

test('with --on-change a message that cannot be sent is printed once, until it changes', async () => {
  const dead = await deadOrigin()
  const pass = async (hook: string, beat: string) => {
    const ended = await world.run(...(await configure(hook, beat)), '--on-change')
    return unfolded(ended.stderr)
      .split('\n')
      .filter((line) => line !== '')
  }
  await world.offer('a.tar', 'one', { marker: 'nonsense' })
  const [hook, beat] = [/to the URL in hook: .* refused/, /the heartbeat to the URL in beat: .* refused/]
  const both = [expect.stringMatching(hook), expect.stringMatching(beat)]
  expect((await pass(dead, dead)).sort()).toEqual(both.toSorted())
  expect(await pass(dead, dead)).toEqual([])
  receiver.answer(403)
  expect(await pass(receiver.origin, dead)).toEqual([expect.stringContaining('it answers 403')])
  // It is refused, and rests.
  expect(await pass(receiver.origin, dead)).toEqual([])
  receiver.answer(200)
  expect(await pass(receiver.origin, receiver.origin)).toEqual([])
  expect(await pass(receiver.origin, dead)).toEqual([expect.stringMatching(beat)])
})

test('a signal while nobody answers ends it within 5 s; the result is printed', async () => {
  receiver.answer('hang')
  await world.offer('a.tar', 'one', { marker: 'nonsense' })
  const command = world.start([...(await configure(receiver.origin)), '--json'])
  await new Promise<void>((printed) =>
    command.stdout!.on('data', (chunk: Buffer) => String(chunk).includes('"exitCode"') && printed()),
  )
  await receiver.got(1)
  const begun = performance.now()
  command.kill('SIGTERM')
  const ended = await command
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(ended.exitCode).toBe(143)
  receiver.answer(200)
  const before = receiver.received.length
  await world.run('--config', join(world.folder, 'etc/config.yaml'), 'pg')
  expect(told().slice(before)).toEqual(['/hook failing'])
})

test('validate warns of a URL that others may read, and tells nothing of it', async () => {
  const config = await configure(receiver.origin)
  await rm(join(world.folder, 'etc/hook'))
  await writeFile(join(world.folder, 'etc/hook'), `${receiver.origin}${SECRET}`, { mode: 0o644 })
  const { code, stdout } = await world.run(...config, 'validate', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout).diagnostics).toMatchObject([
    { code: 'url-file-open', severity: 'warning', file: config[1], line: 2 },
  ])
  expect(stdout).not.toContain('S3CRET')
})

test('validate points to where a URL file is written, and of those that backups may have asks for one', async () => {
  const [flag, file] = (await configure(receiver.origin)) as [string, string]
  const beats = 'heartbeat:\n  urlFile: beat-a.txt\n  # beat-a\n  eachFile: beat-{name}\n'
  await writeFile(file, beats.replace('heartbeat:', 'notify: [{ urlFile: beat-a }]\nheartbeat:'))
  const { stdout } = await world.run(flag, file, 'validate', '--json')
  expect(JSON.parse(stdout).diagnostics.map((one: Diagnostic) => [one.file, one.line, one.column])).toEqual([
    [file, 1, 21],
    [file, 3, 12],
    [file, 5, 13],
  ])
  expect(stdout).toContain('no file of heartbeat.eachFile is there')
})

test('each backup has its own heartbeat, from any whole pass over it', async () => {
  const [flag, file] = (await configure(receiver.origin)) as [string, string]
  await writeFile(join(world.folder, 'etc/beat-pg'), `${receiver.origin}${SECRET}/pg`, { mode: 0o600 })
  await writeFile(file, 'heartbeat: { eachFile: "beat-{name}" }\n')
  expect((await world.run(flag, file, 'pg')).code).toBe(0)
  await world.run(flag, file, '--dry-run')
  const calls = receiver.received.map(({ url }) =>
    url.slice(SECRET.length).replace(/\?rid=[0-9a-f-]{36}$/, '?rid'),
  )
  expect(calls).toEqual(['/pg/start?rid', '/pg?rid'])
  expect(receiver.received[1]!.body).toMatch(/^pg: exit 0: applied\npublished 1,/)
  // Its ledger's head: the last line then.
  const ledger = await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8')
  const { seq, hash } = JSON.parse(ledger.trim().split('\n').at(-1)!)
  expect(receiver.received[1]!.body.split('\n').at(-1)).toBe(`ledger pg ${seq}:${hash}`)
  // A pass with nothing to do, and one that is unwell.
  await world.run(flag, file)
  await world.offer('a.tar', 'two', { mtime: 1_700_000_009 })
  expect((await world.run(flag, file)).code).toBe(6)
  const [start, good, again, bad] = receiver.received.slice(2).map(({ url }) => new URL(url, 'http://x'))
  expect([start, good, again, bad].map((one) => one!.pathname.slice(SECRET.length))).toEqual([
    '/pg/start',
    '/pg',
    '/pg/start',
    '/pg/fail',
  ])
  expect(start!.search).toBe(good!.search)
  expect(receiver.received[3]!.body).toMatch(/^pg: exit 0: in-sync\npublished 0,/)
  expect(receiver.received[5]!.body).toMatch(/^pg: exit 6: 1 in conflict: a.tar\n/)
})

// Where the budget did not hold, this would never end.
test('a server that never answers costs a pass no more than its budget', async () => {
  receiver.answer('hang')
  const [flag, file] = (await configure(receiver.origin)) as [string, string]
  await writeFile(join(world.folder, 'etc/beat-pg'), `${receiver.origin}${SECRET}/pg`, { mode: 0o600 })
  await writeFile(
    file,
    'notify: [{ urlFile: hook }]\nheartbeat: { urlFile: beat, eachFile: "beat-{name}" }\n',
  )
  await world.offer('b.tar', 'two', { marker: 'nonsense' })
  const ended = await world.run(flag, file)
  expect(ended.code).toBe(1)
  expect(unfolded(ended.stderr)).toMatch(/cannot send the heartbeat to .*: no answer before the pass ended\./)
  expect(new Set(told().map((one) => one.split(/[ ?]/)[0]))).toEqual(
    new Set(['/beat/start', '/pg/start', '/hook', '/beat/fail', '/pg/fail']),
  )
})

test('notify test shows what each answers, and never the URL', async () => {
  const [flag, file] = (await configure(receiver.origin)) as [string, string]
  expect(await world.run(flag, file, 'notify', 'test')).toMatchObject({
    code: 0,
    stdout: [
      `webhook: ${receiver.origin.slice(7)} (the URL in hook): accepted 200: no … here`,
      `heartbeat: ${receiver.origin.slice(7)} (the URL in beat): accepted 200: no …/log here`,
    ].join('\n'),
  })
  expect(told().sort()).toEqual([expect.stringMatching(/^\/beat\/log test on /), '/hook test'])
  receiver.answer((response) => response.writeHead(400).end('invalid_payload\nmore'))
  const refused = await world.run(flag, file, 'notify', 'test', 'webhook', '--json')
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stdout).sent).toMatchObject([
    { accepted: false, status: 400, answer: 'invalid_payload', why: 'it answers 400: invalid_payload' },
  ])
  receiver.answer((response) =>
    response.writeHead(502).end('<!DOCTYPE html>\n<title>502 Bad Gateway</title>\n<p>\x1b[31mT0S3CRET/hook'),
  )
  const page = await world.run(flag, file, 'notify', 'test', 'webhook')
  expect(page.stdout.replace(/\s+/g, ' ')).toContain('it answers 502: 502 Bad Gateway')
  expect(page.stdout).not.toMatch(/DOCTYPE|<|\x1b|S3CRET/)
  expect((await world.run(flag, file, 'notify', 'test', 'ntfy')).code).toBe(64)
  await writeFile(file, '{}\n')
  const none = await world.run(flag, file, 'notify', 'test')
  expect(none.code).toBe(64)
  expect(none.stderr).toContain('no notify is configured')
})

test('notify test calls every heartbeat there is, and fails if one refuses', async () => {
  const [flag, file] = (await configure(receiver.origin)) as [string, string]
  const run = (...words: string[]) => world.run(flag, file, 'notify', 'test', 'heartbeat', ...words)
  await writeFile(file, 'heartbeat: { urlFile: beat, eachFile: "beat-{name}" }\n')
  // Not every backup needs one, but that none has one is worth a word.
  const none = await run()
  expect(none.code).toBe(1)
  expect(none.stdout).toMatch(
    /^heartbeat: the URL in beat-pg: not\s+accepted:\s+there\s+is\s+no\s+such\s+file\.\s+Make\s+it:\s+install/m,
  )
  await writeFile(join(world.folder, 'etc/beat-pg'), `${receiver.origin}${SECRET}/pg`, { mode: 0o600 })
  await world.declare('other', { destination: { path: join(world.folder, 'other') } })
  receiver.answer((response) => response.writeHead(404).end('not found: no such check\nmore'))
  const { code, stdout } = await run('--json')
  expect(code).toBe(1)
  const row = { kind: 'heartbeat', accepted: false, status: 404, answer: 'not found: no such check' }
  expect(JSON.parse(stdout).sent).toMatchObject([
    { ...row, target: 'the URL in beat' },
    { ...row, target: 'the URL in beat-pg', why: 'it answers 404: not found: no such check' },
  ])
  expect(stdout).not.toContain('S3CRET')
  // As a test must not look like a pass, it neither starts nor ends one.
  expect(
    told()
      .slice(-2)
      .map((one) => one.split(' ')[0])
      .sort(),
  ).toEqual(['/beat/log', '/pg/log'])
  await writeFile(file, '{}\n')
  expect((await run()).stderr).toContain('no heartbeat is configured')
})

/** What was told since: of whom, and of what kind. */
function since(count: number): readonly string[] {
  const notices = receiver.received.slice(count).filter(({ body }) => body.startsWith('{'))
  return notices.map(({ body }) => JSON.parse(body) as Notice).map(({ backup, kind }) => `${backup}: ${kind}`)
}

describe('what stops many backups for one cause is one notice, and its end one', () => {
  let config: readonly string[]
  beforeEach(async () => {
    config = await configure(receiver.origin)
    for (const name of ['web', 'wiki'])
      await world.declare(name, { destination: { path: join(world.folder, name) } })
  })
  const pass = async (...words: readonly string[]) => {
    const before = receiver.received.length
    const { code } = await world.run(...config, ...words)
    return [code, ...since(before)]
  }

  test('a disk that is not mounted, and one host less', async () => {
    const declare = (name: string, mount: string | null) =>
      world.declare(name, { destination: { path: join(world.folder, name), ...(mount && { mount }) } })
    for (const name of ['web', 'wiki']) await declare(name, world.folder)
    expect(await pass()).toEqual([7, 'web: held'])
    const notice = JSON.parse(receiver.received.findLast(({ body }) => body.startsWith('{'))!.body) as Notice
    expect(notice).toMatchObject({
      message: expect.stringMatching(/; other backups that it stops are not reported one by one$/),
    })
    expect(await pass()).toEqual([7])
    // A third joins in silence, and who is first well again says nothing.
    await world.declare('pg', { destination: { mount: world.folder } })
    expect(await pass()).toEqual([7])
    await declare('web', null)
    expect(await pass()).toEqual([7])
    await declare('wiki', null)
    await world.declare('pg')
    expect((await pass()).slice(1)).toHaveLength(1)
    const over = JSON.parse(receiver.received.findLast(({ body }) => body.startsWith('{'))!.body) as Notice
    expect(over).toMatchObject({ kind: 'recovered', backups: ['pg', 'web', 'wiki'] })
    expect(await pass()).toEqual([0])
  })

  test('a folder above them that is gone, whatever is between', async () => {
    const srv = join(world.folder, 'srv')
    for (const name of ['pg', 'web', 'wiki'])
      await world.declare(name, { destination: { path: join(srv, `of-${name}`, name) } })
    expect(await pass()).toEqual([0])
    await rename(srv, `${srv}-away`)
    expect((await pass()).slice(1)).toHaveLength(1)
    const last = () =>
      JSON.parse(receiver.received.findLast(({ body }) => body.startsWith('{'))!.body) as Notice
    expect(last()).toMatchObject({
      kind: 'held',
      message: expect.stringMatching(
        /; other backups that it stops are not reported one by one \(reconcile -n shows all holds\)$/,
      ),
      details: [{ hint: expect.stringMatching(/reconcile release \w+ /) }],
    })
    const { stdout } = await world.run('status', '--check')
    expect(stdout.trimEnd().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^pg, web, wiki: held; .*\(reconcile release \w+ \w+ \w+\)$/),
    ])
    expect(await pass()).toEqual([7])
    await rename(`${srv}-away`, srv)
    expect((await pass()).slice(1)).toHaveLength(1)
    expect(last()).toMatchObject({ kind: 'recovered', backups: ['pg', 'web', 'wiki'] })
  })

  test('who is alone there hears nothing of others', async () => {
    for (const name of ['web', 'wiki']) await rm(join(world.specs, `${name}.yaml`))
    expect(await pass()).toEqual([0])
    await rename(world.destination, `${world.destination}-away`)
    expect(await pass()).toEqual([7, 'pg: held'])
    const { message } = JSON.parse(
      receiver.received.findLast(({ body }) => body.startsWith('{'))!.body,
    ) as Notice
    expect(message).toMatch(/is meant to start afresh$/)
  })

  test('a lost state folder', async () => {
    expect(await pass()).toEqual([0])
    await rename(world.state, `${world.state}.old`)
    expect(await pass()).toEqual([7, 'all backups: held'])
    expect(await pass()).toEqual([7])
    expect(await pass('pg')).toEqual([7])
    expect((await world.run('release', '--all-destinations', '--reason', 'new box')).code).toBe(0)
    expect(await pass()).toEqual([0, 'all backups: recovered'])
    // One that is not known here, of several that are, is that backup's own.
    await world.run('release', '--all-destinations', '--reason', 'new box')
    expect(await pass()).toEqual([0])
  })

  test.each(['_defaults.yaml', '_hosts.yaml'])('%s is gone', async (name) => {
    const file = join(world.specs, name)
    const text = name === '_hosts.yaml' ? 'nas: { address: 127.0.0.1 }\n' : 'transfer: { order: oldest }\n'
    await writeFile(file, text)
    expect(await pass()).toEqual([0])
    await rm(file)
    expect(await pass()).toEqual([7, 'all backups: held'])
    expect(await pass()).toEqual([7])
    await writeFile(file, text)
    expect(await pass()).toEqual([0, 'all backups: recovered'])
  })

  test('_hosts.yaml is faulty, and then gone: what is wrong with a spec under it is not over', async () => {
    const file = join(world.specs, '_hosts.yaml')
    await writeFile(file, 'nas: { address: 127.0.0.1 }\n')
    const destination = { path: join(world.folder, 'wiki') }
    await world.declare('wiki', { source: { host: 'nas', path: '/srv' }, destination })
    expect(await pass()).toEqual([3, 'wiki: failing'])
    await writeFile(file, 'nas: { adress: 127.0.0.1 }\n')
    expect(await pass()).toEqual([3, 'all backups: failing'])
    await rm(file)
    expect(await pass()).toEqual([3, 'all backups: held'])
    await writeFile(file, 'nas: { address: 127.0.0.1 }\n')
    expect(await pass()).toEqual([3, 'all backups: recovered'])
  })

  test('the folder of specs is gone, or no folder', async () => {
    expect(await pass()).toEqual([0])
    await rename(world.specs, `${world.specs}-away`)
    expect(await pass()).toEqual([64, 'all backups: failing'])
    expect(told()).toContain('/beat/fail exit 64')
    await writeFile(world.specs, 'x')
    expect(await pass()).toEqual([64])
    expect(await pass('pg')).toEqual([64])
    await rm(world.specs)
    await rename(`${world.specs}-away`, world.specs)
    expect(await pass()).toEqual([0, 'all backups: recovered'])
  })

  test('_defaults.yaml is faulty', async () => {
    await writeFile(join(world.specs, '_defaults.yaml'), 'tranfer: {}\n')
    expect(await pass()).toEqual([3, 'all backups: failing'])
    await writeFile(join(world.specs, 'wiki.yaml'), 'version: 1\nsorce: {}\n')
    expect(await pass()).toEqual([3, 'wiki: failing'])
    await world.declare('wiki', { destination: { path: join(world.folder, 'wiki') } })
    await writeFile(join(world.specs, '_defaults.yaml'), 'transfer: {}\n')
    expect((await pass()).slice(1).sort()).toEqual(['all backups: recovered', 'wiki: recovered'])
  })
})

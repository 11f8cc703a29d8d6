import { chmod, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import type { VerifyReport } from '../../src/model/verified.ts'
import { kill, otherHolder } from '../helpers/disk-sharers.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

let open: World | null = null
afterEach(async () => {
  await open?.end()
  open = null
})

const SIZE = 1_200_001
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => `${one}-2025-11-20.tar`)

const MADE = new Map(NAMES.map((name) => [name, noise(SIZE, name)]))

/** Files of two blocks, all held. */
async function held(kind: 'local' | 'ssh' = 'local'): Promise<World> {
  const world = await makeWorld(kind, { calls: 'here' })
  open = world
  for (const name of NAMES) await world.offer(name, MADE.get(name)!, { mtime: 1_763_600_000 })
  await world.declare('pg', { expect: { every: 'never' } })
  expect((await world.pass()).exitCode).toBe(0)
  return world
}

async function verify(world: World, ...words: string[]) {
  const { stdout, stderr, code } = await world.run('verify', ...words, '--json')
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as VerifyReport
  expect(report.exitCode).toBe(code)
  const [backup] = report.backups
  return { ...backup!, code, found: backup!.findings.map((one) => `${one.code} ${one.path ?? ''}`.trim()) }
}

/** One bit in the middle, with size and time as they were: what a disk does. */
async function flip({ destination }: World, name: string): Promise<void> {
  const path = join(destination, name)
  const { atime, mtime } = await stat(path)
  const bytes = await readFile(path)
  bytes[SIZE >> 1]! ^= 4
  await chmod(path, 0o644)
  await writeFile(path, bytes)
  await chmod(path, 0o444)
  await utimes(path, atime, mtime)
}

const ledgerOf = ({ destination }: World): string => join(destination, '.reconcile/ledger.jsonl')
const eventsIn = async (world: World) =>
  (await readFile(ledgerOf(world), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; path?: string; paths?: string[]; code?: string })

test('each kind of damage is found, named and told apart, remembered, shown and mended', async () => {
  const world = await held()
  const [a, b, c, d, e] = NAMES as [string, string, string, string, string]
  const at = (name: string): string => join(world.destination, name)
  expect(await verify(world)).toMatchObject({ code: 0, files: 6, bytes: 6 * SIZE, found: [], recorded: true })

  await flip(world, a)
  await rm(at(b))
  await rm(at(`${c}.md5`))
  const marker = await readFile(at(`${d}.md5`), 'utf8')
  await chmod(at(`${d}.md5`), 0o644)
  await writeFile(at(`${d}.md5`), marker.replace(/^./, marker[0] === '0' ? '1' : '0'))
  // Another case of a letter says the same, and is another byte than was published.
  const same = await readFile(at(`${e}.md5`), 'utf8')
  await chmod(at(`${e}.md5`), 0o644)
  await writeFile(at(`${e}.md5`), same.toUpperCase().replace(/ .*/s, same.slice(32)))
  await writeFile(at('stray.bin'), 'mine')

  // A look that reads nothing cannot see the bit, nor the marker of the same size.
  expect(JSON.stringify(await world.plan())).not.toContain(a)
  const all = [
    `rot ${a}`,
    `missing-here ${b}`,
    `marker-missing ${c}`,
    `marker-altered ${d}`,
    `marker-altered ${e}`,
    'foreign-file stray.bin',
  ]
  const first = await verify(world)
  expect(first).toMatchObject({ code: 6, found: all, files: 1, recorded: true })
  const told = (await eventsIn(world)).filter(({ event }) => ['rotten', 'damaged', 'foreign'].includes(event))
  expect(told).toMatchObject([
    { event: 'rotten', path: a },
    { event: 'damaged', path: c, code: 'marker-missing' },
    { event: 'damaged', path: d, code: 'marker-altered' },
    { event: 'damaged', path: e, code: 'marker-altered' },
    { event: 'damaged', path: b, code: 'missing-here' },
    { event: 'foreign', paths: ['stray.bin'] },
  ])
  const text = await world.run('verify', 'pg')
  expect([text.code, text.stdout]).toEqual([6, expect.stringContaining(`! marker-altered  ${d}\n`)])
  // Nothing is recorded twice but what was found sound.
  expect((await eventsIn(world)).filter(({ event }) => event === 'damaged').length).toBe(4)

  const [shown] = (await world.status('pg')).backups
  expect(shown).toMatchObject({ state: 'failed', verified: { damaged: 5, overdue: 0, foreign: 1 } })
  const words = (await world.run('status', 'pg')).stdout
  expect(words).toContain('5 damaged')

  await rm(at('stray.bin'))
  const [mended] = (await world.pass()).backups
  expect(mended).toMatchObject({ repaired: [a, b], adopted: [c, d, e], exitCode: 0 })
  expect(await readFile(at(`${d}.md5`), 'utf8')).toBe(marker)
  expect(await readFile(at(`${e}.md5`), 'utf8')).toBe(same)
  expect(await verify(world)).toMatchObject({ code: 0, files: 6, found: [] })
  const [well] = (await world.status('pg')).backups
  expect(well).toMatchObject({ state: 'ok', quarantine: { files: 5 }, verified: { damaged: 0, foreign: 0 } })
  expect((await world.run('status', 'pg')).stdout).toMatch(/verified +all verified within 30 d/)
})

test("what is in a file's place and no file is named; where nothing can be looked at, nothing is said to be well", async () => {
  const world = await held()
  const [a] = NAMES as [string]
  const at = join(world.destination, a)
  await rename(at, join(world.folder, 'away'))
  await symlink(join(world.folder, 'away'), at)
  const found = await verify(world)
  expect(found).toMatchObject({
    code: 6,
    found: [`missing-here ${a}`],
    problems: [{ code: 'not-regular', path: a }],
    files: 5,
  })
  await rename(ledgerOf(world), join(world.folder, 'ledger'))
  await symlink(join(world.folder, 'ledger'), ledgerOf(world))
  const text = await world.run('verify', 'pg')
  expect([text.code, text.stdout]).toEqual([7, expect.stringMatching(/\npg: nothing could be verified\.$/)])
})

test('a ledger that was edited, cut or reordered, or is gone: told apart, and the markers still vouch for the files', async () => {
  const world = await held()
  const path = ledgerOf(world)
  const whole = await readFile(path, 'utf8')
  const lines = whole.trimEnd().split('\n')
  const swapped = [...lines]
  ;[swapped[2], swapped[4]] = [lines[4]!, lines[2]!]
  const damages = {
    'ledger-edited': whole.replace(`"size":${SIZE}`, `"size":${SIZE - 1}`),
    'ledger-cut': lines.filter((_, i) => i !== 2).join('\n'),
    'ledger-reordered': `${swapped.join('\n')}\n`,
    'ledger-missing': null,
  }
  await flip(world, NAMES[1]!)
  for (const [code, text] of Object.entries(damages)) {
    if (text === null) await rm(path)
    else await writeFile(path, text)
    const found = await verify(world, world.destination)
    expect(found).toMatchObject({ code: 6, found: [code, `rot ${NAMES[1]}`], files: 5, recorded: false })
  }
  for (const text of [lines.slice(1).join('\n'), '']) {
    await writeFile(path, text)
    expect(await verify(world, world.destination)).toMatchObject({ found: ['ledger-cut', `rot ${NAMES[1]}`] })
  }
  // Cut at its end, it is a ledger of another day: what remembers the head finds that.
  await writeFile(path, `${lines.slice(0, -2).join('\n')}\n`)
  expect(await verify(world)).toMatchObject({ code: 6, found: ['ledger-cut', `rot ${NAMES[1]}`] })
  await writeFile(path, whole)
  expect(await verify(world)).toMatchObject({ code: 6, found: [`rot ${NAMES[1]}`], recorded: true })
})

test('a head kept elsewhere: held, cut off at any line, edited, another history, gone; also where status and state are', async () => {
  const world = await held()
  const path = ledgerOf(world)
  const whole = await readFile(path, 'utf8')
  const lines = whole.trimEnd().split('\n')
  const head = (await world.pass()).backups[0]!.head!
  expect(head).toMatchObject({ seq: lines.length, hash: JSON.parse(lines.at(-1)!).hash })
  const asked = `${head.seq}:${head.hash}`
  const by = async (what: string, text: string) => {
    const { stdout, stderr, code } = await world.run('verify', what, '--head', text, '--json')
    expect(stderr).toBe('')
    const [backup] = (JSON.parse(stdout) as VerifyReport).backups
    expect(backup).toMatchObject({ exitCode: code, files: 0, recorded: false, problems: [] })
    return [code, backup!.head!.found, ...backup!.findings.map((one) => one.code)]
  }
  expect(await by('pg', asked)).toEqual([0, 'held'])
  expect((await world.run('verify', 'pg', '--head', asked)).stdout.replace(/\s+/g, ' ')).toBe(
    'pg: the ledger holds line 7 with that hash, and is sound up to line 7, its last.',
  )
  await writeFile(path, lines.filter((_, at) => at !== 4).join('\n'))
  // Started anew, on the record: it says where the old one is.
  expect(await world.run('doctor', '--rebuild-ledger', 'pg')).toMatchObject({ code: 0 })
  const anew = await world.run('verify', 'pg', '--head', asked)
  expect([anew.code, anew.stdout.replace(/\s+/g, ' ')]).toEqual([
    6,
    expect.stringMatching(
      /ledger-cut .*started anew at .*: the old one is \.reconcile\/quarantine\/\S+\/ledger\.jsonl/,
    ),
  ])
  // What this box knows is gone: the head alone is left.
  await rm(world.state, { recursive: true })
  await rm(join(world.destination, '.reconcile/status.json'))
  for (const kept of lines.keys()) {
    await writeFile(
      path,
      lines
        .slice(0, kept)
        .map((line) => `${line}\n`)
        .join(''),
    )
    if (kept > 0) expect((await world.run('log', world.destination)).code, `${kept}`).toBe(0)
    const found = kept === 0 ? [6, 'missing', 'ledger-cut'] : [6, 'cut', 'ledger-cut']
    for (const what of ['pg', world.destination]) expect(await by(what, asked), `${kept}`).toEqual(found)
  }
  const texts: readonly (readonly [string, string, unknown[]])[] = [
    ['cut within its last line', whole.slice(0, -9), [6, 'cut', 'ledger-cut']],
    ['its last line edited', whole.replace(/e(?=[^e]*$)/, 'f'), [6, 'damaged', 'ledger-edited']],
    ['edited before', whole.replace(`"size":${SIZE}`, `"size":${SIZE - 1}`), [6, 'damaged', 'ledger-edited']],
    ['longer since', `${whole}`, [0, 'held']],
    ['being written', `${whole}{"seq":`, [0, 'held']],
  ]
  for (const [name, text, found] of texts) {
    await writeFile(path, text)
    expect(await by(world.destination, asked), name).toEqual(found)
  }
  await writeFile(path, whole)
  const earlier = JSON.parse(lines[2]!) as { seq: number; hash: string }
  expect(await by(world.destination, `${earlier.seq}:${earlier.hash}`)).toEqual([0, 'held'])
  expect(await by(world.destination, `3:${head.hash}`)).toEqual([6, 'other', 'ledger-other'])
  // Damage after a head is damage all the same, and a torn tail is none.
  await writeFile(path, lines.filter((_, at) => at !== 4).join('\n'))
  const second = `2:${JSON.parse(lines[1]!).hash}`
  expect(await by(world.destination, second)).toEqual([6, 'held', 'ledger-cut'])
  await rm(path)
  expect(await by('pg', asked)).toEqual([6, 'missing', 'ledger-missing'])
  await rm(join(world.destination, '.reconcile'), { recursive: true })
  expect(await by('pg', asked)).toEqual([6, 'missing', 'ledger-missing'])
  expect(await world.run('verify', world.destination, '--head', asked)).toMatchObject({ code: 64 })
  for (const words of [
    ['pg', '--head', '7'],
    ['pg', '--head', `7:${'g'.repeat(64)}`],
    ['pg', '--head', asked, '--limit', '1GiB'],
    ['pg', world.destination, '--head', asked],
  ])
    expect(await world.run('verify', ...words), words.join(' ')).toMatchObject({ code: 64 })
})

test('by a folder alone; by age and amount, the longest unread first; at a rate', async () => {
  const world = await held()
  // Read without the lock; what cannot be recorded now is said, and a later run records it.
  const holder = await otherHolder(join(world.destination, '.reconcile/lock'))
  const busy = await verify(world)
  expect(busy).toMatchObject({ code: 5, files: 6, recorded: false, problems: [{ code: 'not-recorded' }] })
  await flip(world, NAMES[0]!)
  expect(await verify(world)).toMatchObject({ code: 6, found: [`rot ${NAMES[0]}`] })
  await kill(holder)
  expect(await verify(world)).toMatchObject({ code: 6, recorded: true })
  await flip(world, NAMES[0]!)
  expect(await verify(world)).toMatchObject({ code: 0, files: 6 })
  for (const gone of [world.specs, world.state, world.source]) await rm(gone, { recursive: true })
  // Unknown to this box: nothing is written there.
  const before = await readFile(ledgerOf(world), 'utf8')
  expect(await verify(world, world.destination)).toMatchObject({ code: 0, files: 6, recorded: false })
  expect(await readFile(ledgerOf(world), 'utf8')).toBe(before)
  const older = await verify(world, world.destination, '--older-than', '1d')
  expect(older).toMatchObject({ code: 0, files: 0, left: { files: 6 } })
  const began = performance.now()
  const some = await verify(world, world.destination, '--limit', '3MB', '--rate', '4MB/s')
  expect(some).toMatchObject({ files: 2, left: { files: 4, bytes: 4 * SIZE } })
  // Slower than the rate is no fault of it.
  expect(performance.now() - began).toBeGreaterThan(300)
  expect((await world.run('verify', '/nowhere/x')).code).toBe(64)
})

test.skipIf(process.getuid?.() !== 0)(
  "another user's is read as its owner would, and not written",
  async () => {
    const world = await held()
    await flip(world, NAMES[0]!)
    await execa('chown', ['-R', '1234:1234', world.destination])
    const strange = async () => (await execa('find', [world.destination, '-uid', '0'])).stdout
    const before = await readFile(ledgerOf(world), 'utf8')
    expect(await verify(world, world.destination)).toMatchObject({
      ...{ code: 6, files: 5, found: [`rot ${NAMES[0]}`] },
      ...{ recorded: false, problems: [] },
    })
    expect([await readFile(ledgerOf(world), 'utf8'), await strange()]).toEqual([before, ''])
    await execa('chown', ['-R', '0:0', world.destination])
  },
)

test.each(['.', '..'])('%s is a folder, not a name', async (name) => {
  const world = await held()
  const cwd = name === '.' ? world.destination : join(world.destination, '.reconcile')
  const { command, args } = world.command(['verify', name, '--json'])
  const { stdout } = await execa(command, args, { cwd, reject: false })
  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: 0,
    backups: [{ backup: world.destination, files: 6 }],
  })
})

test('a folder without .reconcile is read by its markers alone, which is said; one with nothing to go by is none', async () => {
  const world = await held()
  await rm(join(world.destination, '.reconcile'), { recursive: true })
  expect(await verify(world, world.destination)).toMatchObject({
    ...{ code: 1, files: 6, found: [], problems: [{ code: 'no-ledger' }], recorded: false },
  })
  await flip(world, NAMES[0]!)
  expect(await verify(world, world.destination)).toMatchObject({ code: 6, found: [`rot ${NAMES[0]}`] })
  const { code, stderr } = await world.run('verify', world.specs)
  expect([code, stderr.replace(/\s+/g, ' ')]).toEqual([
    64,
    expect.stringContaining('has neither a ledger (.reconcile) nor a file with its .md5'),
  ])
})

test('a pass reads its share once nothing is to come, and repairs at once what it finds', async () => {
  const world = await held()
  await world.declare('pg', { expect: { every: 'never' }, verify: { every: '1s' } })
  // New files are due once half of that has passed.
  await flip(world, NAMES[0]!)
  let passed = await world.pass()
  for (let i = 0; i < 50 && passed.backups[0]!.repaired.length === 0; i++) passed = await world.pass()
  expect(passed.backups[0]).toMatchObject({ repaired: [NAMES[0]], exitCode: 0 })
  const read = (await eventsIn(world)).filter(({ event }) => event === 'verified' || event === 'rotten')
  expect(
    read
      .map(({ event, path }) => `${event} ${path}`)
      .slice(0, 6)
      .sort(),
  ).toEqual([`rotten ${NAMES[0]}`, ...NAMES.slice(1).map((name) => `verified ${name}`)])
})

test('repair: a delta against the rotten copy, which stays in quarantine; gone at the source: lost until acknowledged', async () => {
  const world = await makeWorld('ssh', { calls: 'here' })
  open = world
  const [big, small] = ['big-2025-11-20.tar', 'small-2025-11-20.tar'] as const
  const bytes = noise(SIZE, 'big')
  await world.offer(big, bytes, { mtime: 1_763_600_000 })
  const md5 = await world.offer(small, 'x'.repeat(SIZE))
  await world.declare('pg', { expect: { every: 'never' } })
  expect((await world.pass()).backups[0]).toMatchObject({ exitCode: 0 })

  await flip(world, big)
  const rotten = await readFile(join(world.destination, big))
  expect(await verify(world)).toMatchObject({ code: 6, found: [`rot ${big}`] })
  const [repaired] = (await world.pass()).backups
  expect(repaired).toMatchObject({ repaired: [big], exitCode: 0 })
  // Noise does not shrink on the line: only the block that differs came.
  expect(repaired!.bytes).toBeLessThan(SIZE / 20)
  expect((await readFile(join(world.destination, big))).equals(bytes)).toBe(true)
  const [quarantine] = (await world.status()).backups
  expect(quarantine).toMatchObject({ state: 'ok', quarantine: { files: 2 } })
  const set = await readdir(join(world.destination, '.reconcile/quarantine'), { recursive: true })
  const aside = set.find((path) => path.endsWith(big))!
  expect((await readFile(join(world.destination, '.reconcile/quarantine', aside))).equals(rotten)).toBe(true)

  for (const folder of [world.source, world.destination]) await rm(join(folder, small))
  await rm(join(world.source, `${small}.md5`))
  expect(await verify(world)).toMatchObject({ code: 6, found: [`missing-here ${small}`] })
  for (let i = 0; i < 2; i++)
    expect((await world.pass()).backups[0]).toMatchObject({ lost: [small], exitCode: 6 })
  const step = (await world.plan()).backups[0]!.steps.find(({ action }) => action === 'lost')
  expect(step).toMatchObject({ path: small, held: md5 })
  const acknowledge = [{ path: small, digest: md5, reason: 'no longer needed' }]
  await world.declare('pg', { expect: { every: 'never' }, acknowledge })
  expect((await world.pass()).backups[0]).toMatchObject({ lost: [], exitCode: 0 })
  expect(await verify(world)).toMatchObject({ code: 0, found: [] })
  expect((await world.status()).backups[0]).toMatchObject({ state: 'ok', verified: { damaged: 0 } })
  expect((await world.run('explain', `pg/${small}`)).stdout).toMatch(/accepts that\n[\s\S]*its marker/)
  // That the source cannot be seen brings nothing of it back.
  await rename(world.source, `${world.source}-away`)
  expect((await world.pass()).backups[0]).toMatchObject({
    problems: [{ code: 'rrsync-folder-missing' }],
    lost: [],
  })
})

test('rot that the source can no longer replace is lost, and so loud, until its digest is acknowledged; repaired once it is back', async () => {
  const world = await makeWorld('ssh', { calls: 'here' })
  open = world
  const [good, bad] = ['good-2025-11-20.tar', 'bad-2025-11-20.tar'] as const
  const bytes = noise(SIZE, 'bad')
  await world.offer(good, 'x'.repeat(SIZE), { mtime: 1_763_600_000 })
  const digest = await world.offer(bad, bytes, { mtime: 1_763_600_000 })
  await world.declare('pg', { expect: { every: 'never' } })
  expect((await world.pass()).exitCode).toBe(0)
  await flip(world, bad)
  const rotten = await readFile(join(world.destination, bad))
  for (const name of [bad, `${bad}.md5`]) await rm(join(world.source, name))
  expect(await verify(world)).toMatchObject({ code: 6, found: [`rot ${bad}`] })

  // What is not known to be gone there may come back.
  await rename(world.source, `${world.source}.away`)
  expect((await world.pass()).backups[0]).toMatchObject({ lost: [], exitCode: 6 })
  await rename(`${world.source}.away`, world.source)
  for (let i = 0; i < 2; i++)
    expect((await world.pass()).backups[0]).toMatchObject({ lost: [bad], problems: [], exitCode: 6 })
  const step = (await world.plan()).backups[0]!.steps.find(({ action }) => action === 'lost')
  expect(step).toMatchObject({ path: bad, held: digest })
  expect(step!.because.join()).toContain('the copy here is rotten')
  expect((await world.status()).backups[0]).toMatchObject({
    state: 'failed',
    exitCode: 6,
    troubles: [{ code: 'lost', names: [bad] }],
    verified: { damaged: 1 },
  })
  expect((await world.run('status', '--check')).code).toBe(2)
  expect((await world.run('explain', `pg/${bad}`)).stdout).toMatch(/rotten[\s\S]*another copy/)

  const acknowledge = [{ path: bad, digest, reason: 'superseded' }]
  await world.declare('pg', { expect: { every: 'never' }, acknowledge })
  expect((await world.pass()).backups[0]).toMatchObject({ lost: [], problems: [], exitCode: 0 })
  expect(await verify(world)).toMatchObject({ code: 0, found: [], files: 1 })
  expect((await world.status()).backups[0]).toMatchObject({ state: 'ok', verified: { damaged: 0 } })
  expect((await world.run('explain', `pg/${bad}`)).stdout).toMatch(/accepts\s+that\s+it\s+is\s+lost/)
  // Nothing of it was touched, and the disk alone knows of no acknowledgement.
  expect((await readFile(join(world.destination, bad))).equals(rotten)).toBe(true)
  expect(await verify(world, world.destination)).toMatchObject({ code: 6, found: [`rot ${bad}`] })

  await world.offer(bad, bytes, { mtime: 1_763_600_000 })
  expect((await world.pass()).backups[0]).toMatchObject({ repaired: [bad], exitCode: 0 })
  expect((await readFile(join(world.destination, bad))).equals(bytes)).toBe(true)
})

test('a lost file whose bytes a person puts back is whole again once it has been read', async () => {
  const world = await held()
  const [name] = NAMES as [string]
  await flip(world, name)
  for (const one of [name, `${name}.md5`]) await rm(join(world.source, one))
  expect((await verify(world)).code).toBe(6)
  const path = join(world.destination, name)
  await chmod(path, 0o644)
  await writeFile(path, MADE.get(name)!)
  await utimes(path, 1_763_600_000, 1_763_600_000)
  expect(await verify(world)).toMatchObject({ code: 0, found: [] })
  expect((await world.pass()).backups[0]).toMatchObject({ lost: [], exitCode: 0 })
})

test('an accepted loss hides no later one: what was put back and rots, or goes, again is found once, and counts as complete nowhere', async () => {
  const world = await held()
  const [rots, goes] = NAMES as [string, string]
  const again = async (name: string) => {
    const path = join(world.destination, name)
    await rm(path, { force: true })
    await writeFile(path, MADE.get(name)!)
    await utimes(path, 1_763_600_000, 1_763_600_000)
  }
  const acknowledge = []
  for (const path of [rots, goes]) {
    const [digest] = (await readFile(join(world.source, `${path}.md5`), 'utf8')).split(' ')
    acknowledge.push({ path, digest, reason: 'not needed' })
    for (const one of [path, `${path}.md5`]) await rm(join(world.source, one))
  }
  await flip(world, rots)
  await rm(join(world.destination, goes))
  const found = [`rot ${rots}`, `missing-here ${goes}`]
  expect(await verify(world)).toMatchObject({ code: 6, found })
  await world.declare('pg', { expect: { every: 'never' }, acknowledge })
  expect(await verify(world)).toMatchObject({ code: 0, found: [] })
  for (const name of [rots, goes]) await again(name)
  expect(await verify(world)).toMatchObject({ code: 0, found: [], files: NAMES.length })

  await flip(world, rots)
  await rm(join(world.destination, goes))
  expect(await verify(world)).toMatchObject({ code: 6, found })
  expect((await world.pass()).backups[0]).toMatchObject({
    exitCode: 0,
    complete: { files: NAMES.length - 2 },
  })
  expect(await verify(world)).toMatchObject({ code: 0, found: [] })
})

test('a pass whose own reading finds the rot of a file whose loss is accepted reports it, once', async () => {
  const world = await held()
  const [path] = NAMES as [string]
  const [digest] = (await readFile(join(world.source, `${path}.md5`), 'utf8')).split(' ')
  for (const one of [path, `${path}.md5`]) await rm(join(world.source, one))
  await flip(world, path)
  const acknowledge = [{ path, digest, reason: 'not needed' }]
  await world.declare('pg', { expect: { every: 'never' }, verify: { every: '1s' }, acknowledge })
  let passed = await world.pass()
  for (let i = 0; i < 50 && passed.exitCode === 0; i++) passed = await world.pass()
  expect(passed.backups[0]).toMatchObject({ problems: [{ code: 'rot', path }], exitCode: 6 })
  expect((await world.pass()).backups[0]).toMatchObject({ problems: [], exitCode: 0 })
})

test('what cannot be looked at is never fine: no pass yet, a faulty spec, nothing declared', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  open = world
  expect((await world.run('verify')).code).toBe(1)
  await world.declare()
  expect(await verify(world)).toMatchObject({ code: 1, problems: [{ code: 'no-destination' }] })
  await writeFile(join(world.specs, 'bad.yaml'), 'version: 1\nsource: 7\n')
  expect((await world.run('verify', '-q')).code).toBe(3)
})

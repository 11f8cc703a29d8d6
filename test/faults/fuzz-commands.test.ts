import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { kill, otherHolder } from '../helpers/disk-sharers.ts'
import { countInFull } from '../helpers/extent.ts'
import { type Random, randomOf } from '../helpers/random.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { DUMPS, dump } from '../helpers/world-of-dumps.ts'

let world: World
afterEach(() => world.end())

const seed = Number(process.env['FAULTS_SEED'] ?? 1)
/** Those that a person or script may get; 70 is for bugs alone, and nothing here sends a signal. */
const CODES = [0, 1, 2, 3, 4, 5, 6, 7, 64]

const DAY_AGO = '2026-11-24'
/** Words that commands take, and such as they do not. */
const VALUES = [
  ...[
    'pg',
    'other',
    'pg/',
    dump(1),
    `pg/${dump(1)}`,
    'db',
    '.',
    'out',
    'specs',
    '-',
    '',
    ' ',
    '\u202e',
    'x'.repeat(300),
  ],
  ...[
    '0',
    '-1',
    '1',
    '7d',
    '1h',
    '10GiB',
    '25KiB/s',
    'off',
    DAY_AGO,
    `${DAY_AGO}T04:00:00Z`,
    'now',
    '2026-13',
    '2026-11',
  ],
  ...[
    'json',
    'text',
    'ndjson',
    'markdown',
    'prometheus',
    'html',
    'debug',
    'all',
    'a reason',
    'plan.json',
    'snap',
  ],
  ...['4711:9f86d081', `4711:${'9f'.repeat(32)}`, 'http://127.0.0.1:1/', '__proto__', '--', '*'],
]
/** What writes nothing outside this world and ends by itself. */
const COMMANDS = [
  ...[
    '',
    'run',
    'status',
    'restore',
    'verify',
    'explain',
    'log',
    'report',
    'validate',
    'schema',
    'release',
    'suspend',
  ],
  ...[
    'resume',
    'prune',
    'doctor',
    'plan',
    'apply',
    'snapshot',
    'service print',
    'notify test',
    'source marker-script',
  ],
]

/** The flags of each command, by its own help. */
async function flagsOf(command: string): Promise<readonly string[]> {
  const { stdout } = await world.run(...command.split(' ').filter((word) => word !== ''), '--help')
  return [...new Set(stdout.match(/(?<=^ +(?:-\w, )?)--[a-z-]+|(?<=^ +)-\w\b/gm) ?? [])].filter(
    // They would look at this machine's own files, or wait.
    (flag) => !['--help', '--config', '--state', '--lock-timeout', '--log-file', '--git'].includes(flag),
  )
}

function drawLine(random: Random, command: string, flags: readonly string[]): readonly string[] {
  const words = command.split(' ').filter((word) => word !== '')
  for (let left = random.int(4); left > 0; left--) {
    if (random.chance(0.6)) words.push(random.pick(flags))
    if (random.chance(0.7)) words.push(random.pick(VALUES))
  }
  return words
}

test('I15: whatever is typed, the exit code is one of the contract, and no stack is shown', async () => {
  world = await makeWorld('local', { calls: 'here' })
  for (let ago = 0; ago < 3; ago++) await world.offer(dump(ago), `dump of ${ago} days ago`)
  await world.declare('pg', DUMPS)
  expect((await world.pass()).exitCode).toBe(0)
  expect((await world.run('plan', '--out', 'plan.json')).code).toBe(0)
  const random = randomOf(seed)
  const faults: string[] = []
  const met = new Set<number>()
  for (const command of COMMANDS) {
    const flags = await flagsOf(command)
    for (let left = countInFull(60, 10); left > 0; left--) {
      const words = drawLine(random, command, flags)
      // What goes wrong in printing what is wrong is thrown here, where `cli.js` would show it.
      const { code, stdout, stderr } = await world
        .run(...words)
        .catch((error: Error) => ({ code: 70, stdout: '', stderr: error.stack ?? '' }))
      met.add(code ?? -1)
      if (!CODES.includes(code ?? -1) || /this is a bug|^\s+at .*:\d+:\d+\)?$/m.test(stdout + stderr))
        faults.push(`${code}, FAULTS_SEED=${seed}: ${JSON.stringify(words)}: ${stderr.slice(0, 600)}`)
    }
  }
  expect(faults).toEqual([])
  expect(met.has(0) && met.has(64)).toBe(true)
}, 900_000)

const TIME = '2026-11-24T06:00:00.000Z'
const HOLD = { id: '0a1b2c3d', code: 'specs-gone', message: 'more than half are gone' }
const ORPHAN = { backup: 'old', destination: '/srv/old', since: TIME }
const FAULT = { backup: 'pg', file: 'pg.yaml', line: 1, column: 1, code: 'unknown-key', message: 'x' }

/** What lies in the state folder, and in the destination, as it is written. */
const filesOf = ({ folder, specs }: World, live: string): Readonly<Record<string, unknown>> => ({
  'state/suspensions.json': {
    format: 'reconcile.suspensions/1',
    all: null,
    backups: { pg: { at: 1_790_000_000_000, by: 'anna', reason: 'x', until: null } },
  },
  'state/watch.json': {
    format: 'reconcile.watch/1',
    pid: 1,
    at: live,
    validUntil: new Date(Date.parse(live) + 300_000).toISOString(),
    specs,
    revision: null,
    holds: [HOLD],
    broken: [FAULT],
    orphans: [ORPHAN],
    backups: [{ backup: 'pg', phase: 'running', nextRun: TIME, failures: 1, crash: null, lastGood: true }],
  },
  'state/watch-specs.json': {
    format: 'reconcile.watch-specs/1',
    places: {
      [specs]: {
        specs: [
          {
            file: join(specs, 'pg.yaml'),
            line: 1,
            document: { version: 1, name: 'pg', source: { path: folder } },
          },
        ],
        orphans: [ORPHAN],
        holds: [HOLD],
      },
    },
  },
  'state/notices.json': {
    format: 'reconcile.notices/1',
    told: { hook: { pg: { late: { since: TIME, message: 'late', over: false, keys: ['db'] } } } },
    pending: [{ hook: 'hook', notice: { id: 'x', backup: 'pg', kind: 'late', message: 'late' } }],
  },
  'destination/.reconcile/progress.json': {
    format: 'reconcile.progress/1',
    since: TIME,
    at: live,
    bytes: 5,
    total: 10,
    rate: 1,
    path: 'a.tar',
    verifying: { files: 1, bytes: 5 },
  },
})

const ODD = [null, {}, [], [null], '', 'x', -1, 1e308, 0.5, true, { format: 'x' }, '9999-99-99', 2 ** 53]

/** The same with one of its parts another one, or gone. */
function oneOff(random: Random, value: unknown): unknown {
  const isParent = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!isParent || random.chance(0.15)) return random.pick(ODD)
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value }
  const key = random.pick(Object.keys(copy))
  const parts = copy as Record<string, unknown>
  if (random.chance(0.15)) delete parts[key]
  else parts[key] = oneOff(random, parts[key])
  return Array.isArray(copy) ? copy.filter((one) => one !== undefined) : copy
}

test('I15: whatever a file of the box’s memory or of a running pass holds, every command ends with a code of the contract', async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.offer(dump(0), 'dump')
  await world.declare('pg', DUMPS)
  expect((await world.pass()).exitCode).toBe(0)
  const random = randomOf(seed)
  const faults: string[] = []
  const live = new Date().toISOString()
  const written: Record<string, unknown> = {}
  for (const folder of ['state', 'destination/.reconcile'])
    for (const file of await readdir(join(world.folder, folder)))
      if (file.endsWith('.json'))
        written[`${folder}/${file}`] = JSON.parse(await readFile(join(world.folder, folder, file), 'utf8'))
  for (const [name, sound] of Object.entries({ ...written, ...filesOf(world, live) })) {
    const path = join(world.folder, name)
    const before = existsSync(path) ? await readFile(path) : null
    await mkdir(dirname(path), { recursive: true })
    // Shown only while a pass runs.
    const isProgress = name.endsWith('progress.json')
    const holder = isProgress ? await otherHolder(join(world.destination, '.reconcile/lock')) : null
    for (let left = countInFull(200, 12); left > 0; left--) {
      const text = JSON.stringify(oneOff(random, sound)) ?? ''
      for (const words of [
        ['status'],
        ['status', '--json'],
        ['release'],
        ['-n'],
        ['suspend', 'pg', '--reason', 'x'],
      ]) {
        await writeFile(path, random.chance(0.1) ? text.slice(0, random.int(text.length)) : text)
        const { code, stderr, stdout } = await world.run(...words)
        if (!CODES.includes(code ?? -1) || /undefined|NaN|Infinity|\[object/.test(stdout))
          faults.push(`${code}, ${words.join(' ')}, ${name}: ${text}: ${(stderr + stdout).slice(0, 500)}`)
        await world.run('resume', 'pg')
      }
      if (faults.length > 3) return expect(faults).toEqual([])
    }
    if (holder !== null) {
      await writeFile(path, JSON.stringify(sound))
      expect((await world.status()).backups[0]!.running).toMatchObject({ bytes: 5, path: 'a.tar' })
      await kill(holder)
    }
    if (before === null) await rm(path, { force: true })
    else await writeFile(path, before)
  }
  expect(faults).toEqual([])
}, 900_000)

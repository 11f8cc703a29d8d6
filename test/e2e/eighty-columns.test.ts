import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const LONG = 'the-database-of-the-accounting-department-in-the-old-building'
const day = (number: number) => `${LONG}-full-dump-2026-11-${number}.tar.gz.enc`
const name = (number: number) => `backup-${number}-of-${LONG.slice(0, 30)}`

let world: World
let config: string
/** The same with notifications that nobody answers, which a pass waits for. */
let noisy: string

/** Twenty backups with long names, hosts, folders and files, and what can be wrong with each. */
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  const settings = join(world.folder, `settings-of-${LONG}`)
  await mkdir(settings)
  config = join(settings, 'config.yaml')
  noisy = join(settings, 'noisy.yaml')
  await writeFile(config, stringify({ concurrency: 4 }))
  const url = join(settings, 'url')
  await writeFile(url, 'http://127.0.0.1:9/a-hook-that-nobody-answers', { mode: 0o600 })
  await writeFile(
    noisy,
    stringify({
      notify: [{ urlFile: url }, { kind: 'ntfy', urlFile: join(settings, `no-url-of-${LONG}`) }],
      heartbeat: { urlFile: url },
    }),
  )
  const folder = (number: number) => join(world.folder, LONG, `${LONG}-${number}`)
  const declare = async (number: number, over: Record<string, unknown> = {}) => {
    const { source = {}, destination = {}, ...rest } = over as Record<string, object>
    await mkdir(folder(number), { recursive: true })
    await world.declare(name(number), {
      source: { path: folder(number), ...source },
      destination: { path: join(world.folder, 'offsite', `${LONG}-${number}`), ...destination },
      ...rest,
    })
  }
  const offer = async (number: number, file: string, bytes: string, marker?: string | null) =>
    world.offer(join('..', LONG, `${LONG}-${number}`, file), bytes, marker === undefined ? {} : { marker })
  for (let number = 1; number <= 20; number++) {
    await declare(number)
    await offer(number, day(20), 'first')
    await offer(number, day(21), 'second')
  }
  const pattern = { pattern: '{series}-{YYYY}{MM}{DD}.tar.gz.encrypted', timezone: 'Europe/Oslo' }
  await declare(2, { retain: { last: 1 }, prune: { mode: 'manual', minAge: '1h' } })
  const first = await world.run('--config', config)
  expect(first.code, first.stdout).toBe(0)
  await offer(1, day(20), 'other bytes')
  await offer(1, day(22), 'x', '')
  await offer(1, day(23), 'x', `${'e'.repeat(32)}  ${day(24)}\n`)
  await offer(1, day(24), 'x', `${'e'.repeat(32)}  ${day(24)}\n`)
  await offer(1, day(25), 'x', null)
  await offer(1, `${'n'.repeat(240)}.tar`, 'x')
  await rm(folder(3), { recursive: true })
  await declare(4, { suspend: { reason: 'the disk is being swapped for a larger one by the night shift' } })
  await declare(5, { series: pattern, expect: { every: '24h' }, retain: { daily: 7 } })
  await declare(6, { retain: { daily: 'many' }, bwlimit: 25, destination: { minFree: 10 } })
  await rm(join(world.folder, 'offsite', `${LONG}-7`), { recursive: true })
  await rm(join(world.folder, 'offsite', `${LONG}-8`, day(21)))
  await rm(join(folder(8), day(21)))
  await rm(join(folder(8), `${day(21)}.md5`))
  const far = { path: '.', user: 'a-user-with-a-long-name', identity: config, knownHosts: config }
  await declare(9, { source: { ...far, host: `${LONG}.example.invalid` } })
  await declare(10, { destination: { minFree: '900TiB' } })
  await offer(10, day(26), 'x'.repeat(5000))
  await declare(11, { destination: { mount: join(world.folder, 'offsite') } })
  await declare(12, { expect: { every: '1m' } })
  await declare(13, { finished: { sums: 'MD5SUMS' } })
  await declare(14, { source: { listing: `LIST-of-${LONG}` } })
  await appendFile(join(world.specs, `${name(15)}.yaml`), `\nname: "${name(16)}"\nname: x\n\t# a tab\n`)
  await declare(17, { select: { include: [day(99)] } })
  for (let number = 1; number <= 30; number++) await offer(18, `${number}-${day(20)}`, String(noise(9)))
  await rm(join(world.folder, 'offsite', `${LONG}-19`, '.reconcile', 'ledger.jsonl'))
  await rm(join(world.state), { recursive: true })
})
afterAll(() => world.end())

/** A long name stays whole, and so does what is to be copied: it has a line of its own, but for the one or two words that say what it is. */
function mayBeWide(line: string): boolean {
  const [longest = ''] = line.split(/\s+/).toSorted((a, b) => b.length - a.length)
  const others = line.trim().length - longest.length
  return (longest.length > 50 && others <= 16) || /^ *reconcile /.test(line)
}

const plan = () => join(world.folder, 'saved.json')
const near = (number: number) => join(world.folder, 'offsite', `${LONG}-${number}`)

test.each<[string, ...(() => readonly string[])[]]>([
  ['plans', () => ['-n'], () => ['-n', '--all'], () => ['-n', name(1)], () => ['plan', '--out', plan()]],
  ['a saved plan', () => ['plan', '--show', plan()], () => ['apply', plan()]],
  [
    'passes',
    () => ['--config', noisy],
    () => ['-q'],
    () => ['run', '--on-change'],
    () => [name(4)],
    () => [name(99)],
    () => [name(1), '--lock-timeout', 'ten minutes'],
  ],
  [
    'status',
    () => ['status'],
    ...[1, 2, 3, 5, 6, 7, 9, 10, 12].map((number) => () => ['status', name(number)]),
    () => ['status', near(1)],
    () => ['status', join(near(1), LONG)],
  ],
  [
    'explain',
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 18].map((number) => () => ['explain', name(number)]),
    ...[20, 21, 22, 23, 24, 25, 29].map((number) => () => ['explain', `${name(1)}/${day(number)}`]),
    () => ['explain', `${name(2)}/${day(20)}`],
    () => ['explain', `${name(5)}/${day(20)}`],
    () => ['explain', `${name(8)}/${day(21)}`],
  ],
  [
    'what happened',
    () => ['log'],
    ...[1, 2, 8, 19].map((number) => () => ['log', near(number)]),
    () => ['log', name(99)],
    () => ['report', '--month', '2026-11'],
    () => ['report', '--month', '9999-12'],
    () => ['explain', name(1), '--lost-at', '1h'],
    ...[() => name(1), () => near(2), () => near(19)].map((what) => () => [
      ...['verify', what(), '--head'],
      `1:${'a'.repeat(64)}`,
    ]),
    () => ['verify', near(1), '--head', `99999:${'a'.repeat(64)}`],
    () => ['verify', '--head', 'x'],
  ],
  [
    'checks',
    () => ['validate'],
    () => ['validate', '--effective', name(99)],
    () => ['notify', 'test', '--config', noisy],
  ],
  [
    'what a person decides',
    () => ['prune', name(2), '-n'],
    () => ['prune', name(2), day(20)],
    () => ['prune', name(2), day(20), '--reason', 'it is of no use to anybody any more'],
    () => ['prune', name(2), '--undo', day(20)],
    () => ['prune', name(2), '--undo', day(29)],
    () => ['prune', name(2)],
    () => ['prune', name(19)],
    () => ['release', '0123abcd', '--reason', 'x'],
    () => ['release', name(7), '--reason', 'x'],
    () => ['suspend', name(2), '--reason', 'the disk is being swapped for a larger one by the night shift'],
    () => ['suspend'],
    () => ['resume', name(2)],
    () => ['resume', name(3)],
    () => ['doctor'],
    () => ['doctor', name(19)],
    () => ['doctor', '--rebuild-ledger', name(19)],
  ],
  [
    'the rest',
    () => ['snapshot', '--to', join(world.folder, 'snapshots')],
    () => ['-n', '--offline', join(world.folder, 'snapshots')],
    () => ['-n', '--offline', join(world.folder, LONG)],
    () => ['init', join(world.folder, `new-${LONG}`)],
    () => ['init'],
    () => ['source'],
    () => ['service'],
    () => ['schema', 'nothing'],
    () => ['--specs', join(world.folder, `none-${LONG}`)],
    () => ['--config', join(world.folder, `none-${LONG}`)],
    () => ['--state', config],
    () => ['no-such-command-nor-backup'],
    () => ['--no-such-flag'],
  ],
])('%s: no line is wider than 80 columns', async (_, ...calls) => {
  const wide: string[] = []
  for (const words of calls) {
    const given = words()
    const rest = given.includes('--config') ? given : [...given, '--config', config]
    const { stdout, stderr } = await world.run(...rest)
    for (const line of `${stdout}\n${stderr}`.split('\n'))
      if (stringWidth(line) > 80 && !mayBeWide(line)) wide.push(`${given[0]} ${given[1]}: ${line}`)
    expect(`${stdout}${stderr}`, given.join(' ')).not.toContain('this is a bug')
  }
  expect(wide).toEqual([])
})

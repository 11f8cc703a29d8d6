import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { callHere } from '../helpers/call-here.ts'
import { type Ended, makeWorld, type World } from '../helpers/world.ts'

// Whole documents and screens, byte for byte, but for what differs from run to run. Who means to change one reads the difference and
// writes it anew with `npx vitest run test/e2e/goldens.test.ts --update`.

const GOLDENS = resolve(import.meta.dirname, 'goldens')
const MTIME = 1_790_000_000

const golden = (name: string, text: string) => expect(text).toMatchFileSnapshot(join(GOLDENS, `${name}.txt`))

const heard = (words: readonly string[], { code, stdout, stderr }: Ended): string =>
  `$ reconcile ${words.join(' ')}\n${stdout}${stdout && '\n'}${stderr && `--- stderr\n${stderr}\n`}exit ${code}\n\n`

/** What no two runs have in common gets a name; the same thing gets the same name. */
function withoutChance(text: string, folder: string): string {
  const names = new Map<string, string>()
  const holds = new Set([...text.matchAll(/\brelease ([0-9a-f]{8})\b/g)].map(([, id]) => id!))
  const named = (kind: string) => (hit: string) => {
    if (!names.has(hit))
      names.set(hit, `<${kind} ${[...names.values()].filter((at) => at.startsWith(`<${kind} `)).length + 1}>`)
    return names.get(hit)!
  }
  return (
    text
      // Where a fault's message breaks hangs on the folder's name.
      .replace(/^\S+:\d+:\d+: (?:error|warning):.*(?:\n {4}(?![ >]).*)+/gm, (fault) =>
        fault.replace(/\n {4}/g, ' '),
      )
      .replaceAll(folder, '<folder>')
      .replace(/\b\w+@127\.0\.0\.1:\d+/g, '<user>@<host>:<port>')
      .replace(/\b127\.0\.0\.1\b/g, '<host>')
      .replace(/\(port \d+\)/g, '(port <port>)')
      .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, named('uuid'))
      .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
      .replace(/\b\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?(?= |$|\)|,)/gm, '<date>')
      .replace(/(<date> \()\d+(?= d ago)/g, '$1<days>')
      .replace(/\b\d{13}\b/g, '<milliseconds>')
      .replace(/\b[0-9a-f]{64}\b/g, named('sha256'))
      .replace(/\b[0-9a-f]{16}\b/g, named('plan'))
      .replace(/\b[0-9a-f]{8}\b/g, (hit) => (holds.has(hit) ? named('hold')(hit) : hit))
      .replace(/\b\d{8}T\d{6}Z-[0-9a-f]{12}\b/g, named('quarantine'))
      // Where its lines break hangs on the disk's name.
      .replace(
        /(?:was|is) the\s+destination[^"]*?(?:start\s+afresh|its\s+place|right\s+one)\b(?:\s+\(reconcile\s+release\s+<hold \d+>\))?/g,
        (hold) => hold.replace(/\s+/g, ' '),
      )
      .replace(/(?:on )?\w+, [\d.]+ [KMGT]iB, \S+(?=, mounted|; last)/g, '<disk>')
      .replace(/mounted at [^ .]+/g, 'mounted at <mount>')
      .replaceAll(new RegExp(`("(?:by|user)": ?"|suspended +by )${userInfo().username}\\b`, 'g'), '$1<user>')
      .replace(/("free": ?)\d+/g, '$1"<free>"')
      .replace(/[\d.]+ [KMGT]iB(?= free|(?: +)<folder>)/g, '<free>')
      .replace(/\bin (?:under )?[\d.]+ (?:s|min)\b/g, 'in <while>')
      .replace(/\b(?:just now|(?:[\d.]+ (?:s|min|h|d) )+ago) */g, '<ago> ')
      .replace(/<date> (?:UTC|[+-]\d\d:\d\d)(?=[ :,]|$)/gm, '<date> <zone>')
      .replace(/NEWEST +DUE/g, 'NEWEST  DUE')
      .replace(/^\S+: (<free> free of) [\d.]+ [KMGT]iB$/gm, '<mount>: $1 <size>')
      .replace(/"disk": ?\{[^}]*\}/g, '"disk": "<disk>"')
      .replace(/<free> +/g, '<free> ')
      .replace(/ \(\d+ B\/s\)/g, '')
      .replace(/"(?:seconds|milliseconds|duration)": [\d.]+/g, '"seconds": "<while>"')
  )
}

/** What one world came to, by calls in order. */
function recorder(world: World) {
  let text = ''
  return {
    async call(...words: string[]): Promise<Ended> {
      const ended = await world.run(...words)
      text += heard(words, ended)
      return ended
    },
    /** What is on disk beside the backup's files. */
    async left(): Promise<void> {
      for (const file of ['ledger.jsonl', 'status.json']) {
        text += `$ cat .reconcile/${file}\n${await readFile(join(world.destination, '.reconcile', file), 'utf8').catch(() => 'none\n')}\n`
      }
      text += `$ ls\n${[...(await world.published()).keys()].join('\n')}\n\n`
    },
    text: () => withoutChance(text, world.folder),
  }
}

type Recorder = ReturnType<typeof recorder>

const offer = (world: World, name: string, bytes: string, marker?: string | null) =>
  world.offer(name, bytes, { mtime: MTIME, ...(marker === undefined ? {} : { marker }) })

const see = async (at: Recorder): Promise<void> => {
  await at.call('--dry-run')
  await at.call('--dry-run', '--json')
  await at.call('--json')
  await at.call()
  await at.call('status')
  await at.call('status', '--json')
  await at.left()
}

const DAYS = Array.from({ length: 9 }, (_, day) => `db-2026-03-0${day + 1}.tar`)
const SERIES = { pattern: '{series}-{YYYY}-{MM}-{DD}.tar', timezone: 'UTC' }

const WORLDS: Readonly<Record<string, (world: World, at: Recorder) => Promise<void>>> = {
  async fresh(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await offer(world, 'dir/b.tar', 'b')
    await offer(world, 'growing.tar', 'x', null)
    await at.call('--dry-run', '--diff', '--all')
    await see(at)
    await at.call('explain', 'pg')
    await at.call('explain', 'pg', 'a.tar')
    await at.call('explain', 'pg', 'growing.tar', '--json')
  },
  async 'over-ssh'(world, at) {
    await world.declare('pg', { select: { include: ['*.tar'] } })
    await offer(world, 'a.tar', 'a')
    await offer(world, 'other.txt', 'b')
    await see(at)
    await at.call('explain', 'pg')
    await rm(world.sshd!.identity)
    await at.call('--json')
    await at.call()
    await at.call('status')
  },
  async 'bad-markers'(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a', 'no checksum at all\n')
    await offer(world, 'b.tar', 'b', `${'0'.repeat(32)}  b.tar\n`)
    await offer(world, 'c.tar', 'c', `${'0'.repeat(32)}  another.tar\n`)
    await see(at)
  },
  async conflict(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('-q')
    await offer(world, 'a.tar', 'another')
    await see(at)
    await at.call('explain', 'pg', 'a.tar')
  },
  async rot(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'aaaa')
    await offer(world, 'lost.tar', 'lost')
    await at.call('-q')
    await chmod(join(world.destination, 'a.tar'), 0o600)
    await writeFile(join(world.destination, 'a.tar'), 'aaab')
    await rm(join(world.destination, 'lost.tar'))
    for (const name of ['lost.tar', 'lost.tar.md5']) await rm(join(world.source, name))
    await see(at)
  },
  async list(world, at) {
    await world.declare('pg', { source: { listing: 'MD5SUMS' } })
    await offer(world, 'a.tar', 'a')
    await offer(world, 'b.tar', 'b')
    await offer(world, 'MD5SUMS', '0cc175b9c0f1b6a831c399e269772661  a.tar\n', null)
    await see(at)
  },
  async pruning(world, at) {
    const spec = { series: SERIES, prune: { mode: 'auto', minAge: '0s', keepAtLeast: 2 } }
    await world.declare('pg', { ...spec, retain: { last: 9 } })
    for (const name of DAYS) await offer(world, name, name)
    await at.call('-q')
    await world.declare('pg', { ...spec, retain: { last: 8 } })
    await at.call('prune', 'pg', '--dry-run')
    await see(at)
    await world.declare('pg', { ...spec, retain: { last: 2 } })
    await see(at)
    await at.call('explain', 'pg', '--all')
    await at.call('validate')
    await at.call('validate', '--effective', 'pg')
  },
  async adoption(world, at) {
    await world.declare()
    for (const name of ['a.tar', 'b.tar', 'c.tar']) await offer(world, name, name)
    await writeFile(join(world.destination, 'a.tar'), 'a.tar')
    await writeFile(join(world.destination, 'b.tar'), 'not the same')
    await see(at)
  },
  async emptied(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('-q')
    await rename(world.source, `${world.source}.away`)
    await see(at)
    await mkdir(world.source)
    await see(at)
  },
  async 'other-disk'(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('-q')
    await rename(world.destination, `${world.destination}.away`)
    await mkdir(world.destination)
    await see(at)
    const { stdout } = await world.run('--json')
    await at.call('release', JSON.parse(stdout).backups[0].holds[0].id, '--reason', 'a new disk')
    await see(at)
  },
  async suspended(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('suspend', 'pg', '--reason', 'a repair')
    await see(at)
    await at.call('resume', 'pg')
    await at.call()
  },
  async 'damaged-ledger'(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('-q')
    const ledger = join(world.destination, '.reconcile/ledger.jsonl')
    await writeFile(ledger, (await readFile(ledger, 'utf8')).replace('"size":1', '"size":2'))
    await see(at)
    await at.call('doctor', '--rebuild-ledger', 'pg')
    await see(at)
  },
  async 'saved-plan'(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    const file = join(world.folder, 'plan.json')
    await at.call('plan', '--out', file)
    await at.call('plan', '--show', file)
    await at.call('plan', '--show', file, '--output', 'markdown')
    await at.call('apply', file)
    await at.call('apply', file)
    await at.left()
  },
  async 'faulty-specs'(world, at) {
    await world.declare()
    await offer(world, 'a.tar', 'a')
    await at.call('-q')
    await writeFile(join(world.specs, 'x.yaml'), 'version: 1\nsorce: {path: /a}\ndestination: {path: b}\n')
    await writeFile(join(world.specs, 'y.yaml'), 'version: 1\n  source: [\n')
    await see(at)
    await at.call('validate')
    await at.call('validate', '--json')
  },
  async usage(_world, at) {
    for (const words of [
      ['--dry-rum'],
      ['stauts'],
      ['status', 'nobody'],
      ['--offline', 'nowhere'],
      ['--dry-run', '--as-of', 'yesterday'],
      ['--as-of', '2026-01-01T00:00:00Z'],
      ['status', '--max-age', '1h'],
      ['--diff'],
      ['explain'],
    ])
      await at.call(...words)
  },
}

describe('a world', () => {
  for (const [name, tell] of Object.entries(WORLDS)) {
    test(name, async ({ expect: here }) => {
      // Of the one over ssh each call is a process of its own, so that the program is seen as it is installed.
      const world = await (name === 'over-ssh' ? makeWorld('ssh') : makeWorld('local', { calls: 'here' }))
      try {
        const at = recorder(world)
        await tell(world, at)
        await here(at.text()).toMatchFileSnapshot(join(GOLDENS, `${name}.txt`))
      } finally {
        await world.end()
      }
    })
  }
})

describe('from kept snapshots', () => {
  const offline = join(GOLDENS, 'offline')
  const call = async (...words: string[]): Promise<string> => {
    const all = [...words, '--specs', join(offline, 'backups.d'), '--state', '/nonexistent']
    const ended = await callHere(offline, all, { NO_COLOR: '1', XDG_CONFIG_HOME: '/nonexistent' })
    return heard(words, ended).replaceAll(offline, '<folder>')
  }
  const from = ['--offline', '.', '--as-of', '2026-06-01T06:00:00Z']

  test('a plan, its id and its explanation are what they were', async () => {
    let text = ''
    for (const words of [[], ['--json'], ['--diff', '--all'], ['--detailed-exitcode']])
      text += await call('--dry-run', ...from, ...words)
    for (const words of [['pg'], ['pg', '--json'], ['pg', 'db-2026-05-29.tar']])
      text += await call('explain', ...words, ...from)
    await golden('offline', text)
  })
})

test('every --help', async () => {
  const call = async (...words: string[]) => heard(words, await callHere(GOLDENS, words, { NO_COLOR: '1' }))
  const main = await call('--help')
  const commands = [...main.matchAll(/^ {2}([a-z/]+)(?= .*$)/gm)].flatMap(([, names]) => names!.split('/'))
  let text = main
  for (const name of [...new Set(commands)].filter((name) => name !== 'help' && name !== 'name'))
    text += await call(name, '--help')
  await golden('help', text)
})

test('no golden is left over', async () => {
  const names = [...Object.keys(WORLDS), 'offline', 'help'].map((name) => `${name}.txt`)
  expect((await readdir(GOLDENS)).filter((name) => name.endsWith('.txt')).sort()).toEqual(names.sort())
})

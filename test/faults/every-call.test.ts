import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { markerOf } from '../../src/model/marker-name.ts'
import { parseMarker } from '../../src/model/parse-marker.ts'
import { openFiles } from '../../src/system/process-group.ts'
import { canMountImages, formatted } from '../helpers/disk-small.ts'
import { inFull, share } from '../helpers/extent.ts'
import { until } from '../helpers/fault-processes.ts'
import { buildShim, EVERY_CHANGE, type Fault } from '../helpers/fault-shim.ts'
import { digestOf, makeWorld, noise, publishedIn, type World } from '../helpers/world.ts'
import { DUMPS, dump } from '../helpers/world-of-dumps.ts'

const shim = buildShim()
afterAll(() => shim?.remove())

/** One thing that a command does to a disk. */
interface Work {
  /** Left out of the quick extent: its cousins stand for it there. */
  readonly full?: true
  readonly place?: 'ssh'
  readonly who?: 'rsync'
  /** All that has happened before. */
  make(world: World): Promise<void>
  /** What is then done, at each of whose calls something breaks. */
  readonly words: readonly string[]
  /** What is done once nothing breaks any more; left out: the same again. Its exit code does not matter, but that of the last. */
  readonly again?: readonly (readonly string[])[]
  /** The exit code of all that, at last; left out: 0. */
  readonly ends?: number
  /** Bytes may go for good, from the trash. */
  readonly removes?: true
  /** A ledger takes the place of another. */
  readonly rebuilds?: true
  /** Of these lines the ledger has to have one more in the end than it had before. */
  readonly records?: readonly string[]
}

const OUT = 'out'
const NAMES = ['a.tar', 'd/b.tar'] as const
const bytesOf = (name: string): Buffer => noise(3_000, name)

const offer = async (world: World, ...names: readonly string[]) => {
  for (const name of names) await world.offer(name, bytesOf(name), { mtime: 1_763_600_000 })
}
const pass = async (world: World) => expect((await world.pass()).exitCode).toBe(0)
const held = async (world: World, spec: object = {}) => {
  await offer(world, ...NAMES)
  await world.declare('pg', { expect: { every: 'never' }, ...spec })
  await pass(world)
}
/** As a disk does it: size and time as they were. */
async function rot(world: World, name: string): Promise<void> {
  const path = join(world.destination, name)
  const { atime, mtime } = await stat(path)
  const bytes = bytesOf(name)
  bytes[1000]! ^= 4
  await chmod(path, 0o644)
  await writeFile(path, bytes)
  await chmod(path, 0o444)
  await utimes(path, atime, mtime)
}

const publishes: Work = {
  make: async (world) => {
    await held(world)
    await offer(world, 'new.tar', 'd/e/deep.tar')
  },
  words: [],
  records: ['published', 'adopted'],
}
const repairs: Work = {
  make: async (world) => {
    await held(world)
    await offer(world, 'gone.tar', 'bare.tar')
    await pass(world)
    await rot(world, 'a.tar')
    for (const one of ['gone.tar', 'gone.tar.md5', 'bare.tar.md5']) await rm(join(world.destination, one))
    expect((await world.run('verify', 'pg')).code).toBe(6)
  },
  words: [],
  records: ['repair-done'],
}
const adopts: Work = {
  make: async (world) => {
    await offer(world, ...NAMES, 'half.tar')
    await mkdir(join(world.destination, 'd'))
    const put = (name: string, bytes: Buffer | string) => writeFile(join(world.destination, name), bytes)
    await put('a.tar', bytesOf('a.tar'))
    await put('d/b.tar', bytesOf('d/b.tar'))
    await put('d/b.tar.md5', `${digestOf('md5', bytesOf('d/b.tar'))}  b.tar\n`)
    await put('half.tar', bytesOf('half.tar').subarray(0, 1_500))
    await world.declare('pg', { expect: { every: 'never' } })
  },
  words: [],
  records: ['adopted'],
}
/** What a killed command has started may still hold the lock for a moment. */
const PASS = ['--lock-timeout', '5m']
const reason = ['--reason', 'r'] as const
const configured = async (world: World) => {
  await mkdir(join(world.folder, 'box'))
  await writeFile(
    join(world.folder, 'box/config.yaml'),
    stringify({ drills: { it: ['test', '-s', '{path}'] } }),
  )
}

const WORKS: Readonly<Record<string, Work>> = {
  publish: { full: true, ...publishes },
  'publish, over ssh': { ...publishes, place: 'ssh' },
  'publish, in rsync': { full: true, ...publishes, who: 'rsync' },
  'publish, in rsync over ssh': { full: true, ...publishes, place: 'ssh', who: 'rsync' },
  'publish into a new folder': {
    full: true,
    make: async (world) => {
      await offer(world, ...NAMES)
      await world.declare()
    },
    words: [],
    records: ['published', 'adopted'],
  },
  'publish versions': {
    ...publishes,
    make: async (world) => {
      await held(world, { select: { as: '{stem}-{YYYY}-{MM}-{DD}{ext}' }, series: { timezone: 'UTC' } })
      await offer(world, 'new.tar', 'd/e/deep.tar')
    },
  },
  adopt: adopts,
  'adopt, over ssh': { full: true, ...adopts, place: 'ssh' },
  repair: repairs,
  'repair, over ssh': { full: true, ...repairs, place: 'ssh' },
  'repair, in rsync over ssh': { full: true, ...repairs, place: 'ssh', who: 'rsync' },
  'prune by name': {
    make: held,
    words: ['prune', 'pg', ...NAMES, ...reason],
    again: [...NAMES.map((name) => ['prune', 'pg', name, ...reason]), []],
    records: ['prune-done'],
  },
  'prune by the rules': {
    full: true,
    make: async (world) => {
      const spec = { ...DUMPS, prune: { mode: 'auto', minAge: '0s', keepAtLeast: 3 } }
      await offer(world)
      for (let ago = 0; ago < 5; ago++) await world.offer(dump(ago), `dump of ${ago} days ago`)
      await world.declare('pg', spec)
      await pass(world)
      await world.declare('pg', { ...spec, retain: { last: 4 } })
    },
    words: [],
    records: ['prune-done'],
  },
  undo: {
    make: async (world) => {
      await held(world)
      expect((await world.run('prune', 'pg', ...NAMES, ...reason)).code).toBe(0)
    },
    words: ['prune', 'pg', '--undo', ...NAMES],
    again: [...NAMES.map((name) => ['prune', 'pg', '--undo', name]), []],
    records: ['undo-done'],
  },
  'expire the trash': {
    make: async (world) => {
      await held(world, { prune: { trashFor: '0s' } })
      expect((await world.run('prune', 'pg', ...NAMES, ...reason)).code).toBe(0)
    },
    words: [],
    removes: true,
    records: ['trash-expired'],
  },
  restore: { make: held, words: ['restore', 'pg', ...NAMES, '--to', OUT] },
  verify: {
    make: async (world) => {
      await held(world)
      await offer(world, 'rotten.tar')
      await pass(world)
      await rot(world, 'rotten.tar')
    },
    words: ['verify', 'pg'],
    ends: 6,
    records: ['verified'],
  },
  prove: {
    make: async (world) => {
      await held(world)
      await world.declare('pg', { expect: { every: 'never' }, prove: { every: '90d', drill: 'it' } })
      await configured(world)
    },
    words: ['--config', 'box/config.yaml', 'restore', '--drill', 'it', 'pg'],
    records: ['proven'],
  },
  "the ledger's torn tail": {
    make: async (world) => {
      await held(world)
      await appendFile(
        join(world.destination, '.reconcile/ledger.jsonl'),
        '{"seq":9,"append":9,"time":"2026-',
      )
    },
    words: [],
    // No `records`: killed between the cut and its line, it leaves the tail in quarantine, and no line.
  },
  'rebuild the ledger': {
    make: async (world) => {
      await held(world)
      const ledger = join(world.destination, '.reconcile/ledger.jsonl')
      await writeFile(ledger, (await readFile(ledger, 'latin1')).replace('"size":3000', '"size":3001'))
    },
    words: ['doctor', '--rebuild-ledger', 'pg'],
    again: [['doctor', '--rebuild-ledger', 'pg'], []],
    rebuilds: true,
  },
}

const PARTS = ['destination', 'state', OUT] as const

async function copy(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  if (existsSync(from)) await cp(from, to, { recursive: true, preserveTimestamps: true })
}

/** Below `folder`, but for what is called `.restoring-…`: path to contents. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  if (!existsSync(folder)) return new Map()
  const files = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(path.slice(folder.length + 1), await readFile(path, 'latin1'))
  }
  return files
}

/** What a person finds on the disk, without the names of events, which are of their time. */
async function pictureOf(world: World) {
  const own = (name: string) => filesIn(join(world.destination, '.reconcile', name))
  const [published, trash, aside] = [
    await publishedIn(world.destination),
    await own('trash'),
    await own('quarantine'),
  ]
  const nameless = [...trash].map(([path, text]) => [path.slice(path.indexOf('/') + 1), text] as const)
  const ledger = await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'latin1').catch(() => '')
  const count = (event: string) => ledger.split(`"event":"${event}"`).length - 1
  return {
    tree: {
      published: digestsOf(published),
      trash: digestsOf(nameless.sort()),
      restored: digestsOf([...(await filesIn(join(world.folder, OUT)))].sort()),
      open: ['repair', 'prune', 'undo'].map((what) => count(`${what}-begin`) - count(`${what}-done`)),
    },
    published,
    ledger,
    count,
    /** Digests of all bytes that are here in whatever place. */
    kept: new Set([...published, ...trash, ...aside].map(([, text]) => sha(text))),
  }
}

type Picture = Awaited<ReturnType<typeof pictureOf>>

const digestsOf = (files: Iterable<readonly [string, string]>) =>
  Object.fromEntries([...files].map(([path, text]) => [path, sha(text)]))
const sha = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

/** What holds at any moment. */
function check(before: Picture, now: Picture, { removes, rebuilds }: Work, what: string): void {
  for (const [path, text] of now.published) {
    const of = markerOf(path)
    if (of === null) continue
    const data = now.published.get(of.data)
    // What rotted before anybody came stays until its replacement is there.
    if (data !== undefined && data === before.published.get(of.data)) continue
    const claim = parseMarker(Buffer.from(text, 'latin1'), of.data, of.kind)
    const digest = 'digest' in claim ? claim.digest : null
    expect(
      data === undefined ? null : digestOf(of.kind, Buffer.from(data, 'latin1')),
      `I2: ${path}, ${what}`,
    ).toBe(digest)
  }
  for (const [path, digest] of Object.entries(now.tree.restored))
    if (!path.includes('.restoring-'))
      expect(digest, `restored ${path}, ${what}`).toBe(sha(bytesOf(path).toString('latin1')))
  if (removes !== true)
    expect(
      [...before.kept].filter((one) => !now.kept.has(one)),
      `bytes are gone: ${what}`,
    ).toEqual([])
  const ledger = before.ledger.slice(0, before.ledger.lastIndexOf('\n') + 1)
  if (rebuilds !== true) expect(now.ledger.startsWith(ledger), `I10: ${what}`).toBe(true)
}

/** Each of these at each call; the last two at those that write. */
const ERRORS = ['kill', 'EIO', 'ENOSPC', 'EDQUOT', 'EROFS'] as const
const WRITES = ['short', 'full'] as const
const WRITING = ['write', 'copy'] as const

function pointsOf(calls: readonly string[]): readonly Pick<Fault, 'calls' | 'nth' | 'does'>[] {
  const any = calls.flatMap((_, i) => ERRORS.map((does) => ({ calls: EVERY_CHANGE, nth: i + 1, does })))
  const writes = calls.filter((one) => WRITING.some((name) => one.startsWith(`${name} `)))
  return [...any, ...writes.flatMap((_, i) => WRITES.map((does) => ({ calls: WRITING, nth: i + 1, does })))]
}

const total = { points: 0, happened: 0 }
afterAll(() => console.log(`every call: ${total.points} points, ${total.happened} of them reached`))

describe.skipIf(shim === null)('something breaks at any call that changes anything (needs cc)', () => {
  test.each(Object.keys(WORKS).filter((name) => inFull(true, WORKS[name]!.full !== true)))(
    'I1 I2 I4 I5 I7 I10 I15: %s',
    async (name) => {
      const work = WORKS[name]!
      const world = await makeWorld(work.place ?? 'local', { calls: 'here' })
      try {
        await work.make(world)
        const at = (part: string) => join(world.folder, part)
        for (const part of PARTS) await copy(at(part), at(`as-it-was/${part}`))
        const putBack = async () => {
          for (const part of PARTS) await copy(at(`as-it-was/${part}`), at(part))
        }
        const before = await pictureOf(world)
        const on = { under: world.folder, ...(work.who === undefined ? {} : { who: work.who }) }
        const whole = await shim!.trace(world, { calls: EVERY_CHANGE, ...on }, ...work.words)
        expect(whole.code, whole.stderr).toBe(work.ends ?? 0)
        const { tree, count } = await pictureOf(world)
        const isRecorded = (now: Picture['count']) =>
          work.records?.some((event) => now(event) > before.count(event)) ?? true
        expect(isRecorded(count), name).toBe(true)
        for (const point of share(pointsOf(whole.calls), inFull(1, 149))) {
          await putBack()
          const what = `${name}: ${point.does} at ${point.nth} of ${point.calls.length > 2 ? 'all' : 'writes'}`
          const ended = await shim!.run(world, { ...on, ...point }, ...work.words)
          total.points++
          if (ended.happened) total.happened++
          expect(ended.code, `${what}\n${ended.stderr}`).not.toBe(70)
          expect(ended.stderr, what).not.toMatch(/\n\s+at /)
          const broken = await pictureOf(world)
          check(before, broken, work, what)
          if (ended.code === 0) expect(broken.tree, `I14: ${what}`).toEqual(tree)
          for (const path of publishedBy(ended.stdout))
            expect(broken.tree.published, `I5: ${what}`).toHaveProperty([`${path}.md5`])
          let code: number | undefined
          let said = ''
          for (const words of work.again ?? [work.words]) {
            const { code: last, stderr } = await world.run(...(words.length === 0 ? PASS : words))
            code = last
            said += stderr
          }
          expect(code, `${what}\n${said}`).toBe(work.ends ?? 0)
          const after = await pictureOf(world)
          check(before, after, work, `${what}, after a rerun`)
          expect(after.tree, `I7: ${what}`).toEqual(tree)
          expect(isRecorded(after.count), what).toBe(true)
        }
      } finally {
        await world.end()
      }
    },
  )
})

/** On a disk of their own: what of an ext4 file system had reached its device. */
const CUT: readonly string[] = inFull(
  ['publish', 'adopt', 'repair', 'prune by name', 'undo', 'publish into a new folder'],
  ['repair'],
)

describe.skipIf(shim === null || !canMountImages())(
  'the power goes at any call that changes the disk (needs cc, and root with loop devices)',
  () => {
    test.each(CUT)('I2 I5 I7 I10: %s', async (name) => {
      const work = WORKS[name]!
      const world = await makeWorld('local', { calls: 'here' })
      const image = (which: string) => join(world.folder, `${which}.img`)
      const mount = (which: string) => execFileSync('mount', ['-oloop', image(which), world.destination])
      const unmount = () => execFileSync('umount', [world.destination])
      /** The disk as it would be found again, had the power gone now: nothing is synced before. */
      const cut = (which: string, to: string) => {
        execFileSync('cp', ['--sparse=always', image(which), image(to)])
        unmount()
        mount(to)
      }
      const state = join(world.folder, 'as-it-was')
      try {
        formatted(image('base'), 'base')
        mount('base')
        await work.make(world)
        const before = await pictureOf(world)
        unmount()
        await copy(world.state, state)
        const on = { calls: EVERY_CHANGE, under: world.destination } as const
        const putBack = async () => {
          await copy(state, world.state)
          execFileSync('cp', ['--sparse=always', image('base'), image('now')])
          mount('now')
        }
        await putBack()
        const whole = await shim!.trace(world, on, ...work.words)
        const { tree } = await pictureOf(world)
        cut('now', 'cut')
        expect((await pictureOf(world)).tree, `I5: ${name}`).toEqual(tree)
        unmount()
        for (const nth of share(
          whole.calls.map((_, i) => i + 1),
          inFull(1, 37),
        )) {
          const what = `${name}: power cut at ${nth}`
          await putBack()
          const ended = await shim!.run(world, { ...on, nth, does: 'kill' }, ...work.words)
          total.points++
          if (ended.happened) total.happened++
          // Whatever it has started may have the disk open for a moment.
          await until(() => descendantsUnder(world.destination) === 0)
          cut('now', 'cut')
          check(before, await pictureOf(world), work, what)
          for (const words of work.again ?? [work.words])
            await world.run(...(words.length === 0 ? PASS : words))
          cut('cut', 'again')
          const after = await pictureOf(world)
          check(before, after, work, `${what}, after a rerun and another`)
          expect(after.tree, `I5 I7: ${what}`).toEqual(tree)
          unmount()
        }
      } finally {
        try {
          unmount()
        } catch {
          // It is not mounted.
        }
        await world.end()
      }
    })
  },
)

/** How many processes have something below this folder open. */
const descendantsUnder = (folder: string): number =>
  readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && openFiles([Number(pid)], folder).length > 0,
  ).length

/** What a pass says it has published; none, where it said nothing or is none. */
function publishedBy(stdout: string): readonly string[] {
  if (!stdout.startsWith('{')) return []
  const { backups = [] } = JSON.parse(stdout) as { backups?: readonly { published?: readonly string[] }[] }
  return backups.flatMap(({ published = [] }) => published)
}

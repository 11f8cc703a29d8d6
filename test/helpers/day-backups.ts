import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { DestinationStatus } from '../../src/model/status.ts'
import type { Chances } from './day-chances.ts'
import { stemOf } from './day-journal.ts'
import type { SpecsOfDay } from './day-specs.ts'
import { digestOf, noise, publishedIn } from './world.ts'

const MINUTE = 60_000
/** Milliseconds within which one that failed is tried again: the longest backoff and its tenth, and some. */
const RETRIED = 19 * MINUTE

/** Large enough that its rsync is met at work. */
const LARGE = 600_000
const RATE = '2MiB/s'

/** What a backup is declared as now, and what its source has. */
export interface Declared {
  name: string
  readonly source: string
  destination: string
  readonly hours: number
  /** Changes the spec's canonical form. */
  tag: number
  /** Does not. */
  comments: number
  readonly files: Map<string, string>
  isDown: boolean
  isBroken: boolean
  /** When it has had time to get over what was wrong with it. */
  wellFrom: number
}

/** The backups of a day, and what people and sources do to them. */
export interface Backups {
  readonly all: readonly Declared[]
  counts(): { readonly changes: number; readonly outages: number }
  offer(one: Declared): Promise<void>
  offerLarge(one: Declared): Promise<void>
  change(...some: readonly Declared[]): Promise<void>
  touch(one: Declared): Promise<void>
  breakSpec(one: Declared): Promise<void>
  goDown(one: Declared): Promise<void>
  recover(one: Declared): Promise<void>
  mendSpec(one: Declared): Promise<void>
  rename(one: Declared): Promise<void>
  /** To a new destination. */
  move(one: Declared): Promise<void>
  /** From now on it must stay as it is. */
  leave(folder: string): Promise<void>
  /** Backups that are well and were last run by another spec than the one in force. */
  unheeded(): Promise<readonly string[]>
  /** Published files in this destination that are not what its source has under that name, from the first byte to the last. */
  halves(destination: string): Promise<readonly string[]>
  /** Backups whose destination is not, to the file, what their source has with a marker each. */
  astray(): Promise<readonly string[]>
  /** Folders left behind that are not as they were left. */
  disturbed(): Promise<readonly string[]>
}

export async function dayBackups(
  root: string,
  terms: { readonly backups: number; readonly every: number },
  chance: Chances,
  lived: () => number,
  specs: () => SpecsOfDay,
): Promise<Backups> {
  const all: Declared[] = []
  const left = new Map<string, string>()
  const counts = { changes: 0, outages: 0 }
  let made = 0
  for (let i = 0; i < terms.backups; i++) {
    const name = `b${String(i).padStart(3, '0')}`
    const source = join(root, 'sources', name)
    await mkdir(source, { recursive: true })
    const hours = terms.every * (1 + chance.below(3))
    const now = { tag: 0, comments: 0, files: new Map(), isDown: false, isBroken: false, wellFrom: 0 }
    all.push({ name, source, destination: join(root, 'off', name), hours, ...now })
  }

  async function declare(...some: readonly Declared[]): Promise<void> {
    for (const one of some) {
      const document = {
        version: 1,
        source: { path: one.source },
        destination: { path: one.destination, minFree: '1MiB' },
        select: { exclude: [`never-${one.tag}`] },
        schedule: { every: `${Math.round(one.hours * 60)}m` },
        transfer: { bandwidth: RATE },
      }
      const text = `${'# looked at again\n'.repeat(one.comments)}${stringify(document)}`
      await specs().write(one.name, one.isBroken ? `${text}broken: [` : text)
    }
    await specs().publish()
  }

  async function put(one: Declared, bytes: string): Promise<void> {
    const name = `dump-${made++}.tar`
    const at = one.isDown ? `${one.source}.down` : one.source
    await writeFile(join(at, name), bytes, 'latin1')
    await writeFile(join(at, `${name}.md5`), markerOf(name, bytes))
    one.files.set(name, bytes)
  }

  const backups: Backups = {
    all,
    counts: () => counts,
    offer: (one) => put(one, `${made} ${'x'.repeat(chance.below(2_000))}`),
    offerLarge: (one) => put(one, noise(LARGE, `${one.name} ${made}`).toString('latin1')),
    async change(...some) {
      for (const one of some) one.tag++
      counts.changes += some.length
      await declare(...some)
    },
    async touch(one) {
      one.comments++
      await declare(one)
    },
    async breakSpec(one) {
      one.isBroken = true
      await declare(one)
    },
    async goDown(one) {
      if (one.isDown) return
      counts.outages++
      one.isDown = true
      await rename(one.source, `${one.source}.down`)
    },
    async recover(one) {
      if (one.isDown) {
        await rename(`${one.source}.down`, one.source)
        one.isDown = false
        one.wellFrom = lived() + RETRIED
      }
      await backups.mendSpec(one)
    },
    async mendSpec(one) {
      if (!one.isBroken) return
      one.isBroken = false
      await declare(one)
    },
    async rename(one) {
      await specs().write(one.name, null)
      one.name = `n${made++}-${stemOf(one.name)}`
      await backups.change(one)
    },
    async move(one) {
      one.destination = join(root, 'off', `moved-${made++}`)
      await backups.change(one)
    },
    async leave(folder) {
      left.set(folder, await pictureOf(folder))
    },
    async unheeded() {
      const found: string[] = []
      for (const { name, destination, isDown, isBroken, wellFrom } of all) {
        if (isDown || isBroken || lived() < wellFrom) continue
        const { observed } = await statusIn(destination)
        if (observed?.digest !== specs().inForce().get(name)) found.push(`${name}: last run by another spec`)
      }
      return found
    },
    async halves(destination) {
      const one = all.find((other) => other.destination === destination)
      const found: string[] = []
      for (const [path, bytes] of await filesIn(destination)) {
        const name = path.replace(/\.md5$/, '')
        const whole = one?.files.get(name)
        const isWhole = whole !== undefined && bytes === (name === path ? whole : markerOf(name, whole))
        if (!isWhole) found.push(`${destination}/${path}`)
      }
      return found
    },
    async astray() {
      const found: string[] = []
      for (const { name, destination, files } of all) {
        const held = await filesIn(destination)
        const missing = [...files].filter(
          ([path, bytes]) => held.get(path) !== bytes || held.get(`${path}.md5`) !== markerOf(path, bytes),
        )
        if (missing.length > 0) found.push(`${name}: ${missing.length} of ${files.size} files are not there`)
        if (held.size !== 2 * files.size) found.push(`${name}: ${held.size} files of ${2 * files.size}`)
        const { result } = await statusIn(destination)
        if (result !== 'in-sync' && result !== 'applied') found.push(`${name}: ${result}`)
      }
      return found
    },
    async disturbed() {
      const found: string[] = []
      for (const [folder, picture] of left) if ((await pictureOf(folder)) !== picture) found.push(folder)
      return found
    },
  }
  return backups
}

const markerOf = (name: string, bytes: string): string =>
  `${digestOf('md5', Buffer.from(bytes, 'latin1'))}  ${name}\n`

const filesIn = async (folder: string): Promise<ReadonlyMap<string, string>> =>
  (await readdir(folder).catch(() => [])).length === 0 ? new Map() : publishedIn(folder)

const statusIn = async (destination: string): Promise<Partial<DestinationStatus>> =>
  JSON.parse(await readFile(join(destination, '.reconcile/status.json'), 'utf8').catch(() => '{}'))

/** Every file with its bytes, and when it was written, but for what is written by a mere look. */
async function pictureOf(folder: string): Promise<string> {
  const ledger = await readFile(join(folder, '.reconcile/ledger.jsonl'), 'utf8').catch(() => '')
  return JSON.stringify([[...(await filesIn(folder))], ledger])
}

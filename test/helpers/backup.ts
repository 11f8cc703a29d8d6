import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { BackupPlan } from '../../src/model/plan.ts'
import { type Ended, type OfferOptions, publishedIn, type World } from './world.ts'

/** One of several backups that share a world's sshd and state: a folder of its own on each side. */
export interface Backup {
  readonly name: string
  readonly source: string
  readonly destination: string
  /** As World.offer, below this backup's own folder. */
  offer(name: string, bytes: Uint8Array | string, options?: OfferOptions): Promise<string>
  /** Writes any file at the source as it is, without a marker. */
  put(name: string, bytes: Uint8Array | string): Promise<void>
  /** Writes any file into the destination. */
  putHere(name: string, bytes: Uint8Array | string): Promise<void>
  /** Writes its spec anew: what is not given is what this backup has. */
  declare(over?: Readonly<Record<string, unknown>>): Promise<void>
  run(...words: string[]): Promise<Ended>
  /** What one pass over this backup alone came to. */
  pass(...words: string[]): Promise<BackupOutcome>
  plan(...words: string[]): Promise<BackupPlan>
  /** Paths under their final names, markers included. */
  names(): Promise<readonly string[]>
  published(): Promise<ReadonlyMap<string, string>>
}

/** Makes its folder at the source, and declares it. The destination is left for the first pass to make. */
export async function backupIn(
  world: World,
  name: string,
  over: Readonly<Record<string, unknown>> = {},
): Promise<Backup> {
  const source = join(world.source, name)
  const destination = join(world.folder, `offsite-${name}`)
  await mkdir(source)
  const put = async (folder: string, file: string, bytes: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), bytes)
  }
  const backup: Backup = {
    name,
    source,
    destination,
    offer: (file, bytes, options) => world.offer(join(name, file), bytes, options),
    put: (file, bytes) => put(source, file, bytes),
    putHere: (file, bytes) => put(destination, file, bytes),
    declare({ source: far = {}, destination: near = {}, ...rest } = {}) {
      const path = world.sshd === null ? source : name
      return world.declare(name, {
        source: { path, ...(far as object) },
        destination: { path: destination, ...(near as object) },
        ...rest,
      })
    },
    run: (...words) => world.run(name, ...words),
    async pass(...words) {
      const { backups, exitCode } = await world.pass(name, ...words)
      if (backups.length !== 1) throw new Error(`a pass over ${name} came to exit ${exitCode}`)
      return backups[0]!
    },
    async plan(...words) {
      const { backups } = await world.plan(name, ...words)
      return backups[0]!
    },
    names: async () => [...(await publishedIn(destination)).keys()],
    published: () => publishedIn(destination),
  }
  await backup.declare(over)
  return backup
}

/** The actions of a plan with their paths: `pull a.tar`. */
export const stepsOf = (plan: BackupPlan): readonly string[] =>
  plan.steps.map((step) => `${step.action} ${step.path}`)

/** A problem's code with its path, where it has one: `wait-overdue a.tar`. */
export const problemsOf = (outcome: Pick<BackupOutcome, 'problems'>): readonly string[] =>
  outcome.problems.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`)).sort()

const READ_AT = 5
const WAITING_SINCE = 8

/** Makes all that the destination's cache remembers older by so many hours: when markers were read, since when files wait. */
export async function ageCache(at: Backup, hours: number): Promise<void> {
  const file = join(at.destination, '.reconcile/seen.jsonl')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const aged = lines.map((line) => {
    const fields = JSON.parse(line.slice(9)) as unknown[]
    for (const field of [READ_AT, WAITING_SINCE])
      if (typeof fields[field] === 'number') fields[field] -= hours * 3600_000
    const text = JSON.stringify(fields)
    return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`
  })
  await writeFile(file, aged.join(''))
}

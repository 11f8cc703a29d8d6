import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { stringify } from 'yaml'
import {
  startThrowawaySource,
  type ThrowawayOptions,
  type ThrowawaySource,
} from '../../src/commands/demo/source.ts'
import type { Result } from '../../src/model/outcome.ts'
import type { Plan } from '../../src/model/plan.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { callHere } from './call-here.ts'

const CLI = resolve(import.meta.dirname, '../../dist/cli.js')

/** The built command, running. */
const startCommand = (folder: string, words: readonly string[], env: Record<string, string>) =>
  execa(process.execPath, [CLI, ...words], { reject: false, cwd: folder, stdin: 'ignore', env })

export type Started = ReturnType<typeof startCommand>

/** What one call of the real command came to. */
export interface Ended {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A source behind a real sshd (or on this machine), a specs folder, state, and destinations, in one private folder. */
export interface World {
  readonly folder: string
  readonly source: string
  readonly destination: string
  readonly specs: string
  readonly state: string
  readonly sshd: ThrowawaySource | null
  /** Writes a file at the source, and its marker beside it unless `marker` says otherwise. Tells its md5. */
  offer(name: string, bytes: Uint8Array | string, options?: OfferOptions): Promise<string>
  /** Writes `NAME.yaml`; what is not given is what this world has. */
  declare(name?: string, over?: Readonly<Record<string, unknown>>): Promise<void>
  /** Runs the built command to its end. It never throws. */
  run(...words: string[]): Promise<Ended>
  /** Starts it, for those who kill it half way. */
  start(words: readonly string[], options?: { readonly env?: Record<string, string> }): Started
  /** What `start` starts, for those who start it by way of another program. */
  command(words: readonly string[]): { readonly command: string; readonly args: readonly string[] }
  /** A pass with --json. */
  pass(...words: string[]): Promise<Result>
  /** A dry run with --json. */
  plan(...words: string[]): Promise<Plan>
  status(...words: string[]): Promise<StatusReport>
  /** Everything below the destination but `.reconcile`: path to contents. */
  published(): Promise<ReadonlyMap<string, string>>
  end(): Promise<void>
}

export interface OfferOptions {
  /** `null`: none. Text: these very words. Left out: a right one. */
  readonly marker?: string | null
  readonly kind?: 'md5' | 'sha256'
  /** Of the marker: `.md5`, `.MD5`. */
  readonly suffix?: string
  /** Seconds since 1970. */
  readonly mtime?: number
}

export interface WorldOptions {
  /** `process`: each call is a process of its own. Else the built command runs in the test's, which spares starting it. */
  readonly calls?: 'process' | 'here'
  readonly config?: ThrowawayOptions['config']
  /** The forced command, also as one that is told which folder it serves. */
  readonly command?: ThrowawayOptions['command'] | ((served: string) => string)
}

/** Lines for sshd. Its own first choice costs as much as all the rest of a session. */
export const QUICK_EXCHANGE: readonly string[] = ['KexAlgorithms curve25519-sha256']

export const digestOf = (kind: 'md5' | 'sha256', bytes: Uint8Array | string): string =>
  createHash(kind).update(bytes).digest('hex')

/** Bytes that no compression shortens and that are the same in every run for one seed. */
export function noise(size: number, seed = 'a'): Buffer {
  const blocks: Buffer[] = []
  for (let made = 0, i = 0; made < size; i++) {
    const block = createHash('sha512').update(`${seed} ${i}`).digest()
    blocks.push(block)
    made += block.length
  }
  return Buffer.concat(blocks).subarray(0, size)
}

export async function makeWorld(kind: 'ssh' | 'local' = 'ssh', options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), `world-${kind}-`))
  const source = join(folder, 'source')
  const destination = join(folder, 'destination')
  const specs = join(folder, 'backups.d')
  const state = join(folder, 'state')
  for (const one of [source, destination, specs]) await mkdir(one)
  const command = typeof options.command === 'function' ? options.command(source) : options.command
  const sshd =
    kind === 'local'
      ? null
      : await startThrowawaySource({
          folder: join(folder, 'keys'),
          served: source,
          config: [...(options.config ?? []), ...QUICK_EXCHANGE],
          ...(command === undefined ? {} : { command }),
        })
  const place =
    sshd === null
      ? { path: source }
      : {
          host: sshd.host,
          port: sshd.port,
          user: sshd.user,
          identity: sshd.identity,
          knownHosts: sshd.knownHosts,
        }
  const environment = { NO_COLOR: '1', XDG_CONFIG_HOME: join(folder, 'no-config') }
  const start: World['start'] = (words, { env = {} } = {}) =>
    startCommand(folder, ['--specs', specs, '--state', state, ...words], { ...environment, ...env })
  const run = async (...words: string[]): Promise<Ended> => {
    // A log is written past the streams that can be heard here.
    if (options.calls === 'here' && !words.some((word) => word.startsWith('--log')))
      return callHere(folder, ['--specs', specs, '--state', state, ...words], environment)
    const { exitCode, stdout, stderr } = await start(words)
    return { code: exitCode, stdout: String(stdout), stderr: String(stderr) }
  }
  const document = async <T>(words: readonly string[]): Promise<T> => {
    const { stdout, stderr, code } = await run(...words, '--json')
    try {
      return JSON.parse(stdout) as T
    } catch {
      throw new Error(`no document, exit ${code}: ${stdout}${stderr}`)
    }
  }
  return {
    folder,
    source,
    destination,
    specs,
    state,
    sshd,
    async offer(name, bytes, { marker, kind: sum = 'md5', suffix = `.${sum}`, mtime } = {}) {
      const file = join(source, name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes)
      const digest = digestOf(sum, bytes)
      if (mtime !== undefined) await utimes(file, mtime, mtime)
      if (marker === null) return digest
      const text = marker ?? `${digest}  ${name.slice(name.lastIndexOf('/') + 1)}\n`
      await writeFile(`${file}${suffix}`, text)
      if (mtime !== undefined) await utimes(`${file}${suffix}`, mtime, mtime)
      return digest
    },
    async declare(name = 'pg', over = {}) {
      const { source: far = {}, destination: near = {}, ...rest } = over as Record<string, object>
      const spec = {
        version: 1,
        source: { ...place, ...far },
        destination: { path: destination, minFree: '1MiB', ...near },
        ...rest,
      }
      await writeFile(join(specs, `${name}.yaml`), stringify(spec))
    },
    run,
    start,
    command: (words) => ({
      command: process.execPath,
      args: [CLI, '--specs', specs, '--state', state, ...words],
    }),
    pass: (...words) => document<Result>(words),
    plan: (...words) => document<Plan>(['--dry-run', ...words]),
    status: (...words) => document<StatusReport>(['status', ...words]),
    published: () => publishedIn(destination),
    async end() {
      await sshd?.stop()
      await unlock(folder)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Everything below a destination but `.reconcile`: path to contents, in the order of the paths. */
export async function publishedIn(destination: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(destination, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(destination.length + 1)
    if (path.startsWith('.reconcile') || !entry.isFile()) continue
    found.set(path, await readFile(join(destination, path), 'latin1'))
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Folders that a case has made read-only are made writable again, so that they can go. */
async function unlock(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const path = join(folder, entry.name)
    const { mode } = await stat(path)
    if ((mode & 0o700) !== 0o700) await chmod(path, 0o700)
    await unlock(path)
  }
}

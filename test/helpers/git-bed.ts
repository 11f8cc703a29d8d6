import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { openBox } from '../../src/box/box.ts'
import { openSpecsMemory } from '../../src/box/specs-memory.ts'
import { fingerprint } from '../../src/decide/documents/fingerprint.ts'
import type { Failure } from '../../src/model/failure.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { Run } from '../../src/model/run.ts'
import type { GitPlace } from '../../src/model/settings.ts'
import { checkKeys } from '../../src/source/check-keys.ts'
import type { GitUse } from '../../src/specs/git/judge-commit.ts'
import type { LoadedSpecs } from '../../src/specs/load-specs.ts'
import { openSpecs } from '../../src/specs/open-specs.ts'
import type { TimeLimits } from '../../src/system/child.ts'

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.net',
  GIT_COMMITTER_NAME: 'c',
  GIT_COMMITTER_EMAIL: 'c@example.net',
}

/** A bare repository as a server has it, somebody's clone to commit from, and a box that follows it. */
export interface GitBed {
  readonly folder: string
  /** The bare repository. */
  readonly remote: string
  readonly state: string
  readonly box: ReturnType<typeof openBox>
  /** The box's clock, which stands still until it is set. */
  clock: Instant
  /** Git in the clone. */
  git(...words: string[]): Promise<string>
  /** Writes files (null removes one), commits and pushes them. Tells the commit. */
  push(files: Readonly<Record<string, string | Uint8Array | null>>, ...commit: string[]): Promise<string>
  /** Pushes a tree made of raw entries, which no work tree would hold, as `git mktree` takes them. Tells the commit. */
  pushTree(
    entries: readonly (readonly [mode: string, type: string, id: string, name: string | Buffer])[],
  ): Promise<string>
  /** Puts bytes into the clone's object store. Tells their id. */
  blob(bytes: string | Uint8Array): Promise<string>
  place(over?: Partial<GitPlace>): GitPlace
  load(options?: {
    readonly use?: GitUse
    readonly place?: Partial<GitPlace>
    readonly limits?: TimeLimits
    readonly roots?: readonly string[]
    readonly signal?: AbortSignal
    /** Nothing can be written down. */
    readonly unwritable?: Failure
  }): Promise<LoadedSpecs>
  end(): Promise<void>
}

export async function makeGitBed(): Promise<GitBed> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'git-bed-')))
  const [remote, work, state] = ['remote.git', 'work', 'state'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const key = join(folder, 'key')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const run = async (words: readonly string[], input?: string | Uint8Array) =>
    String(
      (
        await execa('git', words, {
          cwd: folder,
          env: ENVIRONMENT,
          extendEnv: false,
          ...(input === undefined ? { stdin: 'ignore' } : { input }),
        })
      ).stdout,
    )
  await run(['init', '-q', '--bare', '-b', 'main', remote])
  await run(['init', '-q', '-b', 'main', work])
  const git = (...words: string[]) => run(['-C', work, ...words])
  await git('remote', 'add', 'origin', remote)
  const box = openBox(state, { concurrency: 2 })
  const memory = openSpecsMemory(state, box)
  const push = async (...words: string[]) =>
    void (await git('push', '-q', '--force', ...words, 'origin', 'HEAD:refs/heads/main'))
  const place: GitBed['place'] = (over = {}) => ({
    kind: 'git',
    url: `file://${remote}`,
    ref: 'main',
    subpath: '',
    interval: 60,
    identity: key,
    knownHosts: key,
    verifySignatures: null,
    caFile: null,
    ...over,
  })
  let commits = 0
  /** No two are alike: with one message, one tree and one parent, two commits of the same second would be the same commit. */
  const message = (): readonly string[] => ['-m', `commit ${++commits}`]
  const bed: GitBed = {
    folder,
    remote,
    state,
    box,
    clock: instant(Date.UTC(2026, 10, 24, 12)),
    git,
    async push(files, ...commit) {
      for (const [name, text] of Object.entries(files)) {
        const file = join(work, name)
        if (text === null) await rm(file)
        else {
          await mkdir(dirname(file), { recursive: true })
          await writeFile(file, text)
        }
      }
      await git('add', '-A')
      await git('commit', '-q', '--allow-empty', ...message(), ...commit)
      await push()
      return git('rev-parse', 'HEAD')
    },
    async pushTree(entries) {
      const lines = entries.map(([mode, type, id, name]) =>
        Buffer.concat([Buffer.from(`${mode} ${type} ${id}\t`), Buffer.from(name), Buffer.from([0])]),
      )
      const tree = await run(['-C', work, 'mktree', '-z', '--missing'], Buffer.concat(lines))
      const head = await git('rev-parse', '--verify', '--quiet', 'HEAD').catch(() => '')
      const commit = await git('commit-tree', ...(head === '' ? [] : ['-p', head]), ...message(), tree)
      await git('update-ref', 'HEAD', commit)
      await push()
      return commit
    },
    blob: (bytes) => run(['-C', work, 'hash-object', '-w', '--stdin'], bytes),
    place,
    load({
      use = 'obey',
      place: over = {},
      limits,
      roots = null,
      signal = new AbortController().signal,
      unwritable,
    } = {}) {
      const loop: Run = { now: () => bed.clock, signal, emit: () => {} }
      const specs = place(over)
      const settings = {
        file: null,
        configFolders: [],
        specs,
        state,
        concurrency: 2,
        bandwidth: null,
        roots,
        notify: [],
        heartbeat: null,
        drills: [],
      }
      const ports = {
        home: '/home/me',
        memory: unwritable === undefined ? memory : { ...memory, write: () => Promise.reject(unwritable) },
        fingerprint,
        use,
        checkKeys,
        ...(limits === undefined ? {} : { limits }),
      }
      return openSpecs(settings, ports).load(loop)
    },
    end: () => rm(folder, { recursive: true, force: true }),
  }
  return bed
}

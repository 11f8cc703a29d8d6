import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Settings } from '../../src/model/settings.ts'
import { loadSpecs } from '../../src/specs/load-specs.ts'
import { callHere } from './call-here.ts'
import type { Chances } from './day-chances.ts'
import { makeGitBed } from './git-bed.ts'

const MINUTE = 60_000

/** Where people write the specs of a day. */
export interface SpecsOfDay {
  readonly settings: Pick<Settings, 'specs' | 'state'>
  /** Milliseconds within which the daemon has seen what was published. */
  readonly lookTime: number
  /** A spec with a fault keeps all others back too. */
  readonly isWhole: boolean
  /** Text of `NAME.yaml`; null: it goes. */
  write(name: string, text: string | null): Promise<void>
  /** What was written counts from now on, as far as it can. */
  publish(): Promise<void>
  /** Digests of the specs that are to be obeyed, by backup. */
  inForce(): ReadonlyMap<string, string>
  /** What befalls the specs as a whole. `quiet`: all is well and has been seen. */
  readonly deeds: readonly ((quiet: () => Promise<void>) => Promise<void>)[]
  /** Ends what keeps specs back. */
  mend(): Promise<void>
  counts(): Readonly<Record<string, number>>
  end(): Promise<void>
}

/** A folder that is a git work tree: `change` alters some specs between two checkouts. */
export async function specsInFolder(
  root: string,
  change: () => Promise<void>,
  pass: (milliseconds: number) => Promise<void>,
): Promise<SpecsOfDay> {
  const repo = join(root, 'repo')
  const folder = join(repo, 'backups.d')
  await mkdir(folder, { recursive: true })
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', '-c', 'core.fsync=none', ...words], {
      cwd: repo,
    })
  await git('init', '-q', '-b', 'main')
  const digests = new Map<string, string>()
  let checkouts = 0
  return {
    settings: { specs: { kind: 'folder', path: folder }, state: join(root, 'state') },
    lookTime: 3 * MINUTE,
    isWhole: false,
    async write(name, text) {
      const file = join(folder, `${name}.yaml`)
      await (text === null ? rm(file) : writeFile(file, text))
    },
    async publish() {
      for (const { name, digest } of (await read(folder)).specs) digests.set(name, digest)
    },
    inForce: () => digests,
    deeds: [
      async () => {
        checkouts++
        await git('add', '-A')
        await git('commit', '-q', '--allow-empty', '-m', 'before')
        await change()
        await git('add', '-A')
        await git('commit', '-qm', 'after')
        await git('checkout', '-q', 'HEAD~1')
        await pass(2 * MINUTE)
        await git('checkout', '-q', 'main')
      },
    ],
    async mend() {},
    counts: () => ({ checkouts }),
    async end() {},
  }
}

/** A repository that is pushed to and followed. */
export async function specsInGit(terms: {
  readonly chance: Chances
  /** Seconds. */
  readonly interval: number
  /** The hold over a rewritten history, once the daemon has told it. */
  readonly hold: () => Promise<string>
}): Promise<SpecsOfDay> {
  const { chance, interval, hold } = terms
  const bed = await makeGitBed()
  const work = join(bed.folder, 'work')
  const place = bed.place({ interval })
  await bed.push({ README: 'specs\n' })
  let digests = new Map<string, string>()
  let written: Record<string, string | null> = {}
  let isAway = false
  /** The commit that the new history left out; null: there is no new history. */
  let before: string | null = null
  const counts = { commits: 0, refused: 0, rewritten: 0, released: 0, unreachable: 0 }

  async function publish(): Promise<void> {
    if (isAway) return
    if (Object.keys(written).length > 0) {
      counts.commits++
      await bed.push(written)
    }
    written = {}
    const { specs, faults } = await read(work)
    const isFaulty = faults.some(({ severity }) => severity === 'error')
    if (isFaulty) counts.refused++
    else if (before === null) digests = new Map(specs.map(({ name, digest }) => [name, digest]))
  }

  async function reach(): Promise<void> {
    if (!isAway) return
    await rename(`${bed.remote}.away`, bed.remote)
    isAway = false
  }

  /** Work tree and all, as a commit upon this one. */
  async function goOnFrom(commit: string): Promise<void> {
    await bed.git('reset', '-q', '--soft', commit)
    await bed.push({})
  }

  async function comeBack(): Promise<void> {
    if (before === null) return
    if (chance.below(2) === 0) await goOnFrom(before)
    else {
      counts.released++
      const words = ['--git', place.url, '--ref', place.ref, '--state', bed.state]
      const config = { XDG_CONFIG_HOME: join(bed.folder, 'no-config') }
      const release = ['release', await hold(), '--reason', 'a rebase']
      const { code, stderr } = await callHere(bed.folder, [...words, ...release], config)
      if (code !== 0) throw new Error(stderr)
    }
    before = null
  }

  async function mend(): Promise<void> {
    await reach()
    await publish()
    await comeBack()
    await publish()
  }

  return {
    settings: { specs: place, state: bed.state },
    lookTime: interval * 1000 + 2 * MINUTE,
    isWhole: true,
    async write(name, text) {
      written[`${name}.yaml`] = text
    },
    publish,
    inForce: () => digests,
    deeds: [
      async (quiet) => {
        if (isAway || before !== null) return mend()
        await quiet()
        counts.unreachable++
        await rename(bed.remote, `${bed.remote}.away`)
        isAway = true
      },
      async (quiet) => {
        if (isAway || before !== null) return mend()
        await quiet()
        counts.rewritten++
        before = await bed.git('rev-parse', 'HEAD')
        await goOnFrom('HEAD~1')
      },
    ],
    mend,
    counts: () => counts,
    end: () => bed.end(),
  }
}

const read = (folder: string) => loadSpecs(folder, { roots: null, home: '/' })

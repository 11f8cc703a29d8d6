import { existsSync, lstatSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../../model/failure.ts'
import type { Run } from '../../model/run.ts'
import type { GitPlace } from '../../model/settings.ts'
import { shellQuoted } from '../../model/shell-words.ts'
import { otherOwner } from '../../system/as-folder-owner.ts'
import {
  type ChildCall,
  type ChildEnd,
  childEnvironment,
  runChild,
  runTool,
  type TimeLimits,
} from '../../system/child.ts'
import { makeForOwner } from '../../system/make-with-parents.ts'
import { replaceFile } from '../../system/replace-file.ts'
import { sshWords, tokenSafe } from '../../system/ssh-options.ts'
import { fetchFailure, keysFailure, noCommit, nothingThere, shallowThere } from './fetch-failure.ts'
import { isCommitId } from './ref.ts'
import { folderOf, transportOf } from './url.ts'

/** A bare clone of which only objects and our own refs are used. It has no work tree, ever. */
export interface GitClone {
  /** Runs git in it. */
  run(
    words: readonly string[],
    options?: { readonly input?: string; readonly config?: Readonly<Record<string, string>> },
  ): Promise<ChildEnd>
  /** The commit that our ref of this name names; null: there is none. */
  commitOf(ref: string): Promise<string | null>
  pin(ref: string, commit: string): Promise<void>
  /** Fetches what the place's ref names now into our ref, and returns that commit. Throws a Failure (`git-unreachable`, which may pass, or `git-refused`). */
  fetch(into: string): Promise<string>
  /** Null: one of them is not known here. */
  isAncestor(older: string, newer: string): Promise<boolean | null>
}

const LIMITS: TimeLimits = { total: 900, silence: 120 }
/** No file that git writes grows beyond this: a specs repository is small, and the far side may be hostile. Bytes. */
const FILE_LIMIT = 1 << 30
/** Of what git says its end is kept; characters. */
const STDERR_LIMIT = 64 * 1024

/** Throws a Failure where ssh cannot but fail for what lies on this machine. */
export type CheckKeys = (keys: Pick<GitPlace, 'identity' | 'knownHosts'>) => Promise<void>

interface CloneOptions {
  readonly run: Run
  /** Asked before ssh is; left out: the far side is never asked. */
  readonly checkKeys?: CheckKeys
  readonly inherit?: number
  readonly limits?: TimeLimits
}

/** The clone that stays, below `folder`, made where there is none. Whoever opens it holds its lock. */
export async function openClone(folder: string, place: GitPlace, options: CloneOptions): Promise<GitClone> {
  await makeForOwner(folder)
  const gitDir = gitDirIn(folder)
  // By tools, as the clone's owner: by root, these would reach whatever its owner puts at their paths.
  const tool = async (program: string, ...words: readonly string[]): Promise<void> => {
    const { exitCode, stderr } = await runTool(program, words, otherOwner(folder))
    if (exitCode !== 0) throw broken(gitDir, stderr)
  }
  if (!existsSync(join(gitDir, 'HEAD'))) {
    const next = `${gitDir}.new`
    await tool('rm', '-rf', '--', next)
    await initClone(next, folder, place, options)
    // Without a HEAD it is not a clone.
    await tool('rm', '-rf', '--', gitDir)
    await tool('mv', '-T', '--', next, gitDir)
  }
  // What a killed fetch left behind: the caller holds the clone's lock, so no other git runs.
  const left = ['(', '-name', '*.lock', '-o', '-path', '*/objects/pack/tmp_*', ')', '!', '-type', 'd']
  await tool('find', gitDir, ...left, '-delete')
  return cloneAt(gitDir, await configFile(folder, place), place, options)
}

/** The clone that stays, to look into without the lock; null: there is none. Nothing is written. */
export async function lookIntoClone(folder: string, place: GitPlace, run: Run): Promise<GitClone | null> {
  const gitDir = gitDirIn(folder)
  return existsSync(join(gitDir, 'HEAD')) ? cloneAt(gitDir, '/dev/null', place, { run }) : null
}

/** A clone for the moment, in a private folder that is removed; it borrows what the one that stays in `folder` has. */
export async function withPassingClone<T>(
  folder: string,
  place: GitPlace,
  options: CloneOptions,
  use: (clone: GitClone) => Promise<T>,
): Promise<T> {
  const own = await mkdtemp(join(tmpdir(), 'reconcile-git-'))
  try {
    const gitDir = join(own, 'repo.git')
    await initClone(gitDir, own, place, options)
    const lent = join(gitDirIn(folder), 'objects')
    if (existsSync(lent)) await writeFile(join(gitDir, 'objects/info/alternates'), `${lent}\n`)
    return await use(cloneAt(gitDir, await configFile(own, place), place, options))
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

async function initClone(
  gitDir: string,
  folder: string,
  place: GitPlace,
  options: CloneOptions,
): Promise<void> {
  const clone = cloneAt(gitDir, await configFile(folder, place), place, options)
  const { code, stderr } = await clone.run(['init', '--bare', '--quiet', '--template='])
  if (code !== 0) throw broken(gitDir, stderr)
  await makeForOwner(join(gitDir, 'objects/info'))
}

function cloneAt(gitDir: string, config: string, place: GitPlace, options: CloneOptions): GitClone {
  const { signal } = options.run
  const ssh = transportOf(place.url) === 'ssh' ? gitSshCommand(place) : null
  const env = gitEnvironment(config, ssh, place.caFile)
  // Root's git is the owner's, who goes on with the clone, and whose settings in it count for nobody else.
  const user = otherOwner(dirname(gitDir))
  const run: GitClone['run'] = (words, { input, config: more } = {}) =>
    runGit({
      arguments: [...gitArguments(gitDir, more), ...words],
      env,
      user,
      signal,
      input: input ?? null,
    })
  const far = async (words: readonly string[]): Promise<ChildEnd> => {
    if (ssh !== null) {
      await options.checkKeys?.(place).catch((error: unknown) => {
        throw error instanceof Failure ? keysFailure(place, error) : error
      })
    }
    const ended = await runGit({
      arguments: [...gitArguments(gitDir), ...words],
      env,
      user,
      signal,
      limits: options.limits ?? LIMITS,
      inherit: options.inherit ?? null,
    })
    if (ended.code !== 0) throw fetchFailure(place, ended)
    return ended
  }
  const idOf = async (name: string): Promise<string | null> => {
    const { code, stdout } = await run(['rev-parse', '--verify', '--quiet', '--end-of-options', name])
    return code === 0 ? stdout.toString('latin1').trim() : null
  }
  const commitOf = (name: string): Promise<string | null> => idOf(`${name}^{commit}`)
  return {
    run,
    commitOf,
    async pin(ref, commit) {
      const { code, stderr } = await run(['update-ref', '--', ref, commit])
      if (code !== 0) throw broken(gitDir, stderr)
    },
    async fetch(into) {
      if (isCommitId(place.ref) && (await commitOf(place.ref)) !== null) return place.ref
      const { name, id } = await farRef(place, far)
      if (id === null || (await idOf(into)) !== id) {
        const refspec = `+${name}:${into}`
        const words = ['fetch', UPLOAD_PACK, '--no-tags', '--no-write-fetch-head', '--force', '--progress']
        const { stderr } = await far([...words, '--no-recurse-submodules', '--', place.url, refspec])
        // Git takes nothing of it, and calls that well.
        if (/shallow roots are not allowed|shallow update not allowed/.test(stderr)) throw shallowThere(place)
      }
      const commit = await commitOf(into)
      if (commit === null) throw noCommit(place)
      return commit
    },
    async isAncestor(older, newer) {
      const { code } = await run(['merge-base', '--is-ancestor', older, newer])
      return code === 0 ? true : code === 1 ? false : null
    },
  }
}

/** Runs git; its exit code is the caller's to judge, and null where it was ended. Throws the signal's reason, or a Failure (`missing-tool`). */
async function runGit(
  call: Omit<ChildCall, 'program'> & { readonly signal: AbortSignal },
): Promise<ChildEnd> {
  call.signal.throwIfAborted()
  const ended = await runChild<never>({ ...call, program: 'git', cwd: '/', fileLimit: FILE_LIMIT })
  call.signal.throwIfAborted()
  const code = ended.cause === 'itself' ? ended.code : null
  return { ...ended, code, stderr: ended.stderr.slice(-STDERR_LIMIT) }
}

/** The full name of the place's ref over there, a branch before a tag, and what it is now. */
async function farRef(
  place: GitPlace,
  far: (words: readonly string[]) => Promise<ChildEnd>,
): Promise<{ readonly name: string; readonly id: string | null }> {
  const { ref, url } = place
  if (isCommitId(ref)) return { name: ref, id: null }
  const names = ref === 'HEAD' || ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
  const list = async (...words: readonly string[]) =>
    (await far(['ls-remote', UPLOAD_PACK, '--quiet', ...words])).stdout
      .toString('utf8')
      .split('\n')
      .map((line) => line.split('\t'))
  const there = new Map<string, string>()
  for (const [id = '', name = ''] of await list('--', url, ...names)) if (isCommitId(id)) there.set(name, id)
  const name = names.find((one) => there.has(one))
  if (name !== undefined) return { name, id: there.get(name)! }
  const all = await list('--symref', '--', url, 'HEAD', 'refs/heads/*')
  const heads = all.flatMap(([id = '', one = '']) => (isCommitId(id) && one !== 'HEAD' ? one : []))
  const head =
    all.find(([word = '', one]) => one === 'HEAD' && word.startsWith('ref: '))?.[0]?.slice(5) ?? null
  throw nothingThere(place, heads.map(branchName), head === null ? null : branchName(head))
}

const branchName = (ref: string): string => ref.replace(/^refs\/heads\//, '')

/**
 * The file that git reads in place of any user's settings. A repository on this machine may be another user's: that one, which
 * the settings name, and no other.
 */
async function configFile(folder: string, { url }: GitPlace): Promise<string> {
  if (transportOf(url) !== 'file') return '/dev/null'
  const file = join(folder, 'gitconfig')
  const path = folderOf(url)
  const quoted = [path, `${path}/.git`].map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`)
  await replaceFile(file, `[safe]\n${quoted.map((one) => `\tdirectory = ${one}\n`).join('')}`)
  return file
}

/** A link is none of ours: what it leads to may be anybody's. Throws a Failure. */
function gitDirIn(folder: string): string {
  const gitDir = join(folder, 'repo.git')
  for (const path of [folder, gitDir])
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw broken(path, 'it is a symbolic link, and none is followed there')
  return gitDir
}

const broken = (where: string, stderr: string): Failure =>
  new Failure({
    code: 'git-clone-broken',
    message: `the clone of the specs in ${where} cannot be used: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    hint: 'Check the disk, and move the clone away: the next run fetches it anew. The last good commit is remembered beside it.',
    path: where,
  })

/** Whatever a clone's own settings name for this URL. */
const UPLOAD_PACK = '--upload-pack=git-upload-pack'

/** Settings of every git that we start: no hooks, no helpers, no command of a clone's own settings, and everything fetched is checked. */
const CONFIG: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  // Prints nothing. An alternate's own git would be started otherwise, with the settings there.
  'core.alternateRefsCommand': 'true',
  'core.fsync': 'all',
  'core.askPass': '',
  'credential.helper': '',
  'protocol.ext.allow': 'never',
  'transfer.fsckObjects': 'true',
  'fetch.fsckObjects': 'true',
  'fetch.recurseSubmodules': 'false',
  'transfer.bundleURI': 'false',
  'gc.autoDetach': 'false',
  'maintenance.autoDetach': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '60',
  // ssh's signatures alone count here.
  'gpg.format': 'ssh',
  'gpg.ssh.program': 'ssh-keygen',
  'gpg.openpgp.program': '/bin/false',
  'gpg.x509.program': '/bin/false',
}

const gitArguments = (gitDir: string, more: Readonly<Record<string, string>> = {}): readonly string[] => [
  `--git-dir=${gitDir}`,
  '--no-replace-objects',
  ...Object.entries({ ...CONFIG, ...more }).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
]

/** `configFile`: the only settings that git's helpers read beside ours. */
const gitEnvironment = (
  configFile: string,
  ssh: string | null,
  caFile: string | null = null,
): Record<string, string> => ({
  ...childEnvironment(),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: configFile,
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  ...(caFile === null ? {} : { GIT_SSL_CAINFO: caFile }),
  GIT_SSH_VARIANT: 'ssh',
  // Without a key of its own no ssh is started at all.
  GIT_SSH_COMMAND: ssh ?? 'false',
})

/** git hands this to a shell: every word is quoted, and the two that come from settings are absolute paths. Null: one of them is not. */
function gitSshCommand({ identity, knownHosts }: Pick<GitPlace, 'identity' | 'knownHosts'>): string | null {
  const [key, pin] = [tokenSafe(identity), tokenSafe(knownHosts)]
  if (key === null || pin === null) return null
  return sshWords(key, pin, { ProxyCommand: 'none' }).map(shellQuoted).join(' ')
}

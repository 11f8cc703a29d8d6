import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Option } from 'commander'
import { readFingerprint } from '../decide/add/fingerprint.ts'
import { shellWords } from '../model/shell-words.ts'
import { runTool } from '../system/child.ts'
import type { Owner } from '../system/make-key.ts'
import { openAsker } from './argv/ask.ts'
import { type Host, openConsole, usage } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import type { Talk } from './first-login.ts'

/** Of `add` and `source init`. */
export interface SetUpFlags extends SharedFlags {
  readonly fingerprint?: string
  readonly yes?: boolean
  /** Seconds. */
  readonly wait?: number
}

export const SET_UP_FLAGS: readonly Option[] = [
  new Option('--fingerprint <fingerprint>', "the source's host key, as ssh-keygen -l shows it: SHA256:…"),
  new Option('--yes', 'ask nothing; an unknown host key then needs --fingerprint'),
  new Option('--wait <time>', 'how long to try the login (default: on a terminal, until it works)').argParser(
    parseFlag.duration,
  ),
]

/** Whoever is there to talk to. Throws a usage Failure where flags have to do, and do not. */
export async function openTalk(given: SetUpFlags, state: string, { run }: Host): Promise<Talk> {
  const { yes = false, wait } = given
  const console = openConsole(given)
  if (console.output !== 'text')
    throw usage('this is a conversation: it prints text alone', 'Leave out --output and --json.')
  const fingerprint = given.fingerprint === undefined ? null : readFingerprint(given.fingerprint)
  if (given.fingerprint !== undefined && fingerprint === null)
    throw usage(
      `--fingerprint ${given.fingerprint} is no SHA256 fingerprint`,
      'At the source: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    )
  const asker = yes ? null : openAsker(run.signal)
  if (asker === null && !yes)
    throw usage(
      'there is no terminal to ask questions on: pass --yes, and --fingerprint SHA256:… unless the host key is pinned',
      'At the source: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    )
  const owner = await ownerOf(state)
  // The service reads what root makes for it.
  if (owner !== null) process.umask(0o022)
  return {
    ...{ console, asker, yes, fingerprint, run, owner },
    wait: wait ?? (asker === null ? 0 : null),
  }
}

/** What root makes is for who owns `state`, as its service runs as that user. */
async function ownerOf(state: string): Promise<Owner> {
  if (process.getuid?.() !== 0) return null
  const found = await stat(state).catch(() => null)
  return found === null || found.uid === 0 ? null : { uid: found.uid, gid: found.gid }
}

/** What to type next, by the user whose backups these are, with the flags that find the same specs. */
export async function nextCommand(
  words: readonly string[],
  { specs, config, state }: SharedFlags,
  owner: Owner,
): Promise<string> {
  const found = Object.entries({ specs, config, state }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, value],
  )
  const next = shellWords(['reconcile', ...found, ...words])
  return owner === null ? next : `runuser -u ${await nameOf('-un', owner)} -- ${next}`
}

/** Whoever may not make a folder there has to be given one. */
export async function makeFolder(folder: string, owner: Owner): Promise<readonly string[]> {
  if (owner === null || existsSync(folder)) return []
  const [user, group] = [await nameOf('-un', owner), await nameOf('-gn', owner)]
  return [shellWords(['install', '-d', '-o', user, '-g', group, folder])]
}

async function nameOf(question: '-un' | '-gn', { uid }: { readonly uid: number }): Promise<string> {
  const { exitCode, stdout } = await runTool('id', [question, String(uid)])
  return exitCode === 0 ? stdout.trim() : String(uid)
}

import { constants, existsSync } from 'node:fs'
import { access, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { shellQuoted } from '../model/shell-words.ts'
import type { SshPlace } from '../model/spec.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { namelessUser } from '../system/check-host-tools.ts'
import { runTool } from '../system/child.ts'
import { whyNoFolder } from '../system/disk-failure.ts'

type Keys = Pick<SshPlace, 'identity' | 'knownHosts'> &
  Partial<Pick<SshPlace, 'algorithms' | 'host' | 'port'>>

const MAKE_ONE =
  'Make one: ssh-keygen -t ed25519 -N "" -f IDENTITY, and put IDENTITY.pub into authorized_keys there.'
const MAKE_ANOTHER = MAKE_ONE.replaceAll('IDENTITY', 'IDENTITY-ed25519')
  .replace('one', 'another')
  .replace('there.', 'there; then name it as identity.')

/** Throws if this user, or the key files on this machine, make a session impossible; ssh itself would say little or nothing of it. */
export async function checkKeys(keys: Keys): Promise<void> {
  const nameless = namelessUser()
  if (nameless !== null) throw nameless
  await checkIdentity(keys)
  await checkKnownHosts(keys)
}

export const checkKnownHosts = ({
  knownHosts,
  host,
  port,
}: Pick<Keys, 'knownHosts' | 'host' | 'port'>): Promise<void> =>
  mustBeReadable(
    'known-hosts',
    'file of pinned host keys',
    knownHosts,
    host === undefined
      ? 'Pin the host key in it, after comparing the key with the one on the machine itself. This shows it: ssh-keyscan -t ed25519 HOST'
      : `Pin the host key: reconcile source init NAME shows the fingerprint of ${host} (port ${port ?? 22}) to compare, and pins it.`,
  )

export async function checkIdentity({ identity, algorithms }: Omit<Keys, 'knownHosts'>): Promise<void> {
  await mustBeReadable('identity', 'private key', identity, named(MAKE_ONE, identity))
  const text = await readFile(identity, 'latin1')
  const { mode, uid } = await stat(identity)
  // Of the wrong file nobody needs the rights changed.
  const isOther = /^(?:PuTTY-User-Key-File|(?:ssh|ecdsa|sk)-\S+ )/.test(text)
  if (!isOther && (mode & 0o077) !== 0 && uid === process.getuid?.())
    throw keyFailure(
      'identity-too-open',
      `The private key ${identity} is readable by others, so ssh refuses to use it.`,
      `chmod 600 ${shellQuoted(identity)}`,
    )
  // ssh reads some forms in spite of their line ends: it is asked, and the text only looked at for the reason.
  const read = await runTool('ssh-keygen', ['-y', '-P', '', '-f', identity]).catch(() => null)
  if (
    read === null ||
    (read.exitCode === 0 && (algorithms === 'legacy' || !read.stdout.startsWith('ssh-dss ')))
  )
    return
  const [, is, hint, code = 'identity-no-key'] =
    read.exitCode === 0 ? DSA : (ODD_KEYS.find(([fits]) => fits(text)) ?? DAMAGED)
  const said = is === DAMAGED[1] ? ` It said: ${read.stderr.split('\n', 1)[0]}` : ''
  throw keyFailure(code, `The private key ${identity} ${is}.${said}`, named(hint, identity))
}

/** With the path of the key, quoted for a shell where it has to be. */
const named = (hint: string, identity: string): string =>
  hint.replace(/IDENTITY([\w.-]*\w)?/g, (_, more: string = '') => shellQuoted(`${identity}${more}`))

/** What others on this machine may change, and so put a key or a host of theirs in place: files and folders on the way to them. Absolute paths. */
export async function openToOthers({ identity, knownHosts }: Keys): Promise<readonly string[]> {
  const found: string[] = []
  const isOpen = async (path: string, rights: number): Promise<boolean> => {
    const mode = (await stat(path).catch(() => null))?.mode ?? 0
    // In a sticky folder, as /tmp is, nobody replaces what is another's.
    return (mode & rights) !== 0 && (mode & 0o1000) === 0
  }
  if (await isOpen(identity, 0o077)) found.push(identity)
  if (await isOpen(knownHosts, 0o022)) found.push(knownHosts)
  const folders = new Set<string>()
  for (const file of [identity, knownHosts])
    for (let at = dirname(file); at !== dirname(at); at = dirname(at)) folders.add(at)
  for (const folder of folders) if (await isOpen(folder, 0o022)) found.push(folder)
  return found
}

/** `make`: how to make one under this path. */
async function mustBeReadable(what: string, named: string, path: string, make: string): Promise<void> {
  const shell = shellQuoted(path)
  const the = `The ${named} ${path}`
  const fault = await access(path, constants.R_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => error,
  )
  if (fault === null) {
    // ssh would block on a pipe, or read a device forever.
    const found = await stat(path)
    if (found.isFile()) return
    if (found.isDirectory())
      throw keyFailure(
        `${what}-unreadable`,
        `${the} is a folder, not a file.`,
        await hintForFolder(what, path),
      )
    const kind = found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device'
    throw keyFailure(
      `${what}-unreadable`,
      `${the} is ${kind}, not a file.`,
      'Name a regular file in its place: ls -l shows what a path is.',
    )
  }
  const link = await readlink(path).catch(() => null)
  if (link !== null && (fault.code === 'ENOENT' || fault.code === 'ELOOP')) {
    const where = fault.code === 'ELOOP' ? 'which leads back to it' : 'which does not exist'
    const hint = `Let it lead to the file (ln -sfn FILE ${shell}), or name the file itself.`
    throw keyFailure(
      fault.code === 'ELOOP' ? `${what}-unreadable` : `${what}-missing`,
      `${the} is a symlink to ${link}, ${where}.`,
      hint,
    )
  }
  const noFolder = whyNoFolder(dirname(path))
  if (noFolder !== null)
    throw keyFailure(
      `${what}-missing`,
      `${the} cannot be there: ${noFolder}.`,
      'Name the path of the file itself.',
    )
  if (fault.code === 'ENOENT') {
    const folder = dirname(path)
    const first = existsSync(folder) ? '' : `Make its folder: mkdir -p -m 700 ${shellQuoted(folder)}. `
    throw keyFailure(`${what}-missing`, `${the} does not exist.`, `${first}${make}`)
  }
  const { name = fault.message } = systemErrorOf(fault) ?? {}
  throw keyFailure(
    `${what}-unreadable`,
    `${the} cannot be read: ${name === 'EACCES' ? 'permission denied for this user' : name}.`,
    `Make it readable by the user who runs this: namei -l ${shell} shows who may pass which part of its path.`,
  )
}

/** A key that lies in it, where one does that ssh-keygen made. */
async function hintForFolder(what: string, folder: string): Promise<string> {
  if (what !== 'identity') return `Name the file in it, such as ${join(folder, 'known_hosts')}.`
  const names = await readdir(folder).catch((): string[] => [])
  const found = names.filter((name) => names.includes(`${name}.pub`)).map((name) => join(folder, name))
  return found.length > 0
    ? `Name the key itself: ${found.slice(0, 3).join(' or ')}.`
    : named(
        MAKE_ONE.replace('one', 'one in it').replace('there.', 'there; then name it as identity.'),
        join(folder, 'id_ed25519'),
      )
}

type OddKey = readonly [
  fits: (text: string) => boolean,
  is: string,
  /** IDENTITY stands for its path. */
  hint: string,
  code?: string,
]

const COPY_AGAIN = 'Copy the file itself again (scp, install), not the text that a terminal shows of it.'

/** What OpenSSH's own format holds, one character a byte. */
const bodyOf = (text: string): string =>
  Buffer.from(/BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(text)?.[1] ?? '', 'base64').toString('latin1')

const has =
  (pattern: RegExp): OddKey[0] =>
  (text) =>
    pattern.test(text)
const lacks =
  (pattern: RegExp): OddKey[0] =>
  (text) =>
    !pattern.test(text)

const DSA: OddKey = [
  (text) => /BEGIN DSA PRIVATE KEY/.test(text) || bodyOf(text).includes('ssh-dss'),
  'is a DSA key, which ssh no longer uses',
  MAKE_ANOTHER,
]
const DAMAGED: OddKey = [() => true, 'is damaged, or of a kind that this ssh does not know', MAKE_ANOTHER]

/** What a file is that ssh reads no key from; the first that fits. Those that are no use once repaired come first. */
const ODD_KEYS: readonly OddKey[] = [
  [
    // Its own format names the cipher behind a length; the older ones have a header line.
    (text) =>
      /^Proc-Type: .*ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/m.test(text) ||
      /^openssh-key-v1\0[\s\S]{4}(?!none)\w/.test(bodyOf(text)),
    'has a passphrase, and nobody is there to type it',
    MAKE_ANOTHER.replace('another', 'a separate one without'),
    'identity-encrypted',
  ],
  DSA,
  [lacks(/\S/), 'is empty: it holds no private key', MAKE_ANOTHER],
  [
    has(/^PuTTY-User-Key-File/),
    'is a PuTTY key (.ppk), which ssh cannot read',
    'Convert it: puttygen IDENTITY -O private-openssh -o IDENTITY.openssh, and name the new file as identity.',
  ],
  [
    has(/^(?:\xff\xfe|\xfe\xff)/),
    'is written in UTF-16, so ssh cannot read it',
    'Copy the file itself: > and Out-File of Windows PowerShell write UTF-16.',
  ],
  [has(/-cert-v\d+@openssh\.com AAAA/), 'is a certificate', 'Name the private key that it was issued for.'],
  [
    has(/(?:^|\s)(?:ssh-|ecdsa-|sk-)\S+ AAAA|BEGIN (?:SSH2 |RSA )?PUBLIC KEY/),
    'holds the public half of a key',
    'Name the private half: the file without .pub that ssh-keygen wrote next to it.',
  ],
  [has(/^\0GITCRYPT\0/), 'is still encrypted by git-crypt', 'Run git-crypt unlock in that checkout.'],
  [
    has(/^\$ANSIBLE_VAULT;/),
    'is still encrypted by ansible-vault',
    'Decrypt it: ansible-vault decrypt IDENTITY',
  ],
  [
    has(/^version https:\/\/git-lfs/),
    'is a pointer of git-lfs, not the file itself',
    'Run git lfs pull in that checkout.',
  ],
  [
    has(/ENC\[AES256_GCM,|"sops":|^sops:/m),
    'is still encrypted by sops',
    'Decrypt it: sops decrypt IDENTITY, and name what it prints as identity.',
  ],
  [
    has(/^(?:age-encryption\.org|-----BEGIN AGE ENCRYPTED)/),
    'is still encrypted by age',
    'Decrypt it: age -d IDENTITY, and name what it prints as identity.',
  ],
  [
    has(/^-----BEGIN PGP MESSAGE/),
    'is still encrypted by gpg',
    'Decrypt it: gpg -d IDENTITY, and name what it prints as identity.',
  ],
  [lacks(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/), 'holds no private key that ssh can read', MAKE_ANOTHER],
  [
    has(/BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^\r\n]*[^\s]/),
    'has lost its line breaks, so ssh cannot read it',
    COPY_AGAIN,
  ],
  [lacks(/-----END [A-Z0-9 ]*PRIVATE KEY-----/), 'is cut off: it has no whole line -----END', COPY_AGAIN],
  [
    has(/\r/),
    'has Windows line endings (CRLF), so ssh cannot read it',
    "Convert it: sed -i 's/\\r$//' IDENTITY",
  ],
  [
    has(/^(?!-----BEGIN )|\n[ \t]/),
    'has blanks or other text before the lines of its key, so ssh cannot read it',
    'Remove what is before -----BEGIN, and blanks before each line.',
  ],
  [has(/[^\n]$/), 'does not end with a newline, so ssh cannot read it', 'Add it: echo >> IDENTITY'],
]

const keyFailure = (code: string, message: string, hint: string): Failure =>
  new Failure({ code, message, hint, retryable: false })

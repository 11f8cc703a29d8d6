import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { Failure } from '../model/failure.ts'
import type { SshPlace } from '../model/spec.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { namelessUser } from '../system/check-host-tools.ts'

const NO_PASSPHRASE = 'none'

/** Throws if this user, or the key files on this machine, make a session impossible; ssh itself would say little or nothing of it. */
export async function checkKeys(place: Pick<SshPlace, 'identity' | 'knownHosts'>): Promise<void> {
  const nameless = namelessUser()
  if (nameless !== null) throw nameless
  await mustBeReadable(
    'identity',
    place.identity,
    'Make one: ssh-keygen -t ed25519 -N "" -f FILE, and put its .pub into authorized_keys there.',
  )
  await mustBeReadable(
    'known-hosts',
    place.knownHosts,
    'Pin the host key: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with the one on the machine itself.',
  )
  const { mode, uid } = await stat(place.identity)
  if ((mode & 0o077) !== 0 && uid === process.getuid?.())
    throw keyFailure(
      'identity-too-open',
      `The private key ${place.identity} is readable by others, so ssh refuses to use it.`,
      `chmod 600 ${place.identity}`,
    )
  const text = await readFile(place.identity, 'latin1')
  const strange = whatItIs(text, place.identity)
  if (strange !== null)
    throw keyFailure('identity-no-key', `The private key ${place.identity} ${strange[0]}.`, strange[1])
  if (isEncrypted(text))
    throw keyFailure(
      'identity-encrypted',
      `The private key ${place.identity} has a passphrase, and nobody is there to type it.`,
      'Use a separate key without a passphrase for this source, and restrict what it may do at the source.',
    )
}

async function mustBeReadable(what: string, path: string, hint: string): Promise<void> {
  const fault = await access(path, constants.R_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => error,
  )
  const named = what === 'identity' ? 'private key' : 'file of pinned host keys'
  if (fault === null) {
    // ssh would block on a pipe, or read a device forever.
    if ((await stat(path)).isFile()) return
    throw keyFailure(`${what}-unreadable`, `The ${named} ${path} is not a regular file.`, hint)
  }
  if (fault.code === 'ENOENT' || fault.code === 'ENOTDIR')
    throw keyFailure(`${what}-missing`, `The ${named} ${path} does not exist.`, hint)
  throw keyFailure(
    `${what}-unreadable`,
    `The ${named} ${path} cannot be read: ${systemErrorOf(fault)?.name ?? fault.message}.`,
    'Make it readable by the user who runs this.',
  )
}

/** Of a file that ssh reads no key from: what it is, and what helps. Null: it looks like one. */
function whatItIs(text: string, file: string): readonly [is: string, hint: string] | null {
  if (/^PuTTY-User-Key-File/.test(text))
    return [
      'is a PuTTY key (.ppk), which ssh cannot read',
      'Convert it: puttygen KEY.ppk -O private-openssh -o KEY',
    ]
  if (/^(?:ssh-|ecdsa-|sk-)\S+ AAAA/.test(text))
    return [
      'holds the public half of a key',
      `Name the file without .pub: ${file.endsWith('.pub') ? file.slice(0, -4) : 'the one that ssh-keygen wrote next to it'}`,
    ]
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return [
      'holds no private key that ssh can read',
      'Make one: ssh-keygen -t ed25519 -N "" -f FILE, and put its .pub into authorized_keys there.',
    ]
  if (text.includes('\r'))
    return ['has Windows line endings (CRLF), so ssh cannot read it', `Convert it: sed -i 's/\\r$//' ${file}`]
  if (!text.endsWith('\n'))
    return ['does not end with a newline, so ssh cannot read it', `Add it: echo >> ${file}`]
  return null
}

/** OpenSSH's own format names its cipher behind two length fields; the older formats have a header line. */
function isEncrypted(text: string): boolean {
  if (/^Proc-Type: .*ENCRYPTED|^-----BEGIN ENCRYPTED PRIVATE KEY/m.test(text)) return true
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text)?.[1]
  if (body === undefined) return false
  const bytes = Buffer.from(body, 'base64')
  const start = 'openssh-key-v1\0'.length
  if (bytes.length < start + 8) return false
  const length = bytes.readUInt32BE(start)
  return bytes.toString('latin1', start + 4, start + 4 + length) !== NO_PASSPHRASE
}

const keyFailure = (code: string, message: string, hint: string): Failure =>
  new Failure({ code, message, hint, retryable: false })

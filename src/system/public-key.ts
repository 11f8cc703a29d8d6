import { createHash } from 'node:crypto'
import { runTool } from './child.ts'

/** What a private key's public half is: the words of `authorized_keys`, and its fingerprint. */
export interface PublicKey {
  readonly line: string
  readonly fingerprint: string
}

/** Null: ssh-keygen cannot read it. Its `.pub` may be another key's, so it is not looked at. */
export async function publicKeyOf(identity: string): Promise<PublicKey | null> {
  const read = await runTool('ssh-keygen', ['-y', '-P', '', '-f', identity]).catch(() => null)
  const [kind, blob] = read?.exitCode === 0 ? read.stdout.split(' ') : []
  if (kind === undefined || blob === undefined) return null
  return { line: `${kind} ${blob}`, fingerprint: fingerprintOf(blob) }
}

/** `SHA256:…`, as ssh-keygen -l prints it. */
export const fingerprintOf = (blob: string): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`

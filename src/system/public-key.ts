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
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64')
  return { line: `${kind} ${blob}`, fingerprint: `SHA256:${digest.replace(/=+$/, '')}` }
}

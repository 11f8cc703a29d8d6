import { readFile } from 'node:fs/promises'
import type { GitClone } from './clone.ts'

const LIMIT = 200

/** What is wrong with a commit's signature, as the end of a sentence that begins with "it", and what helps. */
export interface SignatureFault {
  readonly message: string
  readonly hint: string
}

const SIGN = 'Sign it with a key of git.verifySignatures, and push again.'
const checkFile = (file: string): string =>
  `Mend ${file}, a line a signer: PRINCIPAL KEYTYPE KEY ("ALLOWED SIGNERS" in ssh-keygen(1)). Nothing needs to be pushed for that.`

/** Null: one of the allowed signers has signed it. */
export async function signatureFault(
  clone: GitClone,
  commit: string,
  allowedSigners: string,
): Promise<SignatureFault | null> {
  // ssh-keygen would only say that no signer matches.
  const signers = await readFile(allowedSigners, 'latin1').catch(() => null)
  const unread = signers === null ? 'cannot be read' : /^\s*[^\s#]/m.test(signers) ? null : 'names nobody'
  if (unread !== null)
    return { message: `cannot be checked: ${allowedSigners} ${unread}`, hint: checkFile(allowedSigners) }
  const { code, stderr } = await clone.run(['verify-commit', '--', commit], {
    config: { 'gpg.ssh.allowedSignersFile': allowedSigners },
  })
  if (code === 0) return null
  const said = stderr
    .split('\n')
    .map((line) => line.trim().slice(0, LIMIT))
    .filter((line) => line !== '')
  if (said.length === 0) return { message: 'is not signed', hint: SIGN }
  // What ssh-keygen has against single lines of the file: `FILE:LINE: why`.
  const [line] = said.filter((one) => one.startsWith(`${allowedSigners}:`))
  if (line !== undefined) return ofLine(line, allowedSigners)
  return /No principal matched/i.test(stderr)
    ? { message: `is signed by a key that ${allowedSigners} does not name`, hint: SIGN }
    : { message: `has no good ssh signature: ${said[0]}`, hint: SIGN }
}

const ofLine = (line: string, allowedSigners: string): SignatureFault =>
  /expired|not yet valid|not permitted/.test(line)
    ? {
        message: `is signed by a key that does not count (${line})`,
        hint: `Sign it with a key that counts now, and push again; or change that line of ${allowedSigners}.`,
      }
    : {
        message: `is signed by a key that no line of ${allowedSigners} names that can be read (${line})`,
        hint: checkFile(allowedSigners),
      }

import { type GitClone, isReadable } from './git-clone.ts'

const LIMIT = 200

/** What is wrong with a commit's signature, in words that go on after "it "; null: one of the allowed signers has signed it. */
export async function signatureFault(
  clone: GitClone,
  commit: string,
  allowedSigners: string,
): Promise<string | null> {
  // ssh-keygen would only say that nobody fits.
  if (!(await isReadable(allowedSigners))) return `cannot be checked: ${allowedSigners} cannot be read`
  const { code, stderr } = await clone.run(['verify-commit', '--', commit], {
    config: { 'gpg.ssh.allowedSignersFile': allowedSigners },
  })
  if (code === 0) return null
  const said = stderr.trim().split('\n')[0]?.trim().slice(0, LIMIT) ?? ''
  if (said === '') return 'is not signed'
  return /No principal matched/i.test(stderr)
    ? `is signed by a key that ${allowedSigners} does not name`
    : `has no good ssh signature: ${said}`
}

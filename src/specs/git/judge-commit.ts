import { readFile } from 'node:fs/promises'
import { holdId } from '../../decide/documents/fingerprint.ts'
import { type Declared, vanishedSpecs } from '../../decide/specs/vanished.ts'
import type { Run } from '../../model/run.ts'
import type { GitPlace } from '../../model/settings.ts'
import type { GitMemory, SpecsMemory } from '../../model/specs-memory.ts'
import type { Diagnostic, Hold, Release } from '../../model/trouble.ts'
import type { TimeLimits } from '../../system/child.ts'
import { type BoxContext, type LoadedSpecs, readSpecs } from '../load-specs.ts'
import type { CheckKeys, GitClone } from './clone.ts'
import { gitFiles } from './files.ts'
import { shortId } from './ref.ts'

/**
 * `obey`: a newer commit is fetched, judged, and remembered where it is good. `look`: the same, and nothing in `state` is written.
 * `recall`: what was fetched before is judged; only where there is none it is as `look`. `newest`: the newest commit as it is, whether
 * it would be taken or not.
 */
export type GitUse = 'obey' | 'look' | 'recall' | 'newest'

export interface GitSpecs {
  readonly place: GitPlace
  readonly label: string
  readonly context: BoxContext
  readonly memory: SpecsMemory
  readonly use: GitUse
  readonly checkKeys: CheckKeys
  readonly limits?: TimeLimits
}

/** What is known of the place from before: `good` is in force; `own` was taken with the same demand for signatures. */
export interface Before extends GitMemory {
  readonly own: GitMemory['good']
}

/** Whether the newest commit is taken, and if not, all that speaks against it. */
export interface Judged {
  readonly taken: boolean
  /** Of the newest commit; null: not read, as it has no valid signature. */
  readonly newest: LoadedSpecs | null
  /** Of the last good commit, where the newest is not taken; null: there is none, or it is gone. */
  readonly obeyed: LoadedSpecs | null
  /** What is wrong with its signature; null: nothing, or none is asked for. */
  readonly signature: SignatureFault | null
  /** Nobody has released them yet. */
  readonly holds: readonly Hold[]
  readonly passed: readonly { readonly hold: Hold; readonly release: Release }[]
  /** Why it cannot be remembered, and is not taken for that alone; null: it can. */
  readonly unkept: { readonly message: string; readonly hint: string } | null
  /** What was refused before, where this is only more of the same. */
  readonly stillRefused: GitMemory['refused']
}

/**
 * A commit is taken whole or not at all: its tip signed, where that is asked for; without an error in any of its files; a descendant of
 * the last good one; and without half of the specs gone. The last two are a person's to release.
 */
export async function judgeCommit(
  specs: GitSpecs,
  clone: GitClone,
  commit: string,
  before: Before,
  run: Run,
): Promise<Judged> {
  run.signal.throwIfAborted()
  const good = before.good?.commit ?? null
  const nothing = { obeyed: null, signature: null, holds: [], passed: [], unkept: null, stillRefused: null }
  // Taken before: what has become faulty since is reported, and the rest stays in force.
  if (good === commit && before.own?.commit === commit)
    return { ...nothing, taken: true, newest: await readCommit(specs, clone, commit) }
  const { verifySignatures } = specs.place
  const signature = verifySignatures === null ? null : await signatureFault(clone, commit, verifySignatures)
  const newest = signature === null ? await readCommit(specs, clone, commit) : null
  const obeyed = good === null ? null : await readGood(specs, clone, good)
  const stillRefused =
    before.refused !== null && (await isFrom(clone, before.refused.commit, commit)) ? before.refused : null

  const found: { readonly code: string; readonly message: string }[] = []
  if (good !== null && !(await isFrom(clone, good, commit))) {
    const message = `history was rewritten: commit ${shortId(good)}, the last good one, is no part of ${shortId(commit)}`
    found.push({ code: 'history-rewritten', message })
  }
  if (obeyed !== null && newest !== null && !isFaulty(newest))
    found.push(...vanishedSpecs(declared(obeyed), declared(newest)))
  const holds: Hold[] = []
  const passed: { hold: Hold; release: Release }[] = []
  for (const { code, message } of found) {
    // What follows on a commit that a person was shown is the same question, but not where more is gone.
    const about = [
      specs.label,
      good,
      code === 'history-rewritten' ? (stillRefused?.commit ?? commit) : message,
    ]
    const hold = { id: holdId(code, about), code, message }
    const release = await specs.memory.released(hold.id)
    if (release === null) holds.push(hold)
    else passed.push({ hold, release })
  }
  const taken = newest !== null && !isFaulty(newest) && holds.length === 0
  // A release that takes nothing yet is kept for when it does.
  return { taken, newest, obeyed, signature, holds, passed: taken ? passed : [], unkept: null, stillRefused }
}

/** All specs of one commit. */
export async function readCommit(specs: GitSpecs, clone: GitClone, commit: string): Promise<LoadedSpecs> {
  const { subpath } = specs.place
  const files = await gitFiles(clone, commit, subpath, specs.label)
  if (files !== null) return readSpecs(files, specs.context)
  const empty = { label: specs.label, folder: null, revision: commit, entries: [] }
  const missing: Diagnostic = {
    file: subpath,
    line: 1,
    column: 1,
    severity: 'error',
    code: 'subpath-missing',
    message: `commit ${shortId(commit)} has no folder ${subpath}`,
    hint: 'Name the folder of the specs with git.subpath, or --subpath.',
  }
  return { ...(await readSpecs(empty, specs.context)), faults: [missing] }
}

export const isFaulty = ({ faults }: LoadedSpecs): boolean =>
  faults.some(({ severity }) => severity === 'error')

const declared = ({ specs, shared }: LoadedSpecs): Declared => ({
  backups: specs.map(({ name, destination }) => ({ name, destination: destination.path })),
  shared,
})

/** Null: a clone that had it is gone, and the repository has it no more. */
const readGood = async (specs: GitSpecs, clone: GitClone, good: string): Promise<LoadedSpecs | null> =>
  (await clone.commitOf(good)) === null ? null : readCommit(specs, clone, good)

const isFrom = async (clone: GitClone, older: string, newer: string): Promise<boolean> =>
  older === newer || (await clone.isAncestor(older, newer)) === true

const LIMIT = 200

/** What is wrong with a commit's signature, as the end of a sentence that begins with "it", and what helps. */
interface SignatureFault {
  readonly message: string
  readonly hint: string
}

const SIGN =
  'Sign the head with a key of git.verifySignatures, and push: git commit --allow-empty -S. Older commits need none. Or set git.ref to a commit that is signed.'
const checkFile = (file: string): string =>
  `Mend ${file}, a line a signer: PRINCIPAL KEYTYPE KEY ("ALLOWED SIGNERS" in ssh-keygen(1)). Nothing needs to be pushed for that.`

/** Null: one of the allowed signers has signed it. */
async function signatureFault(
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

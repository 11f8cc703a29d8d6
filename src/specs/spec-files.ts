import type { Diagnostic } from '../model/trouble.ts'
import { type Fault, faultAt, type SourceText, startOf } from './yaml/located.ts'

/** One entry of a specs folder, wherever that lies: on this disk, or in a git commit. */
export interface SpecEntry {
  readonly name: string
  /** As people find it: an absolute path, or one in the repository. Faults name it. */
  readonly file: string
  readonly kind: 'file' | 'folder'
  /** Its bytes, at most MAX_SPEC_BYTES + 1 of them; or why they cannot be read. Never throws for what the entry is. */
  read(): Promise<Uint8Array | Unreadable>
}

export interface Unreadable {
  readonly message: string
  readonly hint?: string
}

/** What a specs folder holds now: all that the specs' reading knows of where they come from. */
export interface SpecFiles {
  /** For people: an absolute folder, or `URL@ref:subpath`. The same on every run. */
  readonly label: string
  /** Absolute; null: they lie in a commit, and no folder of this machine holds them. */
  readonly folder: string | null
  /** The commit; null: a plain folder. */
  readonly revision: string | null
  /** In the order of their names. */
  readonly entries: readonly SpecEntry[]
}

export const MAX_SPEC_BYTES = 256 * 1024

const GIT_CRYPT = '\0GITCRYPT\0'

/** A YAML file's text: of no more than 256 KiB, and UTF-8. */
export async function readText(
  entry: Pick<SpecEntry, 'file' | 'read'>,
): Promise<{ readonly source: SourceText; readonly fault: Fault | null }> {
  const { file } = entry
  const source: SourceText = { file, text: '' }
  const no = (code: string, message: string, hint?: string) => ({
    source,
    fault: faultAt(startOf(source), code, message, hint),
  })
  const bytes = await entry.read()
  if (!(bytes instanceof Uint8Array)) return no('unreadable', bytes.message, bytes.hint)
  if (bytes.length > MAX_SPEC_BYTES)
    return no('too-large', 'the file is larger than 256 KiB', 'a spec is a few lines long')
  if (Buffer.from(bytes.subarray(0, GIT_CRYPT.length)).toString('latin1') === GIT_CRYPT) {
    const hint = 'run git-crypt unlock in that checkout; specs hold no secrets, so they need no encryption'
    return no('not-utf-8', 'the file is encrypted with git-crypt', hint)
  }
  try {
    // A byte order mark is dropped here.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { source: { file, text }, fault: null }
  } catch {
    return no('not-utf-8', 'the file is not UTF-8 text', 'save it as UTF-8')
  }
}

/** Faults as people see them. Only those who have some load what draws frames. */
export const diagnosticsOf = async (faults: readonly Fault[]): Promise<readonly Diagnostic[]> =>
  faults.length === 0 ? [] : (await import('./yaml/to-diagnostics.ts')).toDiagnostics(faults)

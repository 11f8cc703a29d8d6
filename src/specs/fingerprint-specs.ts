import { createHash } from 'node:crypto'
import { folderFiles } from './folder-files.ts'
import { readText, type SpecEntry } from './spec-files.ts'

/** What is read as a spec, or as the defaults of all. Editors' files begin with a dot, or end otherwise. */
export const SPEC_FILE = /^[^.].*\.ya?ml$/

/**
 * The same text for the same names with the same contents, whatever their times: a touch is no change. A folder or a file that cannot be
 * read has a text of its own. Never throws.
 */
export async function fingerprintSpecs(folder: string): Promise<string> {
  try {
    return await fingerprintFiles((await folderFiles(folder)).entries)
  } catch (error) {
    return fingerprintOfFailure(error as Error)
  }
}

export async function fingerprintFiles(entries: readonly SpecEntry[]): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of entries) {
    if (!SPEC_FILE.test(entry.name)) continue
    const { source, fault } = await readText(entry)
    hash.update(`${entry.name}\0${fault === null ? 'text' : fault.message}\0${source.text}\0`)
  }
  return hash.digest('hex')
}

/** Of a folder that cannot be read. */
const fingerprintOfFailure = ({ message }: Error): string => `unreadable: ${message}`

import { createHash } from 'node:crypto'
import { folderFiles } from './folder-files.ts'
import { readText } from './spec-files.ts'

/** What is read as a spec, or as the defaults of all. Editors' files begin with a dot, or end otherwise. */
export const SPEC_FILE = /^[^.].*\.ya?ml$/

/**
 * The same text for the same names with the same contents, whatever their times: a touch is no change. A folder or a file that cannot be
 * read has a text of its own. Never throws.
 */
export async function fingerprintSpecs(folder: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for (const entry of (await folderFiles(folder)).entries) {
      if (!SPEC_FILE.test(entry.name)) continue
      const { source, fault } = await readText(entry)
      hash.update(`${entry.name}\0${fault === null ? 'text' : fault.message}\0${source.text}\0`)
    }
  } catch (error) {
    return `unreadable: ${(error as Error).message}`
  }
  return hash.digest('hex')
}

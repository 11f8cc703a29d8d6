import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSpecFile } from './read-spec-file.ts'

/** What is read as a spec, or as the defaults of all. Editors' files begin with a dot, or end otherwise. */
export const SPEC_FILE = /^[^.].*\.ya?ml$/

/**
 * The same text for the same names with the same contents, whatever their times: a touch is no change. A folder or a file that cannot be
 * read has a text of its own. Never throws.
 */
export async function fingerprintSpecs(folder: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    const names = (await readdir(folder)).filter((name) => SPEC_FILE.test(name)).sort()
    for (const name of names) {
      const { source, fault } = await readSpecFile(join(folder, name), folder)
      hash.update(`${name}\0${fault === null ? 'text' : fault.message}\0${source.text}\0`)
    }
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`
  }
  return hash.digest('hex')
}

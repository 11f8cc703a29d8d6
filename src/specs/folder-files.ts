import { createHash } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../model/failure.ts'
import { isWithin } from '../model/is-within.ts'
import { comparePaths } from '../model/rel-path.ts'
import { shellQuoted } from '../model/shell-words.ts'
import { systemErrorOf, whyUnreadable } from '../model/system-error.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { withoutSecrets } from './git/url.ts'
import { MAX_SPEC_BYTES, readText, type SpecEntry, type SpecFiles, type Unreadable } from './spec-files.ts'
import type { Fault, SourceText } from './yaml/located.ts'

/**
 * A folder on this machine. Throws a Failure (`specs-not-found`) where it cannot be read. `lookedIn`: where it was looked for, if nothing
 * names it.
 */
export async function folderFiles(folder: string, lookedIn: readonly string[] = []): Promise<SpecFiles> {
  const absolute = resolve(folder)
  const entries = await listFolder(absolute, lookedIn)
  return {
    label: absolute,
    folder: absolute,
    revision: null,
    entries: entries.map((entry) => {
      const file = join(absolute, entry.name)
      return {
        name: entry.name,
        file,
        kind: entry.isDirectory() ? 'folder' : 'file',
        read: () => readSpecBytes(file, absolute),
      }
    }),
  }
}

async function listFolder(folder: string, lookedIn: readonly string[]): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => comparePaths(a.name, b.name))
  } catch (cause) {
    const why = whyNoFolder(folder) ?? whyUnreadable(cause, 'there is no such folder')
    const name = systemErrorOf(cause)?.name
    throw new Failure({
      code: 'specs-not-found',
      message:
        name === 'ENOENT' && lookedIn.length > 1
          ? `there is no folder of specs: looked for ${lookedIn.join(', ')}`
          : `the specs folder ${withoutSecrets(folder)} cannot be read: ${withoutSecrets(why)}`,
      hint:
        name === 'ENOTDIR' && SPEC_FILE.test(basename(folder))
          ? `Name its folder: --specs ${shellQuoted(dirname(folder))}. To run this backup alone, add its name.`
          : `Name ${name === 'ENOENT' ? 'the' : 'another'} folder with --specs DIR. ${FIRST_SPEC}`,
      cause,
    })
  }
}

const FIRST_SPEC = 'To write a first spec: reconcile add [USER@]HOST:PATH --to DIR, or reconcile init.'

/** A YAML file's text; see `readSpecBytes`. */
export const readSpecFile = (
  file: string,
  within: string | null,
): Promise<{ readonly source: SourceText; readonly fault: Fault | null }> =>
  readText({ file, read: () => readSpecBytes(file, within) })

/**
 * A YAML file's bytes. Never waits for a FIFO, and never reads more than the bound and one byte. With `within` it follows no link out
 * of that folder: specs come from git, and what a link points at would be quoted in a fault's frame.
 */
async function readSpecBytes(file: string, within: string | null): Promise<Uint8Array | Unreadable> {
  try {
    const handle = await openSpec(file, within)
    if (handle === null)
      return { message: 'the file is a link that leads out of the folder', hint: 'put the file itself there' }
    try {
      const found = await handle.stat()
      if (!found.isFile()) return { message: 'the file is no regular file' }
      // By its size: a thousand times the bound would stay resident. One that grows meanwhile is read anew.
      const size = Math.min(found.size, MAX_SPEC_BYTES)
      const bytes = await readUpTo(handle, size + 1)
      return bytes.length > size ? await readUpTo(handle, MAX_SPEC_BYTES + 1) : bytes
    } finally {
      await handle.close()
    }
  } catch (error) {
    const why = whyUnreadable(error, 'it is a dangling link, or is gone')
    const hint = 'make it readable for the user who runs reconcile'
    return { message: `the file cannot be read: ${why}`, hint }
  }
}

async function readUpTo(handle: FileHandle, most: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(most)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, most - length, length)
    length += bytesRead
    if (bytesRead === 0 || length === most) return buffer.subarray(0, length)
  }
}

/** Null: it is a link out of `within`. Only links are resolved: watch reads every file once a minute. */
async function openSpec(file: string, within: string | null): Promise<FileHandle | null> {
  const reading = constants.O_RDONLY | constants.O_NONBLOCK
  if (within === null) return open(file, reading)
  try {
    return await open(file, reading | constants.O_NOFOLLOW)
  } catch (error) {
    if (systemErrorOf(error)?.name !== 'ELOOP') throw error
  }
  return isWithin(await realpath(file), await realpath(within)) ? open(file, reading) : null
}

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

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Failure } from '../model/failure.ts'
import { comparePaths } from '../model/rel-path.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { withoutSecrets } from './git/url.ts'
import { readSpecBytes } from './read-spec-file.ts'
import type { SpecFiles } from './spec-files.ts'

/** A folder on this machine. Throws a Failure (`specs-not-found`) where it cannot be read. */
export async function folderFiles(folder: string): Promise<SpecFiles> {
  const absolute = resolve(folder)
  const entries = await listFolder(absolute)
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

async function listFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => comparePaths(a.name, b.name))
  } catch (cause) {
    const code = systemErrorOf(cause)?.name
    const why =
      code === 'ENOENT'
        ? 'there is no such folder'
        : code === 'ENOTDIR'
          ? 'it is no folder'
          : code === 'EACCES'
            ? 'permission denied'
            : code
    throw new Failure({
      code: 'specs-not-found',
      message: `the specs folder ${withoutSecrets(folder)} cannot be read: ${why}`,
      hint: 'name the folder with --specs DIR, or make it and put one YAML file a backup into it',
      retryable: false,
      cause,
    })
  }
}

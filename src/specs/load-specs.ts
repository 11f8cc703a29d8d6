import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Failure } from '../model/failure.ts'
import { comparePaths } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { type Fault, startOf } from './located.ts'
import type { ReadSpec } from './read-spec.ts'
import { readSpecFile } from './read-spec-file.ts'

export interface LoadedSpecs {
  /** Absolute. */
  readonly folder: string
  /** The commit they were read at; null: a plain folder. */
  readonly revision: string | null
  /** Those without a fault, in the order of their files. */
  readonly specs: readonly Spec[]
  /** Names of backups that are declared but faulty; the file's base name where the file cannot be read at all. */
  readonly faultyNames: readonly string[]
  /** Of each of these, the file that declares it. */
  readonly faultyFiles: ReadonlyMap<string, string>
  /** Every fault of every file, warnings among them, in the order of files and lines. */
  readonly faults: readonly Diagnostic[]
  readonly defaults: 'present' | 'absent'
  /** Spec files found, faulty ones among them, `_defaults.yaml` not. */
  readonly fileCount: number
  /** By name, the merged document of each spec that can be parsed, with defaults written out: plain JSON data. */
  readonly effective: ReadonlyMap<string, unknown>
}

const DEFAULTS_FILE = '_defaults.yaml'
const SPEC_FILE = /^[^.].*\.ya?ml$/

/**
 * Reads all specs of a folder. Faulty ones are left out and their faults told; the good ones beside them are returned. Throws
 * a Failure (`specs-not-found`) where the folder itself cannot be read.
 */
export async function loadSpecs(
  folder: string,
  options: { readonly roots: readonly string[] | null; readonly home: string },
): Promise<LoadedSpecs> {
  const absolute = resolve(folder)
  const entries = await listFolder(absolute)
  // Parser and schema cost a tenth of a second: nothing else that starts pays it.
  const { readDefaults, readSpec } = await import('./read-spec.ts')
  const { checkClaims } = await import('./check-claims.ts')
  const faults: Fault[] = entries.flatMap((entry) => oddEntry(absolute, entry))

  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  const defaultsFile = names.includes(DEFAULTS_FILE)
    ? await readSpecFile(join(absolute, DEFAULTS_FILE), absolute)
    : null
  const { defaults, faults: inDefaults } =
    defaultsFile === null
      ? { defaults: 'absent' as const, faults: [] }
      : defaultsFile.fault === null
        ? readDefaults(defaultsFile.source)
        : { defaults: 'broken' as const, faults: [defaultsFile.fault] }
  faults.push(...inDefaults)

  const files = names.filter((name) => SPEC_FILE.test(name) && !/^_defaults\.ya?ml$/.test(name))
  const read: (ReadSpec & { readonly file: string })[] = []
  const faultyFiles = new Map<string, string>()
  for (const name of files) {
    const baseName = name.replace(/\.ya?ml$/, '')
    const { source, fault } = await readSpecFile(join(absolute, name), absolute)
    if (fault !== null) {
      faults.push(fault)
      faultyFiles.set(baseName, fault.place.source.file)
      continue
    }
    const found = readSpec(source, defaults, { home: options.home, baseName })
    faults.push(...found.faults)
    read.push({ file: source.file, ...found })
    if (found.spec === null) faultyFiles.set(found.claim?.name.text ?? baseName, source.file)
  }

  const clashes = await checkClaims(
    read.flatMap(({ claim }) => (claim === null ? [] : [claim])),
    options.roots,
  )
  faults.push(...clashes.map(({ fault }) => fault))
  const clashing = new Set(clashes.map(({ file }) => file))
  const sound = read.flatMap(({ spec }) => spec ?? [])
  for (const { file, name } of sound) if (clashing.has(file)) faultyFiles.set(name, file)
  const effective = new Map<string, unknown>()
  for (const { claim, document } of read) {
    if (claim !== null && !effective.has(claim.name.text)) effective.set(claim.name.text, document)
  }
  return {
    folder: absolute,
    revision: null,
    specs: sound.filter(({ file }) => !clashing.has(file)),
    faultyNames: [...faultyFiles.keys()],
    faultyFiles,
    faults: faults.length === 0 ? [] : (await import('./to-diagnostics.ts')).toDiagnostics(faults),
    defaults: defaultsFile === null ? 'absent' : 'present',
    fileCount: files.length,
    effective,
  }
}

async function listFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => comparePaths(a.name, b.name))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
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
      message: `the specs folder ${folder} cannot be read: ${why}`,
      hint: 'name the folder with --specs DIR, or make it and put one YAML file a backup into it',
      retryable: false,
      cause,
    })
  }
}

/** What stands in the folder and is not read, although it looks as if it was meant to be. */
function oddEntry(folder: string, entry: Dirent): Fault[] {
  const place = startOf({ file: join(folder, entry.name), text: '' })
  if (entry.name.startsWith('.')) return []
  if (entry.isDirectory()) {
    const message = 'subfolders are not read'
    return [{ place, severity: 'warning', code: 'subfolder', message, hint: 'move its specs up, or it out' }]
  }
  if (entry.name === '_defaults.yml') {
    const message = 'defaults are read from _defaults.yaml alone'
    return [{ place, severity: 'error', code: 'not-read', message, hint: 'rename it to _defaults.yaml' }]
  }
  if (/\.ya?ml$/i.test(entry.name) && !SPEC_FILE.test(entry.name)) {
    const message = 'only names that end in .yaml or .yml are read'
    return [{ place, severity: 'warning', code: 'not-read', message, hint: 'write the suffix in lower case' }]
  }
  return []
}

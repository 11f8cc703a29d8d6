import { goneShared, type SharedFile } from '../decide/specs/vanished.ts'
import type { Instant } from '../model/instant.ts'
import type { LastGood, Spec } from '../model/spec.ts'
import type { StaleReason } from '../model/specs-memory.ts'
import type { Diagnostic, Hold } from '../model/trouble.ts'
import { hintFromSshConfig } from '../system/ssh-config.ts'
import { fingerprintFiles, folderFiles, SPEC_FILE } from './folder-files.ts'
import type { ClaimContext } from './spec/check-claims.ts'
import type { OurPlace } from './spec/our-places.ts'
import type { ReadSpec } from './spec/read.ts'
import { diagnosticsOf, readText, type SpecEntry, type SpecFiles } from './spec-files.ts'
import { type Fault, faultAt, startOf } from './yaml/located.ts'

export interface LoadedSpecs extends Omit<SpecFiles, 'entries'> {
  /** Of the very bytes that were read, as `fingerprintSpecs` returns it; null: not of a plain folder. */
  readonly fingerprint: string | null
  /** Those without a fault, in the order of their files. */
  readonly specs: readonly Spec[]
  /**
   * Backups that are declared but faulty, with their files, as faults name them; by the file's base name where the file cannot be read at
   * all. A name may appear twice.
   */
  readonly faulty: readonly { readonly name: string; readonly file: string }[]
  /** Every fault of every file, warnings among them, in the order of files and lines. */
  readonly faults: readonly Diagnostic[]
  /** Which of the files that underlie all specs are there. */
  readonly shared: readonly SharedFile[]
  /** Spec files found, faulty ones among them; `_defaults.yaml` and `_hosts.yaml` are none. */
  readonly fileCount: number
  /** By name, the merged document of each spec that can be parsed, with defaults written out: plain JSON data. */
  readonly effective: ReadonlyMap<string, unknown>
  /** Holds over what is obeyed: meanwhile it is the last good one. Backups continue under them; nothing is pruned. */
  readonly holds: readonly Hold[]
  /** What is obeyed is not the newest there is: why, and since when; null: it is, as far as is known. */
  readonly stale: {
    readonly message: string
    readonly since: Instant
    readonly reasons: readonly StaleReason[]
  } | null
  /** A newer policy is there and is not obeyed, because it is broken or held; null: none is. */
  readonly lastGood: LastGood | null
}

export interface BoxContext {
  readonly roots: readonly string[] | null
  readonly home: string
  /** Left out where no box is asked. */
  readonly box?: {
    readonly ours: readonly OurPlace[]
    /** See ClaimContext. */
    readonly holders: () => Promise<ReadonlyMap<string, string>>
    /** The files under all specs of a folder that were there before, and whose removal nobody has released. */
    readonly sharedBefore?: (folder: string) => Promise<readonly string[]>
    /** Where a `mount` would be of use, a warning says so. */
    readonly suggestsMounts: boolean
  }
}

/** `folder`: that of the specs themselves. `unread`: files of which nothing can be read. */
export const claimContext = async (
  { roots, box }: BoxContext,
  folder: string | null = null,
  unread: ClaimContext['unread'] = [],
): Promise<ClaimContext> => ({
  roots,
  ours: [...(folder === null ? [] : [{ what: 'the folder of specs', path: folder }]), ...(box?.ours ?? [])],
  holders: (await box?.holders()) ?? new Map(),
  unread,
})

/** Where there is nothing to obey at all. */
export const nothingObeyed = (label: string): LoadedSpecs => ({
  label,
  folder: null,
  revision: null,
  fingerprint: null,
  specs: [],
  faulty: [],
  faults: [],
  shared: [],
  fileCount: 0,
  effective: new Map(),
  holds: [],
  stale: null,
  lastGood: null,
})

/**
 * Reads all specs of a folder. Faulty ones are left out and their faults reported; the good ones beside them are returned. Throws
 * a Failure (`specs-not-found`) where the folder itself cannot be read.
 */
export async function loadSpecs(
  folder: string,
  context: BoxContext,
  lookedIn: readonly string[] = [],
): Promise<LoadedSpecs> {
  const files = await folderFiles(folder, lookedIn)
  const entries = files.entries.map(readOnce)
  const loaded = await readSpecs({ ...files, entries }, context)
  return { ...loaded, fingerprint: await fingerprintFiles(entries) }
}

/** A file that changes meanwhile is the same for all who ask. */
function readOnce(entry: SpecEntry): SpecEntry {
  let bytes: ReturnType<SpecEntry['read']> | null = null
  return {
    ...entry,
    read() {
      bytes ??= entry.read()
      return bytes
    },
  }
}

/** The same, from wherever the files lie. */
export async function readSpecs(files: SpecFiles, context: BoxContext): Promise<LoadedSpecs> {
  const { label, folder, revision, entries } = files
  // Parser and schema cost a tenth of a second: nothing else that starts pays it.
  const { readDefaults, readSpec } = await import('./spec/read.ts')
  const { readHosts, unusedHosts } = await import('./spec/hosts.ts')
  const { checkClaims } = await import('./spec/check-claims.ts')
  const faults: Fault[] = entries.flatMap(oddEntry)

  const plain = entries.filter(({ kind }) => kind === 'file')
  const textOf = async (file: SharedFile) => {
    const entry = plain.find(({ name }) => name === file)
    return entry === undefined ? null : readText(entry)
  }
  const defaultsFile = await textOf('_defaults.yaml')
  const hostsFile = await textOf('_hosts.yaml')
  const { defaults, faults: inDefaults } = readDefaults(defaultsFile)
  const { hosts, faults: inHosts } = readHosts(hostsFile, context.home)
  faults.push(...inDefaults, ...inHosts)

  const shared = [
    ...(defaultsFile === null ? [] : (['_defaults.yaml'] as const)),
    ...(hostsFile === null ? [] : (['_hosts.yaml'] as const)),
  ]
  const before = folder === null ? [] : ((await context.box?.sharedBefore?.(folder)) ?? [])
  const gone = goneShared(before, shared, '')

  const specFiles = plain.filter(({ name }) => isSpecFile(name))
  const read: (ReadSpec & { readonly file: string })[] = []
  const faulty: { readonly name: string; readonly file: string }[] = []
  for (const entry of specFiles) {
    const baseName = baseNameOf(entry.name)
    const { source, fault } = await readText(entry)
    if (fault !== null) {
      faults.push(fault)
      faulty.push({ name: baseName, file: entry.file })
      continue
    }
    const under = { defaults, hosts, isLessThanBefore: gone.length > 0 }
    const found = readSpec(source, under, { home: context.home, baseName })
    for (const { host, ...fault } of found.faults) {
      const hint = host === undefined ? null : await hintFromSshConfig(host, null, context.home)
      faults.push(hint === null ? fault : { ...fault, hint })
    }
    read.push({ file: source.file, ...found })
    if (found.spec === null) faulty.push({ name: found.claim?.name.text ?? baseName, file: entry.file })
  }

  // What they lack may be what is gone: that is the one thing to say.
  if (read.some(({ isCut }) => isCut))
    for (const { file, code, message } of gone)
      faults.push(faultAt(startOf({ file: `${folder}/${file}`, text: '' }), code, message, PUT_BACK))

  // A spec that cannot be read may use any of them.
  if (specFiles.length > 0 && read.length === specFiles.length && read.every(({ claim }) => claim !== null))
    faults.push(...unusedHosts(hosts, new Set(read.map(({ host }) => host))))

  const claims = read.flatMap(({ claim }) => (claim === null ? [] : [claim]))
  const unread = faulty.filter(
    ({ file }) => !claims.some((claim) => claim.file === file && claim.destination !== null),
  )
  const clashes = await checkClaims(claims, await claimContext(context, folder, unread))
  faults.push(...clashes.map(({ fault }) => fault))
  if (context.box?.suggestsMounts === true) {
    const { suggestMounts } = await import('./spec/suggest-mount.ts')
    faults.push(...(await suggestMounts(claims)).map(({ fault }) => fault))
  }
  const clashing = new Set(clashes.flatMap(({ file, fault }) => (fault.severity === 'error' ? file : [])))
  const sound = read.flatMap(({ spec }) => spec ?? [])
  for (const { name, file } of sound) if (clashing.has(file)) faulty.push({ name, file })
  const effective = new Map<string, unknown>()
  for (const { claim, document } of read) {
    if (claim !== null && !effective.has(claim.name.text)) effective.set(claim.name.text, document)
  }
  return {
    ...nothingObeyed(label),
    folder,
    revision,
    specs: sound.filter(({ file }) => !clashing.has(file)),
    faulty,
    faults: await diagnosticsOf(faults),
    shared,
    fileCount: specFiles.length,
    effective,
  }
}

const PUT_BACK =
  'put it back; if it is meant to be gone, write what it gave into each spec, and release what reconcile status asks'

const isSpecFile = (name: string): boolean =>
  SPEC_FILE.test(name) && !/^_(?:defaults|hosts)\.ya?ml$/.test(name)

/** The backup's name, where its spec gives none. */
const baseNameOf = (name: string): string => name.replace(/\.ya?ml$/, '')

/** Entries that look like specs and are not read. */
function oddEntry(entry: SpecEntry): Fault[] {
  const place = startOf({ file: entry.file, text: '' })
  if (entry.name.startsWith('.')) return []
  if (entry.kind === 'folder') {
    const hint = 'move its specs up, or it out'
    return [faultAt(place, 'subfolder', 'subfolders are not read', hint, 'warning')]
  }
  const [, shared] = /^_(defaults|hosts)\.yml$/.exec(entry.name) ?? []
  if (shared !== undefined) {
    const message = `${shared} are read from _${shared}.yaml alone`
    return [faultAt(place, 'not-read', message, `rename it to _${shared}.yaml`)]
  }
  if (/\.ya?ml$/i.test(entry.name) && !SPEC_FILE.test(entry.name)) {
    const message = 'only names that end in .yaml or .yml are read'
    return [faultAt(place, 'not-read', message, 'write the suffix in lower case', 'warning')]
  }
  return []
}

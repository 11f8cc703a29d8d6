import { Failure } from '../../model/failure.ts'
import { comparePaths } from '../../model/rel-path.ts'
import { MAX_SPEC_BYTES, type SpecEntry, type SpecFiles, type Unreadable } from '../spec-files.ts'
import type { GitClone } from './clone.ts'
import { shortId } from './ref.ts'

interface TreeEntry {
  readonly mode: string
  readonly id: string
  /** Null: no blob. */
  readonly size: number | null
  readonly name: string
  /** False: its name is no UTF-8. */
  readonly isNamed: boolean
}

/** Far above any honest folder of specs. */
const MAX_ENTRIES = 10_000
const MAX_BYTES = 64 << 20
const YAML = /\.ya?ml$/i

/**
 * A folder of a commit: read by the commit's id, out of the object store, so that nobody can change it meanwhile. Null: the
 * commit has no such folder. Throws a Failure where the clone is broken.
 */
export async function gitFiles(
  clone: GitClone,
  commit: string,
  subpath: string,
  label: string,
): Promise<SpecFiles | null> {
  const words = ['ls-tree', '-z', '-l', '--full-tree', '--end-of-options', `${commit}:${subpath}`]
  const found = await clone.run(words)
  if (found.code !== 0) {
    if ((await clone.commitOf(commit)) !== null) return null
    throw unreadable(commit, found.stderr)
  }
  const entries = parseTree(found.stdout)
  const read = entries.filter(
    ({ name, size, mode }) => isFile(mode) && YAML.test(name) && (size ?? 0) <= MAX_SPEC_BYTES,
  )
  const total = read.reduce((sum, { size }) => sum + (size ?? 0), 0)
  if (entries.length > MAX_ENTRIES || total > MAX_BYTES) {
    const message = `commit ${shortId(commit)} holds ${entries.length} entries and ${total} bytes of YAML in ${subpath || 'its top folder'}`
    throw new Failure({
      code: 'git-too-large',
      message: `${message}, more than can be meant`,
      hint: 'Keep specs in a folder of their own, and name it with git.subpath.',
    })
  }
  const blobs = await readBlobs(clone, commit, [...new Set(read.map(({ id }) => id))])
  return {
    label,
    folder: null,
    revision: commit,
    entries: entries
      .map((entry): SpecEntry => {
        const { name, mode } = entry
        const file = subpath === '' ? name : `${subpath}/${name}`
        return {
          name,
          file,
          kind: isFolder(mode) && !YAML.test(name) ? 'folder' : 'file',
          read: async () => bytesOf(entry, blobs),
        }
      })
      .sort((a, b) => comparePaths(a.name, b.name)),
  }
}

const isFile = (mode: string): boolean => mode === '100644' || mode === '100755' || mode === '100664'
const isFolder = (mode: string): boolean => mode === '040000' || mode === '160000'

const ODD_MODES: Readonly<Record<string, string>> = {
  '120000': 'the file is a symbolic link, and in a commit none is followed',
  '160000': 'it is a submodule, not a file',
}

function bytesOf(entry: TreeEntry, blobs: ReadonlyMap<string, Uint8Array>): Uint8Array | Unreadable {
  const { mode, size, id, isNamed } = entry
  if (!isNamed) return { message: "the file's name is not UTF-8", hint: 'rename it' }
  if (!isFile(mode)) return { message: ODD_MODES[mode] ?? 'it is no file', hint: 'put the file itself there' }
  // Not read at all: that it is too large is known.
  if ((size ?? 0) > MAX_SPEC_BYTES) return new Uint8Array(MAX_SPEC_BYTES + 1)
  return blobs.get(id) ?? { message: 'its contents are not in the repository' }
}

/** `MODE TYPE ID SIZE\tNAME\0` */
const parseTree = (bytes: Buffer): readonly TreeEntry[] =>
  Array.from(bytes.toString('latin1').matchAll(/(\S+) +\S+ +(\S+) +(\S+)\t([^\0]*)\0/g), (line) => {
    const [, mode = '', id = '', size = '-', name = ''] = line
    return { mode, id, size: size === '-' ? null : Number(size), ...nameOf(Buffer.from(name, 'latin1')) }
  })

function nameOf(bytes: Buffer): { readonly name: string; readonly isNamed: boolean } {
  try {
    return { name: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), isNamed: true }
  } catch {
    return { name: bytes.toString('latin1'), isNamed: false }
  }
}

/** The contents of blobs by their ids, by one process. */
async function readBlobs(
  clone: GitClone,
  commit: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const blobs = new Map<string, Uint8Array>()
  if (ids.length === 0) return blobs
  const { code, stdout, stderr } = await clone.run(['cat-file', '--batch'], { input: `${ids.join('\n')}\n` })
  if (code !== 0) throw unreadable(commit, stderr)
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf(10, at)
    const [id = '', type, size = ''] = stdout.subarray(at, Math.max(at, end)).toString('latin1').split(' ')
    if (end === -1 || (type === 'blob' && !/^\d+$/.test(size)))
      throw unreadable(commit, 'git cat-file printed no line of its own')
    at = end + 1
    if (type !== 'blob') continue
    blobs.set(id, stdout.subarray(at, at + Number(size)))
    at += Number(size) + 1
  }
  return blobs
}

const unreadable = (commit: string, stderr: string): Failure =>
  new Failure({
    code: 'git-clone-broken',
    message: `commit ${shortId(commit)} cannot be read from the clone of the specs: ${stderr.trim().split('\n')[0] ?? ''}`,
    hint: 'Check the disk, and move the clone below state/git away: the next run fetches it anew.',
  })

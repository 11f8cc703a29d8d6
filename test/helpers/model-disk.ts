import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { Disk, DiskEntry, DiskKind } from '../../src/destination/disk/disk.ts'
import type { HashFiles } from '../../src/destination/hash-pool.ts'
import type { Digest } from '../../src/model/digest.ts'

/** Thrown by every call once the machine or the process has stopped. No errno: nothing in the code under test may swallow it. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Asked for at every look. */
const OWNER = process.getuid!()

interface Inode {
  readonly id: number
  readonly kind: DiskKind
  mode: number
  modified: number
  data: Uint8Array
  /** What the last syncFile made safe; null: nothing yet. */
  safe: { readonly data: Uint8Array; readonly mode: number } | null
  /** A sync failed: what was not safe by then never will be. */
  lost: boolean
  readonly names: Map<string, Inode>
  readonly safeNames: Map<string, Inode>
}

/** A change of one folder's names that is not durable yet. */
type Change =
  | { readonly type: 'set'; readonly folder: Inode; readonly name: string; readonly inode: Inode }
  | { readonly type: 'remove'; readonly folder: Inode; readonly name: string; readonly inode: Inode }
  | {
      readonly type: 'rename'
      readonly from: { readonly folder: Inode; readonly name: string }
      readonly to: { readonly folder: Inode; readonly name: string }
      readonly inode: Inode
    }

/**
 * A disk in memory that keeps what is durable apart from what is merely there. Until its folder is synced, each change of a name
 * may or may not survive a power cut, whatever came before or after it; until it is synced, a file's content may be lost, old, or
 * torn, even where its name survives. A rename is atomic, as every journal makes it; syncing its target makes the new name safe
 * and the old one's removal still doubtful.
 */
export interface ModelDisk extends Disk {
  /** Effects so far (reads are none). */
  readonly steps: number
  /** From the effect after the `count`th on, every call throws Stopped. */
  stopAfter(count: number): void
  /** The `count`th effect from the beginning fails with `code`, and with `lasting` all after it; null: none does any more. */
  failAt(fault: { readonly count: number; readonly code: string; readonly lasting: boolean } | null): void
  /** Called after each effect. */
  onStep: (() => void) | null
  /** The process is gone and the machine runs on: everything is as it was, and what was not synced still is not. */
  restart(): void
  /** `choose(n)` gives 0..n-1: what of the unsynced survives. */
  powerCut(choose: (count: number) => number): void
  /** The same disk once more, apart from this one. */
  fork(): ModelDisk
  /** The same for two disks on which the same names have the same bytes and modes, all of them durable. */
  fingerprint(): string
  /** Every file below `root`, as it is now: relative path -> bytes. Never throws Stopped. */
  peek(root: string): ReadonlyMap<string, Uint8Array>
  readonly hash: HashFiles
}

export function modelDisk(options: { readonly hardLinks: boolean } = { hardLinks: true }): ModelDisk {
  return diskOf(options, null)
}

interface State {
  readonly root: Inode
  readonly changes: readonly Change[]
  readonly next: number
}

function diskOf(options: { readonly hardLinks: boolean }, from: State | null): ModelDisk {
  let nextId = from?.next ?? 1
  let clock = nextId
  const newInode = (kind: DiskKind, mode: number, data: Uint8Array = new Uint8Array()): Inode => ({
    id: nextId++,
    kind,
    mode,
    modified: clock++,
    data,
    safe: null,
    lost: false,
    names: new Map(),
    safeNames: new Map(),
  })
  const root = from?.root ?? newInode('folder', 0o755)
  let changes: Change[] = [...(from?.changes ?? [])]
  let steps = 0
  let limit = Number.POSITIVE_INFINITY
  let stopped = false
  let fault: Parameters<ModelDisk['failAt']>[0] = null

  const alive = () => {
    if (stopped) throw new Stopped()
  }
  const effect = <T>(work: () => T): T => {
    alive()
    if (steps >= limit) {
      stopped = true
      throw new Stopped()
    }
    if (fault !== null && (fault.lasting ? steps >= fault.count : steps === fault.count)) {
      steps++
      throw errno(fault.code, 'injected')
    }
    const result = work()
    steps++
    disk.onStep?.()
    return result
  }

  const find = (path: string): Inode | null => {
    let at: Inode = root
    for (const part of path.split('/')) {
      if (part === '') continue
      if (at.kind !== 'folder') return null
      const next = at.names.get(part)
      if (next === undefined) return null
      at = next
    }
    return at
  }
  const need = (path: string, kind?: DiskKind): Inode => {
    const inode = find(path)
    if (inode === null) throw errno('ENOENT', path)
    if (kind !== undefined && inode.kind !== kind) throw errno(kind === 'folder' ? 'ENOTDIR' : 'EINVAL', path)
    return inode
  }
  const set = (path: string, inode: Inode) => {
    const folder = need(dirname(path), 'folder')
    folder.names.set(basename(path), inode)
    changes.push({ type: 'set', folder, name: basename(path), inode })
  }
  const remove = (path: string, inode: Inode) => {
    const folder = need(dirname(path), 'folder')
    folder.names.delete(basename(path))
    changes.push({ type: 'remove', folder, name: basename(path), inode })
  }
  const place = (path: string) => ({ folder: need(dirname(path), 'folder'), name: basename(path) })
  const linksOf = (inode: Inode): number => {
    let links = 0
    const count = (folder: Inode) => {
      for (const each of folder.names.values()) {
        if (each === inode) links++
        if (each.kind === 'folder') count(each)
      }
    }
    count(root)
    return links
  }
  /** I1: nobody of ours writes to bytes that stand under a name outside `.reconcile`. */
  const writable = (path: string, inode: Inode): Inode => {
    for (const [name, other] of outside(root, '')) {
      if (other === inode) throw new Error(`I1 broken: a write to ${path}, which is ${name}`)
    }
    return inode
  }
  const apply = (change: Change, names: (folder: Inode) => Map<string, Inode>) => {
    if (change.type === 'set') names(change.folder).set(change.name, change.inode)
    else if (change.type === 'remove') {
      if (names(change.folder).get(change.name) === change.inode) names(change.folder).delete(change.name)
    } else {
      names(change.to.folder).set(change.to.name, change.inode)
      if (names(change.from.folder).get(change.from.name) === change.inode)
        names(change.from.folder).delete(change.from.name)
    }
  }

  const disk: ModelDisk = {
    onStep: null,
    get steps() {
      return steps
    },
    stopAfter(count) {
      limit = count
    },
    failAt(next) {
      fault = next
    },
    restart() {
      stopped = false
      limit = Number.POSITIVE_INFINITY
    },
    powerCut(choose) {
      const survivors = changes.filter(() => choose(2) === 1)
      changes = []
      for (const change of survivors) apply(change, (folder) => folder.safeNames)
      const reset = (folder: Inode) => {
        folder.names.clear()
        for (const [name, inode] of folder.safeNames) {
          folder.names.set(name, inode)
          if (inode.kind === 'folder') reset(inode)
          else if (inode.kind === 'file') settle(inode, choose)
        }
      }
      reset(root)
      disk.restart()
    },
    fork: () => diskOf(options, { ...copyOf(root, changes), next: Math.max(nextId, clock) }),
    fingerprint() {
      const words: string[] = []
      const walk = (folder: Inode) => {
        for (const [name, inode] of [...folder.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
          words.push(name, inode.kind, String(inode.mode), String(inode.id))
          if (inode.kind === 'folder') walk(inode)
          else if (inode.kind === 'file') words.push(digestOf(inode.data))
          words.push('/')
        }
      }
      walk(root)
      return words.join(' ')
    },
    peek: (path) => {
      const files = new Map<string, Uint8Array>()
      const from = find(path)
      const walk = (folder: Inode, prefix: string) => {
        for (const [name, inode] of folder.names) {
          if (inode.kind === 'folder') walk(inode, `${prefix}${name}/`)
          else if (inode.kind === 'file') files.set(prefix + name, inode.data)
        }
      }
      if (from !== null) walk(from, '')
      return files
    },
    hash: async (files, signal) => {
      const results: Awaited<ReturnType<HashFiles>> extends ReadonlyMap<infer K, infer V>
        ? Map<K, V>
        : never = new Map()
      for (const { path } of files) {
        alive()
        if (signal.aborted) break
        const inode = find(path)
        if (inode?.kind !== 'file') {
          results.set(path, { state: 'failed', code: inode === null ? 'ENOENT' : 'EINVAL' })
          continue
        }
        const of = (kind: string) => createHash(kind).update(inode.data).digest('hex') as Digest
        results.set(path, {
          state: 'hashed',
          inode: String(inode.id),
          modified: String(inode.modified),
          size: inode.data.length,
          head: Buffer.from(inode.data).toString('latin1', 0, 512),
          digests: { md5: of('md5'), sha256: of('sha256') },
        })
      }
      return results
    },

    async lstat(path) {
      alive()
      const inode = find(path)
      if (inode === null) return null
      return {
        kind: inode.kind,
        size: inode.data.length,
        inode: String(inode.id),
        modified: String(inode.modified),
        device: '1',
        links: inode.kind === 'file' ? linksOf(inode) : 2,
        owner: OWNER,
        mode: inode.mode,
      }
    },
    async list(path) {
      alive()
      const inode = find(path)
      if (inode?.kind !== 'folder') return null
      return [...inode.names].map(([name, { kind }]): DiskEntry => ({ name, kind }))
    },
    async read(path, { from = 0, limit: most = Number.POSITIVE_INFINITY } = {}) {
      alive()
      const inode = find(path)
      if (inode === null) return null
      if (inode.kind !== 'file') throw errno('EINVAL', path)
      return inode.data.slice(from, Math.min(inode.data.length, from + most))
    },
    async create(path, bytes, mode) {
      effect(() => {
        if (find(path) !== null) throw errno('EEXIST', path)
        set(path, newInode('file', mode, bytes.slice()))
      })
    },
    async writeAt(path, offset, bytes) {
      effect(() => {
        const there = find(path)
        const inode = there === null ? newInode('file', 0o600) : writable(path, there)
        if (there === null) set(path, inode)
        const data = new Uint8Array(Math.max(inode.data.length, offset + bytes.length))
        data.set(inode.data)
        data.set(bytes, offset)
        inode.data = data
        inode.modified = clock++
      })
    },
    async truncate(path, size) {
      effect(() => {
        const inode = writable(path, need(path, 'file'))
        const data = new Uint8Array(size)
        data.set(inode.data.slice(0, size))
        inode.data = data
        inode.modified = clock++
      })
    },
    async copy(from, to, mode) {
      effect(() => {
        if (find(to) !== null) throw errno('EEXIST', to)
        set(to, newInode('file', mode, need(from, 'file').data.slice()))
      })
    },
    async chmod(path, mode) {
      effect(() => {
        need(path).mode = mode
      })
    },
    async syncFile(path) {
      const inode = find(path)
      try {
        effect(() => {
          const file = need(path, 'file')
          // The kernel forgets what it could not write: a later fsync says that all is well, and the bytes are gone.
          if (!file.lost) file.safe = { data: file.data, mode: file.mode }
        })
      } catch (error) {
        if (!(error instanceof Stopped) && inode !== null && path.includes('/.reconcile/staging/'))
          inode.lost = true
        throw error
      }
    },
    async syncFolder(path) {
      effect(() => {
        const folder = need(path, 'folder')
        const pending: Change[] = []
        for (const change of changes) {
          if (change.type !== 'rename') {
            if (change.folder === folder) apply(change, (each) => each.safeNames)
            else pending.push(change)
          } else if (change.from.folder === folder) apply(change, (each) => each.safeNames)
          else if (change.to.folder === folder) {
            folder.safeNames.set(change.to.name, change.inode)
            pending.push({ type: 'remove', ...change.from, inode: change.inode })
          } else pending.push(change)
        }
        changes = pending
      })
    },
    async syncSoon() {
      alive()
    },
    async forget() {
      alive()
    },
    async link(from, to) {
      if (!options.hardLinks) {
        alive()
        return 'unsupported'
      }
      return effect(() => {
        const inode = need(from, 'file')
        place(to)
        if (find(to) !== null) return 'exists'
        set(to, inode)
        return 'linked'
      })
    },
    async moveNoReplace(from, to) {
      return effect(() => {
        const inode = need(from)
        if (find(to) !== null) return 'exists'
        changes.push({ type: 'rename', from: place(from), to: place(to), inode })
        place(to).folder.names.set(basename(to), inode)
        place(from).folder.names.delete(basename(from))
        return 'moved'
      })
    },
    async rename(from, to) {
      effect(() => {
        const inode = need(from)
        const over = find(to)
        if (over !== null && !to.includes('/.reconcile/')) throw new Error(`I4 broken: a rename onto ${to}`)
        changes.push({ type: 'rename', from: place(from), to: place(to), inode })
        place(to).folder.names.set(basename(to), inode)
        place(from).folder.names.delete(basename(from))
      })
    },
    async unlink(path) {
      return effect(() => {
        const inode = find(path)
        if (inode === null) return false
        if (inode.kind === 'folder') throw errno('EISDIR', path)
        remove(path, inode)
        return true
      })
    },
    async rmdir(path) {
      return effect(() => {
        const inode = find(path)
        if (inode?.kind !== 'folder' || inode.names.size > 0) return false
        remove(path, inode)
        return true
      })
    },
    async mkdir(path, mode) {
      return effect(() => {
        if (find(path) !== null) return false
        set(path, newInode('folder', mode === 0o700 ? mode : mode & ~process.umask()))
        return true
      })
    },
  }
  return disk

  function settle(inode: Inode, choose: (count: number) => number) {
    const before = inode.safe ?? { data: new Uint8Array(), mode: inode.mode }
    if (before.data !== inode.data) {
      const fate = choose(3)
      if (fate === 0) inode.data = before.data
      else if (fate === 1) {
        // Torn: the new length, the new bytes up to a point, and beyond it the old ones or zeros.
        const torn = new Uint8Array(inode.data.length)
        torn.set(before.data.slice(0, torn.length))
        torn.set(inode.data.slice(0, choose(inode.data.length + 1)))
        inode.data = torn
      }
    }
    if (choose(2) === 0) inode.mode = before.mode
    inode.safe = { data: inode.data, mode: inode.mode }
    inode.lost = false
  }
}

/** Inodes are copied once each, so that what was one file under two names still is. Bytes are never changed in place. */
function copyOf(
  root: Inode,
  changes: readonly Change[],
): { readonly root: Inode; readonly changes: Change[] } {
  const copies = new Map<Inode, Inode>()
  const copy = (inode: Inode): Inode => {
    const known = copies.get(inode)
    if (known !== undefined) return known
    const twin: Inode = { ...inode, names: new Map(), safeNames: new Map() }
    copies.set(inode, twin)
    for (const [name, each] of inode.names) twin.names.set(name, copy(each))
    for (const [name, each] of inode.safeNames) twin.safeNames.set(name, copy(each))
    return twin
  }
  const at = (place: { readonly folder: Inode; readonly name: string }) => ({
    ...place,
    folder: copy(place.folder),
  })
  return {
    root: copy(root),
    changes: changes.map((change) =>
      change.type === 'rename'
        ? { ...change, from: at(change.from), to: at(change.to), inode: copy(change.inode) }
        : { ...change, ...at(change), inode: copy(change.inode) },
    ),
  }
}

/** Of big ones, such as the reserve, only what tells two apart whose tail was torn: bytes are never changed in place. */
function digestOf(data: Uint8Array): string {
  if (data.length < 65_536) return Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1')
  const known = digests.get(data) ?? createHash('md5').update(data).digest('hex')
  digests.set(data, known)
  return known
}
const digests = new WeakMap<Uint8Array, string>()

/** Every name outside `.reconcile`. */
function* outside(folder: Inode, prefix: string): Generator<readonly [string, Inode]> {
  for (const [name, inode] of folder.names) {
    if (name === '.reconcile') continue
    if (inode.kind === 'folder') yield* outside(inode, `${prefix}${name}/`)
    else yield [prefix + name, inode]
  }
}

const errno = (code: string, path: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: ${path}`), { code, path })

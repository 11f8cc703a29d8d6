import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  promises,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runTool } from '../../system/child.ts'
import { errnoOf, isAbsence } from '../../system/disk-failure.ts'
import { errno, moveNoReplace } from '../../system/move-no-replace.ts'
import { synced } from '../../system/replace-file.ts'
import type { Disk, DiskEntry, DiskKind, DiskStat } from './disk.ts'
import { PRIVATE_FOLDER_MODE } from './modes.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_DIRECTORY } = constants
/** For reading: a FIFO must not hang us, a symlink must not lead us away. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * The machine's own file system. Calls that only touch metadata or a few bytes are made synchronously: for 100,000 files that is
 * ten times as fast as the thread pool, and `breathe` lets signals and timers in between. What waits for a disk (sync, copy,
 * listing) goes to the pool.
 */
export const realDisk: Disk = {
  async lstat(path) {
    await breathe()
    return statOf(path)
  },

  async list(folder) {
    try {
      const entries = await promises.readdir(folder, { withFileTypes: true })
      return entries.map(
        (entry): DiskEntry => ({
          // Node puts U+FFFD for what is not UTF-8; a name that really holds one is no RelPath either.
          name: entry.name.includes('\ufffd') ? null : entry.name,
          kind: kindOf(entry),
        }),
      )
    } catch (error) {
      if (isAbsence(error)) return null
      throw error
    }
  },

  async read(path, options = {}) {
    await breathe()
    try {
      return withFile(path, READ, (descriptor) => {
        const stat = fstatSync(descriptor)
        if (!stat.isFile()) throw errno('EINVAL', `not a regular file: ${path}`, path)
        const from = options.from ?? 0
        const wanted = Math.max(0, Math.min(options.limit ?? Number.POSITIVE_INFINITY, stat.size - from))
        const bytes = Buffer.allocUnsafeSlow(wanted)
        let filled = 0
        while (filled < wanted) {
          const got = readSync(descriptor, bytes, filled, wanted - filled, from + filled)
          if (got === 0) break
          filled += got
        }
        return bytes.subarray(0, filled)
      })
    } catch (error) {
      if (isAbsence(error)) return null
      throw error
    }
  },

  async create(path, bytes, mode) {
    await breathe()
    withFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (descriptor) => {
      writeWhole(descriptor, bytes, 0)
      fchmodSync(descriptor, mode)
    })
  },

  async writeAt(path, offset, bytes) {
    await breathe()
    withFile(path, O_WRONLY | O_CREAT | O_NOFOLLOW, (descriptor) => writeWhole(descriptor, bytes, offset))
  },

  async truncate(path, size) {
    await breathe()
    withFile(path, O_WRONLY | O_NOFOLLOW, (descriptor) => ftruncateSync(descriptor, size))
  },

  async copy(from, to, mode) {
    if (statOf(from)?.kind !== 'file') throw errno('EINVAL', `not a regular file: ${from}`, from)
    try {
      await promises.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    } catch (error) {
      // libuv takes half a copy away by itself, but not what it never made.
      if (errnoOf(error) !== 'EEXIST') await promises.rm(to, { force: true })
      throw error
    }
    changeMode(to, mode)
  },

  async chmod(path, mode) {
    await breathe()
    changeMode(path, mode)
  },

  async syncFile(path) {
    await breathe()
    const descriptor = openSync(path, READ)
    try {
      await fsyncInPool(descriptor)
    } finally {
      closeSync(descriptor)
    }
  },

  syncFolder: (path) => synced(path, READ | O_DIRECTORY),

  async syncSoon(folder) {
    // Its failures are for the fsyncs that follow to report, file by file.
    await runTool('sync', ['-f', folder]).catch(() => null)
  },

  async forget(path) {
    // posix_fadvise, which Node does not have.
    await runTool('dd', [`if=${path}`, 'iflag=nocache,nofollow,nonblock', 'count=0', 'status=none']).catch(
      () => null,
    )
  },

  async link(from, to) {
    await breathe()
    try {
      linkSync(from, to)
      return 'linked'
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'EEXIST') return 'exists'
      // link(2): EPERM where the file system has none; EMLINK does not arise, for what is linked has one link.
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS')
        return 'unsupported'
      throw error
    }
  },

  moveNoReplace,

  async rename(from, to) {
    await breathe()
    renameSync(from, to)
  },

  async unlink(path) {
    await breathe()
    return unless(['ENOENT', 'ENOTDIR'], () => unlinkSync(path))
  },

  async rmdir(path) {
    await breathe()
    return unless(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'], () => rmdirSync(path))
  },

  async mkdir(path, mode) {
    await breathe()
    const made = unless(['EEXIST'], () => mkdirSync(path, mode))
    // Private folders are private whatever the umask is; others are what it leaves.
    if (made && mode === PRIVATE_FOLDER_MODE) changeMode(path, mode)
    return made
  },
}

const fsyncInPool = promisify(fsync)

/** Milliseconds that synchronous calls may take in a row before the event loop has its turn. */
const BREATH = 15
let lastBreath = performance.now()

async function breathe(): Promise<void> {
  if (performance.now() - lastBreath < BREATH) return
  await setImmediate()
  lastBreath = performance.now()
}

function statOf(path: string): DiskStat | null {
  try {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return null
    return {
      kind: kindOf(stat),
      size: Number(stat.size),
      inode: String(stat.ino),
      modified: String(stat.mtimeNs),
      device: String(stat.dev),
      links: Number(stat.nlink),
      owner: Number(stat.uid),
      mode: Number(stat.mode) & 0o7777,
    }
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
}

interface Kinds {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

const kindOf = (it: Kinds): DiskKind =>
  it.isFile() ? 'file' : it.isDirectory() ? 'folder' : it.isSymbolicLink() ? 'symlink' : 'other'

/** write(2) may write short, and says so only by its result. */
function writeWhole(descriptor: number, bytes: Uint8Array, offset: number): void {
  let written = 0
  while (written < bytes.length)
    written += writeSync(descriptor, bytes, written, bytes.length - written, offset + written)
}

function changeMode(path: string, mode: number): void {
  try {
    withFile(path, READ, (descriptor) => fchmodSync(descriptor, mode))
  } catch (error) {
    // Ours, but not readable: only the path is left to go by.
    if (errnoOf(error) !== 'EACCES' || statOf(path)?.kind === 'symlink') throw error
    chmodSync(path, mode)
  }
}

/** Opens a file, or makes it (0600) where the flags say so, and closes it again. `use` is synchronous. */
function withFile<T>(path: string, flags: number, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, flags, 0o600)
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether the call was made; false where it failed with one of `codes`. */
function unless(codes: readonly string[], call: () => void): boolean {
  try {
    call()
    return true
  } catch (error) {
    if (codes.includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

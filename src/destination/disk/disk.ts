/**
 * Every change a destination can undergo, one method a system call or nearly so. The real one is below `realDisk`; tests run
 * the same code on a model that drops and reorders whatever was not synced, and stop it after any step. Paths are absolute.
 * Methods throw Node's own ErrnoException, but for what their comments name as a value.
 */
export interface Disk {
  /** Null: nothing there, or a parent that is no folder. Never follows a symlink. */
  lstat(path: string): Promise<DiskStat | null>
  /** Null: no such folder. */
  list(folder: string): Promise<readonly DiskEntry[] | null>
  /** At most `limit` bytes from `from`; null: no such file. Never follows a symlink. */
  read(
    path: string,
    options?: { readonly from?: number; readonly limit?: number },
  ): Promise<Uint8Array | null>
  /** Fails with EEXIST if anything has that name. Writes all bytes or throws. Not synced. */
  create(path: string, bytes: Uint8Array, mode: number): Promise<void>
  /** Writes at `offset`; creates a missing file (0600). Writes all bytes or throws. Not synced. */
  writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void>
  truncate(path: string, size: number): Promise<void>
  /** A new file with the same bytes (a reflink if the file system can); EEXIST if anything has that name. Not synced. */
  copy(from: string, to: string, mode: number): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  /** fsync of the file's data and inode. A failure means the data is gone: the file is to be thrown away. */
  syncFile(path: string): Promise<void>
  syncFolder(path: string): Promise<void>
  /** A hint that much is about to be synced: makes the fsyncs after it cheap, never replaces them. */
  syncSoon(folder: string): Promise<void>
  /** A hint that a file is about to be read from the disk itself: drops what memory has of it. It may have it again at once. */
  forget(path: string): Promise<void>
  /** `exists`: something has that name, and was left alone. `unsupported`: this file system has no hard links. */
  link(from: string, to: string): Promise<'linked' | 'exists' | 'unsupported'>
  /** renameat2(RENAME_NOREPLACE) within one file system, checked by inode. */
  moveNoReplace(from: string, to: string): Promise<'moved' | 'exists'>
  /** Clobbers. Only inside `.reconcile`, or out of the way into it; never onto a final name. */
  rename(from: string, to: string): Promise<void>
  /** False: it was not there. */
  unlink(path: string): Promise<boolean>
  /** False: it was not there, or not empty. */
  rmdir(path: string): Promise<boolean>
  /** False: something already has that name. 0700 is exact; the umask applies to any other mode. */
  mkdir(path: string, mode: number): Promise<boolean>
}

export interface DiskStat {
  readonly kind: DiskKind
  readonly size: number
  readonly inode: string
  /** When the bytes last changed, nanoseconds: an inode's number is used again at once when a file is replaced. */
  readonly modified: string
  readonly device: string
  readonly links: number
  readonly owner: number
  readonly mode: number
}

/** A time of `modified` in whole seconds, as the ledger has it. */
export const secondsOf = (modified: string): number => Math.trunc(Number(modified.slice(0, -9) || '0'))

export interface DiskEntry {
  /** Null: the name's bytes are not UTF-8. */
  readonly name: string | null
  readonly kind: DiskKind
}

export type DiskKind = 'file' | 'folder' | 'symlink' | 'other'

import { join } from 'node:path'
import type { HeldFile, HeldMarker, Holding, LedgerRecord, StagedFile } from '../../model/holding.ts'
import { isSidecar, markerOf } from '../../model/marker-name.ts'
import { MARKER_LIMIT, parseMarker } from '../../model/parse-marker.ts'
import { PRIVATE_FOLDER, type RelPath, toRelPath } from '../../model/rel-path.ts'
import type { Problem } from '../../model/trouble.ts'
import { diskFailure, errnoOf } from '../../system/disk-failure.ts'
import { type Disk, type DiskEntry, secondsOf } from '../disk/disk.ts'
import type { Layout } from '../layout.ts'
import { markerSum } from '../ledger/line.ts'

export interface Inventory {
  readonly files: ReadonlyMap<RelPath, HeldFile>
  readonly staged: ReadonlyMap<RelPath, StagedFile>
  /** `not-regular`: symlinks, devices and the like under `path`; `folder-unreadable`; whether anything wants that name or not. */
  readonly problems: readonly Problem[]
  /** Bytes in data, staging, quarantine and trash. */
  readonly used: number
  readonly quarantine: Holding['quarantine']
}

/** Top-level names that are no backup's: ours, and what fsck leaves. */
const IGNORED: ReadonlySet<string> = new Set([PRIVATE_FOLDER, 'lost+found'])

const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])

/** What is in the destination now. Reads the markers only of pairs that `records` does not know, or knows differently. */
export async function takeInventory(
  disk: Disk,
  destination: string,
  files: Layout,
  records: ReadonlyMap<RelPath, LedgerRecord>,
): Promise<Inventory> {
  try {
    const held = new Map<RelPath, HeldFile>()
    const staged = new Map<RelPath, StagedFile>()
    const problems: Problem[] = []
    let used = 0
    /** Whether it is another user's, and may stay unread: nothing of ours was ever in it. */
    const isClosed = (folder: string, error: unknown): boolean => {
      if (!FORBIDDEN.has(errnoOf(error) ?? '')) return false
      for (const path of records.keys()) if (path.startsWith(folder)) return false
      problems.push(closedHere(folder.slice(0, -1)))
      return true
    }
    const look = async (folder: string, entries: readonly DiskEntry[]): Promise<void> => {
      const markers = markersByData(entries)
      for (const { name, kind } of entries) {
        if (name === null || kind === 'folder') continue
        if (kind !== 'file') {
          problems.push(notRegular(folder + name, kind))
          continue
        }
        if (isSidecar(name)) continue
        const stat = await disk.lstat(`${destination}/${folder}${name}`)
        if (stat === null) continue
        const { size } = stat
        used += size
        const record = records.get((folder + name) as RelPath)
        // A name that no source can have, and no spec select, is not ours.
        const path = record?.path ?? toRelPath(folder + name)
        if (path === null) continue
        const beside = markers.get(name)
        held.set(path, {
          size,
          marker:
            beside === undefined ? null : await heldMarker(disk, destination, folder + beside, record, name),
          ...(record !== undefined && isTouched(record, stat.modified) ? { isTouched: true } : {}),
        })
      }
    }
    await walk(disk, destination, '', look, isClosed)
    await walk(disk, files.staging, '', async (folder, entries) => {
      for (const { name, kind } of entries) {
        if (name === null || kind !== 'file') continue
        const size = (await disk.lstat(join(files.staging, folder, name)))?.size
        if (size === undefined) continue
        used += size
        const path = toRelPath(folder + name)
        if (path !== null) staged.set(path, { size })
      }
    })
    const [quarantine, trash] = [await sizeOf(disk, files.quarantine), await sizeOf(disk, files.trash)]
    used += quarantine.bytes + trash.bytes
    return { files: held, staged, problems, used, quarantine }
  } catch (error) {
    throw diskFailure(error, 'look through', destination)
  }
}

/** All regular files below a folder. */
async function sizeOf(disk: Disk, root: string): Promise<{ readonly files: number; readonly bytes: number }> {
  const sum = { files: 0, bytes: 0 }
  await walk(disk, root, '', async (folder, entries) => {
    for (const { name, kind } of entries) {
      if (name === null || kind !== 'file') continue
      sum.files++
      sum.bytes += (await disk.lstat(join(root, folder, name)))?.size ?? 0
    }
  })
  return sum
}

/** Whoever writes to a file changes its time: seen at every look, and free. What is not on record is no sign. */
function isTouched({ mtime, here = mtime }: LedgerRecord, modified: string): boolean {
  return here !== null && here !== secondsOf(modified)
}

/** Visits a folder and all below it, never through a symlink. `folder` is relative and ends with `/`, or is ''. */
async function walk(
  disk: Disk,
  root: string,
  folder: string,
  visit: (folder: string, entries: readonly DiskEntry[]) => Promise<void>,
  isClosed: (folder: string, error: unknown) => boolean = () => false,
): Promise<void> {
  let entries: readonly DiskEntry[]
  try {
    entries = (await disk.list(join(root, folder))) ?? []
  } catch (error) {
    if (folder !== '' && isClosed(folder, error)) return
    throw error
  }
  const ours = folder === '' ? entries.filter(({ name }) => name === null || !IGNORED.has(name)) : entries
  await visit(folder, ours)
  for (const { name, kind } of ours)
    if (kind === 'folder' && name !== null) await walk(disk, root, `${folder}${name}/`, visit, isClosed)
}

/** The marker of a pair as we published it. */
const PUBLISHED: HeldMarker = { digest: null }

async function heldMarker(
  disk: Disk,
  destination: string,
  path: string,
  record: LedgerRecord | undefined,
  dataName: string,
): Promise<HeldMarker> {
  // Of a pair that the ledger knows, the marker's size is looked at; its bytes only where that is another, or a verification found others.
  const isAltered = record?.damage === 'marker-altered'
  if (
    record !== undefined &&
    !isAltered &&
    (await disk.lstat(`${destination}/${path}`))?.size === record.markerSize
  )
    return PUBLISHED
  const bytes = await disk.read(`${destination}/${path}`, { limit: MARKER_LIMIT + 1 })
  const claim = bytes === null ? null : parseMarker(bytes, dataName, markerOf(path)!.kind)
  const digest = claim !== null && 'digest' in claim ? claim.digest : null
  if (record === undefined) return { path, digest }
  const isRight =
    (digest === record.md5 || digest === record.sha256) &&
    // Once it was found altered, saying the same is not enough.
    (!isAltered || markerSum(bytes!) === record.markerSum)
  return isRight ? { path, digest: null } : { path, digest, isWrong: true }
}

/** The marker that counts for each data name of one folder. */
function markersByData(entries: readonly DiskEntry[]): ReadonlyMap<string, string> {
  const markers = new Map<string, string>()
  for (const { name, kind } of entries) {
    const of = name === null || kind !== 'file' ? null : markerOf(name)
    if (of === null) continue
    const other = markers.get(of.data)
    if (other === undefined || rank(name!) < rank(other)) markers.set(of.data, name!)
  }
  return markers
}

/** The kind that specs have by default comes first; of one kind, the spelling in lower case. */
function rank(marker: string): string {
  const { data, kind } = markerOf(marker)!
  return `${kind} ${marker.slice(data.length) === `.${kind}` ? 0 : 1} ${marker}`
}

const closedHere = (path: string): Problem => ({
  code: 'folder-unreadable',
  path,
  message: 'is a folder in the destination that this user may not read',
  hint: 'Give this user read and search permission on it, move it out, or exclude it: add its path and "/**" to select.exclude.',
})

const notRegular = (path: string, kind: string): Problem => ({
  code: 'not-regular',
  path,
  message: `is a ${kind === 'other' ? 'device, socket or pipe' : kind} in the destination: it is never followed, and nothing is published under that name`,
  hint: 'Move it out of the destination.',
})

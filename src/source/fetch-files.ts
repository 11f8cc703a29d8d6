import { accessSync, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { Failure } from '../model/failure.ts'
import {
  type Concern,
  EVERYTHING,
  type Fetched,
  type ListFile,
  type Listing,
  type ReadMarker,
  type SumsFile,
} from '../model/listing.ts'
import { markerOf } from '../model/marker-name.ts'
import { DIGITS, MARKER_LIMIT, parseMarker } from '../model/parse-marker.ts'
import type { FetchRequest } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Problem } from '../model/trouble.ts'
import { runTool } from '../system/child.ts'
import { checkList, listFailure } from './check-list.ts'
import { explainLines } from './explain-lines.ts'
import { explainMarker, sumsTooLong, sumsWithout } from './explain-marker.ts'
import { LIST_LIMIT, parseListFile } from './parse-list-file.ts'
import { parseSums } from './parse-sums.ts'
import { pathFinder } from './path-finder.ts'
import { collectProblems } from './problems.ts'
import { type Far, fetchAllArguments, fetchArguments, namesOnStdin, type Place } from './rsync-command.ts'
import { holdSession } from './session.ts'

/** Names that may always go over stdin; the client's work grows with their square. */
const NAMES = 2_000
const NAMES_AT_MOST = 20_000
const MEBIBYTE = 1024 * 1024
const MEMORY = '/dev/shm'
/** This many markers take 20 MiB of memory, for a second. */
const IN_MEMORY = 4_000
/** Files read between two looks at what else is to be done. */
const READS = 500

/** Connection 2: one session, into a private folder that is gone afterwards. `enter`: the way there, where anything is asked for. */
export async function fetchFiles(
  place: Place,
  enter: () => Promise<Far>,
  wanted: FetchRequest,
  run: Run,
): Promise<Fetched> {
  const problems = collectProblems()
  const unreadable = new Set<RelPath>()
  const refuse = (path: RelPath, problem: () => Problem): void => {
    unreadable.add(path)
    problems.addLater(problem)
  }
  const { listing } = place
  const list = wanted.list && listing !== null ? listing : null
  const listSize = list === null ? 0 : sizeOfList(place, list, wanted.listed)
  const listMarkers = list === null ? [] : markersOfList(list, wanted.listed)
  const markers = wanted.markers.filter((path) => {
    const size = wanted.listed.files.get(path)?.size ?? 0
    if (size > MARKER_LIMIT) refuse(path, () => explainMarker(path, { fault: 'too-long' }))
    return size <= MARKER_LIMIT
  })
  const sums = (wanted.sums ?? []).filter((path) => {
    const size = wanted.listed.files.get(path)?.size ?? 0
    if (size > LIST_LIMIT) refuse(path, () => sumsTooLong(path))
    return size <= LIST_LIMIT
  })
  const sumsSize = Math.max(0, ...sums.map((path) => wanted.listed.files.get(path)?.size ?? 0))
  const also = [...(list === null ? [] : [list, ...listMarkers]), ...sums]
  if (markers.length + also.length === 0) return { list: null, markers: new Map(), problems: problems.all() }

  const far = await enter()
  const into = await mkdtemp(
    join(temporaryRoot(markers.length, listSize + sums.length * sumsSize), 'reconcile-'),
  )
  try {
    // A list may grow between the two connections.
    const largest = Math.max(listSize, sumsSize)
    const maxSize = also.length === 0 ? MARKER_LIMIT : Math.min(LIST_LIMIT, 2 * largest + MEBIBYTE)
    const by = fetchBy(far, wanted.listed, markers, also, maxSize, into)
    const end = await holdSession(
      far,
      'fetch',
      {
        ...by,
        fileLimit: maxSize,
        budget: 2 * (maxSize * (1 + sums.length) + wanted.listed.files.size * MARKER_LIMIT) + 64 * MEBIBYTE,
        hear: () => true,
      },
      run,
    )
    const pathOf = pathFinder(new Set([...markers, ...also]))
    if (end.code !== 0)
      for (const problem of explainLines(end.stderr, pathOf)) {
        if (problem.path === list && list !== null) throw listFailure('unreadable', list, problem.message)
        // Gone in between, as anything may: the caller sees that it is not there.
        if (problem.code === 'vanished') continue
        // If all folders are searched, the listing has already reported what cannot be read.
        if (problem.path !== undefined) refuse(problem.path as RelPath, () => problem)
        else if (by.input !== null || isOurs(problem)) problems.add(problem)
      }
    return {
      list: list === null ? null : readList(into, list, listMarkers, wanted.concern ?? EVERYTHING, problems),
      markers: await readMarkers(into, markers, refuse, wanted.anyName === true),
      ...(sums.length === 0 ? {} : { sums: await readSums(into, sums, wanted, refuse) }),
      unreadable,
      problems: problems.all(),
    }
  } finally {
    // Node removes all files of a folder at once, and half a million take a gigabyte for it.
    if (markers.length > IN_MEMORY) await runTool('rm', ['-rf', '--', into]).catch(() => null)
    await rm(into, { recursive: true, force: true })
  }
}

/**
 * Where the private folder is made. Thousands of tiny files cost a busy disk seconds, and memory nothing: what is small enough goes to the
 * memory file system if there is one, unless TMPDIR is set.
 */
function temporaryRoot(markers: number, listSize: number): string {
  if (process.env['TMPDIR'] !== undefined || markers > IN_MEMORY || listSize > 4 * MEBIBYTE) return tmpdir()
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK)
    return MEMORY
  } catch {
    return tmpdir()
  }
}

function sizeOfList(place: Place, list: RelPath, listed: Listing): number {
  const found = listed.files.get(list)
  if (found === undefined)
    throw listFailure(
      'missing',
      list,
      listed.links?.has(list) === true ? 'it is a symlink' : `no such file in ${place.path}`,
    )
  if (found.size > LIST_LIMIT) throw listFailure('too-long', list, `${found.size} bytes`)
  return found.size
}

const markersOfList = (list: RelPath, listed: Listing): readonly RelPath[] =>
  [...listed.files.keys()].filter((path) => path.startsWith(`${list}.`) && markerOf(path)?.data === list)

/** By name if they are few, or few of many; else all there are. */
function fetchBy(
  far: Far,
  listed: Listing,
  markers: readonly RelPath[],
  also: readonly RelPath[],
  maxSize: number,
  into: string,
): { readonly arguments: readonly string[]; readonly input: string | null } {
  if (markers.length > NAMES) {
    let there = 0
    // What only looks like a marker would be fetched, up to a list's size.
    const except: RelPath[] = []
    for (const [path, { size }] of listed.files) {
      if (markerOf(path) === null) continue
      there++
      if (size > MARKER_LIMIT && !also.includes(path)) except.push(path)
    }
    if (except.length < NAMES && (markers.length > NAMES_AT_MOST || 2 * markers.length > there))
      return {
        arguments: fetchAllArguments(far, { maxSize, into, also, except }),
        input: null,
      }
  }
  return {
    arguments: fetchArguments(far, { maxSize, into }),
    input: namesOnStdin([...also, ...markers]),
  }
}

function readList(
  into: string,
  list: RelPath,
  markers: readonly RelPath[],
  concern: Concern,
  problems: { add(problem: Problem): void },
): ListFile {
  const bytes = readSmall(join(into, list), LIST_LIMIT)
  if (bytes === null) throw listFailure('missing', list, 'it disappeared before it was read')
  for (const path of markers) checkList(list, bytes, path, readSmall(join(into, path), MARKER_LIMIT))
  const parsed = parseListFile(bytes, list, concern)
  for (const problem of parsed.problems) problems.add(problem)
  return parsed.list
}

async function readMarkers(
  into: string,
  paths: readonly RelPath[],
  refuse: (path: RelPath, problem: () => Problem) => void,
  anyName: boolean,
): Promise<ReadonlyMap<RelPath, ReadMarker>> {
  const markers = new Map<RelPath, ReadMarker>()
  const room = Buffer.alloc(MARKER_LIMIT + 1)
  let reads = 0
  for (const path of paths) {
    const bytes = readSmall(join(into, path), MARKER_LIMIT, room)
    const of = markerOf(path)
    if (bytes === null || of === null) continue
    const parsed = parseMarker(bytes, of.data, of.kind)
    const digest = 'digest' in parsed ? parsed.digest : anyName ? (parsed.ofOther ?? null) : null
    if (digest !== null) markers.set(path, { digest, text: bytes.toString('latin1') })
    else if ('fault' in parsed) refuse(path, () => explainMarker(path, parsed))
    if (++reads % READS === 0) await breathe()
  }
  return markers
}

async function readSums(
  into: string,
  paths: readonly RelPath[],
  { listed, checksum = 'md5' }: FetchRequest,
  refuse: (path: RelPath, problem: () => Problem) => void,
): Promise<ReadonlyMap<RelPath, SumsFile>> {
  const sums = new Map<RelPath, SumsFile>()
  for (const path of paths) {
    const bytes = readSmall(join(into, path), LIST_LIMIT)
    if (bytes === null) continue
    if (bytes.length > LIST_LIMIT) {
      refuse(path, () => sumsTooLong(path))
      continue
    }
    const { claims, others } = parseSums(bytes, path, DIGITS[checksum], listed)
    if (claims.size === 0) refuse(path, () => sumsWithout(path, bytes, checksum, others))
    sums.set(path, claims)
    await breathe()
  }
  return sums
}

/**
 * One byte more than `limit` at most, so that the reader sees that there are more; null: no such file, or no regular one. Read into
 * `room` where it is given, and good until that is used again.
 */
export function readSmall(path: string, limit: number, room: Buffer | null = null): Buffer | null {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null
    throw new Failure({
      code: 'temporary-file',
      message: `${path}, fetched from the source, cannot be read: ${(error as Error).message}`,
      hint: 'Check that TMPDIR names a folder that is ours to write.',
      retryable: true,
      cause: error,
    })
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return null
    const size = Math.min(stat.size, limit + 1)
    const bytes = room?.subarray(0, size) ?? Buffer.alloc(size)
    let length = 0
    while (length < bytes.length) {
      const got = readSync(fd, bytes, length, bytes.length - length, length)
      if (got === 0) break
      length += got
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

/** The listing does not report what this machine could not write. */
const isOurs = ({ code }: Problem): boolean => code.startsWith('disk-') || code === 'write-failed'

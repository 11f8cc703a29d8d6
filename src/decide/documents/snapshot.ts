import {
  amount,
  type Check,
  count,
  digest,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  parseJson,
  relPath,
  text,
  time,
} from '../../model/check-json.ts'
import type { Holding, LedgerRecord, PrunedFile } from '../../model/holding.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import { isObject } from '../../model/is-object.ts'
import { markerPath, suffixOf } from '../../model/marker-name.ts'
import type { Observation, SourceView } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { fromSeenRow, type SeenRow, toSeenRow } from '../../model/seen-row.ts'
import type { MarkerClaim, SourceFile, SourceMarker } from '../../model/source-file.ts'
import type { Halt, Hold } from '../../model/trouble.ts'

/** What one look at both sides of a backup found, kept to plan from elsewhere. Holds no key and no file's contents. */
export interface Snapshot {
  readonly backup: string
  readonly taken: Instant
  /** Where it was looked. A spec that names other places now is planned from it all the same, with a warning. */
  readonly place: SnapshotPlace
  /** What the box would have a pass stop for. */
  readonly halt: Halt | null
  readonly holds: readonly Hold[]
  readonly observation: Observation
}

export interface SnapshotPlace {
  readonly source: string
  readonly listing: string | null
  readonly checksum: string
  /** Left out: by markers. */
  readonly finished?: string
  readonly destination: string
}

const FORMAT = 'reconcile.snapshot/1'

type Fields = Readonly<Record<string, Check>>

const listed = { size: count, mtime: integer }
const problem = { code: text, path: optional(text), message: text, hint: text }
const voucher = oneOf('sums', 'source')
const quiet = object({ at: integer, boot: nullable(text), up: amount, stops: count })

const sourceFile: Fields = {
  listed: nullable(object(listed)),
  marker: (value, at) =>
    object(
      isObject(value) && value['state'] === 'claimed'
        ? { state: text, path: relPath, digest, by: optional(voucher), ...listed }
        : isObject(value) && value['state'] === 'unread'
          ? { state: text, path: relPath, quiet: optional(quiet), ...listed }
          : { state: oneOf('none', 'unreadable'), quiet: optional(quiet) },
    )(value, at),
}
const heldFile: Fields = {
  size: count,
  marker: nullable(
    object({ path: optional(text), isWrong: optional(oneOf(true)), digest: nullable(digest) }),
  ),
}
const record: Fields = {
  size: count,
  md5: digest,
  sha256: digest,
  mtime: nullable(integer),
  markerMtime: nullable(integer),
  markerSize: count,
  since: integer,
  readAt: integer,
  isRotten: optional(oneOf(true)),
  removedBefore: optional(object({ at: integer, series: text, point: integer })),
  planId: nullable(text),
  first: optional(object({ at: integer, planId: nullable(text) })),
  revision: optional(text),
} satisfies Readonly<Record<Exclude<keyof LedgerRecord, 'path'>, Check>>
const prunedFile: Fields = {
  at: integer,
  trash: nullable(text),
  trashFor: optional(count),
  by: oneOf('policy', 'person'),
  reason: text,
  series: text,
  point: integer,
  planId: nullable(text),
} satisfies Readonly<Record<keyof PrunedFile, Check>>
const seenFile: Fields = {
  ...listed,
  marker: nullable(object({ path: text, ...listed })),
  digest: nullable(digest),
  readAt: nullable(integer),
  stagedFor: nullable(digest),
  gate: nullable(object({ at: integer, ...listed, digest })),
  waitingSince: nullable(integer),
  by: optional(voucher),
  quiet: optional(quiet),
}
const halt = nullable(object({ code: text, message: text, hint: text }))

const document = object({
  backup: text,
  taken: time,
  place: object({
    source: text,
    listing: nullable(text),
    checksum: text,
    finished: optional(text),
    destination: text,
  }),
  halt,
  holds: list(object({ id: text, code: text, message: text })),
  source: object({
    completeness: oneOf('complete', 'incomplete', 'unknown'),
    files: rows(sourceFile),
    problems: list(object(problem)),
    instead: optional(object({ suffixes: rows({ value: text }), sums: nullable(relPath) })),
    links: optional(list(relPath)),
  }),
  destination: object({
    identity: object({
      found: nullable(text),
      expected: nullable(text),
      lastSeenAt: nullable(text),
      hasPrivateFolder: flag,
    }),
    files: rows(heldFile),
    records: rows(record),
    staged: rows({ size: count }),
    abandoned: rows({ value: integer }),
    pruned: rows(prunedFile),
    begun: rows({ value: nullable(text) }),
    lastPrune: nullable(object({ policy: text, basis: text })),
    // Earlier versions knew neither.
    surplus: optional(rows({ value: integer })),
    terms: optional(list(object({ at: integer, keepAtLeast: count, minAge: count, trashFor: count }))),
    seen: rows(seenFile),
    head: nullable(object({ seq: count, hash: text })),
    created: nullable(integer),
    listedBefore: nullable(count),
    awaited: optional(list(object({ series: text, since: integer }))),
    lastTime: nullable(integer),
    free: nullable(amount),
    used: amount,
    halt,
    problems: list(object(problem)),
  } satisfies Readonly<Record<keyof Holding, Check>>),
})

function rows(fields: Fields): Check {
  return list(object({ path: relPath, ...fields }))
}

/** The snapshot's document: `reconcile.snapshot/1`. Maps are lists of rows with a `path`; markers' bytes are left out. */
export function encodeSnapshot(snapshot: Snapshot): unknown {
  const { taken, observation, ...rest } = snapshot
  const { source, destination } = observation
  const marked = [...source.files].map(([path, { listed: there, marker }]) => ({
    path,
    listed: there,
    marker: markerToRow(path, marker),
  }))
  return {
    format: FORMAT,
    ...rest,
    taken: isoTime(taken),
    source: {
      ...source,
      files: marked,
      ...(source.instead === undefined
        ? {}
        : { instead: { ...source.instead, suffixes: toValues(source.instead.suffixes) } }),
    },
    destination: {
      ...destination,
      files: toRows(destination.files, heldFile),
      records: toRows(destination.records, record),
      staged: toRows(destination.staged, { size: count }),
      abandoned: toValues(destination.abandoned),
      awaited: [...destination.awaited].map(([series, since]) => ({ series, since })),
      pruned: toRows(destination.pruned, prunedFile),
      begun: toValues(destination.begun),
      surplus: toValues(destination.surplus),
      seen: [...destination.seen].map(([path, seen]) => toSeenRow(path, seen)),
    },
  }
}

/** The fields that are named, and no others that the values may have for themselves. */
const toRows = <V extends object>(map: ReadonlyMap<RelPath, V>, fields: Fields) =>
  [...map].map(([path, value]) => ({
    path,
    ...Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(fields, key))),
  }))

const toValues = (map: ReadonlyMap<RelPath, unknown>) => [...map].map(([path, value]) => ({ path, value }))

export type ReadSnapshot = { readonly snapshot: Snapshot } | { readonly fault: string }

/** What a snapshot's file holds. Whoever made it is not trusted: names are safe, digests are digests, numbers are numbers. */
export function decodeSnapshot(json: string): ReadSnapshot {
  const parsed = parseJson(json)
  if ('fault' in parsed) return parsed
  const { value } = parsed
  const format = isObject(value) && Object.hasOwn(value, 'format') ? value['format'] : undefined
  if (format !== FORMAT) {
    const isOther = typeof format === 'string' && /^reconcile\.snapshot\/\d+$/.test(format)
    return { fault: isOther ? `it is of another version, ${format}` : 'it is not a snapshot' }
  }
  const fault = document(value, 'snapshot')
  if (fault !== null) return { fault }
  // Checked just now, down to each path and digest.
  const { backup, taken, place, holds, source, destination, halt: stop } = value as unknown as Encoded
  const { instead, ...seen } = source
  return {
    snapshot: {
      backup,
      taken: instant(Date.parse(taken)),
      place,
      halt: stop,
      holds,
      observation: {
        source: {
          ...seen,
          files: fromRows(source.files, ({ path, listed: there, marker }) => ({
            listed: there,
            marker: markerFromRow(path, marker),
          })),
          ...(instead === undefined
            ? {}
            : { instead: { ...instead, suffixes: fromRows(instead.suffixes, (row) => row.value) } }),
        },
        destination: {
          ...destination,
          files: fromRows(destination.files),
          records: fromRows(destination.records, (row) => row),
          staged: fromRows(destination.staged),
          abandoned: fromRows(destination.abandoned, (row) => row.value),
          awaited: new Map(destination.awaited?.map(({ series, since }) => [series, since]) ?? []),
          pruned: fromRows(destination.pruned),
          begun: fromRows(destination.begun, (row) => row.value),
          surplus: fromRows(destination.surplus ?? [], (row) => row.value),
          terms: destination.terms ?? [],
          seen: fromRows(destination.seen, fromSeenRow),
        },
      },
    },
  }
}

type MarkerRow =
  | Exclude<SourceMarker, { readonly suffix: string }>
  | { readonly state: 'unread'; readonly path: RelPath; readonly size: number; readonly mtime: number }
  | (Omit<MarkerClaim, 'suffix' | 'text' | 'from'> & { readonly path: RelPath })

function markerToRow(path: RelPath, marker: SourceMarker): MarkerRow {
  if (marker.state === 'none' || marker.state === 'unreadable') return marker
  const { suffix: _, ...rest } = { ...marker, path: markerPath(path, marker) }
  if (rest.state === 'unread') return rest
  const { text: __, from: ___, ...claim } = rest
  return claim
}

function markerFromRow(data: RelPath, marker: MarkerRow): SourceMarker {
  if (marker.state === 'none' || marker.state === 'unreadable') return marker
  const { path, ...rest } = marker
  const suffix = suffixOf(data, path)
  return rest.state === 'unread' ? { ...rest, suffix } : { ...rest, suffix, text: null }
}

type Row<V> = V & { readonly path: RelPath }
type Valued<V> = { readonly path: RelPath; readonly value: V }
type RowOf<M> = M extends ReadonlyMap<RelPath, infer V> ? Row<V> : never

type MapKey = 'files' | 'records' | 'staged' | 'abandoned' | 'pruned' | 'begun' | 'surplus' | 'seen'

type Encoded = Omit<Snapshot, 'taken' | 'observation'> & {
  readonly taken: string
  readonly source: Omit<SourceView, 'files' | 'instead'> & {
    readonly instead?: { readonly suffixes: readonly Valued<string>[]; readonly sums: RelPath | null }
    readonly files: readonly {
      readonly path: RelPath
      readonly listed: SourceFile['listed']
      readonly marker: MarkerRow
    }[]
  }
  readonly destination: Omit<Holding, MapKey | 'terms' | 'awaited'> & {
    readonly [K in Exclude<MapKey, 'begun' | 'abandoned' | 'surplus' | 'seen'>]: readonly RowOf<Holding[K]>[]
  } & {
    readonly surplus?: readonly Valued<Instant>[]
    readonly terms?: Holding['terms']
    readonly seen: readonly SeenRow[]
    readonly awaited?: readonly { readonly series: string; readonly since: Instant }[]
    readonly begun: readonly Valued<string | null>[]
    readonly abandoned: readonly Valued<Instant>[]
  }
}

function fromRows<V extends object>(list: readonly Row<V>[]): Map<RelPath, V>
function fromRows<R extends { readonly path: RelPath }, V>(
  list: readonly R[],
  to: (row: R) => V,
): Map<RelPath, V>
function fromRows(
  list: readonly { readonly path: RelPath }[],
  to: (row: never) => unknown = ({ path: _, ...value }: { readonly path: RelPath }) => value,
): Map<RelPath, unknown> {
  return new Map(list.map((row) => [row.path, to(row as never)]))
}

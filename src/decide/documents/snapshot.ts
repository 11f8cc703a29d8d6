import {
  amount,
  type Check,
  type Checked,
  count,
  digest,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  parseDocument,
  relPath,
  text,
  time,
  unseen,
} from '../../model/check-json.ts'
import { HELD_FILE, type Holding, LEDGER_RECORD, nothingHeld, PRUNED_FILE } from '../../model/holding.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import { isObject } from '../../model/is-object.ts'
import { markerPath, suffixOf } from '../../model/marker-name.ts'
import type { Observation, SourceView } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { fromSeenRow, toSeenRow } from '../../model/seen-row.ts'
import type { SourceMarker } from '../../model/source-file.ts'
import { checkedHalt, checkedHold, checkedProblem, type Halt, type Hold } from '../../model/trouble.ts'

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

const place = object({
  source: text,
  listing: nullable(text),
  checksum: text,
  /** Left out: by markers. */
  finished: optional(text),
  destination: text,
})
export type SnapshotPlace = Checked<typeof place>

type Fields = Readonly<Record<string, Check>>

const listed = { size: count, mtime: integer }
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
  changes: optional(list(integer)),
}

/** Maps of which each row has the values' own fields, and those of which each has a `value`. */
const ROWS = { files: HELD_FILE, records: LEDGER_RECORD, staged: { size: count }, pruned: PRUNED_FILE }
const VALUES = { abandoned: integer, begun: nullable(text), surplus: integer }

const document = object({
  backup: text,
  taken: time,
  place,
  halt: nullable(checkedHalt),
  holds: list(checkedHold),
  source: object({
    completeness: oneOf('complete', 'incomplete', 'unknown'),
    files: rows(sourceFile),
    problems: list(checkedProblem),
    instead: optional(object({ suffixes: rows({ value: text }), sums: nullable(relPath) })),
    links: optional(list(relPath)),
    finishedLinks: optional(list(relPath)),
  }),
  destination: object({
    identity: object({
      found: nullable(text),
      expected: nullable(text),
      lastSeenAt: nullable(text),
      hasPrivateFolder: flag,
    }),
    ...each(ROWS, rows),
    ...each(VALUES, (value) => rows({ value })),
    lastPrune: nullable(object({ policy: text, basis: text })),
    // Earlier versions knew neither.
    surplus: optional(rows({ value: integer })),
    terms: optional(list(object({ at: integer, keepAtLeast: count, minAge: count, trashFor: count }))),
    // No plan goes by them.
    drills: unseen<unknown>(),
    seen: rows(seenFile),
    head: nullable(object({ seq: count, hash: text })),
    created: nullable(integer),
    listedBefore: nullable(count),
    awaited: optional(list(object({ series: text, since: integer }))),
    lastTime: nullable(integer),
    free: nullable(amount),
    used: amount,
    quarantine: optional(object({ files: count, bytes: count })),
    foreign: optional(list(text)),
    halt: nullable(checkedHalt),
    problems: list(checkedProblem),
    turn: optional(
      nullable(
        object({
          isBack: flag,
          newest: list(object({ series: text, at: integer })),
          policy: nullable(object({ policy: text, points: count })),
        }),
      ),
    ),
  } satisfies Readonly<Record<keyof Holding, Check>>),
})

function rows(fields: Fields): Check {
  return list(object({ path: relPath, ...fields }))
}

function each<Key extends string, Value, Made>(
  table: Readonly<Record<Key, Value>>,
  make: (value: Value, key: Key) => Made,
): Record<Key, Made> {
  const made = Object.entries<Value>(table).map(([key, value]) => [key, make(value, key as Key)])
  return Object.fromEntries(made) as Record<Key, Made>
}

/** The snapshot's document: `reconcile.snapshot/1`. Maps are lists of rows with a `path`; markers' bytes are left out. */
export function encodeSnapshot({ taken, observation, ...rest }: Snapshot) {
  const { source } = observation
  const { instead } = source
  const { turn, drills: _, ...destination } = observation.destination
  return {
    format: 'reconcile.snapshot/1',
    ...rest,
    taken: isoTime(taken),
    source: {
      ...(source as Omit<SourceView, 'instead'>),
      files: Array.from(source.files, ([path, file]) => ({
        path,
        listed: file.listed,
        marker: markerToRow(path, file.marker),
      })),
      ...(instead === undefined ? {} : { instead: { ...instead, suffixes: toValues(instead.suffixes) } }),
    },
    destination: {
      ...destination,
      ...each(ROWS, (fields, key) => toRows(destination[key], fields)),
      ...each(VALUES, (_, key) => toValues<unknown>(destination[key])),
      awaited: Array.from(destination.awaited, ([series, since]) => ({ series, since })),
      seen: Array.from(destination.seen, ([path, seen]) => toSeenRow(path, seen)),
      ...(turn === null
        ? {}
        : { turn: { ...turn, newest: Array.from(turn.newest, ([series, at]) => ({ series, at })) } }),
    },
  }
}

/** The fields that are named, and no others that the values may have for themselves. */
const toRows = (map: ReadonlyMap<RelPath, object>, fields: Fields): readonly InRow[] =>
  Array.from(map, ([path, value]) => ({
    path,
    ...Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(fields, key))),
  }))

const toValues = <Value>(map: ReadonlyMap<RelPath, Value>) =>
  Array.from(map, ([path, value]) => ({ path, value }))

/** What a snapshot's file holds. Whoever made it is not trusted: names are safe, digests are digests, numbers are numbers. */
export function decodeSnapshot(json: string): { readonly snapshot: Snapshot } | { readonly fault: string } {
  const parsed = parseDocument(json, 'snapshot', 'snapshot', document)
  if ('format' in parsed) return { fault: `it is of another version, ${parsed.format}` }
  if ('fault' in parsed) return parsed
  // Checked just now, down to each path and digest.
  const { backup, taken, place, holds, source, destination, halt } = parsed.value as ReturnType<
    typeof encodeSnapshot
  >
  const { instead, ...shown } = source
  // An earlier version wrote none.
  const { turn = null } = destination
  const observation = {
    source: {
      ...shown,
      files: byPath(source.files, ({ path, listed: there, marker }) => ({
        listed: there,
        marker: markerFromRow(path, marker),
      })),
      ...(instead === undefined
        ? {}
        : { instead: { ...instead, suffixes: byPath(instead.suffixes, ({ value }) => value) } }),
    },
    destination: {
      ...destination,
      terms: destination.terms ?? [],
      quarantine: destination.quarantine ?? nothingHeld.quarantine,
      foreign: destination.foreign ?? [],
      drills: [],
      ...each(ROWS, (_, key) => byPath(destination[key], key === 'records' ? (row) => row : withoutPath)),
      ...each(VALUES, (_, key) => byPath(destination[key] ?? [], ({ value }) => value)),
      awaited: new Map(destination.awaited?.map(({ series, since }) => [series, since])),
      seen: byPath(destination.seen, fromSeenRow),
      turn: turn && { ...turn, newest: new Map(turn.newest.map(({ series, at }) => [series, at])) },
    } as Holding,
  }
  return { snapshot: { backup, taken: instant(Date.parse(taken)), place, halt, holds, observation } }
}

type MarkerRow = Exclude<SourceMarker, { readonly suffix: string }> | (SuffixedMarker & InRow)
type SuffixedMarker = Extract<SourceMarker, { readonly suffix: string }>

function markerToRow(data: RelPath, marker: SourceMarker): MarkerRow {
  if (!('suffix' in marker)) return marker
  const { suffix: _, text: __, from: ___, ...rest } = { text: null, from: null, ...marker }
  return { ...rest, path: markerPath(data, marker) } as MarkerRow
}

function markerFromRow(data: RelPath, row: MarkerRow): SourceMarker {
  if (!('path' in row)) return row
  const { path, ...rest } = row
  const marker = { ...rest, suffix: suffixOf(data, path) }
  return marker.state === 'claimed' ? { ...marker, text: null } : marker
}

interface InRow {
  readonly path: RelPath
}

const byPath = <Row extends InRow, Value>(list: readonly Row[], to: (row: Row) => Value) =>
  new Map(list.map((row) => [row.path, to(row)]))

const withoutPath = ({ path: _, ...value }: InRow): object => value

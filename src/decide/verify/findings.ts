import type { Holding, LedgerRecord } from '../../model/holding.ts'
import type { DamageCode, LedgerEvent } from '../../model/ledger-event.ts'
import { comparePaths, type RelPath } from '../../model/rel-path.ts'
import type { Halt, Problem } from '../../model/trouble.ts'
import type { Reread } from '../../model/verified.ts'

export type FindingCode =
  | DamageCode
  | 'rot'
  | 'unreadable-here'
  | 'foreign-file'
  | 'ledger-missing'
  | 'ledger-edited'
  | 'ledger-cut'
  | 'ledger-reordered'
  | 'ledger-other'

export interface Finding extends Problem {
  readonly code: FindingCode
}

const REPAIRED =
  'The next pass replaces it if the source still has the same bytes. Check the disk, and look for another copy.'

/** Damage with one file. `detail`: what is known beyond its code. */
function finding(code: Exclude<FindingCode, `ledger-${string}`>, path: string, detail = ''): Finding {
  const [message, hint] = {
    rot: ['its bytes are not those that were published', REPAIRED],
    'unreadable-here': [
      'cannot be read',
      'Check the disk (dmesg, smartctl -a). Nothing was recorded about it.',
    ],
    'missing-here': ['was published here, and is gone', REPAIRED],
    'marker-missing': [
      'its marker is gone',
      'The next pass reads the data and, if it is sound, writes the marker again.',
    ],
    'marker-altered': [
      'its marker is not the one that was published',
      'The next pass reads the data and, if it is sound, sets this marker aside and writes the right one again.',
    ],
    'foreign-file': [
      'is not from here: the ledger does not know it',
      'Find out who put it there, and move it out. A pass adopts it only if its spec selects it.',
    ],
  }[code] as [string, string]
  return { code, path, message: detail === '' ? message : `${message}: ${detail}`, hint }
}

function unreadable(path: string, { why, hint }: Pick<Reread, 'why' | 'hint'>): Finding {
  const found = finding('unreadable-here', path, why)
  return hint === undefined ? found : { ...found, hint: `${hint}. Nothing was recorded about it.` }
}

/** How a ledger is damaged; null: that is not what halts it. */
export function findingOfLedger({ code, damage, message, hint }: Halt): Finding | null {
  if (code === 'ledger-missing') return { code, message, hint }
  return code === 'ledger-damaged' ? { ...DAMAGED[damage ?? 'edited'], message, hint } : null
}

const DAMAGED = {
  edited: { code: 'ledger-edited' },
  cut: { code: 'ledger-cut' },
  reordered: { code: 'ledger-reordered' },
} as const

/** What a look alone shows, with no file read: gone, without a marker, of another size, unknown. */
export function findingsOfLook({
  files,
  records,
  pruned,
}: Pick<Holding, 'files' | 'records' | 'pruned'>): readonly Finding[] {
  const found: Finding[] = []
  for (const [path, record] of records) {
    const held = files.get(path)
    if (held === undefined) {
      if (!pruned.has(path)) found.push(finding('missing-here', path))
      continue
    }
    if (held.size !== record.size)
      found.push(finding('rot', path, `published with ${record.size} bytes, has ${held.size} now`))
    if (held.marker === null) found.push(finding('marker-missing', path))
    else if (held.marker.isWrong) found.push(finding('marker-altered', path))
  }
  for (const path of files.keys()) if (!records.has(path)) found.push(finding('foreign-file', path))
  return found.sort((a, b) => comparePaths(a.path!, b.path!))
}

/** What reading a published file found. Empty: it is sound. */
export function findingsOfRead(record: LedgerRecord, read: Reread): readonly Finding[] {
  const { path, md5, sha256, markerSum } = record
  if (read.state === 'missing') return [finding('missing-here', path)]
  const found: Finding[] = []
  if (read.state === 'unreadable') found.push(unreadable(path, read))
  else if (read.digests?.md5 !== md5 || read.digests.sha256 !== sha256)
    found.push(
      finding(
        'rot',
        path,
        `sha256 ${read.digests?.sha256.slice(0, 8)}, published with ${sha256.slice(0, 8)}`,
      ),
    )
  if (read.markers.length === 0) found.push(finding('marker-missing', path))
  // Each must claim these bytes, and one must be the very one that was published.
  else if (
    read.markers.some(({ claim }) => claim !== md5 && claim !== sha256) ||
    (markerSum !== undefined && !read.markers.some(({ sum }) => sum === markerSum))
  )
    found.push(finding('marker-altered', path))
  return found
}

/** The same where the ledger cannot be trusted, by its markers alone: null where they do not vouch for it. */
export function findingsByMarker(path: RelPath, read: Reread): readonly Finding[] | null {
  const claims = read.markers.map(({ claim }) => claim).filter((claim) => claim !== null)
  if (read.state === 'unreadable') return [unreadable(path, read)]
  if (read.digests === null || claims.length === 0) return null
  const { md5, sha256 } = read.digests
  return claims.every((claim) => claim === md5 || claim === sha256)
    ? []
    : [finding('rot', path, 'they do not match its marker')]
}

/** What was found of one file, as it was when it was read. */
export interface FoundFile {
  readonly record: LedgerRecord
  /** Null: it was not read. */
  readonly read: Reread | null
  readonly findings: readonly Finding[]
}

/** Whether the ledger's word on a file is still the one that was read: no pass repaired, replaced or removed it meanwhile. */
const isSame = (record: LedgerRecord, { records, pruned }: Pick<Holding, 'records' | 'pruned'>): boolean => {
  const now = records.get(record.path)
  return now?.sha256 === record.sha256 && now.readAt === record.readAt && !pruned.has(record.path)
}

const ONCE =
  'acknowledge in the spec accepts that this file is lost, so this is reported once. To have it counted as lost again, remove that entry.'

/** What there is to report of a file whose loss is accepted: nothing, where it is the loss that the ledger knew before. */
export function newLosses({ record, findings }: FoundFile): readonly Finding[] {
  const losses = findings.filter(({ code }) => code === 'rot' || code === 'missing-here')
  if (losses.length === 0) return findings
  const isKnown = record.isRotten === true || record.damage === 'missing-here'
  return isKnown ? [] : losses.map((one) => ({ ...one, hint: ONCE }))
}

/** What still holds of what was found, by a second look: a pass may have been at work meanwhile. */
export const stillFound = (found: readonly FoundFile[], now: Holding): readonly FoundFile[] =>
  found.filter(({ record }) => isSame(record, now))

/** Whether reading showed what no look does, and the ledger did not know: a pass has something new to do. */
export const isNews = ({ record, read, findings }: FoundFile): boolean =>
  read !== null &&
  findings.some(
    ({ code }) =>
      (code === 'rot' && record.isRotten !== true) || (code === 'marker-altered' && record.damage !== code),
  )

/** What the ledger is to remember. Nothing is said twice. */
export function eventsOf(
  found: readonly FoundFile[],
  foreign: readonly string[] | null,
  now: Holding,
): readonly LedgerEvent[] {
  const events = found.flatMap(({ record, read, findings }): readonly LedgerEvent[] => {
    const { path } = record
    const codes = findings.map(({ code }) => code)
    const damage = codes.find((code): code is DamageCode => code in DAMAGES)
    const isSound = read?.state === 'read' && codes.length === 0
    return [
      ...(isSound ? [{ event: 'verified' as const, path, here: read.modified }] : []),
      ...(codes.includes('rot') && record.isRotten !== true ? [{ event: 'rotten' as const, path }] : []),
      ...(damage === undefined || record.damage === damage
        ? []
        : [{ event: 'damaged' as const, path, code: damage }]),
    ]
  })
  const isKnown = foreign === null || foreign.join('\0') === now.foreign.join('\0')
  return isKnown ? events : [...events, { event: 'foreign', paths: foreign }]
}

const DAMAGES: Readonly<Record<DamageCode, true>> = {
  'missing-here': true,
  'marker-missing': true,
  'marker-altered': true,
}

import { createHash } from 'node:crypto'
import { Failure } from '../model/failure.ts'
import { markerOf } from '../model/marker-name.ts'
import { parseMarker } from '../model/parse-marker.ts'
import { whyFaulty } from './explain-marker.ts'
import { quote } from './quote.ts'

/** Throws if the list does not match its own marker: half-written, or damaged in transfer. */
export function checkList(
  list: string,
  bytes: Uint8Array,
  marker: string,
  markerBytes: Uint8Array | null,
): void {
  if (markerBytes === null) throw listFailure('mismatch', list, `${marker} disappeared before it was read`)
  const { data, kind } = markerOf(marker)!
  const parsed = parseMarker(markerBytes, data, kind)
  if ('fault' in parsed)
    throw listFailure('unverified', list, `${quote(marker)} ${whyFaulty(marker, parsed)}`)
  if (createHash(kind).update(bytes).digest('hex') !== parsed.digest)
    throw listFailure('mismatch', list, marker)
}

/** The list decides which files exist. There is no fallback without it. */
export function listFailure(why: keyof typeof LIST_FAILURES, list: string, detail: string): Failure {
  const [says, hint, retryable] = LIST_FAILURES[why]
  return new Failure({
    code: `list-${why}`,
    message: `The list file ${quote(list)} ${says}: ${detail}.`,
    hint,
    retryable,
    path: list,
  })
}

const LIST_FAILURES = {
  missing: [
    'is not there',
    'Check source.listing, and what writes the list at the source. Without listing, rsync lists the folder itself.',
    true,
  ],
  unreadable: ['cannot be read', 'Give the account at the source read permission on it.', true],
  'too-long': [
    'is longer than 64 MiB, or names more than 2,000,000 files',
    'Remove source.listing: rsync handles this many files better itself.',
    false,
  ],
  mismatch: [
    'does not match its own marker',
    'It is being written or is damaged; the next run reads it again. Write both under temporary names and rename them.',
    true,
  ],
  unverified: ['has a marker that cannot be read', 'Write it again at the source, or remove it.', true],
} as const

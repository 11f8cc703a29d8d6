import { type Check, type Checked, count, object, oneOf, text } from './check-json.ts'
import type { DigestPair } from './digest.ts'
import type { RelPath } from './rel-path.ts'

const ANOMALY = {
  /** Bytes of its whole point, and of the median of `points` points before it. */
  size: object({ kind: oneOf('size'), size: count, median: count, points: count }),
  /** It has the bytes of the point before, which this file is of. */
  same: object({ kind: oneOf('same'), as: text }),
  /** In words: what its name says it is, and what its first bytes are of. */
  kind: object({ kind: oneOf('kind'), expected: text, found: text }),
}

/** What was odd about a file when it passed its gate. As it is in the ledger. */
export type Anomaly = Checked<(typeof ANOMALY)[keyof typeof ANOMALY]>

const kindOf = object({ kind: oneOf('size', 'same', 'kind') })
export const checkedAnomaly: Check<Anomaly> = (value, at) =>
  kindOf(value, at) ?? ANOMALY[(value as Anomaly).kind](value, at)

/** A file as its gate has read it. `head`: its first 512 bytes, one character a byte (latin1). */
export interface Gated {
  readonly path: RelPath
  readonly size: number
  readonly digests: DigestPair
  readonly head: string
}

/** What is odd about files that are about to be published together; those that are as they should be are left out. */
export type AnomalyJudge = (files: readonly Gated[]) => ReadonlyMap<RelPath, readonly Anomaly[]>

import type { Brand } from './brand.ts'

export type DigestKind = 'md5' | 'sha256'

/** Lower-case hex; its length gives its kind (32: md5, 64: sha256). */
export type Digest = Brand<string, 'Digest'>

const HEX = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/

/** A digest from hex of either case, or null where the text is none. */
export function toDigest(hex: string): Digest | null {
  const lower = hex.toLowerCase()
  return HEX.test(lower) ? (lower as Digest) : null
}

export const digestKind = (digest: Digest): DigestKind => (digest.length === 32 ? 'md5' : 'sha256')

/** Both digests of one file's bytes, taken in one read. */
export interface DigestPair {
  readonly md5: Digest
  readonly sha256: Digest
}

import type { Brand } from './brand.ts'
import type { DigestKind } from './digest.ts'
import type { RelPath } from './rel-path.ts'

/** `^[a-z0-9][a-z0-9._-]*$`, and no command's word. */
export type BackupName = Brand<string, 'BackupName'>

/**
 * One backup as declared: defaults merged, units read, paths made absolute. Made once in specs/ and trusted from there on.
 * Sizes are bytes, durations seconds, rates bytes a second.
 */
export interface Spec {
  readonly name: BackupName
  readonly file: string
  readonly line: number
  /** sha256 of the effective spec in canonical form, hex. */
  readonly digest: string
  readonly source: SshPlace | LocalPlace
  readonly checksum: DigestKind
  readonly select: Selection
  readonly destination: DestinationPlace
  readonly transfer: TransferRules
  readonly acknowledge: readonly Acknowledgement[]
}

export interface SshPlace {
  readonly kind: 'ssh'
  readonly host: string
  readonly port: number
  readonly user: string
  /** Relative to the folder rrsync serves; '.' is that folder itself. */
  readonly path: string
  /** Absolute paths on this machine. */
  readonly identity: string
  readonly knownHosts: string
  readonly jump: readonly Hop[]
  readonly listing: RelPath | null
  readonly protocol: number | null
  readonly algorithms: 'default' | 'legacy'
}

export interface Hop {
  readonly user: string
  readonly host: string
  readonly port: number
}

export interface LocalPlace {
  readonly kind: 'local'
  /** Absolute. */
  readonly path: string
  readonly listing: RelPath | null
}

export interface Selection {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

export interface DestinationPlace {
  /** Absolute. */
  readonly path: string
  readonly mount: string | null
  readonly minFree: number
  readonly maxSize: number | null
}

export interface TransferRules {
  /** Bytes a second; null: unlimited. */
  readonly bandwidth: number | null
  /** Seconds without progress. */
  readonly timeout: number
  readonly maxFileSize: number | null
  readonly order: 'newest' | 'oldest'
}

/** Silences the conflict over `path` while the source's digest is this one. */
export interface Acknowledgement {
  readonly path: string
  readonly digest: string
  readonly reason: string
}

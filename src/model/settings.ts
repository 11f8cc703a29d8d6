import type { NoticeHook } from './notice.ts'

/**
 * Where the specs are. An empty path or URL: the settings name a place, and what they say of it is faulty. `lookedIn`: nothing names the
 * folder, and it was looked for in these places.
 */
export type SpecPlace =
  | { readonly kind: 'folder'; readonly path: string; readonly lookedIn?: readonly string[] }
  | GitPlace

/** A folder of specs in a git repository. */
export interface GitPlace {
  readonly kind: 'git'
  /** Over ssh, https, or on this machine: checked, and without a password. */
  readonly url: string
  /** A branch, a tag, a full ref, a full commit id, or `HEAD`. */
  readonly ref: string
  /** Below the repository's top, '' for the top itself. */
  readonly subpath: string
  /** Seconds between two looks for a newer commit, under `watch`. */
  readonly interval: number
  /** ssh's private key, and the file that pins the host's key. Absolute. */
  readonly identity: string
  readonly knownHosts: string
  /** ssh's allowed-signers file: a commit counts only with a signature of one of them; null: none is asked for. Absolute. */
  readonly verifySignatures: string | null
  /** Over https: the certificates to trust in place of this machine's; null: this machine's. Absolute. */
  readonly caFile: string | null
}

/** The box's own settings: `config.yaml`, then flags over it. Paths are absolute. */
export interface Settings {
  /** The file they came from; null where there is none. */
  readonly file: string | null
  /** Where that file is, and where one would be obeyed if there were one. */
  readonly configFolders: readonly string[]
  readonly specs: SpecPlace
  readonly state: string
  /** Backups that run at once, over all processes on this box. */
  readonly concurrency: number
  /** Cap on the sum of all transfers, bytes a second; null: none. */
  readonly bandwidth: number | null
  /** Destinations and local sources are under one of these; null: anywhere. */
  readonly roots: readonly string[] | null
  readonly notify: readonly NoticeHook[]
  /** Dead man's switches; null: none. */
  readonly heartbeat: Heartbeat | null
  readonly drills: readonly Drill[]
}

/** How a failure begins where a drill's program is not installed. */
export const NO_PROGRAM = 'this box has no program '

/** A command that judges restored files. */
export interface Drill {
  readonly name: string
  /** `{path}` in any of its words is the restored file; without it, it runs once for the whole point. No shell. */
  readonly command: readonly string[]
  /** Seconds for one point. */
  readonly timeout: number
}

export interface Heartbeat {
  /** The file that holds the URL of the one for passes over all backups; null: none. */
  readonly urlFile: string | null
  /** The same for each backup, with `{name}` in it; a backup whose file does not exist has none. Null: no backup has one. */
  readonly eachFile: string | null
  /** The certificates to trust in place of the usual ones; null: the usual ones. */
  readonly caFile: string | null
}

import type { NoticeHook } from './notice.ts'

/** The box's own settings: `config.yaml`, then flags over it. Paths are absolute. */
export interface Settings {
  /** The file they came from; null where there is none. */
  readonly file: string | null
  readonly specs: string
  readonly state: string
  /** Backups that run at once, over all processes on this box. */
  readonly concurrency: number
  /** Cap on the sum of all transfers, bytes a second; null: none. */
  readonly bandwidth: number | null
  /** Destinations and local sources lie under one of these; null: anywhere. */
  readonly roots: readonly string[] | null
  readonly notify: readonly NoticeHook[]
  /** The file that holds the URL of a dead man's switch; null: none. */
  readonly heartbeat: { readonly urlFile: string } | null
}

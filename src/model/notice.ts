/** What may be reported of a backup. `recovered`: all that was reported is over. */
export type NoticeKind = TroubleKind | 'recovered'

export type TroubleKind = 'late' | 'failing' | 'conflict' | 'lost' | 'held' | 'pushed' | 'anomaly'

/** In place of a backup's name, where a trouble is over all of them: no backup can be named so. */
export const ALL_BACKUPS = 'all backups'

/** In the order in which they are reported. */
export const TROUBLE_KINDS: readonly TroubleKind[] = [
  'lost',
  'conflict',
  'held',
  'failing',
  'anomaly',
  'late',
  'pushed',
]

export const NOTICE_KINDS: readonly NoticeKind[] = [...TROUBLE_KINDS, 'recovered']

/** The services that are called by URL, each in the form it takes; `webhook` is the notice itself as JSON. */
export const URL_KINDS = [
  'webhook',
  'ntfy',
  'gotify',
  'discord',
  'slack',
  'telegram',
  'teams',
  'uptime-kuma',
] as const

export type UrlKind = (typeof URL_KINDS)[number]

/** Where notices go, and which kinds are wanted there. */
export type NoticeHook = UrlHook | MailHook

interface Hook {
  /** What it is remembered by: the file of its URL, or `mailto:` and the address. */
  readonly id: string
  readonly on: readonly NoticeKind[]
}

export interface UrlHook extends Hook {
  readonly kind: UrlKind
  /** The file that holds the URL, which is a secret. Absolute. */
  readonly urlFile: string
  /** The certificates to trust in place of the usual ones. Absolute; null: the usual ones. */
  readonly caFile: string | null
}

export interface MailHook extends Hook {
  readonly kind: 'sendmail'
  readonly to: string
  /** Null: the mail system decides. */
  readonly from: string | null
}

/** What `notify test` sends. */
export type TestNotice = Omit<Notice, 'kind'> & { readonly kind: 'test' }

/** What is sent, as JSON. Fields are only added. */
export interface Notice {
  readonly format: 'reconcile.notice/1'
  /** The same however often it is sent, and wherever: a receiver can recognize a repeat. */
  readonly id: string
  /** Or {@link ALL_BACKUPS}. */
  readonly backup: string
  /** Of one cause for several, that one among them. */
  readonly backups?: readonly string[]
  readonly kind: NoticeKind
  readonly message: string
  /** The message with host and kind, on one line: what chat services show. */
  readonly text: string
  /** Since when it is so; of `recovered`, since when the first of it was. UTC. */
  readonly since: string
  /** When it was found. UTC. */
  readonly at: string
  readonly host: string
  readonly revision: string | null
  /** How many things it is about; the first of them are in `details`. */
  readonly count: number
  readonly details: readonly NoticeDetail[]
}

export interface NoticeDetail {
  readonly code: string
  readonly path?: string
  readonly message: string
  readonly hint?: string
}

/** What was reported of one kind of trouble. */
export interface Told {
  readonly since: string
  readonly message: string
  /** What it is about: something new among these is reported again. */
  readonly keys: readonly string[]
  /** It is over, and something else of the backup is not yet. */
  readonly over: boolean
  /** The host or disk and what is wrong with it: others that it stops join this notice. */
  readonly cause?: string
  /** Those that have joined it and are well again: the last of all says so for them. */
  readonly joined?: readonly string[]
}

export type ToldOfBackup = { readonly [kind in TroubleKind]?: Told }

/** What each hook, by its id, was told of each backup, and what could not be delivered yet. */
export interface NoticeBook {
  readonly told: { readonly [hook: string]: { readonly [backup: string]: ToldOfBackup } }
  /** In the order in which they are to be sent. At most one of a kind, a backup and a hook. */
  readonly pending: readonly PendingNotice[]
}

export interface PendingNotice {
  readonly hook: string
  readonly notice: Notice
  /** Absent: it is sent at once. */
  readonly rest?: Rest
}

/** Why a notice is left alone for now. */
export interface Rest {
  readonly until: string
  /** How often it was refused for good; 0: the server only asked for time. */
  readonly refusals: number
  /** Of the hook; another one ends the rest. */
  readonly version: string
}

/** The box's memory of notices, shared by all processes on it. */
export interface NoticeMemory {
  read(): Promise<NoticeBook>
  /** Durable, one process at a time. Writes only what is another book. */
  change(to: (before: NoticeBook) => NoticeBook): Promise<void>
  /** Does it while nobody else on this box does; false: another was at it for all of `waitSeconds`. Throws the signal's reason. */
  alone(waitSeconds: number, signal: AbortSignal, act: () => Promise<void>): Promise<boolean>
}

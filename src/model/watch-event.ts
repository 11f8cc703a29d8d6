import type { Hold } from './trouble.ts'
import type { KnownSpec, Orphan, SpecFault } from './watched-specs.ts'

/** Why a backup is run. */
export type Cause =
  | 'schedule'
  | 'spec-added'
  | 'spec-changed'
  | 'timetable'
  | 'quiet'
  | 'retry'
  | 'hangup'
  | 'source-seen'
  | 'damage-found'
  | 'resumed'
  | 'drilled'
  | 'released'

/** What people and logs see of `watch` besides the passes' own events. `revision`: the commit of the specs; null: a plain folder. */
export type WatchEvent =
  | { readonly type: 'watching'; readonly specs: string }
  /** Specs from git: they are those of the newest commit, after it was another one or was not taken. */
  | { readonly type: 'specs-current'; readonly revision: string }
  | {
      readonly type: 'triggered'
      readonly backup: string
      readonly causes: readonly Cause[]
      readonly revision: string | null
      /** A newer commit that is not taken; null: none is known. */
      readonly notTaken: string | null
    }
  | {
      readonly type: 'spec-added'
      readonly backup: string
      readonly destination: string
      readonly revision: string | null
    }
  | {
      readonly type: 'spec-changed'
      readonly backup: string
      /** Another name where it was renamed. */
      readonly was: string
      readonly revision: string | null
      readonly from: KnownSpec
      readonly to: KnownSpec
    }
  /** Its data stays where it is. */
  | {
      readonly type: 'spec-removed'
      readonly backup: string
      readonly orphan: Orphan
      readonly revision: string | null
    }
  /** Its newest word does not count. `lastGood`: it goes on by an earlier one; else it does not run. */
  | {
      readonly type: 'spec-broken'
      readonly backup: string
      readonly fault: SpecFault
      readonly lastGood: boolean
    }
  | { readonly type: 'spec-mended'; readonly backup: string }
  /** Over all specs: what is obeyed stays as it was. */
  | { readonly type: 'specs-held'; readonly hold: Hold }
  /** It was released, or what it asked about is fixed. */
  | { readonly type: 'specs-hold-over'; readonly hold: Hold }
  | { readonly type: 'specs-unreadable'; readonly message: string; readonly hint: string }
  /** Its transfer is stopped for a newer spec; what has come is kept. */
  | { readonly type: 'stopped-run'; readonly backup: string; readonly why: string }
  | {
      readonly type: 'backing-off'
      readonly backup: string
      /** In a row. */
      readonly failures: number
      readonly seconds: number
    }
  /** A bug: the others go on. */
  | {
      readonly type: 'crashed'
      readonly backup: string
      readonly message: string
      readonly stack: string
    }
  /** Seconds, negative where it went back. A machine that slept looks the same. */
  | { readonly type: 'clock-leapt'; readonly seconds: number }
  | { readonly type: 'reloading' }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'stopping'; readonly running: readonly string[] }

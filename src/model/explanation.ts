import type { PrunedFile } from './holding.ts'
import type { BackupPlan, Step } from './plan.ts'
import type { Voucher } from './source-file.ts'
import type { FreshState } from './status.ts'
import type { Diagnostic, Problem } from './trouble.ts'

/** Why a path is selected or not. */
export interface Selected {
  readonly selected: boolean
  /** The first pattern that fits; null: none does. */
  readonly include: string | null
  readonly exclude: string | null
  /** It is never data, whatever the patterns say; null: it may be. */
  readonly never: 'list-file' | 'sidecar' | 'sums-file' | 'hidden' | 'lost-and-found' | null
}

/** A point as retention names it: its time in UTC, and the first of its files. */
export interface PointName {
  readonly time: string
  readonly name: string
}

/**
 * What one rule of `retain` says of one point. `keeps`: periods that the rule keeps. `nth`: which one the point's is, counted from the
 * newest that hold a point. `period`: `2026-11-23`, `2026-W48`; left out for `last`, which counts points.
 */
export type Verdict = { readonly rule: string } & (
  | { readonly verdict: 'not-set' }
  /** `reason`: as plans say it. */
  | {
      readonly verdict: 'kept'
      readonly reason: string
      readonly keeps?: number
      readonly nth?: number
      readonly period?: string
      /** `within` only. */
      readonly since?: string
      /** `oldest` only: the rules that have room. */
      readonly rules?: readonly string[]
    }
  /** Its period is beyond those that the rule keeps. */
  | { readonly verdict: 'beyond'; readonly keeps: number; readonly nth: number; readonly period?: string }
  /** Another point stands for its period. */
  | {
      readonly verdict: 'stood-for'
      readonly keeps: number
      readonly nth: number
      readonly period: string
      readonly by: PointName
    }
  /** `within` only. */
  | { readonly verdict: 'too-old'; readonly since: string }
  /** It is pinned, and so counted by no rule. */
  | { readonly verdict: 'not-counted' }
  /** `pin` only. */
  | { readonly verdict: 'not-pinned' }
  /** `oldest` only: another point is. */
  | { readonly verdict: 'not-oldest'; readonly oldest: PointName }
  /** `oldest` only: it is, and either no rule has room, or those that have let it stand for its period already. */
  | { readonly verdict: 'not-needed'; readonly hasRoom: boolean }
)

/** What a person may do about it. `command`: its words, unquoted. */
export interface Advice {
  readonly message: string
  readonly command?: readonly string[]
}

/** What every explanation begins with. */
export interface Explained extends Pick<BackupPlan, 'backup' | 'spec' | 'from' | 'to' | 'halt' | 'holds'> {
  readonly format: 'reconcile.explain/1'
  readonly asOf: string
  /** `unknown`: that side could not be looked at, so what is said of it is not the whole truth. */
  readonly known: {
    readonly source: 'complete' | 'incomplete' | 'unknown'
    readonly destination: 'complete' | 'unknown'
  }
  /** Of this file; of the backup those of no single file. */
  readonly problems: readonly Problem[]
  readonly diagnostics: readonly Diagnostic[]
  /** The rules in short: `last=1 daily=7`; null: everything is kept. */
  readonly rules: string | null
  readonly pick: 'newest' | 'oldest'
  /** Days, weeks and hours are cut here. */
  readonly timezone: string
}

/** `explain NAME/PATH`: why one file is, or is not, here. Digests in lower-case hex, sizes in bytes, times in UTC. */
export interface FileExplanation extends Explained {
  readonly kind: 'file'
  readonly path: string
  /** The source's name for it, where that is another. */
  readonly sourceName?: string
  readonly selection: Selected
  /** Null: it belongs to no point. `matches`: whether a pattern, if there is any, fits its name. */
  readonly point: FilePoint | null
  readonly matches: boolean
  /** Null: that is not asked, for it belongs to no point. */
  readonly wanted: { readonly wanted: boolean; readonly reasons: readonly string[] } | null
  /** Empty where there are no rules, or its point is not held against them. */
  readonly verdicts: readonly Verdict[]
  readonly pinnedBy: readonly string[]
  readonly source: FileAtSource | null
  readonly destination: {
    readonly size: number
    /** `path` is null where it is the one that was published with the data. */
    readonly marker: {
      readonly path: string | null
      readonly digest: string | null
      readonly wrong: boolean
    } | null
  } | null
  readonly staged: {
    readonly bytes: number
    readonly digest: string | null
    readonly unwantedSince: string | null
  } | null
  readonly ledger: {
    readonly size: number
    readonly md5: string
    readonly sha256: string
    readonly since: string
    readonly readAt: string
    readonly rotten: boolean
    readonly planId: string | null
    readonly revision: string | null
  } | null
  readonly pruned: Removed | null
  readonly steps: readonly Step[]
  /** What happens next, and what would change that. */
  readonly next: readonly string[]
  readonly advice: readonly Advice[]
}

export interface FilePoint extends Moment {
  readonly series: string
  /** Where the series is guessed: the pattern to write; null: none is known. */
  readonly pattern?: string | null
  readonly dated: 'name' | 'mtime' | 'unknown'
  readonly ahead: boolean
  readonly standing: 'whole' | 'coming' | 'unfinished'
  /** Its other files, and how each stands. */
  readonly others: readonly { readonly path: string; readonly standing: FileStanding }[]
}

export type FileStanding = 'published' | 'here' | 'finished' | 'unfinished' | 'gone'

export interface FileAtSource {
  /** Null: a list file names it, and it is not there. */
  readonly size: number | null
  readonly mtime: string | null
  readonly marker: 'none' | 'claimed' | 'unread' | 'unreadable'
  /** There is one, of an earlier version of the file. */
  readonly isOlder?: true
  /** Null where there is none, and where it is by others that the file is finished. */
  readonly markerPath: string | null
  /** With `quiet`: when it was first seen as it is now. */
  readonly quietSince?: string
  /** Who says what digest it must have, where that is no marker. */
  readonly by?: Voucher
  readonly digest: string | null
  /** When the marker was last read; null: with this very look, or never. */
  readonly readAt: string | null
  readonly waitingSince: string | null
  /** When these bytes last failed to match their marker twice. */
  readonly failedAt: string | null
}

/** A file that a prune removed. */
export interface Removed extends Pick<PrunedFile, 'by' | 'reason' | 'planId'> {
  readonly path: string
  readonly at: string
  /** Until when it can be put back at least; null: it is gone from the trash. */
  readonly until: string | null
}

/** `explain NAME`: the retention calendar. */
export interface BackupExplanation extends Explained {
  readonly kind: 'backup'
  readonly prune: 'never' | 'manual' | 'auto'
  readonly series: readonly SeriesExplanation[]
  /** Selected files that fit no pattern: kept, and never pruned. */
  readonly unmatched: number
  /** The newest few of them. */
  readonly unmatchedNames: readonly string[]
  /** What is in the trash, what expires first on top. */
  readonly trash: readonly Removed[]
}

/** In UTC, and by the clock of the series' zone: the day alone where it is the day's end. */
export interface Moment {
  readonly time: string
  readonly local: string
}

export type Mark = 'kept' | 'surplus' | 'coming' | 'waiting'

export interface SeriesExplanation {
  readonly series: string
  /** Where it is guessed: the pattern to write; null: none is known. */
  readonly pattern?: string | null
  readonly newest: Moment | null
  readonly expect: string | null
  readonly state: FreshState
  readonly due: Moment | null
  readonly counts: { readonly [M in Mark]: number } & {
    /** At the source alone, and wanted by no rule. */
    readonly notWanted: number
  }
  /** Each day of the zone that has a point, newest first, with what weighs most of its points. */
  readonly days: readonly { readonly day: string; readonly mark: Mark; readonly points: number }[]
  /** Newest first; `why`: the rules' reasons, or why it stays or goes. */
  readonly points: readonly PointLine[]
  readonly forecast: Forecast
}

export interface PointLine extends Moment {
  readonly mark: Mark
  readonly files: readonly string[]
  readonly why: readonly string[]
}

/** Which kept points leave next, and when, if points keep coming. `every`: the assumption in words. */
export type Forecast =
  | {
      readonly state: 'drops'
      readonly points: readonly (Moment & { readonly name: string; readonly reasons: readonly string[] })[]
      readonly at: Moment
      /** How many points have come by then. */
      readonly after: number
      readonly every: string
    }
  /** None of the next so many. */
  | { readonly state: 'none'; readonly after: number; readonly until: Moment; readonly every: string }
  | { readonly state: 'unknown'; readonly why: string }

/** The spec is faulty: nothing can be explained. */
export interface NoExplanation {
  readonly format: 'reconcile.explain/1'
  readonly kind: 'faulty'
  readonly backup: string
  readonly diagnostics: readonly Diagnostic[]
}

/** `explain NAME --lost-at T`: had the source died then. By the ledger alone. Bytes; seconds. */
export interface LostAtExplanation {
  readonly format: 'reconcile.explain/1'
  readonly kind: 'lost-at'
  readonly backup: string
  readonly asOf: string
  readonly lostAt: string
  readonly timezone: string
  readonly series: readonly LostSeries[]
  /** All that was held then. */
  readonly files: number
  readonly bytes: number
  /** Of these, what had been found rotten. */
  readonly rotten: readonly string[]
  /** Published, and found gone by then. */
  readonly gone: readonly string[]
  /** Made at the source by then, by their mtimes, and here only since: they would be gone. `paths`: the first few. */
  readonly missed: { readonly files: number; readonly bytes: number; readonly paths: readonly string[] }
  /** Bytes a second over the recent passes that published more than once, and how many those are; null: too little is on record. */
  readonly measured: { readonly rate: number; readonly passes: number } | null
  /** To bring back the newest point of each series, and all that was held. */
  readonly bring: { readonly newest: Bringing; readonly all: Bringing }
}

/** `by`: what sets the pace; null: nothing is known, and `seconds` is null. `rate` null: a timetable's. */
export interface Bringing {
  readonly bytes: number
  readonly seconds: number | null
  readonly rate: number | null
  readonly by: 'bandwidth' | 'measured' | null
}

export interface LostSeries {
  readonly series: string
  /** Whole ones. */
  readonly points: number
  readonly state: FreshState
  /** The newest whole one; `age` at that moment. */
  readonly newest:
    | (Moment & { readonly age: number; readonly files: readonly string[]; readonly bytes: number })
    | null
}

export type Explanation = LostAtExplanation | FileExplanation | BackupExplanation | NoExplanation

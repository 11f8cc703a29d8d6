import { Option } from 'commander'
import type { Instant } from '../../model/instant.ts'
import type { GlobalFlags } from '../workspace.ts'
import type { Output } from './console.ts'
import { parseFlag } from './parse-flag.ts'

/** What every command takes. */
export interface SharedFlags extends GlobalFlags {
  readonly output: Output
  readonly json?: boolean
  readonly quiet?: boolean
  readonly logLevel?: string
  readonly logFile?: string
}

/** What several commands take; each declares those it uses. */
export interface PlanFlags extends SharedFlags {
  readonly dryRun?: boolean
  readonly onChange?: boolean
  readonly diff?: boolean
  readonly all?: boolean
  readonly detailedExitcode?: boolean
  /** A folder of snapshots to plan from, without keys or network. */
  readonly offline?: string
  readonly asOf?: Instant
  /** Seconds. */
  readonly maxTime?: number
  /** Seconds to wait for a destination that another run holds. */
  readonly lockTimeout?: number
}

const flag = (flags: string, description: string, parse?: (text: string) => unknown): Option => {
  const option = new Option(flags, description)
  return parse === undefined ? option : option.argParser(parse)
}

export const quietFlag = flag('-q, --quiet', 'print only what is unwell, and no warnings')

/** Where specs, settings and state are, and where output goes. */
export const SHARED_FLAGS: readonly Option[] = [
  flag(
    '--specs <folder>',
    "folder of specs (default: as config.yaml says, else ./backups.d, else a plain user's ~/.config/reconcile/backups.d, else /etc/reconcile/backups.d)",
  ),
  flag('--git <url>', 'specs from a git repository instead'),
  flag('--ref <ref>', 'with --git: branch, tag or commit (default: its HEAD)'),
  flag('--subpath <path>', 'with --git: folder of the specs in the repository'),
  flag('--git-interval <time>', 'with --git: how often watch looks for a newer commit (default: 60s)'),
  flag('--verify-signatures <file>', 'with --git: take only commits signed by one of these allowed signers'),
  flag(
    '--config <file>',
    "this box's settings (default: a plain user's ~/.config/reconcile/config.yaml, else /etc/reconcile/config.yaml)",
  ),
  flag(
    '--state <folder>',
    "this box's state (default: /var/lib/reconcile; as a plain user ~/.local/state/reconcile)",
  ),
  flag(
    '--output <format>',
    'format of stdout; markdown for plan --show, prometheus for status, html for report',
  )
    .choices(['text', 'json', 'ndjson', 'markdown', 'prometheus', 'html'])
    .default('text'),
  flag('--json', 'the same as --output json'),
  quietFlag,
  flag('--log-level <level>', 'log at this level').choices(['debug', 'info', 'warn', 'error']),
  flag('--log-file <file>', 'log to this file, as JSON lines'),
]

/** Flags of several commands, which mean the same in each. */
export const flags = {
  dryRun: flag('-n, --dry-run', 'show what would be done; write nothing'),
  onChange: flag('--on-change', 'print only trouble that came, changed or went since the last pass'),
  diff: flag('--diff', 'diff of each destination before and after: md5, size, path'),
  all: flag('--all', 'also show what stays as it is'),
  detailedExitcode: flag('--detailed-exitcode', 'exit with 2 when there is something to do'),
  offline: flag('--offline <folder>', 'use saved snapshots, without keys or network'),
  asOf: flag('--as-of <time>', 'as of this time, such as 2026-11-24T06:00:00Z', parseFlag.instant),
  maxTime: flag(
    '--max-time <time>',
    'end the pass cleanly after this long; bytes are kept',
    parseFlag.duration,
  ),
  now: flag('--now', 'transfer even while a timetable sets bandwidth to off'),
  lockTimeout: flag(
    '--lock-timeout <time>',
    'wait this long for a destination in use (default: 0)',
    parseFlag.duration,
  ),
  concurrency: flag('--concurrency <n>', 'backups to run at once, over all processes', parseFlag.concurrency),
  bandwidth: flag(
    '--bandwidth <rate>',
    'limit for all transfers together, such as 25KiB/s or 8Mbit/s; each backup gets its part: this divided by --concurrency (2)',
    parseFlag.rate,
  ),
} as const

/** How fast, and how many at once. */
export const RATE_FLAGS: readonly Option[] = [flags.concurrency, flags.bandwidth, flags.now]

/** What shapes a plan and its output: a pass takes them with --dry-run. */
export const PLAN_FLAGS: readonly Option[] = [
  flags.diff,
  flags.all,
  flags.detailedExitcode,
  flags.offline,
  flags.asOf,
]

/** Of a pass: what `reconcile` and `reconcile run` take. */
export const PASS_FLAGS: readonly Option[] = [
  flags.dryRun,
  flags.onChange,
  ...PLAN_FLAGS,
  flags.maxTime,
  flags.lockTimeout,
  ...RATE_FLAGS,
]

import type {
  Advice,
  FileAtSource,
  FileExplanation,
  FilePoint,
  FileStanding,
  Verdict,
} from '../model/explanation.ts'
import { humanPart, humanSize } from '../model/human-size.ts'
import { instant } from '../model/instant.ts'
import { shellWords } from '../model/shell-words.ts'
import { UNDATED } from '../model/status.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { humanCount } from './human-count.ts'
import { humanAge } from './human-time.ts'
import type { Paint } from './paint.ts'
import { conflictHints } from './trouble-rows.ts'
import { indentOf, padText, wrapText } from './wrap-text.ts'

/** A line under one heading; raw text, escaped here. `command` is never wrapped, so that it can be copied. */
type Fact = string | { readonly command: string }

const HEAD = 11
const START = 2 + HEAD + 2

/** What is known of one file, a heading a fact: selection, point, rules, both sides, what happens next. */
export function fileLines(
  file: FileExplanation,
  brush: Paint,
  { width }: { readonly width: number },
): readonly string[] {
  const part = (head: string, ...said: readonly Fact[]): readonly string[] => {
    const commands = said.flatMap((one) => (typeof one === 'string' ? [] : escapeText(one.command)))
    const indent = ' '.repeat(indentOf(commands, START + 2, width))
    return said.flatMap((one, i) => {
      if (typeof one !== 'string') return indent + brush('cyan', escapeText(one.command))
      const lines = wrapText(escapeProse(one), Math.max(40, width - START - 2))
      return lines.map((line, j) =>
        i === 0 && j === 0
          ? `  ${brush('dim', padText(head, HEAD))}  ${line}`
          : `${' '.repeat(START + (j > 0 ? 2 : 0))}${line}`,
      )
    })
  }
  const ago = (time: string) =>
    `${time.replace(/\.\d+Z$/, 'Z')} (${humanAge(time, instant(Date.parse(file.asOf)))})`
  return [
    ...part('selected', selected(file)),
    ...part('series', ...series(file)),
    ...(file.point === null ? [] : part('point', ...point(file.point, file.timezone))),
    ...part('wanted', wanted(file)),
    ...describeVerdicts(file).flatMap(([rule, text]) => part(`  ${rule}`, text)),
    ...part('source', ...source(file, ago)),
    ...part('destination', destination(file), ...staged(file, ago)),
    ...part('ledger', ...ledger(file, ago)),
    ...part('next', ...file.next),
    ...(file.advice.length === 0 ? [] : part('to change', ...advised(file))),
  ].map((line) => line.trimEnd())
}

function selected({ selection: { selected: isSelected, include, exclude, never } }: FileExplanation): string {
  if (never !== null) return `no: ${NEVER[never]}`
  if (include === null) return 'no: no glob of select.include matches it'
  if (!isSelected) return `no: exclude ${JSON.stringify(exclude)} matches it`
  return `yes: include ${JSON.stringify(include)} matches it, and no exclude does`
}

const NEVER = {
  'list-file': 'it is the list file, which is never data',
  sidecar: 'it is a checksum or signature, which is never data',
  'sums-file': 'it is a sums file, which is never data',
  hidden: 'names that begin with a dot are never data',
  'lost-and-found': 'lost+found is never data',
} as const

function series({ point: of, matches, selection }: FileExplanation): readonly string[] {
  if (of === null && !selection.selected) return ['none: it is not selected']
  if (!matches) return ['none: its name matches no pattern, so it is kept and never pruned']
  if (of === null) return ['none: it is not here and not at the source, or a person removed it']
  if (of.pattern !== undefined) {
    const write =
      of.pattern === null ? '' : `; to fix it, write series.pattern: ${JSON.stringify(of.pattern)}`
    return [`${of.series}, guessed by the date in its name${write}`]
  }
  if (of.series === UNDATED && of.dated !== 'name')
    return ['undated: its name has no certain date, so it is kept by itself']
  return [of.series]
}

function point(of: FilePoint, timezone: string): readonly string[] {
  const others = of.others.map(({ path, standing }) => `with ${path}: ${STANDING[standing]}`)
  return [`${of.local} in ${timezone} (${of.time}); ${DATED[of.dated]}`, POINT[of.standing], ...others]
}

const DATED = {
  name: 'dated by its name',
  mtime: 'dated by its modification time',
  unknown: 'it has no date, so it counts as of now',
} as const

const POINT = {
  whole: 'all its files are published here',
  coming: 'all its files are published here or finished at the source',
  unfinished: 'not all its files are published here or finished at the source: it does not count',
} as const

const STANDING: Readonly<Record<FileStanding, string>> = {
  published: 'published here',
  here: 'here, but not complete',
  finished: 'finished at the source',
  unfinished: 'not finished at the source',
  gone: 'gone',
}

function wanted({ wanted: verdict, matches, rules, selection }: FileExplanation): string {
  if (verdict === null)
    return !matches && selection.selected ? 'yes: it matches no pattern' : 'no rule applies to it'
  if (verdict.wanted) return `yes: ${verdict.reasons.join(', ')}`
  return `no: outside ${rules ?? ''}`
}

function source(
  { source: file, sourceName, known, path, problems }: FileExplanation,
  ago: (time: string) => string,
): readonly string[] {
  if (file === null) {
    if (problems.some((one) => one.path === path && one.code.startsWith('name-')))
      return ['its name there is refused: see above']
    if (known.source === 'complete')
      return [sourceName === undefined ? 'it is not there' : `it is not there; it came from ${sourceName}`]
    return [
      known.source === 'unknown' ? 'not known' : 'it was not seen, but the source was not read completely',
    ]
  }
  const listed =
    file.size === null || file.mtime === null
      ? 'the list names it, but it is not there'
      : `${sizeOf(file.size)}, modified ${ago(file.mtime)}`
  const waiting =
    file.quietSince !== undefined
      ? [`seen like this since ${ago(file.quietSince)}`]
      : file.waitingSince === null
        ? []
        : [`without a marker since ${ago(file.waitingSince)}`]
  const failed =
    file.failedAt === null ? [] : [`this content failed its checksum twice, ${ago(file.failedAt)}`]
  const named = sourceName === undefined ? listed : `${sourceName}: ${listed}`
  return [named, ...(file.quietSince === undefined ? marker(file, ago) : []), ...waiting, ...failed]
}

const BY = { sums: 'by a sums file', source: 'by its rsync, once it was quiet' } as const

function marker(file: FileAtSource, ago: (time: string) => string): readonly string[] {
  switch (file.marker) {
    case 'none':
      return [
        file.isOlder
          ? 'its marker is older than it, so of an earlier version: it is not finished there'
          : 'no marker: it is not finished there',
      ]
    case 'unreadable':
      return ['its marker cannot be used: see above']
    case 'unread':
      return [`marker ${file.markerPath}: not read, because the file is not wanted`]
    case 'claimed': {
      const read = file.readAt === null ? 'read just now' : `read ${ago(file.readAt)}`
      const by = file.by === undefined ? `marker ${file.markerPath}` : BY[file.by]
      return [`${by}, ${read}:`, ...digest(file.digest ?? '')]
    }
    default:
      return file.marker satisfies never
  }
}

const sizeOf = (bytes: number): string =>
  bytes < 1024 ? humanSize(bytes) : `${humanSize(bytes)} (${humanCount(bytes)} bytes)`

/** A sha256 has a line of its own: with a word before it, it would not fit 80 columns. */
const digest = (hex: string): readonly string[] => (hex.length === 64 ? ['sha256', hex] : [`md5 ${hex}`])

function destination({ destination: held, known }: FileExplanation): string {
  if (held === null) return known.destination === 'complete' ? 'it is not here' : 'not known'
  const size = sizeOf(held.size)
  if (held.marker === null) return `${size}, without a marker: not complete`
  return held.marker.wrong
    ? `${size}, but ${held.marker.path} is not the marker that was published`
    : `${size}, with its marker${held.marker.path === null ? '' : ` ${held.marker.path}`}`
}

function staged({ staged: part, source: file }: FileExplanation, ago: (time: string) => string) {
  if (part === null) return []
  const much = file?.size == null ? humanSize(part.bytes) : humanPart(part.bytes, file.size)
  const unwanted = part.unwantedSince === null ? '' : `, not wanted since ${ago(part.unwantedSince)}`
  return [`${much} staged${unwanted}`]
}

function ledger({ ledger: record, pruned }: FileExplanation, ago: (time: string) => string) {
  const gone =
    pruned === null
      ? []
      : [
          `pruned ${ago(pruned.at)} by ${pruned.by === 'policy' ? 'the policy' : 'a person'}${byPlan(pruned.planId, null)}: ${pruned.reason}`,
          pruned.until === null
            ? 'gone from the trash'
            : `in the trash until ${ago(pruned.until)} (prune.trashFor)`,
        ]
  if (record === null) return ['it is not in the ledger', ...gone]
  return [
    `published ${ago(record.since)}${byPlan(record.planId, record.revision)}`,
    ...digest(record.md5),
    ...digest(record.sha256),
    record.rotten
      ? `last read ${ago(record.readAt)} and sound then; its content has changed since: rotten`
      : `last read ${ago(record.readAt)}, and sound`,
    ...gone,
  ]
}

const byPlan = (planId: string | null, revision: string | null): string =>
  (planId === null ? '' : `, by plan ${planId}`) + (revision === null ? '' : ` of revision ${revision}`)

function advised({ advice, steps }: FileExplanation): readonly Fact[] {
  const clash = steps.find(({ action }) => action === 'conflict')
  const lines: Fact[] = advice.flatMap(({ message, command }: Advice): readonly Fact[] =>
    command === undefined ? [message] : [`${message}:`, { command: shellWords(command) }],
  )
  if (clash?.held === undefined || clash.source === undefined) return lines
  const hints = conflictHints({ path: clash.path, held: clash.held, source: clash.source })
  return [...lines, ...hints.filter((hint) => 'command' in hint)]
}

const PERIODS: Readonly<Record<string, string>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  yearly: 'year',
}

/** Each rule that is set with its verdict, then those that are not set, on one line. Raw text. */
function describeVerdicts(
  file: Pick<FileExplanation, 'verdicts' | 'pick' | 'pinnedBy'>,
): readonly (readonly [rule: string, text: string])[] {
  const said = file.verdicts.filter(({ verdict }) => verdict !== 'not-set')
  const silent = file.verdicts.flatMap(({ rule, verdict }) => (verdict === 'not-set' ? [rule] : []))
  return [
    ...said.map((verdict) => [verdict.rule, describeRule(verdict, file)] as const),
    ...(silent.length === 0 ? [] : [['not set', silent.join(', ')] as const]),
  ]
}

function describeRule(verdict: Verdict, file: Pick<FileExplanation, 'pick' | 'pinnedBy'>): string {
  switch (verdict.verdict) {
    case 'not-set':
      return 'not set'
    case 'kept':
      return `keeps it: ${keptBy(verdict, file.pinnedBy)}`
    case 'beyond':
      return `no: ${placeOf(verdict)}, and it keeps ${verdict.keeps}`
    case 'stood-for':
      return `no: ${placeOf(verdict)} of ${verdict.keeps}, and ${verdict.by.name} represents it, the ${file.pick} of its points`
    case 'too-old':
      return `no: it is not younger than ${verdict.since}, counted back from the newest point`
    case 'not-counted':
      return 'it is pinned, so no rule counts it'
    case 'not-pinned':
      return 'no: no glob matches any of its files'
    case 'not-oldest':
      return `no: the oldest is ${verdict.oldest.name}`
    case 'not-needed':
      return verdict.hasRoom
        ? 'no: it is the oldest, and already represents its period'
        : 'no: it is the oldest, and every rule is filled'
    default:
      return verdict satisfies never
  }
}

function keptBy(verdict: Extract<Verdict, { verdict: 'kept' }>, pins: readonly string[]): string {
  const { rule, keeps, nth, period, since, rules } = verdict
  if (nth !== undefined && keeps !== undefined) return `${placeOf({ rule, nth, period })} of ${keeps}`
  if (since !== undefined) return `it is younger than ${since}, counted back from the newest point`
  if (rules !== undefined) return `it is the oldest, and there is room in ${rules.join(', ')}`
  return `${pins.map((pin) => JSON.stringify(pin)).join(', ')} matches it`
}

/** `its week, 2026-W48, is 3rd`; of `last`, `among the newest points it is 3rd`. */
function placeOf(at: { readonly rule: string; readonly nth: number; readonly period?: string | undefined }) {
  const word = PERIODS[at.rule]
  const what =
    word === undefined || at.period === undefined
      ? 'among the newest points it'
      : `its ${word}, ${at.period},`
  return `${what} is ${ordinal(at.nth)}`
}

/** `1st`, `22nd`, `113th`. */
export function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13
  return `${n}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`
}

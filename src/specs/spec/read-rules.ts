import { type Precision, patternFault, patternPrecision } from '../../decide/retention/series-pattern.ts'
import type { Expectation, PruneRules, RetainRules, SeriesRules } from '../../model/spec.ts'
import { faultAt, type KeyPath, keyPathText, placeOf, textAt, valueAt } from '../yaml/located.ts'
import { readUntil } from './read-until.ts'
import { cronFault, globFault, zoneFault } from './text-faults.ts'
import { atLeast, parseDuration, parsePeriod, parseRhythm } from './units.ts'
import { faultless, type ValueReader } from './value-reader.ts'

/** How files are told apart by date, and what is kept, expected and pruned of them. */
export function readRules(reader: ValueReader): {
  readonly series: SeriesRules
  readonly retain: RetainRules | null
  readonly expect: readonly Expectation[]
  readonly prune: PruneRules
} {
  const { read, plain, isWritten } = reader
  read(['series', 'timezone'], 'bad-timezone', faultless(zoneFault))
  checkPatterns(reader)
  const expect = oneOrMany(reader, ['expect']).map((path) => readExpectation(reader, path))
  checkPruning(reader)
  return {
    series: { patterns: plain(['series', 'pattern']) ?? [], timezone: timezoneOf(reader) },
    retain: isWritten(['retain']) ? readRetain(reader) : null,
    expect,
    prune: {
      mode: plain(['prune', 'mode']),
      keepAtLeast: plain(['prune', 'keepAtLeast']),
      minAge: read(['prune', 'minAge'], 'out-of-range', parseDuration),
      trashFor: read(['prune', 'trashFor'], 'out-of-range', parseDuration),
    },
  }
}

/** Where no other zone is named. */
export const timezoneOf = ({ root }: ValueReader): string => textAt(root, ['series', 'timezone']) ?? 'UTC'

function readRetain({ read, plain, each }: ValueReader): RetainRules {
  const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
  const count = (rule: (typeof counts)[number]) => [rule, plain(['retain', rule]) ?? null]
  const within = read(['retain', 'within'], 'out-of-range', (text) => {
    const seconds = atLeast(parseDuration, 1)(text)
    return seconds.ok ? parsePeriod(text) : seconds
  })
  return {
    ...(Object.fromEntries(counts.map(count)) as Pick<RetainRules, (typeof counts)[number]>),
    within: within === undefined ? null : { ...within, text: plain(['retain', 'within']) },
    pick: plain(['retain', 'pick']),
    pin: each(['retain', 'pin'], (path) => read(path, 'bad-glob', faultless(globFault))),
  }
}

function readExpectation(reader: ValueReader, path: KeyPath): Expectation {
  const { read } = reader
  const cron = read([...path, 'cron'], 'bad-cron', faultless(cronFault))
  const every = read([...path, 'every'], 'out-of-range', atLeast(parseRhythm, 1))
  return {
    series: read([...path, 'series'], 'bad-glob', faultless(globFault)) ?? null,
    rhythm:
      cron !== undefined
        ? { kind: 'cron', cron: cron.trim() }
        : every === null
          ? { kind: 'never' }
          : { kind: 'every', seconds: every },
    grace: read([...path, 'grace'], 'out-of-range', parseDuration),
    until: readUntilAt(reader, [...path, 'until']),
  }
}

/** Null: nothing is written there. */
export const readUntilAt = (reader: ValueReader, path: KeyPath) =>
  reader.read(path, 'bad-time', (text) => readUntil(text, timezoneOf(reader))) ?? null

/** The paths of a list's items, or of the single value that may be written instead of a list. */
const oneOrMany = ({ root, each }: ValueReader, path: KeyPath): readonly KeyPath[] => {
  const value = valueAt(root, path)
  return value === null ? [] : value.kind === 'list' ? each(path, (item) => item) : [path]
}

function checkPatterns(reader: ValueReader): void {
  const { faults, isFaulty } = reader
  const patterns = oneOrMany(reader, ['series', 'pattern'])
  const before = faults.length
  for (const path of patterns) checkPattern(reader, path)
  if (faults.length === before && !patterns.some(isFaulty)) checkPrecision(reader, patterns)
}

/** At the token itself, if the file holds the text without escapes. */
function checkPattern({ root, faults, isFaulty }: ValueReader, path: KeyPath): void {
  const text = textAt(root, path)
  const fault = text === null || isFaulty(path) ? null : patternFault(text)
  if (fault === null) return
  const whole = placeOf(root, path)
  const written = whole.source.text.slice(whole.start, whole.end)
  const quote = /^["']/.test(written) ? 1 : 0
  const asIs = written.slice(quote, written.length - quote) === text
  const start = whole.start + quote + fault.at
  const place = asIs ? { source: whole.source, start, end: start + fault.length } : whole
  faults.push(faultAt(place, 'bad-pattern', `${keyPathText(path)}: ${fault.message}`))
}

const FINENESS: readonly Precision[] = ['year', 'month', 'day', 'hour']

/** The coarsest date by which a rule can distinguish periods. */
const NEEDED: Readonly<Record<string, Precision>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'day',
  monthly: 'month',
}

/** A rule that needs a finer date than any name has. Names without a date use the modification time, which is fine enough. */
function checkPrecision({ root, isWritten, fault }: ValueReader, patterns: readonly KeyPath[]): void {
  const precisions = patterns.map((path) => FINENESS.indexOf(patternPrecision(textAt(root, path) ?? '')))
  const finest = Math.max(...precisions)
  // Finer than an hour, and no date at all, are not in the list.
  if (precisions.length === 0 || precisions.includes(-1)) return
  for (const [rule, needed] of Object.entries(NEEDED)) {
    if (!isWritten(['retain', rule]) || FINENESS.indexOf(needed) <= finest) continue
    const message = `retain.${rule} needs the ${needed}, and series.pattern tells the ${FINENESS[finest]} only`
    fault(['retain', rule], 'too-coarse', message, `remove it, or add the ${needed} to the pattern`)
  }
}

const MODE: KeyPath = ['prune', 'mode']

/** I9: what prunes by itself must notice that nothing new comes; series that are only guessed are no ground to remove anything unasked. */
function checkPruning(reader: ValueReader): void {
  const { root, isWritten, fault } = reader
  const mode = textAt(root, MODE)
  if (mode === 'auto' && !isWritten(['expect'])) {
    const message =
      'prune.mode is "auto" without "expect": old copies would keep being removed even when no new ones arrive'
    fault(MODE, 'missing-key', message, 'add for example "expect: { every: 24h, grace: 2h }"')
  } else if (mode === 'auto' && isWritten(['retain']) && !isWritten(['series', 'pattern'])) {
    const message =
      'prune.mode is auto, and without series.pattern series are guessed by the dates in names: nothing of them is ever removed'
    const pattern = JSON.stringify(`{series}-{YYYY}-{MM}-{DD}${endingOf(reader)}`)
    const hint = `write how names are made, for example series: { pattern: ${pattern}, timezone: ${timezoneOf(reader)} }; a dry run prints the pattern that fits`
    fault(MODE, 'guessed-series', message, hint, 'warning')
  }
  // Without `retain` everything is wanted, whatever else the spec says of pruning.
  if ((mode !== 'manual' && mode !== 'auto') || isWritten(['retain'])) return
  // What _defaults.yaml lets all backups do, a spec that keeps everything need not take back.
  if (placeOf(root, MODE).source !== root.place.source) return
  const message = `prune.mode is ${mode}, and there is no retain: everything is wanted, and nothing is ever removed`
  fault(MODE, 'prunes-nothing', message, 'say with retain what is to be kept', 'warning')
}

/** How the names that are included end, as far as a glob says so. */
function endingOf(reader: ValueReader): string {
  const [first] = oneOrMany(reader, ['select', 'include'])
  return /^[^/]*\*((?:\.[A-Za-z0-9]+)+)$/.exec((first && textAt(reader.root, first)) ?? '')?.[1] ?? '.tar.gz'
}

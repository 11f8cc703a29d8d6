import { groupBy } from '../../model/group-by.ts'
import { DAY } from '../../model/instant.ts'
import { baseName, folderOf } from '../../model/rel-path.ts'
import { splitName } from '../files/dated-name.ts'
import { dateOf } from '../retention/name-date.ts'
import { patternFault, patternPrecision } from '../retention/series-pattern.ts'
import { type Finding, type Look, type Naming, someOf } from './findings.ts'
import { around, type Numbered } from './name-kinds.ts'
import { isPlainText, literalGlob } from './sort-files.ts'
import { guessZone } from './zone.ts'

const MOST_PATTERNS = 20
/** Days. */
const FRESH = 35
/** So many names that nothing tells apart are files of a person. */
const MOST_REWRITTEN = 200
const DATE = '{YYYY}-{MM}-{DD}'
const OVERWRITTEN = `{stem}-${DATE}{ext}`

export function guessNaming(look: Look): Naming {
  const { files, sorted, kinds, box, isLive, isOriginals } = look
  if (isLive || isOriginals) return { findings: [], patterns: [], timezone: box, renamed: null }
  // Up to a few hundred, from all groups alike.
  const step = Math.max(1, Math.floor(sorted.backups.length / 400))
  const some = sorted.backups.filter((_, i) => i % step === 0 || i >= sorted.backups.length - 50)
  const { zone: timezone, ground, isSure } = guessZone(some, files, box)
  const versions = guessVersions(look)
  const written = patternsFor(look, versions.as)
  const findings = [...versions.findings, ...written.findings]
  if (written.patterns.length > 0 || versions.as !== null || kinds.dated.length > 0) {
    const question = isSure ? undefined : 'Which time zone are the dates in?'
    findings.push({ key: 'series.timezone', value: timezone, ground, question })
  }
  return { findings, patterns: written.patterns, timezone, renamed: versions.renamed }
}

interface Versions {
  readonly findings: readonly Finding[]
  /** Null: names are kept. */
  readonly as: string | null
  readonly renamed: readonly string[] | null
}

const KEPT: Versions = { findings: [], as: null, renamed: null }

/** Names that repeat: each night's backup under the name of the last, or numbers that move up. */
function guessVersions({ files, kinds, now }: Look): Versions {
  const { numbered, fixed } = kinds
  const undated = [...fixed, ...numbered.flatMap(({ members }) => members)]
  const rotated = numbered.filter(({ how }) => how === 'rotated')
  const isMixed = kinds.dated.length + kinds.loose.size > 0
  const unknown = (ground: string, question: string, example = OVERWRITTEN): Versions => ({
    ...KEPT,
    findings: [{ key: 'select.as', value: undefined, example, ground, question }],
  })

  /** One dated name for all of these families, each in its folder, where nothing else is there. */
  const together = (families: readonly Numbered[], ground: string): Versions | null => {
    const names = new Set(families.map((one) => commonName(one, files)))
    const [as = null] = names
    const count = families.reduce((sum, { members }) => sum + members.length, 0)
    if (isMixed || names.size !== 1 || as === null || count !== undated.length) return null
    const findings: Finding[] = [{ key: 'select.as', value: as, ground }]
    return { findings, as, renamed: families[0]!.members }
  }

  const [first] = rotated
  if (first !== undefined) {
    const ground = `${someOf(first.members)}: the lowest number is the newest, so each backup moves through all of them`
    if (first.last.isFolder) return isMixed ? unknown(ground, APART) : rotatedFolders(rotated, ground, files)
    const example = commonName(first, files) ?? undefined
    return (
      together(rotated, ground) ?? unknown(ground, `${APART} Its select.as leaves the number out`, example)
    )
  }
  const rings = numbered.filter(({ how }) => how === 'ring')
  const again = [...fixed, ...rings.flatMap(({ members }) => members)]
  if (again.length === 0) return KEPT
  const daysOld = (path: string): number =>
    Math.max(0, Math.floor(((now / 1000 - files.get(path)!.mtime) * 1000) / DAY))
  const fresh = again.filter((path) => daysOld(path) <= FRESH)
  const days = again.reduce((least, path) => Math.min(least, daysOld(path)), Number.POSITIVE_INFINITY)
  const age = days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`
  const ground =
    rings.length > 0
      ? `${someOf(rings[0]!.members)}: each is overwritten in turn`
      : `${someOf(again)}: no date in the name, and the newest is ${age} old`
  if (isMixed || undated.length > again.length)
    return fresh.length === 0
      ? KEPT
      : unknown(
          ground,
          `Is it overwritten by each backup? Then only its first copy would be held here. ${APART}`,
        )
  if (fresh.length * 2 < again.length || again.length > MOST_REWRITTEN)
    return unknown(ground, 'Are these names overwritten by each backup?')
  const ring = rings.length === 0 ? null : together(rings, ground)
  if (ring !== null) return ring
  const question =
    'Is each name overwritten by the next backup? If a name is only ever written once, remove this line'
  const finding: Finding = { key: 'select.as', value: OVERWRITTEN, ground, question }
  return { findings: [finding], as: OVERWRITTEN, renamed: [] }
}

const APART = 'Give it a spec of its own, with select.include and select.as.'

/** What all numbers of a family are called here, by their time; null: it cannot be written. */
function commonName({ before, after, members }: Numbered, files: Look['files']): string | null {
  const whole = baseName(before + after)
  if (/[{}]/.test(whole) || !isPlainText(whole)) return null
  const times = members.map((path) => files.get(path)!.mtime).sort((a, b) => a - b)
  const gaps = times.slice(1).map((time, i) => time - times[i]!)
  const clock = Math.min(...gaps) < 72_000 ? '_{hh}{mm}' : ''
  const { stem, ext } = splitName(whole)
  return `${stem === '' ? '' : `${stem}-`}${DATE}${clock}${ext}`
}

/** daily.0/db.tar: only what comes into the first folder is new. */
function rotatedFolders(all: readonly Numbered[], ground: string, files: Look['files']): Versions {
  const firsts = all.map(({ members }) => members[0]!)
  const newest = firsts.reduce((best, path) =>
    files.get(path)!.mtime > files.get(best)!.mtime ? path : best,
  )
  const top = /^.*?[._-]\d+(?=\/)/.exec(newest)?.[0] ?? folderOf(newest)
  const kept = firsts.filter((path) => path.startsWith(`${top}/`))
  const include = `${literalGlob(top)}/**`
  if (kept.length > 20 || !isPlainText(include)) {
    const question = `Are these trees of files rather than archives? Copying ${top} alone brings each change once`
    return {
      ...KEPT,
      findings: [{ key: 'select.include', value: undefined, example: [include], ground, question }],
    }
  }
  const question = `Is ${top} always the newest? Then only it needs to be copied`
  const again = 'each backup reuses the name of the one before'
  return {
    findings: [
      { key: 'select.include', value: [include], ground, question },
      { key: 'select.as', value: OVERWRITTEN, ground: again },
    ],
    as: OVERWRITTEN,
    renamed: all.find(({ members }) => members[0] === kept[0])?.members ?? [],
  }
}

/** The patterns to write; none where names say nothing, or too many things. */
function patternsFor(
  { kinds, sorted }: Look,
  as: string | null,
): { readonly patterns: readonly string[]; readonly findings: readonly Finding[] } {
  if (as !== null) return patternsOfRenamed(as, sorted.backups)
  const found = new Map<string, number>()
  const missing: string[] = []
  const add = (pattern: string, count: number) => found.set(pattern, (found.get(pattern) ?? 0) + count)
  for (const { pattern, sample, count } of kinds.dated) {
    if (pattern === null) missing.push(sample)
    else add(pattern, count)
  }
  const singles: string[] = []
  for (const [pattern, { by, sample, count }] of kinds.loose)
    if (count > 1 || by === 'epoch' || by === 'month') add(pattern, count)
    else singles.push(sample)
  for (const { how, members, last } of kinds.numbered) {
    if (how !== 'counted' || last.isFolder) continue
    const from = last.path.lastIndexOf('/') + 1
    const pattern = around(last.path.slice(from), last.start - from, last.end - from, '{part}')
    if (pattern !== null) add(pattern, members.length)
  }
  const merged = mergeTails(found)
  if (merged.length === 0 && missing.length === 0) return { patterns: [], findings: [] }
  const ground =
    merged.length === 0 || missing.length > 0
      ? `${someOf(missing)}: no pattern can say this date`
      : merged.length > MOST_PATTERNS
        ? `names have ${merged.length} different forms, such as ${someOf(merged)}`
        : `${someOf(merged.length === 1 ? sorted.backups.slice(0, 1) : sorted.backups)}`
  if (merged.length === 0 || merged.length > MOST_PATTERNS || missing.length > 0) {
    const isTwofold = missing.length > 0 && dateOf(missing[0]!)?.date === null
    const question = isTwofold
      ? `Is the month or the day first in ${missing[0]}?`
      : 'Is it enough that series are guessed by the dates in names? Such are never pruned by themselves'
    return {
      patterns: [],
      findings: [{ key: 'series.pattern', value: undefined, example: merged[0], ground, question }],
    }
  }
  const value = merged.length === 1 ? merged[0]! : merged
  const beside = singles.length + kinds.fixed.length
  const question =
    beside === 0
      ? undefined
      : `${someOf([...singles, ...kinds.fixed])}: without a date, so kept for good. Is that meant?`
  return {
    patterns: merged,
    findings: [{ key: 'series.pattern', value, ground: `names such as ${ground}`, question }],
  }
}

/**
 * The most exact pattern first, for the first that fits counts. Where names end with an id of their own, each would have a pattern: what
 * differs is any part then.
 */
function mergeTails(found: ReadonlyMap<string, number>): readonly string[] {
  const tails = groupBy(found.keys(), (pattern) => pattern.replace(TAIL, '$1{part}'))
  const all = [...tails].flatMap(([key, same]) => {
    const files = same.reduce((sum, pattern) => sum + found.get(pattern)!, 0)
    const isId = same.length > 3 && same.length * 2 > files && patternFault(key) === null
    return isId ? [key] : same
  })
  const rank = (pattern: string): number =>
    pattern.includes('{epoch}') ? 20 : patternPrecision(pattern) === 'none' ? 30 : -pattern.split('{').length
  return all.sort((a, b) => rank(a) - rank(b))
}

/** What follows the last token, up to the extensions. */
const TAIL = /(?<=\})([-_.]+)[^{}/.]+(?=(?:\.[A-Za-z][A-Za-z0-9]{0,4})*$)/

/** Under `select.as` all names carry a date. */
function patternsOfRenamed(as: string, backups: readonly string[]): ReturnType<typeof patternsFor> {
  const ends = new Set(
    backups.map((path) => splitName(baseName(path)).ext).filter((ext) => !/[{}]/.test(ext)),
  )
  const patterns = as.includes('{ext}')
    ? [...ends].map((ext) => as.replace('{stem}', '{series}').replace('{ext}', ext))
    : [as]
  if (patterns.length > MOST_PATTERNS) return { patterns: [], findings: [] }
  const ground = 'the names that select.as makes'
  const value = patterns.length === 1 ? patterns[0]! : patterns
  return { patterns, findings: [{ key: 'series.pattern', value, ground }] }
}

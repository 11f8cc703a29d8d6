import { DAY } from '../../model/instant.ts'
import type { ListedFile } from '../../model/listing.ts'
import { isSumsFile } from '../../model/marker-name.ts'
import { baseName } from '../../model/rel-path.ts'
import { anyOf } from '../files/select.ts'
import { spanText } from '../status/freshness.ts'
import { isZone } from '../time/zone.ts'
import type { Finding, Guess, GuessFacts, Look, Sort } from './findings.ts'
import { someOf } from './findings.ts'
import { kindsOf, type NameKinds } from './name-kinds.ts'
import { guessNaming } from './naming.ts'
import { guessRetain } from './retention.ts'
import { guessRhythm, shortestOf, timedSeries } from './rhythms.ts'
import {
  findVouchers,
  isMedia,
  isPlainText,
  isTree,
  literalGlob,
  sortFiles,
  uselessChecksums,
  type Vouchers,
} from './sort-files.ts'

/**
 * A spec's keys as the files of a source suggest them, each with its ground. What a listing cannot show is a question. Paths may be any
 * text: what the listing refused cannot hurt.
 */
export function guessSpec(
  files: ReadonlyMap<string, Pick<ListedFile, 'size' | 'mtime'>>,
  { now, texts = new Map(), zone }: GuessFacts,
): Guess {
  const box = isZone(zone) ? zone : 'UTC'
  const warning = liveData(files)
  const isLive = warning !== null
  // Of a repository no file is beside the others.
  const sorted = isLive
    ? { backups: [...files.keys()], sidecars: [], sums: [], others: [], exclude: [] }
    : sortFiles(files, texts)
  const kinds = kindsOf(sorted.backups, files, now)
  const isOriginals = !isLive && areOriginals(sorted.backups, kinds)
  const look = { files, sorted, kinds, now, box, isLive, isOriginals }
  const naming = guessNaming(look)
  const series = timedSeries(look, naming)
  const finished = guessFinished(look, findVouchers(sorted, files, texts), shortestOf(series))
  const findings = [
    ...(isLive ? [warning] : []),
    ...finished,
    ...selected(look, finished[0]!.value),
    ...naming.findings,
    ...guessRetain(look, naming, series),
    ...guessRhythm(look, series),
  ]
  const sort = (paths: readonly string[]): Sort => ({ count: paths.length, names: paths.slice(0, 3) })
  const { backups, sidecars, sums, others } = sorted
  return {
    findings,
    files: { backups: sort(backups), sidecars: sort(sidecars), sums: sort(sums), others: sort(others) },
  }
}

/** Photos, films or sounds; or many names in many folders, of which nothing tells versions apart. */
function areOriginals(backups: readonly string[], { fixed, numbered }: NameKinds): boolean {
  if (backups.filter(isMedia).length * 5 > backups.length * 4) return true
  const alone = numbered.filter(({ how }) => how === 'counted').flatMap(({ members }) => members)
  return (fixed.length + alone.length) * 2 > backups.length && isTree([...fixed, ...alone])
}

/** What is no pile of finished files, by the names in it. */
function liveData(files: ReadonlyMap<string, unknown>): Finding | null {
  const found = new Set<string>()
  let config = ''
  for (const path of files.keys()) {
    if (!HINT.test(path)) continue
    if (/(?:^|\/)config$/.test(path)) config = path.slice(0, -'config'.length)
    for (const [name, sign] of SIGNS) if (sign.test(path)) found.add(name)
  }
  const where = config === '' ? '' : ` in ${config}`
  if (found.has('chunks'))
    return aboutSource(
      'this is the store of a Proxmox Backup Server; its data is in .chunks, and no name with a dot in front is copied',
      'Can a second Proxmox Backup Server pull it with a sync job instead? What is copied here alone restores nothing',
    )
  const repository = REPOSITORIES.find(({ signs }) => signs.every((sign) => found.has(sign)))
  if (repository !== undefined) {
    const { tool, better } = repository
    return aboutSource(
      `these are the files of a ${tool} repository${where}, which only make sense together`,
      `Should the repository itself be copied? A copy made while ${tool} writes may not open: copy it while nothing writes, and prove it with a drill. ${better} is often better`,
    )
  }
  const live = found.has('nextcloud')
    ? "Nextcloud's data folder"
    : found.has('database')
      ? 'a database'
      : null
  if (live === null) return null
  return aboutSource(
    `these look like the live files of ${live}, which change while they are read`,
    'Is there a folder with finished dumps or archives instead? A copy of live files may not be usable',
  )
}

const aboutSource = (ground: string, question: string): Finding => ({
  key: 'source',
  value: undefined,
  ground,
  question,
})

/** `better`: than a copy of its files. */
const REPOSITORIES = [
  { tool: 'restic', signs: ['restic'], better: '"restic copy" or a second repository' },
  { tool: 'borg', signs: ['borg', 'borg index'], better: 'A second repository' },
  { tool: 'kopia', signs: ['kopia'], better: '"kopia repository sync-to" or a second repository' },
]

/** One look at most names instead of one for each sign. */
const HINT = /config$|[0-9a-f]{64}$|data\/|\.\d+$|kopia|ibdata|PG_VERSION|pg_wal|ib_logfile|appdata_/
const SIGNS: readonly (readonly [name: string, sign: RegExp])[] = [
  ['chunks', /(?:^|\/)\.chunks\/[0-9a-f]{4}\/[0-9a-f]{64}$/],
  ['restic', /(?:^|\/)(?:snapshots|keys|index|data\/[0-9a-f]{2})\/[0-9a-f]{64}$/],
  ['borg', /(?:^|\/)data\/\d+\/\d+$/],
  ['borg index', /(?:^|\/)(?:index|hints|integrity)\.\d+$/],
  ['kopia', /(?:^|\/)kopia\.(?:repository|blobcfg)(?:\.f)?$/],
  ['nextcloud', /(?:^|\/)appdata_[0-9a-z]+\//],
  ['database', /(?:^|\/)(?:ibdata1|PG_VERSION|pg_wal\/[0-9A-F]{24}|ib_logfile0)$/],
]

const KINDS = ['sha256', 'md5'] as const

/** `shortest`: seconds between two backups of the series that makes the most; null: not known. */
function guessFinished(
  { files, sorted, now }: Look,
  { marked, unreadable, sums }: Vouchers,
  shortest: number | null,
): readonly Finding[] {
  const { backups } = sorted
  if (backups.length === 0) {
    const question =
      'Does the source write X.md5 next to each X, or one MD5SUMS? If neither, quiet takes what has stopped changing'
    const ground = files.size === 0 ? 'the source shows no files yet' : 'the source shows no backups yet'
    return [{ key: 'finished', value: undefined, example: { quiet: '30m' }, ground, question }]
  }
  // Of what is being written now the sidecar comes last.
  const settled = backups.filter((path) => files.get(path)!.mtime * 1000 < now - DAY)
  const judged = settled.length === 0 ? backups : settled
  const judgedText = `${judged.length} backups${judged.length < backups.length ? ' that are older than a day' : ''}`
  const kind = marked.sha256.size >= marked.md5.size ? 'sha256' : 'md5'
  const own = marked[kind]
  const bare = judged.filter((path) => !own.has(path))
  const isMarked = own.size > 0 && unreadable === null && bare.length * 2 <= judged.length
  const checksum = (of: (typeof KINDS)[number], ground: string): readonly Finding[] =>
    of === 'md5' ? [] : [{ key: 'checksum', value: 'sha256', ground }]

  const { named = null } = sums ?? {}
  // Sums files by a suffix are markers too.
  const unnamed = sums?.name === `*.${kind}` ? bare : judged
  const missed = named === null ? [] : unnamed.filter((path) => !named.has(path))
  const isNamed = named !== null && missed.length < bare.length && missed.length * 2 <= judged.length
  if (sums !== null && (isNamed || (named === null && !isMarked))) {
    const ground = isNamed
      ? `${judged.length - missed.length} of ${judgedText} are named in ${sums.name}`
      : isSumsFile(sums.name)
        ? `${sums.name} has the name of a file with the sums of others`
        : `each ${sums.name} seems to cover several files`
    const question = isNamed
      ? leftOut(missed, 'not named there', 'have them named')
      : `Does ${sums.name} name every backup, and is it written last?`
    return [
      { key: 'finished', value: { sums: sums.name }, ground, question },
      ...checksum(sums.kind, `the sums in ${sums.name} are SHA-256`),
    ]
  }
  if (isMarked) {
    const ground = `${judged.length - bare.length} of ${judgedText} have a .${kind} file next to them`
    const question = leftOut(bare, 'without one', 'have the source mark them')
    return [
      { key: 'finished', value: 'marker', ground, question },
      ...checksum(kind, `the checksum files are .sha256`),
    ]
  }
  const useless = uselessChecksums(sorted)
  const largest = judged.reduce((most, path) => Math.max(most, files.get(path)!.size), 0)
  const usual = largest >= 100 * 2 ** 30 ? 7200 : 1800
  const span = spanText(Math.max(60, Math.min(usual, Math.floor((shortest ?? usual * 4) / 240) * 60)))
  const ground =
    unreadable !== null
      ? `${unreadable.path} and its like cannot be read as checksum files${WRITERS[unreadable.fault.writtenAs ?? ''] ?? ''}`
      : useless.length > 0
        ? `${someOf(useless, 1)}: only MD5 and SHA-256 can be checked here`
        : own.size > 0
          ? `only ${judged.length - bare.length} of ${judgedText} have a .${kind} file next to them`
          : 'there are no checksum files'
  const question =
    unreadable !== null
      ? `Can they be written as md5sum does ("DIGEST  NAME")? Then finished: marker is better`
      : `Can a job pause for more than ${span} while it writes? Then choose longer`
  return [{ key: 'finished', value: { quiet: span }, ground, question }]
}

/** What to do about those that would never be finished; undefined: there are none. */
const leftOut = (paths: readonly string[], why: string, instead: string): string | undefined =>
  paths.length === 0
    ? undefined
    : `${someOf(paths)}: ${why}, so ${paths.length === 1 ? 'it waits' : 'they wait'}. Leave out with select.exclude, or ${instead}?`

const WRITERS: Readonly<Record<string, string>> = {
  'get-filehash': ": they are PowerShell's table, not its Hash alone",
  certutil: ': they are the output of certutil',
  'utf-16': ': they are UTF-16, as PowerShell writes it',
  html: ': they are web pages',
  zeros: ': they are full of zeros',
}

/** What a spec would select and is no backup. */
function selected({ sorted }: Look, finished: Finding['value']): readonly Finding[] {
  const isUsed =
    typeof finished === 'object' && finished !== null && 'sums' in finished
      ? anyOf([String(finished['sums'])])
      : () => false
  const unused = new Set(sorted.sums.filter((path) => !isUsed(path)).map(baseName))
  const globs = [...sorted.exclude, ...[...unused].filter(isPlainText).map(literalGlob)].slice(0, 200)
  if (globs.length === 0) return []
  const ground = `${someOf([...sorted.others, ...unused])}: not ${sorted.others.length + unused.size === 1 ? 'a backup, by its name' : 'backups, by their names'}`
  return [{ key: 'select.exclude', value: globs, ground }]
}

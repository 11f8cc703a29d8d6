import type { ListFile, Listing } from '../../model/listing.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Problem } from '../../model/trouble.ts'

/** How a list file fits the folder that it lists. */
export interface ListFit {
  /** What is wrong with the list itself; null: nothing. */
  readonly problem: Problem | null
  /** Lines that are not names, by what they look like: nothing is waited for because of them. */
  readonly odd: ReadonlySet<RelPath>
  /** Whether what it does not name is absent. A list that is not a list of names proves nothing. */
  readonly isBelieved: boolean
}

const FITS: ListFit = { problem: null, odd: new Set(), isBelieved: true }

/**
 * I14: a list of which nothing exists, or whose lines hold more than names, is reported at once: what it means to name would be waited for without
 * end. Pure.
 */
export function judgeList(list: RelPath, { names }: ListFile, { files, completeness }: Listing): ListFit {
  // A listing that was cut shows that nothing is absent.
  if (completeness !== 'complete') return FITS
  const missing = [...names.keys()].filter((name) => !files.has(name))
  if (missing.length === 0) return FITS
  const isUnfit = missing.length === names.size
  const has = (name: string | undefined): boolean => files.has(name as RelPath)
  const odd = new Map<RelPath, string>()
  let isNaming = false
  for (const line of missing) {
    const found = LINE_KINDS.find(({ pattern }) => pattern.test(line))
    const isMeant =
      has(line.trim()) || has(unquoted(line)) || (found?.goesBefore === true && has(lastWord(line)))
    // Where the other lines are names, this may be one that is not there yet.
    if (found === undefined || !(isUnfit || isMeant || found.isNoName)) continue
    odd.set(line, found.look)
    isNaming ||= isMeant
  }
  if (odd.size === 0 && !isUnfit) return FITS
  const shown = (isUnfit ? missing : [...odd.keys()]).slice(0, SHOWN).map(quoted).join(', ')
  const [look = 'names of files that are not there'] = odd.values()
  const [is, looks] = odd.size === 1 ? ['is not a name', 'looks'] : ['are not names', 'look']
  return {
    problem: {
      code: isUnfit ? 'list-fits-nothing' : 'list-odd-lines',
      path: list,
      message: isUnfit
        ? `nothing that the list file names is in its folder (${count(names.size, 'line')}); its first lines look like ${look}: ${shown}`
        : `${count(odd.size, 'line')} of the list file ${is}, and ${looks} like ${look}: ${shown}`,
      hint: WRITE_NAMES,
    },
    odd: new Set(odd.keys()),
    isBelieved: !isUnfit && !isNaming,
  }
}

const SHOWN = 3
const LONGEST = 60
const WRITE_NAMES =
  'Have the list written again: plain names of files in its own folder, one a line, as ls writes them (ls > LIST), or md5sum lines.'

const quoted = (name: string): string =>
  JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name)

const count = (n: number, what: string): string => `${n} ${n === 1 ? what : `${what}s`}`

const unquoted = (line: string): string => line.trim().replace(/^(["'`])(.*)\1[,;]?$/, '$2')
const lastWord = (line: string): string | undefined => line.trim().split(/\s+/).at(-1)

interface LineKind {
  readonly look: string
  readonly pattern: RegExp
  /** No file is called that. */
  readonly isNoName?: true
  /** The name is at the end, after something else. */
  readonly goesBefore?: true
}

/** What lines that are not names may look like; the first that fits counts. */
const LINE_KINDS: readonly LineKind[] = [
  {
    look: 'the output of ls -l',
    pattern: /^(?:total \d+\S*|[-bcdlps](?:[-r][-w][-xsStT]){3}[.+@]?\s.*)$/,
    isNoName: true,
    goesBefore: true,
  },
  { look: 'comments', pattern: /^\s*[#;]/, isNoName: true },
  { look: 'names in quotes', pattern: /^\s*(["'`]).*\1[,;]?\s*$/ },
  {
    look: 'names with a size, a date or another number before them',
    pattern: /^\s*\d[\d.,:T+-]*[KMGTP]?(?:i?B)?\s+\S/,
    goesBefore: true,
  },
  { look: 'names with spaces around them', pattern: /^\s|\s$/ },
]

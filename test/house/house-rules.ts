import { dirname, join } from 'node:path'

/** One source file: its path under the project, `/`-separated, and its text. */
export interface SourceText {
  readonly path: string
  readonly text: string
}

/** Which rooms a room may import from, types included. Whoever is not named here is not a room. */
const KNOWS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  system: ['model'],
  box: ['model', 'system'],
  decide: ['model'],
  specs: ['model', 'decide', 'system'],
  source: ['model', 'system'],
  destination: ['model', 'system'],
  restore: ['model', 'system'],
  view: ['model', 'decide'],
  serve: ['model', 'view'],
  reconcile: ['model', 'decide'],
  watch: ['model', 'decide', 'reconcile', 'system'],
  commands: [
    ...['model', 'decide', 'system', 'box', 'specs', 'source', 'destination', 'restore', 'view', 'serve'],
    ...['reconcile', 'watch'],
  ],
  // src/cli.ts
  '': ['model', 'decide', 'commands', 'view'],
}

/** Packages without effects or clock. */
const PURE_PACKAGES = [
  '@noble/hashes/sha2.js',
  '@noble/hashes/utils.js',
  'croner',
  'picomatch',
  'fastest-levenshtein',
  'safe-stable-stringify',
  'temporal-polyfill',
]

/** How decide could learn the time, chance or anything else of the world without importing it. */
const WORLD =
  /\bDate\.now\b|\bnew Date\(\s*\)|(?<!new |[\w.])Date\(|\bMath\.random\b|\bperformance\.|\bprocess\.|\bglobalThis\b|\bconsole\.|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\b|\bcrypto\./

/** What only one file may import, or the few that are named: all others go through them. */
const KEPT_BY: readonly (readonly [module: RegExp, keepers: readonly string[]])[] = [
  // Children: in a group of their own, with a fixed environment, ended with us and as a whole (I11, I12).
  [/^(?:node:)?child_process$|^execa$/, ['src/system/child.ts']],
]

/** Who reads JSON: what others wrote goes through one set of checks, and these few read something else. */
const READS_JSON: readonly string[] = [
  'src/model/check-json.ts',
  // A line at a time, of millions: each is checked field by field.
  'src/destination/ledger/line.ts',
  'src/destination/look/seen-line.ts',
  // What findmnt prints, our own schemas, our own package, and what was made in this process or checked before.
  'src/destination/disk/facts.ts',
  'src/specs/schema.ts',
  'src/specs/yaml/shape-validators.ts',
  'src/cli.ts',
  'src/view/watch-events.ts',
  'src/commands/open-saved-plan.ts',
  'src/commands/demo.ts',
]

/** Who takes a file's place by a rename: whole-file writes have one home, and these few move something else. */
const RENAMES: readonly string[] = [
  'src/system/replace-file.ts',
  // What they rename is named by those who have the `Disk`: its own whole-file write, a cache's, and what is moved aside.
  'src/destination/disk/real-disk.ts',
  'src/destination/disk/replace-file.ts',
  'src/destination/look/seen-cache.ts',
  'src/destination/publish/quarantine.ts',
  'src/destination/publish/stage.ts',
  'src/destination/ledger/rebuild.ts',
  'src/destination/trash/trash.ts',
  // A folder that was made aside, and a damaged file that is moved away.
  'src/specs/git/clone.ts',
  'src/box/watch-memory.ts',
]

const MAX_LINES = 350

/** Everything in which a file breaks the house rules, in words; empty where it keeps them. */
export function breaches({ path, text }: SourceText): readonly string[] {
  const code = withoutComments(text)
  const room = roomOf(path)
  const found: string[] = []

  const known = KNOWS[room]
  if (known === undefined) found.push(`${room}/ is no room of this house`)
  for (const wanted of importsOf(code)) {
    if (wanted.startsWith('.')) {
      const target = join(dirname(path), wanted)
      if (!target.startsWith('src/')) found.push(`imports ${wanted} from outside src`)
      else if (roomOf(target) !== room && !known?.includes(roomOf(target))) {
        found.push(`${room === '' ? 'cli.ts' : room} may not know ${roomOf(target) || 'cli.ts'} (${wanted})`)
      }
    } else if (room === 'decide' && !PURE_PACKAGES.includes(wanted)) {
      found.push(`decide imports ${wanted}, which is not known to be pure`)
    }
  }

  for (const [module, keepers] of KEPT_BY) {
    const wanted = importsOf(code).find((name) => module.test(name))
    if (wanted !== undefined && !keepers.includes(path))
      found.push(`imports ${wanted} beside ${keepers.join(', ')}`)
  }

  if (/(?:\.|await )rename\(|\brenameSync\(/.test(code) && !RENAMES.includes(path))
    found.push('renames, and is not known to')
  if (/\$\{[^}]*(?:[mM]essage|why)\b[^}]*\}\. \$\{/.test(code))
    found.push('joins sentences itself, not by withHint')
  // What AbortSignal.any makes of it may be collected, and then never aborts (Node 20).
  // It never returns below /proc.
  if (/\bmkdir(?:Sync)?\([^\n]*recursive/.test(code)) found.push('makes folders past makeWithParents')
  if (/\bAbortSignal\.timeout\b/.test(code)) found.push('uses AbortSignal.timeout')
  if (/\bJSON\.parse\b/.test(code) && !READS_JSON.includes(path)) found.push('parses JSON past its checks')

  const world = room === 'decide' ? WORLD.exec(code) : null
  if (world !== null) found.push(`decide reaches for the world: ${world[0]}`)
  if (path !== 'src/cli.ts' && EXITS.test(code)) found.push('touches process.exit outside src/cli.ts')
  if (/\bexport\s+default\b|\bas\s+default\b/.test(code)) found.push('has a default export')
  if (/^export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s+)?from\b/m.test(code)) found.push('re-exports')
  for (const [, name, rest] of code.matchAll(/\bclass\s+(\w+\b)?([^{]*)\{/g))
    if (!/\bextends\s+(?:Error|Failure)\b/.test(rest!) || /\bimplements\b/.test(rest!))
      found.push(`class ${name} is no error: data is literal, and what has memory is made by a function`)
  for (const part of path.replace(/\.[tj]s$/, '').split('/')) {
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part)) found.push(`${part} is not kebab-case`)
    if (/(?:^|-)(?:index|util|utils|helper|helpers|manager|misc|common)$/.test(part)) {
      found.push(`${part} is no name for anything`)
    }
  }
  const lines = text.trimEnd().split('\n').length
  if (lines > MAX_LINES) found.push(`has ${lines} lines, ${MAX_LINES} is the ceiling`)
  return found
}

const EXITS =
  /\bprocess\s*\.\s*(?:exit|exitCode|reallyExit|abort)\b|\{[^}]*\bexit(?:Code)?\b[^}]*\}\s*from\s*'node:process'/

const roomOf = (path: string): string => (path.split('/').length > 2 ? path.split('/')[1]! : '')

/** Module names in every form of import and re-export, type-only ones, dynamic ones and `new URL` ones included. */
function importsOf(code: string): readonly string[] {
  const forms = [
    /^(?:import|export)\s[\w\s{}*,$]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\brequire\(\s*['"]([^'"]+)['"]/g,
  ]
  return forms.flatMap((form) => [...code.matchAll(form)].map((hit) => hit[1]!))
}

/**
 * The code with its comments blanked out and every string kept, so that neither a word in a comment breaks a rule nor a `//`
 * in a string hides code. Regular expressions are told by what stands before them, which is enough for formatted code.
 */
function withoutComments(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|(?<=[=(,:?&|!;[{}\n]\s*|return\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/g
  return text.replace(token, (hit) => (hit.startsWith('//') || hit.startsWith('/*') ? ' ' : hit))
}

/** Each ring of files of which every one imports the next, types included: none may be there. In words, as `a > b > a`. */
export function circles(sources: readonly SourceText[]): readonly string[] {
  const imports = new Map(
    sources.map(({ path, text }) => [
      path,
      importsOf(withoutComments(text))
        .filter((wanted) => wanted.startsWith('.'))
        .map((wanted) => join(dirname(path), wanted)),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, above: readonly string[]): void => {
    const from = above.indexOf(path)
    if (from !== -1) found.push([...above.slice(from), path].join(' > '))
    if (from !== -1 || done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...above, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return found
}

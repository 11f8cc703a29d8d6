import {
  type Alias,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import {
  type Entry,
  type Fault,
  faultAt,
  type Located,
  type LocatedMap,
  lineOf,
  type Place,
  type Scalar,
  type SourceText,
  startOf,
} from './located.ts'
import { notASpec, unquoted } from './not-yaml.ts'

/** Of the YAML itself, in one file: hostile text has one a character. */
const MAX_FAULTS = 200

/** Each is reported with the line of the first, and finding that line takes a scan of the text. */
const MAX_DUPLICATES = 200

// Far above any honest spec, and far below what costs memory.
const MAX_ALIASES = 16
const MAX_VALUES = 50_000

/** The one map that a spec file holds, with every fault of its YAML; null if there is none to check further. */
export function readYaml(source: SourceText): { root: LocatedMap | null; faults: readonly Fault[] } {
  const wrong = notASpec(source) ?? nestingFault(source)
  if (wrong !== null) return { root: null, faults: [wrong] }
  const { root, faults } = parse(source)
  const wantQuotes = faults.length === 0 ? [] : unquoted(source).slice(0, MAX_FAULTS)
  return wantQuotes.length === 0 ? { root, faults } : { root: null, faults: wantQuotes }
}

/** The same of a file that underlies all specs, `text` of it; null: there is none. `broken`: it is there and cannot be parsed. */
export function readUnderlying(text: { readonly source: SourceText; readonly fault: Fault | null } | null): {
  readonly root: LocatedMap | 'absent' | 'broken'
  readonly faults: readonly Fault[]
} {
  if (text === null) return { root: 'absent', faults: [] }
  if (text.fault !== null) return { root: 'broken', faults: [text.fault] }
  const { root, faults } = readYaml(text.source)
  if (root !== null) return { root, faults }
  const isEmpty = faults.every(({ code }) => code === 'empty')
  return isEmpty ? { root: 'absent', faults: [] } : { root: 'broken', faults }
}

function parse(source: SourceText): { root: LocatedMap | null; faults: readonly Fault[] } {
  const document = parseDocument(source.text, {
    // Duplicates are found below: the parser's own search is quadratic.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const errors = [...document.errors, ...document.warnings].slice(0, MAX_FAULTS)
  const tab = errors.find(({ code }) => code === 'TAB_AS_INDENT')
  // Whoever indents with tabs does so in every line.
  const reported = tab === undefined ? errors : [tab]
  const misread = reported.flatMap((error) => {
    const fault = misreadLine(source, error)
    return fault === null ? [] : [{ line: lineAt(source, error), fault }]
  })
  const lines = new Set(misread.map(({ line }) => line))
  const others = reported.filter((error) => lines.size === 0 || !lines.has(lineAt(source, error)))
  const faults = others.map(({ code, message, pos: [start, end] }) => {
    const words =
      code === 'MULTIPLE_DOCS' ? 'the file holds more than one document' : message.replace(/\s+/g, ' ')
    return faultAt({ source, start, end }, 'yaml', words, YAML_HINTS[code])
  })
  // Of one line only the first: the others follow from it.
  faults.push(...[...lines].map((at) => misread.find(({ line }) => line === at)!.fault))
  const { yaml } = document.directives ?? {}
  if (yaml?.explicit === true && yaml.version !== '1.2') {
    faults.push(
      faultAt(startOf(source), 'yaml', `YAML ${yaml.version} is not read here`, 'remove the %YAML line'),
    )
  }
  if (faults.length > 0) return { root: null, faults }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { root: null, faults: [faultAt(startOf(source), 'empty', 'the file holds no keys')] }
  }
  const { root, faults: more } = locateTree(document, document.contents, source)
  if (root === null || root.kind === 'map') return { root, faults: more }
  const found = root.kind === 'list' ? 'a list' : 'one value'
  return {
    root: null,
    faults: [...more, faultAt(root.place, 'wrong-type', `the file holds ${found}, not keys with values`)],
  }
}

const lineAt = (source: SourceText, { pos: [start, end] }: YAMLError): number =>
  lineOf({ source, start, end })

/** What a line without a blank after the colon, or with odd indentation, is reported as: the parser takes it for a part of another. Null: it is neither. */
function misreadLine(source: SourceText, { code, message, pos: [start, end] }: YAMLError): Fault | null {
  const text = source.text.slice(start, end)
  const [glued, key] = /^([A-Za-z][\w-]*):(?!\/\/)\S[^\n]*/.exec(text) ?? []
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' || code === 'MISSING_CHAR'
  if (isKey && glued !== undefined)
    return noBlank({ source, start, end: start + glued.trimEnd().length }, key!)
  const isIndent =
    code === 'BAD_INDENT'
      ? message.includes('same column')
      : code === 'BLOCK_AS_IMPLICIT_KEY'
        ? message.includes('sequence')
        : code === 'MULTILINE_IMPLICIT_KEY' && text.includes('\n') && !/^["'[{]/.test(text)
  if (!isIndent) return strayLine(source, code, start)
  const lineStart = source.text.lastIndexOf('\n', code === 'MULTILINE_IMPLICIT_KEY' ? end - 1 : start) + 1
  const at = lineStart + /^[ \t\n]*/.exec(source.text.slice(lineStart))![0].length
  return faultAt(
    { source, start: at, end: at + 1 },
    'yaml',
    "this line's indentation does not fit the lines around it",
    'begin the keys of one map in the same column; below a key that has a value on its line, nothing is indented deeper',
  )
}

/** A line among keys that is none: at its beginning, where all that the parser has against it follows from that. */
function strayLine(source: SourceText, code: ErrorCode, at: number): Fault | null {
  const start = source.text.lastIndexOf('\n', at - 1) + 1
  const [line = ''] = source.text.slice(start).split('\n', 1)
  const text = line.trimEnd()
  const isKeys = code === 'MISSING_CHAR' || code === 'MULTILINE_IMPLICIT_KEY' || code === 'UNEXPECTED_TOKEN'
  if (!isKeys || at !== start || text === '' || text.includes(':') || /^["'[{?&*!]/.test(text)) return null
  const place = { source, start, end: start + text.length }
  return text.startsWith('- ')
    ? faultAt(
        place,
        'yaml',
        'this line begins a list among keys',
        'indent it below the key that it belongs to',
      )
    : faultAt(
        place,
        'yaml',
        'this line is no key with a value',
        'write it as KEY: VALUE, or as a comment: # …',
      )
}

/** A key and its value that YAML takes for one word. */
const noBlank = (place: Place, key: string): Fault =>
  faultAt(place, 'yaml', `no blank follows "${key}:"`, `put a blank after ${key}:`)

const YAML_HINTS: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'one file holds one backup: remove the line "---" or split the file',
  TAG_RESOLVE_FAILED: 'tags have no meaning here: remove it, or put a value that begins with "!" in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that holds ": " in quotes',
  BAD_SCALAR_START: 'put the value in quotes',
  BAD_DQ_ESCAPE: 'inside double quotes a backslash is written twice; or use single quotes',
  NON_STRING_KEY: 'a key is a plain word',
}

interface Measured {
  readonly located: Located
  /** Values in it, aliases counted as often as they are used. */
  readonly size: number
}

/** The tree with its places. Null, with one fault, where it is a bomb; with faults where keys or aliases are. */
function locateTree(
  document: Document.Parsed,
  contents: Node,
  source: SourceText,
): { root: Located | null; faults: readonly Fault[] } {
  const faults: Fault[] = []
  const anchored = new Map<Node, Measured | null>()
  const open = new Set<Node>()
  let aliases = 0
  let bomb: Fault | null = null

  const place = (node: Node): Place => {
    const [start, end] = node.range ?? [0, 0]
    return { source, start, end }
  }
  const report = (node: Node, code: string, message: string, hint?: string): null => {
    faults.push(faultAt(place(node), code, message, hint))
    return null
  }
  const explode = (fault: Fault): null => {
    bomb ??= fault
    return null
  }

  function locate(node: Node, depth: number): Measured | null {
    if (bomb !== null) return null
    if (depth > MAX_DEPTH) return explode(nestedTooDeep(place(node)))
    if (isAlias(node)) return follow(node, depth)
    const known = anchored.get(node)
    if (known !== undefined) return known
    open.add(node)
    const measured = isMap(node) ? locateMap(node, depth) : isSeq(node) ? locateList(node, depth) : leaf(node)
    open.delete(node)
    if (measured !== null && measured.size > MAX_VALUES) {
      const message = `more than ${MAX_VALUES} values, aliases counted as often as used`
      return explode(faultAt(place(node), 'too-many-values', message))
    }
    if (!isAlias(node) && node.anchor !== undefined) anchored.set(node, measured)
    return measured
  }

  function follow(alias: Alias, depth: number): Measured | null {
    if (++aliases > MAX_ALIASES) {
      const hint = 'common values belong into _defaults.yaml'
      return explode(faultAt(place(alias), 'too-many-aliases', `more than ${MAX_ALIASES} aliases`, hint))
    }
    const target = alias.resolve(document)
    if (target === undefined) {
      const text = source.text.slice(place(alias).start, place(alias).end)
      const hint = `if it is a glob, put it in quotes: "${text}"`
      return report(alias, 'unknown-alias', `${text} refers to an anchor that is not there`, hint)
    }
    return open.has(target)
      ? report(alias, 'circular-alias', `*${alias.source} refers to a value that holds it`)
      : locate(target, depth)
  }

  function leaf(node: Node): Measured {
    const value: unknown = isScalar(node) ? node.value : null
    const scalar: Scalar =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
    return { located: { kind: 'scalar', place: place(node), value: scalar }, size: 1 }
  }

  function locateList(node: YAMLSeq, depth: number): Measured {
    const items: Located[] = []
    let size = 1
    for (const item of node.items) {
      const measured = isNode(item) ? locate(item, depth + 1) : null
      if (measured === null) continue
      items.push(measured.located)
      size += measured.size
    }
    return { located: { kind: 'list', place: place(node), items }, size }
  }

  function locateMap(node: YAMLMap, depth: number): Measured {
    const entries = new Map<string, Entry>()
    const removed = new Map<string, Place>()
    let size = 1
    for (const pair of node.items) {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') continue
      const key = pair.key.value
      const keyPlace = place(pair.key)
      const before = entries.get(key)?.key ?? removed.get(key)
      if (before !== undefined) {
        if (faults.length >= MAX_DUPLICATES) continue
        const message = `"${key}" is written twice: first in line ${lineOf(before)}`
        report(pair.key, 'duplicate-key', message, 'keep one of them')
        continue
      }
      const measured = isNode(pair.value) ? locate(pair.value, depth + 1) : null
      if (measured === null || (measured.located.kind === 'scalar' && measured.located.value === null)) {
        const [, glued] = /^([A-Za-z][\w-]*):\S/.exec(key) ?? []
        if (glued !== undefined && pair.value === null) faults.push(noBlank(keyPlace, glued))
        removed.set(key, keyPlace)
        continue
      }
      entries.set(key, { key: keyPlace, value: measured.located })
      size += measured.size
    }
    return { located: { kind: 'map', place: place(node), entries, removed }, size }
  }

  const root = locate(contents, 0)
  if (bomb !== null) return { root: null, faults: [bomb] }
  // What a broken alias stood for is not known: further faults would be guesses.
  const guessing = faults.some(({ code }) => code.endsWith('-alias'))
  return { root: guessing ? null : (root?.located ?? null), faults }
}

/** Far above any honest spec, and far below what the parser's stack holds. */
const MAX_DEPTH = 24

const nestedTooDeep = (place: Place): Fault =>
  faultAt(place, 'too-deep', `values are nested more than ${MAX_DEPTH} deep`)

/**
 * Deep nesting is refused before the parser sees it: it recurses, and near the end of the stack V8 may abort the whole
 * process instead of throwing. The lexer does not recurse. Nesting by lines stays shallow enough in a file of
 * 256 KiB, as each level costs one more space on each line below it.
 */
function nestingFault(source: SourceText): Fault | null {
  let flow = 0
  let chain = 0
  let at = 0
  for (const token of new Lexer().lex(source.text)) {
    // A line's "- - - x", "? ? x" and "x: x: x" nest as well, the last in a flow map too, and over its lines.
    if (token === '-' || token === '?' || token === ':') chain++
    else if (token === ',' || (flow === 0 && (token === '\n' || token === '\r\n'))) chain = 0
    else if (token === '[' || token === '{') flow++
    // One that closes nothing must not make room for others.
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    if (flow > MAX_DEPTH || chain > MAX_DEPTH) {
      return nestedTooDeep({ source, start: at, end: at + token.length })
    }
    if (!CONTROL_TOKENS.has(token)) at += token.length
  }
  return null
}

/** Tokens of the lexer that are not in the text. */
const CONTROL_TOKENS: ReadonlySet<string> = new Set(['\x02', '\x18', '\x1f'])

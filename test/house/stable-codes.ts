import type { SourceText } from './house-rules.ts'

/** Codes that are composed: the template as it is written, and where what is filled in comes from. */
const COMPOSED: Readonly<
  Record<string, { readonly file: string; readonly parts: (text: string) => readonly string[] }>
> = {
  'marker-${fault}': { file: 'src/model/parse-marker.ts', parts: (text) => members(text, 'MarkerFault') },
  'name-${fault}': { file: 'src/model/rel-path.ts', parts: (text) => members(text, 'PathFault') },
  'list-${why}': {
    file: 'src/source/check-list.ts',
    parts: (text) => firsts(text, /^ {2}'?([a-z-]+)'?: \[/gm),
  },
  '${what}-missing': {
    file: 'src/source/check-keys.ts',
    parts: (text) => firsts(text, /mustBeReadable\(\s*'([a-z-]+)'/g),
  },
  '${what}-unreadable': {
    file: 'src/source/check-keys.ts',
    parts: (text) => firsts(text, /mustBeReadable\(\s*'([a-z-]+)'/g),
  },
}

const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/**
 * Every stable code that the sources can hand to people, with the file it comes from: of problems, halts, holds, failures and
 * spec faults. Found where it is written: `code: 'x'`, the argument of a function (of the same file, or an exported one)
 * whose parameter is `code: string`, a table
 * whose rows have a `code: string`, or a name composed as COMPOSED says.
 */
export function codesIn(sources: readonly SourceText[]): ReadonlyMap<string, string> {
  const codes = new Map<string, string>()
  const shared = sources.flatMap(({ text }) => takers(text)).filter(({ isExported }) => isExported)
  for (const source of sources) {
    const values = [...properties(source.text), ...handedOver(source.text, shared)].flatMap((value) =>
      meant(value, source, sources),
    )
    for (const code of [...values, ...rows(source.text)]) {
      if (KEBAB.test(code) && !codes.has(code)) codes.set(code, source.path)
    }
  }
  return codes
}

/** What stands behind `code:` in an object, also where a condition goes on over several lines. */
const properties = (text: string): readonly string[] =>
  firsts(text, /\bcode: ((?:[\w.!=() ]+\?\s+)?'[^'\n]*'(?:\s*:\s*'[^'\n]*')?|`[^`]*`)/g)

interface Taker {
  readonly name: string
  /** Which of its parameters is the code. */
  readonly index: number
  readonly isExported: boolean
}

/** Functions with a parameter `code: string`; those of a type that has it go by the name under which they are handed on. */
function takers(text: string): readonly Taker[] {
  const found: Taker[] = []
  const declarations =
    /(export\s+)?(?:async\s+)?(?:function\s+(\w+)|const\s+(\w+)\s*=\s*|type\s+(\w+)At\s*=\s*)\s*\(/g
  for (const declared of text.matchAll(declarations)) {
    const index = partsOf(text, declared.index + declared[0].length).indexOf('code: string')
    const [, exported, ...names] = declared
    const name = names.find((one) => one !== undefined)!
    if (index !== -1)
      found.push({
        name: name.charAt(0).toLowerCase() + name.slice(1),
        index,
        isExported: exported !== undefined,
      })
  }
  return found
}

/** What functions of the same file, or shared ones that it imports, are given in the place of a parameter `code: string`. */
function handedOver(text: string, shared: readonly Taker[]): readonly string[] {
  const imports = firsts(text, /^import (?:type )?\{([^}]*)\}/gm).join()
  const imported = shared.filter(({ name }) => new RegExp(`\\b${name}(?:At)?\\b`, 'i').test(imports))
  return [...takers(text), ...imported].flatMap(({ name, index }) =>
    [...text.matchAll(new RegExp(`(?<!\\w|(?<!\\.\\.)\\.)${name}\\(`, 'g'))].map(
      (call) => partsOf(text, call.index + call[0].length)[index] ?? '',
    ),
  )
}

function meant(value: string, source: SourceText, sources: readonly SourceText[]): readonly string[] {
  if (!value.startsWith('`')) return firsts(value, /'([^'\n]*)'/g)
  const template = value.slice(1, -1)
  const composed = COMPOSED[template]
  if (composed === undefined)
    throw new Error(`${source.path} composes the code ${value}: tell COMPOSED of what`)
  const parts = composed.parts(sources.find((one) => one.path === composed.file)?.text ?? '')
  if (parts.length === 0)
    throw new Error(`${composed.file} does not hold what ${value} is composed of any more`)
  return parts.map((part) => template.replace(/\$\{\w+\}/, part))
}

/** Literals that stand alone on a line, in a file whose table has a column `code: string`. */
const rows = (text: string): readonly string[] =>
  /^ {2}code: string,$/m.test(text) ? firsts(text, /^\s+'([a-z0-9-]+)',$/gm) : []

const members = (text: string, union: string): readonly string[] =>
  firsts(
    new RegExp(`export type ${union} =([^\\n]*(?:\\n\\s+\\|[^\\n]*)*)`).exec(text)?.[1] ?? '',
    /'([^'\n]*)'/g,
  )

const firsts = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map((hit) => hit[1]!)

/** The comma-separated parts of a parenthesis that opens just before `from`. */
function partsOf(text: string, from: number): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = from
  for (let i = from; i < text.length; i++) {
    const c = text[i]!
    if (c === "'" || c === '`' || c === '"') {
      for (i++; i < text.length && text[i] !== c; i++) if (text[i] === '\\') i++
    } else if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c) && depth > 0) depth--
    else if (c === ')' || (c === ',' && depth === 0)) {
      parts.push(text.slice(start, i).trim())
      if (c === ')') break
      start = i + 1
    }
  }
  return parts
}

import { type Fault, faultAt, type Place, type SourceText } from './located.ts'

// None of these may look far ahead from each of many places: a text of 256 KiB may be hostile. `^` with the flag m would be such,
// as it also is after each lone CR.

/** Files that are not specs yet: what they are, and what helps. Most specific first. */
const STRANGE: readonly (readonly [mark: RegExp, is: string, hint: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    'the file is a pointer of Git LFS, not the spec itself',
    'run git lfs pull, or take *.yaml out of .gitattributes',
  ],
  [
    /^(?:\$ANSIBLE_VAULT;|-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)-----)/,
    'the file is encrypted',
    'decrypt it before it gets here; specs hold no secrets, so they need no encryption',
  ],
  [/^\s*<(?:!doctype|html|\?xml)\b/i, 'the file is a page of HTML or XML', 'put the YAML file itself here'],
  [
    /(?<![^\n])(?:<{7}|\|{7}|>{7})(?: [^\n]*)?\r?(?![^\n])/,
    'a merge was left unfinished here',
    'settle the conflict: keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>',
  ],
]

/** The same where neither comments nor text for people count. */
const UNFILLED: readonly (readonly [mark: RegExp, is: string, hint?: string])[] = [
  [
    /ENC\[AES256_GCM,/,
    'the file is encrypted with sops',
    'decrypt it before it gets here (sops -d); specs hold no secrets, so they need no encryption',
  ],
  [/\{%[^{%\n]*%\}|\{#[ \t]/, template('Jinja')],
  [/\{\{[^{}\n]*\}\}/, template('Jinja, Go or Helm')],
  [/<%[^<%\n]*%>/, template('ERB')],
  [/%\{[^{}%\n]*\}/, template('Hiera or Terraform')],
  [/\$\{[^{}$\n]*\}|\$\([A-Z][A-Z0-9_]{1,99}\)/, template('a shell or Terraform')],
  [/@@\w{1,99}@@|@[A-Z][A-Z0-9_]{1,99}@/, template('sed or autoconf')],
]

function template(language: string): string {
  return `a template of ${language} was left unfilled here`
}

const RENDER = 'render it before it gets here: specs are plain YAML'

/** Why a file is not what it looks like, in one fault that no others follow; null: it may be a spec. */
export function notASpec(source: SourceText): Fault | null {
  const values = withoutProse(source.text)
  const found = [
    ...STRANGE.map((one) => [source.text, ...one] as const),
    ...UNFILLED.map((one) => [values, ...one] as const),
  ]
  for (const [text, mark, message, hint = RENDER] of found) {
    const at = mark.exec(text)
    if (at === null) continue
    return faultAt({ source, start: at.index, end: at.index + at[0].length }, 'yaml', message, hint)
  }
  return null
}

/** Text in quotes, a comment, or from a block scalar or a reason on all that is indented below it. */
const PROSE =
  /(?<![^\n])(?<before>(?<indent>[ \t]*)(?![ \t])(?:[^\n#]|(?<=\S)#)*?(?:[:-][ \t]+(?=[|>][-+0-9]*[ \t]*(?:#[^\n]*)?\r?\n)|\breason:))[^\n]*(?:\n(?:\k<indent>[ \t][^\n]*|[ \t]*\r?(?=\n)))*|(?<quoted>(?<=[\s[{,])(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'))|(?<!\S)#[^\n]*/g

/** The same text with blanks for comments, block scalars and reasons. */
const withoutProse = (text: string): string =>
  text.replace(PROSE, (...found) => {
    const [all, { before, quoted }] = [found[0] as string, found.at(-1) as Record<string, string>]
    if (quoted !== undefined) return quoted
    // The end of a flow map or list in which a reason is stays.
    return before === undefined
      ? ' '.repeat(all.length)
      : before + all.slice(before.length).replace(/[^\n\]}]/g, ' ')
  })

/** What each sign means to YAML at the begin of a value; of brackets within braces or brackets also inside. */
const MEANINGS: Readonly<Record<string, string>> = {
  '{': 'begins a map in YAML',
  '[': 'begins a list in YAML',
  '*': 'begins an alias in YAML',
  '@': 'is reserved in YAML',
  '`': 'is reserved in YAML',
  '%': 'is reserved in YAML',
}

/** A bracket that is text, not the begin of a map or a list: something follows its end, or it holds one bare word. */
const TEXT_BRACKET = /\{[^{}[\]:"'\n]*\}(?=[^\s,\]}])|\{[A-Za-z]+\}|\[[^[\]"'\n]*\](?=[^\s,\]}])/y
const QUOTED = /"(?:[^"\\]|\\[\s\S])*"|'[^']*'/y
const DIRECTIVE = /(?<![^\n])%[^\n]*/y

/**
 * The values that need quotes to mean what their author meant, those of one line in one fault. Call it only for faulty YAML: inside a
 * value, and in text for people, the same characters are fine.
 */
export function unquoted(source: SourceText): readonly Fault[] {
  const text = withoutProse(source.text)
  const anchors = new Set(text.match(/&[^\s,[\]{}]+/g)?.map((anchor) => `*${anchor.slice(1)}`))
  const lines: { readonly place: Place; readonly says: string; readonly values: string[] }[] = []
  let flow = 0
  let at = 0
  let lineEnd = -1
  const skips = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  while (at < text.length) {
    const start = at
    const sign = text[at]!
    if (/[\s,:]/.test(sign) || /^[-?]\s/.test(text.slice(at, at + 2))) at++
    else if (sign === ']' || sign === '}') {
      flow = Math.max(0, flow - 1)
      at++
    } else if (sign === '"' || sign === "'") {
      if (!skips(QUOTED)) break
    } else if ((sign === '{' || sign === '[') && !skips(TEXT_BRACKET)) {
      flow++
      at++
    } else if (sign !== '%' || !skips(DIRECTIVE)) {
      at = plainEnd(text, start, flow > 0)
      const value = text.slice(start, at).trimEnd()
      const isAlias = anchors.has(value) || /^\*\w[\w-]*$/.test(value)
      const inner = flow > 0 && !Object.hasOwn(MEANINGS, sign) ? bracketIn(value) : undefined
      if (isAlias || (inner === undefined && !Object.hasOwn(MEANINGS, sign))) continue
      if (start < lineEnd) lines.at(-1)!.values.push(value)
      else {
        const says = `${inner === undefined ? 'begins with' : 'holds'} "${inner ?? sign}", which ${MEANINGS[inner ?? sign]}`
        lines.push({ place: { source, start, end: start + value.length }, says, values: [value] })
        lineEnd = (text.indexOf('\n', at) + 1 || text.length + 1) - 1
      }
    }
  }
  return lines.map(({ place, says, values }) => {
    const quoted = values.map((value) => JSON.stringify(value)).join(', ')
    const hint = `put ${values.length === 1 ? 'it' : 'each'} in quotes: ${quoted}`
    return faultAt(place, 'yaml', `the value ${says}`, hint)
  })
}

/** Where a value without quotes ends, as its author saw it: within braces or brackets at a comma, but not in `{a,b}` or `1,15`. */
function plainEnd(text: string, start: number, inFlow: boolean): number {
  let open = 0
  for (let at = start; at < text.length; at++) {
    const sign = text[at]!
    if (sign === '\n' || (sign === ':' && /\s/.test(text[at + 1] ?? ' '))) return at
    if (!inFlow) continue
    if (sign === '{' || sign === '[') open++
    if (open === 0 && (sign === ']' || sign === '}' || (sign === ',' && !/[0-9]/.test(text[at + 1] ?? ''))))
      return at
    if (sign === ']' || sign === '}') open--
  }
  return text.length
}

/** The first bracket of a value in which all are closed. */
const bracketIn = (value: string): string | undefined =>
  value.replace(/[^{[]/g, '').length === value.replace(/[^}\]]/g, '').length
    ? /[{[]/.exec(value)?.[0]
    : undefined

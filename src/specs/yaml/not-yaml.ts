import { type Fault, faultAt, type SourceText } from './located.ts'

/**
 * From a line's start, as few signs as can be, none of them in a comment. `^` also begins a line where `\r` or U+2028 is, so none of them
 * may be passed over: a text of nothing else would be looked through from each.
 */
const BEFORE = String.raw`^(?:(?!#).|(?<=\S)#)*?`
/** The same, but not in a reason: that is text for people. */
const BEFORE_VALUE = String.raw`^(?:(?!\breason:|#).|(?<=\S)#)*?`

// None of these may look far ahead from each of many places: a text of 256 KiB may be hostile.

/** Files that are not specs yet: what they are, and what helps. Most specific first. */
const STRANGE: readonly (readonly [mark: RegExp, is: string, hint: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    'the file is a pointer of Git LFS, not the spec itself',
    'run git lfs pull, or take *.yaml out of .gitattributes',
  ],
  [
    new RegExp(String.raw`${BEFORE}(ENC\[AES256_GCM,)`, 'm'),
    'the file is encrypted with sops',
    'decrypt it before it gets here (sops -d); specs hold no secrets, so they need no encryption',
  ],
  [
    /^(?:<{7}|\|{7}|>{7})(?: .*)?$/m,
    'a merge was left unfinished here',
    'settle the conflict: keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>',
  ],
  [
    new RegExp(String.raw`${BEFORE_VALUE}(\{\{[^{}\n]*\}\}|\{%[^{%\n]*%\})`, 'm'),
    'a template was left unfilled here',
    'render it before it gets here: specs are plain YAML',
  ],
]

/** Values that need quotes: braces begin a map in YAML, and `*` an alias. */
const UNQUOTED: readonly (readonly [value: RegExp, begins: string])[] = [
  [
    /^(?![ \t]*#)[^\n\r\u2028\u2029"']*?(?:[:,[-][ \t]+|\[)((?:\{[A-Za-z]+\})(?:\{[A-Za-z]+\}|[^\s,{}[\]#"'])*)/gm,
    '"{", which begins a map',
  ],
  [
    /^(?![ \t]*#)[^\n\r\u2028\u2029"']*?\bcron:[ \t]+(\*(?:\/\d+)?(?:[ \t]+[\d*/A-Za-z-]+(?:,[\d*/A-Za-z-]+)*){4})/gm,
    '"*", which begins an alias',
  ],
]

/** Why a file is not what it looks like, in one fault that no others follow; null: it may be a spec. */
export function notASpec(source: SourceText): Fault | null {
  for (const [mark, message, hint] of STRANGE) {
    const found = mark.exec(source.text)
    if (found === null) continue
    const end = found.index + found[0].length
    const start = end - (found[1] ?? found[0]).length
    return faultAt({ source, start, end }, 'yaml', message, hint)
  }
  return null
}

/**
 * The values that need quotes to mean what their author meant. Call it only for faulty YAML: inside a value, and in text for people,
 * the same characters are fine.
 */
export const unquoted = (source: SourceText): readonly Fault[] =>
  UNQUOTED.flatMap(([value, begins]) =>
    [...source.text.matchAll(value)].map(({ index, 0: { length }, 1: part = '' }) => {
      const end = index + length
      const place = { source, start: end - part.length, end }
      return faultAt(place, 'yaml', `the value begins with ${begins} in YAML`, `put it in quotes: "${part}"`)
    }),
  )

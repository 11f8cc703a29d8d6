import type { Fault, SourceText } from './located.ts'

/** Files that somebody meant to make a spec of, and did not: what they are, and what helps. The most telling first. */
const STRANGE: readonly (readonly [mark: RegExp, is: string, hint: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    'the file is a pointer of Git LFS, not the spec itself',
    'run git lfs pull, or take *.yaml out of .gitattributes',
  ],
  [
    /ENC\[AES256_GCM,[^\]\n]*\]/,
    'the file is encrypted with sops',
    'decrypt it before it gets here (sops -d); specs hold no secrets, so they need no encryption',
  ],
  [
    /^(?:<{7}|\|{7}|>{7})(?: .*)?$/m,
    'a merge was left unfinished here',
    'settle the conflict: keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>',
  ],
  [
    /^(?![ \t]*#)[^\n]*?(\{\{[^}\n]*\}\}|\{%[^%\n]*%\})/m,
    'a template was left unfilled here',
    'render it before it gets here: specs are plain YAML',
  ],
]

/** What would have to stand in quotes: braces begin a map in YAML, and `*` an alias. */
const UNQUOTED: readonly (readonly [value: RegExp, begins: string])[] = [
  [
    /^(?![ \t]*#)[^\n"']*?(?:[:,[-][ \t]+|\[)((?:\{[A-Za-z]+\})(?:\{[A-Za-z]+\}|[^\s,{}[\]#"'])*)/gm,
    '"{", which begins a map',
  ],
  [
    /^(?![ \t]*#)[^\n"']*?\bcron:[ \t]+(\*(?:\/\d+)?(?:[ \t]+[\d*/A-Za-z-]+(?:,[\d*/A-Za-z-]+)*){4})/gm,
    '"*", which begins an alias',
  ],
]

/** Why a file is not what it looks like, in one fault that no others follow; empty: it may be YAML. */
export function notYaml(source: SourceText): readonly Fault[] {
  const { text } = source
  const faultAt = (start: number, length: number, message: string, hint: string): Fault => ({
    place: { source, start, end: start + length },
    ...{ severity: 'error', code: 'yaml', message, hint },
  })
  for (const [mark, message, hint] of STRANGE) {
    const found = mark.exec(text)
    if (found === null) continue
    const [whole, part = whole] = found
    return [faultAt(found.index + whole.indexOf(part), part.length, message, hint)]
  }
  return UNQUOTED.flatMap(([value, begins]) =>
    [...text.matchAll(value)].map((found) => {
      const [whole, part = ''] = found
      const start = found.index + whole.length - part.length
      return faultAt(
        start,
        part.length,
        `the value begins with ${begins} in YAML`,
        `put it in quotes: "${part}"`,
      )
    }),
  )
}

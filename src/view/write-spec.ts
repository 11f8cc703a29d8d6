import { Document, isCollection, stringify } from 'yaml'
import type { Finding, Guess, Yaml } from '../decide/guess/findings.ts'
import { escapeProse } from './escape-text.ts'
import { wrapText } from './wrap-text.ts'

const WIDTH = 80
/** In this order; what else `base` has comes last. */
const ORDER = [
  ...['version', 'name', 'suspend', 'source', 'finished', 'checksum', 'select', 'series', 'retain', 'expect'],
  ...['schedule', 'destination', 'transfer'],
]

/**
 * The text of a spec: what `base` has (source, destination, name, …), and each finding of a guess under its ground. What is not known is
 * commented out, with the question. A key that `base` has is not guessed.
 */
export function writeSpec(guess: Pick<Guess, 'findings'>, base: { readonly [key: string]: Yaml }): string {
  const given: { readonly [key: string]: Yaml } = { version: 1, ...base }
  const found = guess.findings.filter(({ key }) => !Object.hasOwn(given, topOf(key)) || key === 'source')
  const keys = [...ORDER, ...Object.keys(given).filter((key) => !ORDER.includes(key))]
  const parts = keys.flatMap((key) => {
    const findings = found.filter((one) => topOf(one.key) === key)
    const comments = key === 'source' ? findings.flatMap((one) => comment(one)) : []
    if (Object.hasOwn(given, key)) return [[...comments, ...entry(key, given[key]!)]]
    return findings.length === 0 ? [] : [section(key, findings)]
  })
  // version and name are one paragraph.
  return `${parts
    .map((lines) => lines.join('\n'))
    .join('\n\n')
    .replace(/^(version: .*)\n\n(?=name: )/, '$1\n')}\n`
}

const topOf = (key: string): string => key.split('.')[0]!

/** One key of the spec with all that was found about it. */
function section(key: string, findings: readonly Finding[]): readonly string[] {
  const isNested = findings.some((one) => one.key !== key)
  const isActive = findings.some(({ value }) => value !== undefined)
  if (!isNested) return findings.flatMap((one) => [...comment(one), ...written(one, key)])
  const lines = findings.flatMap((one) => [...comment(one), ...written(one, one.key.slice(key.length + 1))])
  return [
    isActive ? `${key}:` : `# ${key}:`,
    ...lines.map((line) => (isActive ? `  ${line}` : asComment(line))),
  ]
}

const asComment = (line: string): string => (line.startsWith('# ') ? `#   ${line.slice(2)}` : `#   ${line}`)

/** The ground, and the question as a sentence of its own below it. */
const comment = ({ ground, question }: Finding): readonly string[] =>
  [ground, ...(question === undefined ? [] : [question.replace(/(?<![?.])$/, '.')])].flatMap((text) =>
    wrapText(escapeProse(text), WIDTH - 4).map((line) => `# ${line}`),
  )

function written({ value, example }: Finding, key: string): readonly string[] {
  if (value !== undefined) return entry(key, value)
  return example === undefined ? [] : entry(key, example).map((line) => `# ${line}`)
}

/** A key with its value: on one line where there is room. */
function entry(key: string, value: Yaml): readonly string[] {
  const document = new Document({ [key]: value })
  const node = document.get(key, true)
  if (isCollection(node)) node.flow = true
  const flow = document.toString({ lineWidth: 0, flowCollectionPadding: true }).trimEnd()
  const text =
    flow.length <= WIDTH && !flow.includes('\n')
      ? flow
      : stringify({ [key]: value }, { lineWidth: 0 }).trimEnd()
  return text.split('\n')
}

import type { Paste } from '../decide/add/paste.ts'
import type { Finding, Guess, Sort } from '../decide/guess/guess.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { wrapText } from './wrap-text.ts'

/** The machine's own keys as ssh-keygen -l names them, for people to compare. */
export const renderFingerprints = (
  keys: readonly { readonly type: string; readonly fingerprint: string }[],
): string => keys.map(({ type, fingerprint }) => `  ${kindOf(type).padEnd(8)} ${fingerprint}\n`).join('')

/** `ED25519`, of `ssh-ed25519`. */
export const kindOf = (type: string): string =>
  /ed25519/.test(type) ? 'ED25519' : /ecdsa/.test(type) ? 'ECDSA' : /rsa/.test(type) ? 'RSA' : 'DSA'

/** What to paste, whole lines that begin at the left edge, so that they can be copied: keys are longer than a screen is wide. */
export function renderPaste({ at, ways }: Paste, width: number): string {
  const blocks = ways.map(({ title, lines, note }, i) => {
    const letter = ways.length === 1 ? '' : `${'abc'[i]}) `
    const heading = wrapText(`${letter}${title}:`, width).join('\n')
    const after = note === null ? '' : `\n${wrapText(note, width).join('\n')}\n`
    return `${heading}\n\n${lines.join('\n')}\n${after}`
  })
  const which = ways.length === 1 ? 'this' : 'one of these'
  return `\nPaste ${which} at ${escapeText(at)}.\n\n${blocks.join('\n')}`
}

/** What was found, and each guess with its ground; what is not known, as a question. */
export function renderGuess({ files, findings }: Guess, width: number): string {
  const sorts = Object.entries(files)
    .filter(([, { count }]) => count > 0)
    .map(
      ([sort, found]) => `${counted(found.count, NOUNS[sort as keyof typeof NOUNS])} (${firstNames(found)})`,
    )
  const head = sorts.length === 0 ? 'No files are there yet.' : `Found ${sorts.join('; ')}.`
  const rows = findings.flatMap((finding) => [...indented(guessText(finding), width)])
  return `${[...wrapText(head, width), ...rows].join('\n')}\n`
}

const NOUNS = {
  backups: 'backup',
  sidecars: 'checksum file',
  sums: 'sums file',
  others: 'other file',
} as const

const firstNames = ({ count, names }: Sort): string =>
  `${names.slice(0, 2).map(escapeProse).join(', ')}${count > Math.min(2, names.length) ? ', …' : ''}`

function guessText({ key, value, ground, sure, question }: Finding): string {
  const what = value === undefined ? `${key}?` : `${key}: ${flow(value)}`
  const doubt = question === undefined ? '' : ` ${question}`
  return escapeProse(`${what} — ${ground}${sure || value === undefined ? '' : ' (a guess)'}.${doubt}`)
}

/** As YAML has it in one line, near enough to read. */
const flow = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : JSON.stringify(value)
        .replaceAll('"', '')
        .replaceAll(/([:,])/g, '$1 ')

function indented(text: string, width: number): readonly string[] {
  return wrapText(text, width - 4).map((line, i) => `${i === 0 ? '  ' : '    '}${line}`)
}

import type { Paste } from '../decide/add/paste.ts'
import type { Guess, Sort } from '../decide/guess/findings.ts'
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

/** What is at the source, by sort. */
export function renderFiles({ files }: Pick<Guess, 'files'>, width: number): string {
  const sorts = Object.entries(files)
    .filter(([, { count }]) => count > 0)
    .map(
      ([sort, found]) => `${counted(found.count, NOUNS[sort as keyof typeof NOUNS])} (${firstNames(found)})`,
    )
  const text = sorts.length === 0 ? 'No files are there yet.' : `Found ${sorts.join('; ')}.`
  return `${wrapText(text, width).join('\n')}\n`
}

const NOUNS = {
  backups: 'backup',
  sidecars: 'checksum file',
  sums: 'sums file',
  others: 'other file',
} as const

const firstNames = ({ count, names }: Sort): string =>
  `${names.slice(0, 2).map(escapeProse).join(', ')}${count > Math.min(2, names.length) ? ', …' : ''}`

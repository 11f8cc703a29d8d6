import { no, type Parsed } from '../spec/units.ts'

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
// The rules of git-check-ref-format, and what could hide or reorder a line.
const FORBIDDEN = /[\s~^:?*[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]|\.\.|@\{|\/\/|\.$|\/$|^\//u

/** A branch, a tag, a full ref (`refs/…`), a full commit id, or `HEAD`; what git would read as an option or an expression is none. */
export function readGitRef(text: string): Parsed<string> {
  if (text === '' || text.length > 250) return no('is empty or too long')
  if (text.startsWith('-')) return no('begins with "-"')
  if (text === '@' || FORBIDDEN.test(text)) return no('is no name that git allows for a branch or a tag')
  if (text.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')))
    return no('has a part that begins with "." or ends with ".lock"')
  return { ok: true, value: text }
}

export const isCommitId = (text: string): boolean => COMMIT.test(text)

/** Enough of a commit's id for people. */
export const shortId = (commit: string): string => commit.slice(0, 8)

import { escapeText } from './escape-text.ts'

/** Enough of a commit's id for people; all of it is in every document. */
export const shortCommit = (commit: string): string => escapeText(commit.slice(0, 8))

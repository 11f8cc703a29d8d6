/** One word for a POSIX shell: in single quotes where it holds anything that a shell might read otherwise. */
export const shellQuoted = (word: string): string =>
  /^[\w@%+=:,./^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** A command as a person may copy it into a shell. */
export const shellWords = (words: readonly string[]): string => words.map(shellQuoted).join(' ')

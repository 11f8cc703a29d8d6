const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/

/** Every command's first word, those to come among them: a backup of that name could not be asked for. */
const COMMAND_WORDS: ReadonlySet<string> = new Set(
  [
    'acknowledge add apply completion demo doctor explain help init log notify plan prune release report restore resume run',
    'schema serve service snapshot source status suspend validate verify version watch',
  ].flatMap((words) => words.split(' ')),
)

/** What is wrong with a backup's name, as the end of a sentence that begins with it; null: nothing. */
export function nameFault(name: string): string | null {
  if (COMMAND_WORDS.has(name)) return "is a command's word"
  return NAME.test(name)
    ? null
    : 'is no name: lower-case letters, digits, ".", "_" and "-", beginning with a letter or digit'
}

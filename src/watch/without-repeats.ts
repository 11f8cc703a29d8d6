/** Warns of one thing's trouble once, and again when it is another, or came back after all was well. */
export interface Repeats {
  trouble(of: string, message: string): void
  well(of: string): void
}

export function withoutRepeats(warn: (message: string) => void): Repeats {
  const said = new Map<string, string>()
  return {
    trouble(of, message) {
      if (said.get(of) !== message) warn(message)
      said.set(of, message)
    },
    well: (of) => void said.delete(of),
  }
}

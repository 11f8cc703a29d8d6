/** Warns once about the trouble of one thing, and again if it changes or comes back. */
export interface Repeats {
  trouble(of: string, message: string): void
  well(of: string): void
}

export function withoutRepeats(warn: (message: string) => void): Repeats {
  const last = new Map<string, string>()
  return {
    trouble(of, message) {
      if (last.get(of) !== message) warn(message)
      last.set(of, message)
    },
    well: (of) => void last.delete(of),
  }
}

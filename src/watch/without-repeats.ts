import { failureFrom } from '../model/system-error.ts'
import { withHint } from '../model/trouble.ts'

/** Warns once about the trouble of one thing, and again if it changes or comes back. */
export function withoutRepeats(warn: (message: string) => void) {
  const last = new Map<string, string>()
  const well = (of: string): void => void last.delete(of)
  function trouble(of: string, message: string): void {
    if (last.get(of) !== message) warn(message)
    last.set(of, message)
  }
  return {
    trouble,
    well,
    /** Does it; null: it failed, which is warned of, after these words. A bug is thrown. */
    async attempt<T>(of: string, act: () => Promise<T>, words = ''): Promise<T | null> {
      try {
        const done = await act()
        well(of)
        return done
      } catch (error) {
        trouble(of, words + withHint(failureFrom(error)))
        return null
      }
    },
  }
}

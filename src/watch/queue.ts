/**
 * Names that wait to run, each with its causes. Dedupes by name: at most one run of a name, one for each exclusive resource, and `concurrency` in all; in the order of requests,
 * except that one waiting for a resource lets others pass and takes no slot. No request is lost: one made while its run is under way
 * is queued again when that ends.
 */
export function queue<Cause>(limits: {
  readonly concurrency: () => number
  /** The exclusive resources of a run: a host, a destination. */
  readonly needs: (name: string) => readonly string[]
}) {
  // In the order of insertion.
  const waiting = new Map<string, Set<Cause>>()
  const running = new Map<string, { readonly has: readonly string[]; readonly again: Set<Cause> }>()

  const wait = (name: string, causes: Iterable<Cause>): void => {
    const known = waiting.get(name)
    if (known === undefined) waiting.set(name, new Set(causes))
    else for (const cause of causes) known.add(cause)
  }
  const mayRun = (name: string): boolean => {
    if (running.has(name)) return false
    const needs = limits.needs(name)
    return ![...running.values()].some(({ has }) => has.some((one) => needs.includes(one)))
  }
  return {
    waiting: (): readonly string[] => [...waiting.keys()],
    running: (): readonly string[] => [...running.keys()],
    /** Asks for a run. A waiting name gets one more cause; a running one runs again afterwards. */
    add(name: string, cause: Cause): void {
      const under = running.get(name)
      if (under === undefined) wait(name, [cause])
      else under.again.add(cause)
    },
    /** Takes the first name that may run now; null: none. It runs until `done`. */
    take(): { readonly name: string; readonly causes: readonly Cause[] } | null {
      if (running.size >= Math.max(1, limits.concurrency())) return null
      for (const [name, causes] of waiting) {
        if (!mayRun(name)) continue
        waiting.delete(name)
        running.set(name, { has: limits.needs(name), again: new Set() })
        return { name, causes: [...causes] }
      }
      return null
    },
    /** Its run has ended. */
    done(name: string): void {
      const ended = running.get(name)
      running.delete(name)
      if (ended !== undefined && ended.again.size > 0) wait(name, ended.again)
    },
    /** Drops a name from the queue. Does not touch a run under way. */
    forget(name: string): void {
      waiting.delete(name)
      running.get(name)?.again.clear()
    },
  }
}

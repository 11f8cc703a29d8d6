/** Names that wait to be run, each with why. */
export interface Queue {
  /** Asks for a run. One that waits already only gets one more cause; one that runs is run again afterwards. */
  add(name: string, cause: string): void
  /** Takes the first name that may run now; null: none. It runs until `done`. */
  take(): { readonly name: string; readonly causes: readonly string[] } | null
  /** Its run has ended. */
  done(name: string): void
  /** It is not to be run any more. A run that is under way is not touched. */
  forget(name: string): void
  waiting(): readonly string[]
  running(): readonly string[]
}

/**
 * Dedupes by name: one run at most a name, one a host, and `concurrency` in all; in the order in which they were asked for, but that
 * one which has to wait for its host lets others pass. Nothing that was asked for is lost: whatever was asked for while its run was
 * under way is asked for again when it ends. `hostOf` null: this machine.
 */
export function queue(limits: {
  readonly concurrency: () => number
  readonly hostOf: (name: string) => string | null
}): Queue {
  // In the order of insertion.
  const waiting = new Map<string, Set<string>>()
  const running = new Map<string, { readonly host: string | null; readonly again: Set<string> }>()

  const wait = (name: string, causes: Iterable<string>): void => {
    const known = waiting.get(name)
    if (known === undefined) waiting.set(name, new Set(causes))
    else for (const cause of causes) known.add(cause)
  }
  const mayRun = (name: string): boolean => {
    if (running.has(name)) return false
    const host = limits.hostOf(name)
    return host === null || ![...running.values()].some((one) => one.host === host)
  }
  return {
    waiting: () => [...waiting.keys()],
    running: () => [...running.keys()],
    add(name, cause) {
      const under = running.get(name)
      if (under === undefined) wait(name, [cause])
      else under.again.add(cause)
    },
    take() {
      if (running.size >= Math.max(1, limits.concurrency())) return null
      for (const [name, causes] of waiting) {
        if (!mayRun(name)) continue
        waiting.delete(name)
        running.set(name, { host: limits.hostOf(name), again: new Set() })
        return { name, causes: [...causes] }
      }
      return null
    },
    done(name) {
      const ended = running.get(name)
      running.delete(name)
      if (ended !== undefined && ended.again.size > 0) wait(name, ended.again)
    },
    forget(name) {
      waiting.delete(name)
      running.get(name)?.again.clear()
    },
  }
}

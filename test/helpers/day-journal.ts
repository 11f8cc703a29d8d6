import { openFiles } from '../../src/system/process-group.ts'
import { descendants, membersOf } from './fault-processes.ts'
import type { Event } from './simulated-daemon.js'

const HOUR = 3_600_000

/** A backup keeps this however it is renamed. */
export const stemOf = (name: string): string => name.replace(/^n\d+-/, '')

/** What the daemons of one day do, as their events tell it, and what a killed one leaves behind. */
export interface Journal {
  heed(event: Event): void
  /** Once there is such an event. */
  next(type: Event['type']): Promise<Event>
  /** Runs of one destination that overlapped, an rsync left behind being one. */
  readonly overlaps: string[]
  readonly crashes: string[]
  /** Of the specs as a whole. */
  readonly warnings: string[]
  passes(): number
  /** Passes that found their destination taken. */
  busy(): number
  /** The hold with this code that the last run met; null: it met none. */
  holdOf(code: string): string | null
  /** Where runs are under way: backup to destination. */
  underWay(): ReadonlyMap<string, string>
  /** rsyncs of a daemon that work in a destination now: process group to destination. */
  rsyncs(daemon: number): ReadonlyMap<number, string>
  /** The daemon is dead, and these groups may live on. */
  died(left: ReadonlyMap<number, string>): void
  /** Groups left behind that still live, each with its destination. */
  left(): ReadonlyMap<number, string>
  /** Longest time that it lived without running a backup, as a multiple of its schedule. */
  longestGap(all: readonly { readonly name: string; readonly hours: number }[]): number
}

export function dayJournal(lived: () => number): Journal {
  const under = new Map<string, string>()
  const began = new Map<string, number[]>()
  const holds = new Map<string, string>()
  const left = new Map<number, string>()
  let waiting: { readonly type: Event['type']; readonly tell: (event: Event) => void }[] = []
  let passes = 0
  let busy = 0
  const journal: Journal = {
    overlaps: [],
    crashes: [],
    warnings: [],
    passes: () => passes,
    busy: () => busy,
    holdOf: (code) => holds.get(code) ?? null,
    underWay: () => under,
    heed(event) {
      if (event.type === 'triggered') {
        passes++
        const stem = stemOf(event.backup)
        began.set(stem, [...(began.get(stem) ?? []), lived()])
      } else if (event.type === 'backup-started') {
        for (const [other, to] of under)
          if (to === event.to) journal.overlaps.push(`${event.backup} over ${other} in ${to}`)
        under.set(event.backup, event.to)
      } else if (event.type === 'batch-started' || event.type === 'published') {
        for (const [group, to] of journal.left())
          if (to === under.get(event.backup))
            journal.overlaps.push(`${event.backup} over an rsync left behind (${group}) in ${to}`)
      } else if (event.type === 'backup-finished') {
        under.delete(event.backup)
        if (event.outcome.result === 'busy') busy++
        holds.clear()
        for (const { code, id } of event.outcome.holds) holds.set(code, id)
      } else if (event.type === 'crashed') {
        under.delete(event.backup)
        journal.crashes.push(event.stack)
      } else if (event.type === 'warning') journal.warnings.push(event.message)
      const told = waiting.filter(({ type }) => type === event.type)
      waiting = waiting.filter(({ type }) => type !== event.type)
      for (const { tell } of told) tell(event)
    },
    next: (type) => new Promise((tell) => waiting.push({ type, tell })),
    rsyncs(daemon) {
      const found = new Map<number, string>()
      for (const { pid, group, program } of descendants(daemon)) {
        const to = [...under.values()].find((folder) => openFiles([pid], folder).length > 0)
        if (program === 'rsync' && to !== undefined) found.set(group, to)
      }
      return found
    },
    died(groups) {
      for (const [group, to] of groups) left.set(group, to)
      under.clear()
    },
    left() {
      for (const group of left.keys()) if (membersOf(group).length === 0) left.delete(group)
      return left
    },
    longestGap: (all) =>
      Math.max(
        ...all.map(({ name, hours }) => {
          const times = [...(began.get(stemOf(name)) ?? []), lived()]
          return Math.max(...times.map((time, i) => time - (times[i - 1] ?? 0))) / (hours * HOUR)
        }),
      ),
  }
  return journal
}

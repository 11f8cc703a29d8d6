import { inLocalTime, ownZone } from '../decide/time/local-time.ts'
import { instant } from '../model/instant.ts'
import type { LockHolder } from '../model/outcome.ts'
import { escapeProse } from './escape-text.ts'
import { dayTime } from './human-time.ts'

/** Escaped prose for people: its times are those of this machine's wall clock. */
export const localProse = (text: string): string => inLocalTime(escapeProse(text), ownZone())

/** A command of ours, and the word after it that says which; without one of these it is a pass. */
const OURS = /(?:^|[/ ])(?:reconcile|cli\.js)(?= |$)(?:.*? (watch|prune|apply|doctor|demo)(?= |$))?/

/** Who uses a destination: `pid 4711, a pass since 14:58`. Its ssh and rsync are not named. */
export function inUseBy(holders: readonly LockHolder[], now?: string): string {
  const holder = holders.find(({ command }) => OURS.test(command)) ?? holders[0]
  if (holder === undefined) return 'another process'
  const ours = OURS.exec(holder.command)
  const [program = ''] = holder.command.split(' ', 1)
  const word = ours?.[1]
  const what =
    ours === null
      ? program.slice(program.lastIndexOf('/') + 1)
      : word === undefined
        ? 'a pass'
        : `reconcile ${word}`
  // A daemon's passes began later than it did.
  const { since } = word === 'watch' ? {} : holder
  const at =
    since === undefined || now === undefined ? since : dayTime(since, instant(Date.parse(now)), ownZone())
  return localProse(`pid ${holder.pid}, ${what}${at === undefined ? '' : ` since ${at}`}`)
}

/** The same, with what to do about it. */
export const inUse = (backup: string, holders: readonly LockHolder[], now: string): string =>
  `in use by ${inUseBy(holders, now)}; reconcile status ${backup} shows how far that is, --lock-timeout 1h waits for it`

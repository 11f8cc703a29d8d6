import { clockSanity, OLDEST } from '../../model/clock-sanity.ts'
import type { Check } from '../../model/doctor.ts'
import { Failure } from '../../model/failure.ts'
import { type Instant, isoTime } from '../../model/instant.ts'
import type { Diagnostic, Halt } from '../../model/trouble.ts'
import { failedCheck, okCheck, okUnless, troubledCheck } from './check.ts'

export interface BoxFacts {
  /** Why this machine can keep no destination; null: it can. */
  readonly tools: Failure | null
  /** What each program says of its version, or why it is of no use. Git only where it is used. */
  readonly versions: Readonly<Record<'rsync' | 'ssh', string | Failure>> & { readonly git?: string | Failure }
  /** Where the box keeps its memory, and why it cannot. */
  readonly state: { readonly path: string; readonly fault: Halt | null }
  readonly now: Instant
  /** Of each destination, the last time that was recorded there, and how far past it is believed. */
  readonly recorded: readonly {
    readonly path: string
    readonly last: Instant | null
    readonly leap: number
  }[]
  /** Of the files that hold URLs of notifications and heartbeats. */
  readonly urls: { readonly count: number; readonly faults: readonly Diagnostic[] }
}

export function judgeBox({ tools, versions, state, now, recorded, urls }: BoxFacts): readonly Check[] {
  return [
    okUnless('tools', tools, 'flock, setpriv and prlimit are here'),
    ...(['rsync', 'ssh', 'git'] as const).flatMap((program) => {
      const found = versions[program]
      if (found === undefined) return []
      return [found instanceof Failure ? failedCheck(program, found) : okCheck(program, shortVersion(found))]
    }),
    okUnless('state', state.fault, `${state.path} can be written`),
    judgeClock(now, recorded),
    ...urls.faults.map(({ code, file, message, hint = '' }) =>
      failedCheck('notify', { code, message: `${file}: ${message}`, hint }),
    ),
    ...(urls.count > 0 && urls.faults.length === 0
      ? [okCheck('notify', `the files of ${urls.count === 1 ? 'one URL' : `${urls.count} URLs`} can be read`)]
      : []),
  ]
}

/** `rsync  version 3.2.7  protocol version 31`, `OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL …` */
const shortVersion = (line: string): string => /\d+\.[\w.]+/.exec(line)?.[0] ?? line

const CLOCK = 'box-clock'

function judgeClock(now: Instant, recorded: BoxFacts['recorded']): Check {
  const shows = `this box's clock shows ${isoTime(now)}`
  if (now < OLDEST)
    return failedCheck(CLOCK, {
      code: CLOCK,
      message: `${shows}: it is behind`,
      hint: 'Set it, best by NTP.',
    })
  for (const { path, last, leap } of recorded) {
    const state = clockSanity(last, now, leap)
    if (state === 'sane') continue
    const message = `${shows}, ${state === 'behind' ? 'behind' : 'far past'} ${isoTime(last!)}, the last time recorded at ${path}`
    const hint = 'Set it, best by NTP. If it is right and the box was only off, the next passes believe it.'
    return (state === 'behind' ? failedCheck : troubledCheck)(CLOCK, { code: CLOCK, message, hint })
  }
  return okCheck(CLOCK, shows)
}

import type { SpecsDecided } from '../../src/decide/specs/changes.ts'
import { Stop } from '../../src/model/failure.ts'
import type { Instant } from '../../src/model/instant.ts'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import { emptyOutcome } from '../../src/model/outcome.ts'
import type { BackupName, Schedule, Spec } from '../../src/model/spec.ts'
import type { Promised } from '../../src/model/status.ts'
import type { WatchEvent } from '../../src/model/watch-event.ts'
import type { ActiveSpec } from '../../src/model/watched-specs.ts'
import { watchLoop } from '../../src/watch/loop.ts'
import { handClock } from './hand-clock.js'
import { spec } from './picture.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export const active = (name: string, over: Partial<Spec> & { readonly host?: string } = {}): ActiveSpec => {
  const { host, ...rest } = over
  const far = { kind: 'ssh', host, port: 22, user: 'u', path: '.' } as unknown as Spec['source']
  return {
    spec: spec({
      name: name as BackupName,
      file: `/specs/${name}.yaml`,
      ...(host === undefined ? {} : { source: far }),
      ...rest,
    }),
    document: {},
    place: `/dest/${name}`,
    instead: null,
  }
}

export const every = (seconds: number): { readonly schedule: Schedule } => ({
  schedule: { kind: 'every', seconds },
})

export const came = (over: Partial<BackupOutcome> = {}): BackupOutcome => ({
  ...emptyOutcome('any'),
  result: 'in-sync',
  exitCode: 0,
  seconds: 0,
  ...over,
})
export const broken = came({ result: 'failed', exitCode: 1, retry: true })

interface Pass {
  readonly name: string
  /** Seconds on the monotonic clock. */
  readonly at: number
  readonly signal: AbortSignal
  readonly spec: Spec
  readonly promise: (outcome: BackupOutcome) => Promised
  end(outcome: BackupOutcome): void
}

/** The loop over passes that a test makes up. `answer` null: the pass runs until the test ends it, or it is told to stop. */
export function watchedLoop(
  before: readonly ActiveSpec[],
  options: {
    readonly concurrency?: number
    readonly answer?: (name: string, nth: number) => BackupOutcome | Error | null
    readonly due?: (name: string) => Instant
  } = {},
) {
  const clock = handClock()
  const events: WatchEvent[] = []
  const passes: Pass[] = []
  const stopping = new AbortController()
  let found: Partial<SpecsDecided> = {}
  let last: readonly ActiveSpec[] = before
  const loop = watchLoop({
    clock,
    random: () => 0.5,
    concurrency: () => options.concurrency ?? 10,
    async look() {
      const none = { added: [], changed: [], removed: [], renamed: [], orphans: [], broken: [], holds: [] }
      const decided: SpecsDecided = { active: last, ...none, passed: [], ...found }
      found = {}
      last = decided.active
      return decided
    },
    pass: ({ spec: one }, { signal, promise }) =>
      new Promise((resolve, reject) => {
        const nth = passes.filter(({ name }) => name === one.name).length
        const answer = options.answer === undefined ? came() : options.answer(one.name, nth)
        passes.push({
          name: one.name,
          at: clock.monotonic() / SECOND,
          signal,
          spec: one,
          promise,
          end: resolve,
        })
        if (answer instanceof Error) reject(answer)
        else if (answer !== null) resolve(answer)
        else signal.addEventListener('abort', () => resolve(came({ result: 'incomplete' })), { once: true })
      }),
    firstDue: async ({ spec: one }) => options.due?.(one.name) ?? clock.now(),
    emit: (event) => void events.push(event),
    revision: () => null,
    notTaken: () => null,
  })
  const running = loop.run(before, stopping.signal)
  return {
    clock,
    loop,
    events,
    passes,
    /** `a@0 a@3600`: which passes began, and after how many seconds. */
    told: () => passes.map(({ name, at }) => `${name}@${Math.round(at)}`).join(' '),
    names: () => passes.map(({ name }) => name).join(' '),
    kinds: () => events.map(({ type }) => type),
    /** The next look finds this. */
    async finds(is: Partial<SpecsDecided>) {
      found = is
      loop.look()
      await clock.advance(0)
    },
    async end() {
      stopping.abort(new Stop('terminate'))
      await running
    },
    running,
  }
}

import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { foldNotices } from '../decide/notices/due.ts'
import {
  type Findings,
  findGone,
  findLate,
  findOverSpecs,
  findShared,
  findTrouble,
  type OverBackup,
} from '../decide/notices/find-trouble.ts'
import { cutTo } from '../decide/notices/messages.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import { messageOf } from '../decide/status/fold.ts'
import { Stop } from '../model/failure.ts'
import type { Instant } from '../model/instant.ts'
import type { NoticeBook, NoticeMemory } from '../model/notice.ts'
import type { BackupOutcome, LateSeries, Result } from '../model/outcome.ts'
import type { Settings } from '../model/settings.ts'
import type { DestinationStatus } from '../model/status.ts'
import type { Problem } from '../model/trouble.ts'
import type { SpecFault } from '../model/watched-specs.ts'
import { bodyOf, headLines, passHeartbeats, TOO_LATE, watchHeartbeat } from './heartbeat.ts'
import { openHooks } from './hooks.ts'

export type Notices = ReturnType<typeof openNotices>

export interface NoticeOptions {
  readonly memory: NoticeMemory
  readonly host: string
  /** The commit of the specs in force; read for each notice. */
  readonly revision: () => string | null
  readonly now: () => Instant
  /** How many backups are declared. */
  readonly declared: () => number
  /** The disk under a backup's destination; null: unknown. */
  readonly diskOf: (backup: string) => string | null
  /** Of the run: once aborted, nothing is waited for. */
  readonly signal: AbortSignal
  /** Takes a sentence for people. */
  readonly warn: (text: string) => void
  /** Makes text that may come from a source safe for one line. */
  readonly oneLine: (text: string) => string
}

/** `all`: one pass over all backups. `some`: over named ones, or for removals alone: no heartbeat. `watch`: until it is ended. */
export type NoticeUse = 'all' | 'some' | 'watch'

/** Milliseconds that the end of a run waits for requests under way; less if its time is up. */
const PATIENCE = 15_000
const LAST_PATIENCE = 3_000

/** After each failure in a row, of a run and of `watch`. */
const WAITS = [1000, 3000, 6000, 600_000]
const LONG_WAITS = [1000, 5000, 30_000, 120_000, 600_000]

/**
 * Reports the results of passes to the hooks of `notify` and to the `heartbeat`. Nothing here throws, delays a transfer or changes an
 * exit code: errors go to `warn`.
 */
export function openNotices(
  settings: () => Pick<Settings, 'notify' | 'heartbeat'>,
  use: NoticeUse,
  options: NoticeOptions,
) {
  const { memory, now, host, oneLine } = options
  const { signal, endIn, close } = deadline(options.signal)
  const warn = (text: string) => options.warn(oneLine(text))
  const notify = () => settings().notify
  const forever = use === 'watch'
  const waits = forever ? LONG_WAITS : WAITS
  const hooks = openHooks(notify, { memory, now, signal, warn, waits, forever })
  /** Of one backup; of passes over all: ''. */
  const placeOf = (name: string) => {
    const { urlFile = null, eachFile = null, caFile = null } = settings().heartbeat ?? {}
    if (name === '') return urlFile === null ? null : { urlFile, caFile }
    const file = eachFile?.replaceAll('{name}', name)
    return file === undefined ? null : { urlFile: file, caFile, isOptional: true, rid: randomUUID() }
  }
  /** The fault or hold over the spec of each backup that has one, whatever its passes return. */
  const over = new Map<string, string>()
  const beats = passHeartbeats(placeOf, { signal, warn })
  const onGood = () => hooks.well(`all is well on ${host}`)
  const watch = forever ? watchHeartbeat(() => placeOf(''), over, { signal, warn, onGood }) : null

  /** False: it could not be saved. */
  async function save(found: readonly Findings[]): Promise<boolean> {
    if (found.length === 0 || notify().length === 0) return true
    const findings = found.map((one) => escaped(one, oneLine))
    const sender = {
      at: now(),
      host,
      revision: options.revision(),
      others: options.declared() - 1,
      stamp: '',
    }
    const fold = (book: NoticeBook): NoticeBook =>
      findings.reduce(
        (before, one) => foldNotices(before, notify(), one, { ...sender, stamp: randomUUID() }),
        book,
      )
    try {
      const before = await memory.read()
      // Most passes bring no news, and then need no lock.
      if (fold(before) === before) return true
      await memory.change(fold)
    } catch (error) {
      warn(
        `cannot save a notice about ${found.map(({ backup }) => backup).join(', ')}: ${(error as Error).message}`,
      )
      return false
    }
    hooks.kick()
    return true
  }

  return {
    /** At the start: sends what earlier runs could not deliver, and the heartbeat of a pass over all backups. Waits for nothing. */
    began(): void {
      if (notify().length > 0) hooks.kick()
      if (use === 'all') beats.began('')
    },
    /** A whole pass over one backup has the destination to itself. Waits for nothing. */
    locked: beats.began,
    /** A pass over one backup ended. `extent`: whether it was a whole pass. Waits only for the state folder. */
    async finished(outcome: BackupOutcome, extent: 'whole' | 'part'): Promise<void> {
      watch?.finished(outcome, oneLine(lineOf(outcome)))
      if (extent === 'whole')
        beats.finished(outcome, summaryOf(outcome).map(oneLine), over.get(outcome.backup) ?? null)
      const found = findTrouble(outcome, extent, options.diskOf(outcome.backup))
      await save(found === null ? [] : [found])
      // What could not be delivered may be accepted by now.
      if (notify().length > 0) hooks.kick()
    },
    /** The series that are late now, also without a pass. */
    async late(backup: string, late: readonly LateSeries[]): Promise<void> {
      await save([findLate(backup, late)])
    },
    /**
     * The faults over the spec of each of these, whatever passes return, and what is over all specs. `isAll`: there are no others, so earlier
     * ones are over.
     */
    async stands(
      overEach: ReadonlyMap<string, OverBackup['faults']>,
      overAll: OverBackup,
      isAll: boolean,
    ): Promise<void> {
      const found = findOverSpecs(overEach, overAll, isAll)
      const [ofAll, ...own] = found
      for (const { backup, troubles } of own) {
        const line = oneLine([...troubles, ...ofAll!.troubles].map(({ message }) => message).join('; '))
        const before = over.get(backup)
        over.delete(backup)
        if (line === '') continue
        over.set(backup, line)
        if (before === undefined) watch?.fail()
        if (before !== line && use !== 'some') beats.fail(backup, line)
      }
      await save(found)
    },
    /** What passes met that stops many backups for one cause. `isAll`: there is nothing else of that, so what there was is over. */
    async shared(problems: readonly Problem[], isAll: boolean): Promise<void> {
      await save([findShared(problems, isAll)])
    },
    /** Before the first pass of `watch`: how the last one over this backup ended; null: unknown. */
    remember(backup: string, last: DestinationStatus | null): void {
      const isBad = last !== null && last.exitCode !== 0 && last.result !== 'cancelled'
      watch?.remember(backup, isBad ? last.result : null)
    },
    /** The backup is no longer declared, so its open problems are over. False: that could not be saved. */
    gone(backup: string): Promise<boolean> {
      over.delete(backup)
      watch?.remember(backup, null)
      return save([findGone(backup)])
    },
    /** At the end: waits a few seconds for requests under way. `result`: of a pass over all backups; null: it was none. */
    async ended(result: Ended | null): Promise<void> {
      endIn(PATIENCE)
      const isKnown = result !== null && !signal.aborted && saysSomething(result)
      if (isKnown && result.exitCode === 0) onGood()
      const end = isKnown ? (result.exitCode === 0 ? '' : 'fail') : null
      if (use === 'all') beats.ended('', end, result === null ? '' : bodyOfAll(result, oneLine))
      await Promise.all([hooks.settled(), watch?.settled(), beats.settled()])
      close()
    },
  }
}

type Ended = Pick<Result, 'exitCode' | 'backups' | 'problems' | 'diagnostics'>

/** A run whose backups were all busy in another one says nothing about them. */
const saysSomething = ({ backups, exitCode }: Ended): boolean =>
  exitCode !== 0 || backups.some(({ result }) => result !== 'busy')

/**
 * A signal that ends with the run's, at once on SIGINT or SIGTERM. A pass whose time is up may still report how it ended; as a signal
 * that comes then is no longer seen, that is kept short.
 */
function deadline(run: AbortSignal) {
  const over = new AbortController()
  // As many backups and hooks as there are listen to it.
  setMaxListeners(0, over.signal)
  let timer: NodeJS.Timeout | undefined
  const endIn = (milliseconds: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => over.abort(TOO_LATE), milliseconds)
  }
  const follow = (): void => {
    if (!(run.reason instanceof Stop && run.reason.why === 'max-time')) over.abort()
    else if (timer !== undefined) endIn(LAST_PATIENCE)
  }
  if (run.aborted) follow()
  else run.addEventListener('abort', follow, { once: true })
  return {
    signal: over.signal,
    endIn: (milliseconds: number) => endIn(run.aborted ? LAST_PATIENCE : milliseconds),
    close() {
      clearTimeout(timer)
      run.removeEventListener('abort', follow)
    },
  }
}

/** `postgres: exit 6: 1 in conflict`. */
const lineOf = (outcome: BackupOutcome): string =>
  `${outcome.backup}: exit ${outcome.exitCode}: ${messageOf(outcome)}`

/** What a pass over all backups came to: its exit code, and what is not well. */
const summaryOfAll = ({ exitCode, backups, problems, diagnostics }: Ended): readonly string[] =>
  saidOnce([
    `exit ${exitCode}`,
    ...backups.filter((one) => one.exitCode !== 0).map(lineOf),
    ...problems.map(({ message }) => message),
    ...diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ file, line, message }) => `${file}:${line}: ${message}`),
  ])

/** The same with the heads of the ledgers. */
const bodyOfAll = (result: Ended, oneLine: (text: string) => string): string =>
  bodyOf(summaryOfAll(result).map(oneLine), result.backups.flatMap(headLines))

/** What a pass over one came to, a line each. */
function summaryOf(outcome: BackupOutcome): readonly string[] {
  const { published, repaired, pruned, pending, complete, bytes, seconds, problems, late } = outcome
  return saidOnce([
    lineOf(outcome),
    `published ${published.length}, repaired ${repaired.length}, pruned ${pruned.length}, still to bring ${pending}`,
    `${sum(bytes, 'byte')} in ${Math.round(seconds)} s; ${sum(complete.files, 'file')} (${sum(complete.bytes, 'byte')}) complete here`,
    ...problems.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`)),
    ...late.map(({ message }) => message),
  ])
}

const sum = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Without what a line before says already. */
const saidOnce = (lines: readonly string[]): readonly string[] =>
  lines.filter(
    (line, i) => !lines.slice(0, i).some((one) => one === line || `${one} (and `.includes(`: ${line} (and `)),
  )

const escaped = ({ troubles, ...rest }: Findings, oneLine: (text: string) => string): Findings => ({
  ...rest,
  troubles: troubles.map((one) => ({
    ...one,
    message: cut(oneLine(one.message)),
    details: one.details.map(({ path, hint, ...detail }) => ({
      ...detail,
      ...(path === undefined ? {} : { path: oneLine(path) }),
      message: cut(oneLine(detail.message)),
      ...(hint === undefined ? {} : { hint: oneLine(hint) }),
    })),
  })),
})

/** A message may contain text of any length from a source. */
const cut = (text: string): string => cutTo(text, 1000)

/** Reports faults and holds over the specs after each read of a daemon, also without a pass. Nothing here throws. */
export function specNotices(notices: Pick<Notices, 'stands' | 'gone'>) {
  const known = new Set<string>()
  /** `refusals`: why the newest commit is not taken. */
  return async (
    { active, broken, holds, removed, renamed }: SpecsDecided,
    declared: { readonly faulty: readonly { readonly name: string; readonly file: string }[] },
    refusals: OverBackup['faults'],
  ): Promise<void> => {
    const own = new Set([
      ...active.map(({ spec }): string => spec.name),
      ...broken.map((one) => one.backup),
      ...faultyNames(declared),
    ])
    // Where a commit is not taken, the faults of other files are all that keeps a sound one from counting.
    const isOwn = ({ backup, file }: SpecFault): boolean =>
      refusals.length === 0 || declared.faulty.some((one) => one.name === backup && one.file === file)
    const faultsOf = (name: string) => broken.filter((one) => one.backup === name && isOwn(one))
    const overEach = new Map([...own].map((name) => [name, faultsOf(name)]))
    await notices.stands(overEach, { faults: refusals, holds }, true)
    // Passes may have reported something, even without faults or holds over their spec.
    for (const { spec } of [...removed, ...renamed.map(({ from }) => from)]) known.add(spec.name)
    for (const name of own) known.add(name)
    for (const name of known) if (!own.has(name) && (await notices.gone(name))) known.delete(name)
  }
}

import { hostname } from 'node:os'
import type { Command } from 'commander'
import { openBox } from '../box/box.ts'
import { openNoticeMemory } from '../box/notice-memory.ts'
import { openWatchMemory, type WatchMemory } from '../box/watch-memory.ts'
import { codeOfDiagnostics } from '../decide/status/exit-code.ts'
import { isOverSpecs } from '../decide/status/over-specs.ts'
import { firstDue } from '../decide/time/next-run.ts'
import type { Clock } from '../model/clock.ts'
import { Failure } from '../model/failure.ts'
import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { ActiveSpec } from '../model/watched-specs.ts'
import { fingerprintSpecs, SPEC_FILE } from '../specs/folder-files.ts'
import { type LoadedSpecs, nothingObeyed } from '../specs/load-specs.ts'
import { mustOwnState } from '../specs/settings/load.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { realClock } from '../system/real-clock.ts'
import { escapeProse } from '../view/escape-text.ts'
import { beatOf, heartbeats } from '../watch/beat.ts'
import { followSpecs } from '../watch/follow-specs.ts'
import { followFreshness, type WatchedPlace } from '../watch/freshness.ts'
import { followState, lookEvery, orSetAside } from '../watch/left-by-commands.ts'
import { type LoopPorts, watchLoop } from '../watch/loop.ts'
import { openNotices, specNotices } from '../watch/notices.ts'
import { keepAlive, openServiceManager, type ServiceManager } from '../watch/systemd.ts'
import { verifyIdle } from '../watch/verify-idle.ts'
import { watchFolder } from '../watch/watch-folder.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import type { Console } from './argv/console.ts'
import { flags, type PlanFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { openCommonHolds } from './common-holds.ts'
import { lookAt } from './look-at.ts'
import { findSpecs, lastGoodOf, refusals } from './over-specs.ts'
import { diskUnder, runPass, settleShared } from './passes.ts'
import { idleDrills, proveOne } from './prove.ts'
import { sharedEvents } from './shared-events.ts'
import { idleShare } from './verify-share.ts'
import { openWatchers, type Watchers } from './watchers.ts'
import {
  boxContext,
  openPlace,
  openSettings,
  printDiagnostics,
  specSource,
  type Workspace,
} from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description(
      'the daemon: follow the specs and run each backup on its schedule; SIGHUP reloads everything',
    )
    .option('--max-time <time>', 'end the daemon cleanly after this long; bytes are kept', parseFlag.duration)
    .addOption(flags.concurrency)
    .addOption(flags.bandwidth)
    .action(
      ends(host, async (given: PlanFlags) => {
        const console = openConsole(given)
        if (console.output === 'json')
          throw usage('watch never ends: use --output ndjson to stream what it does')
        let hangup = (): void => {}
        host.becomeDaemon(() => hangup())
        await checkTools()
        if (given.maxTime !== undefined) host.stopAfter(given.maxTime)
        const options: WatchOptions = {
          clock: realClock,
          random: Math.random,
          settings: () => openSettings(given),
          service: (warn) => openServiceManager(process.env, process.pid, warn),
          onHangup(act) {
            hangup = act
          },
        }
        return watch(options, console, host.run, await openWatchers(console, given, host.run.now, null, true))
      }),
    )
}

export interface WatchOptions {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** Reads the box's settings, flags over them. */
  readonly settings: () => ReturnType<typeof openSettings>
  /** Registers the function to call when settings and specs must be reloaded. */
  readonly onHangup: (act: () => void) => void
  readonly service: (warn: (text: string) => void) => ServiceManager
}

/** `reconcile watch`: follows the specs and runs each backup when it is due, until it is stopped. */
export async function watch(
  options: WatchOptions,
  console: Console,
  run: Run,
  watchers: Watchers,
): Promise<number> {
  const { settings, faults } = await options.settings()
  mustOwnState(faults)
  printDiagnostics(faults, console)
  if (codeOfDiagnostics(faults) !== 0) return codeOfDiagnostics(faults)
  const memory = openWatchMemory(settings.state)
  const lock = await memory.lock(run.signal)
  if (lock.state === 'busy') throw isRunning(settings.state, lock.holders)
  try {
    await watchLocked(settings, memory, options, run, watchers)
    return 0
  } finally {
    lock.close()
    watchers.end()
  }
}

async function watchLocked(
  first: Settings,
  memory: WatchMemory,
  options: WatchOptions,
  run: Run,
  watchers: Watchers,
): Promise<void> {
  const { clock } = options
  const beats = heartbeats(memory, clock)
  const emit: Watchers['onWatch'] = (event) => {
    watchers.onWatch(event)
    beats.heed(event)
  }
  const warn = (message: string): void => emit({ type: 'warning', message })
  let settings = first
  let box = openBox(first.state, first)
  const source = specSource(first, box, 'obey')
  /** The specs as last read; they count once it is decided which of them to obey. */
  let found = nothingObeyed(source.label)
  let loaded = found
  const workspaceOf = (specs: LoadedSpecs): Workspace => ({
    settings,
    box,
    loaded: specs,
    diagnostics: specs.faults,
    settingsAreSound: true,
    ignoresOff: false,
  })
  let stale = ''
  let newest: string | null = null
  let unread: Failure | null = null
  const find = async () => {
    unread = null
    found = await source.load(run).catch((error: unknown) => {
      unread = failureFrom(error)
      throw error
    })
    const word = found.stale?.message ?? ''
    if (word !== stale && word !== '') warn(word)
    stale = word
    const { revision } = found
    if (word === '' && revision !== null && revision !== newest) emit({ type: 'specs-current', revision })
    newest = word === '' ? revision : null
    return findSpecs(workspaceOf(found))
  }

  const mendKept = orSetAside(memory, clock, warn)
  const kept = await mendKept(() => memory.kept(source.label))
  // Without earlier specs, unreadable specs end it at once, as for every other command.
  if (kept === null) await source.load(run)
  const { rebuildSpecs } = await import('../specs/spec/rebuild.ts')
  const before = await rebuildSpecs(kept?.specs ?? [], boxContext({ settings, box }))
  for (const { file, message } of before.refused)
    warn(`the last good spec of ${file} is no longer valid: ${message}`)
  const active = before.specs.map((one): ActiveSpec => ({ ...one, instead: null }))
  const follower = followSpecs(
    { active, orphans: kept?.orphans ?? [] },
    {
      find,
      released: () => box.releases(),
      consume: (id) => box.consume(id),
      settle: () => settleShared(workspaceOf(found)),
      keep: (word) => mendKept(() => memory.keep(source.label, word)),
      now: clock.now,
      emit,
    },
  )

  const notices = openNotices(() => settings, 'watch', {
    memory: openNoticeMemory(first.state),
    host: hostname(),
    revision: () => loaded.revision,
    now: clock.now,
    declared: () => loaded.specs.length,
    diskOf: (name) => diskUnder(loaded.specs.find((spec) => spec.name === name)),
    signal: run.signal,
    warn,
    oneLine: escapeProse,
  })
  notices.began()
  const reportSpecs = specNotices(notices)
  /** The fingerprint of the specs folder in force. */
  let obeyed: string | null = null
  const look = async () => {
    const decided = await follower.look()
    obeyed = decided === null ? null : found.fingerprint
    if (decided === null) {
      if (unread !== null) await notices.stands(new Map(), { faults: [unread], holds: [] }, false)
      return null
    }
    loaded = found
    await reportSpecs(decided, loaded, refusals(loaded, clock.now()))
    return decided
  }

  const shared = sharedEvents(watchers.onEvent, warn)
  const heldBy = new Map<string, string>()
  const drills = idleDrills((spec, proof) => proveOne(spec, proof, workspaceOf(loaded), lookRun))
  const pass: LoopPorts['pass'] = async (one, { signal, promise }) => {
    const { spec } = one
    const passRun: Run = { now: clock.now, signal, emit: (event) => shared.onEvent(event, settings.state) }
    const holds = [...loaded.holds, ...follower.now().holds]
    const workspace = workspaceOf({
      ...loaded,
      holds: [...new Map(holds.map((hold) => [hold.id, hold])).values()],
      lastGood: lastGoodOf(one) ?? loaded.lastGood,
    })
    const onLocked = () => notices.locked(spec.name)
    const options = { named: false, holds: openCommonHolds(workspace), promise, onLocked }
    const { outcome, proof } = await runPass(spec, workspace, options, passRun)
    drills.found(spec, proof)
    const met = await shared.ended(outcome, workspace, passRun)
    for (const [id, name] of heldBy) if (name === spec.name) heldBy.delete(id)
    for (const { id, code } of outcome.holds) if (!isOverSpecs(code)) heldBy.set(id, spec.name)
    await notices.finished(met.outcome, 'whole')
    await notices.shared(met.problems, met.isAll)
    return outcome
  }
  const loop = watchLoop({
    clock,
    random: options.random,
    concurrency: () => settings.concurrency,
    look,
    pass,
    async firstDue({ spec }) {
      const place = await openPlace(spec.destination, spec.name, { box, loaded })
      const last = await place.readStatus().catch(() => null)
      notices.remember(spec.name, last)
      return firstDue(spec, last, clock.now())
    },
    emit,
    revision: () => follower.now().revision,
    notTaken: () => loaded.lastGood?.newer ?? null,
  })

  options.onHangup(() => {
    emit({ type: 'reloading' })
    void options.settings().then(
      (read) => {
        const next = judgeSettings(read, first)
        if (typeof next === 'string') warn(next)
        else {
          settings = next
          box = openBox(next.state, next)
          // Pending notices go to the hooks that the settings name now, and a new hook gets every open problem.
          notices.began()
        }
        loop.look()
        loop.trigger(null, 'hangup')
      },
      (error: unknown) => warn(`cannot read the settings: ${String(error)}`),
    )
  })

  emit({ type: 'watching', specs: source.label })
  const ending = new AbortController()
  const folder = first.specs.kind === 'folder' ? first.specs.path : null
  const watching =
    folder === null
      ? null
      : watchFolder(folder, {
          clock,
          read: () => fingerprintSpecs(folder),
          obeyed: () => (follower.isKept() ? obeyed : null),
          signal: run.signal,
          names: SPEC_FILE,
          onChange: () => loop.look(),
          onTrouble: warn,
        })
  await watching?.ready
  const service = options.service(warn)
  const stopping = (): void => void service.stopping()
  run.signal.addEventListener('abort', stopping, { once: true })
  await service.ready(`watching ${source.label}`)
  const lookRun: Run = { now: clock.now, signal: ending.signal, emit: () => {} }
  const shareRun: Run = { ...lookRun, emit: (event) => shared.onEvent(event, settings.state) }
  const openWatched = async (spec: Spec): Promise<WatchedPlace> => {
    const place = await openPlace(spec.destination, spec.name, { box, loaded })
    const { path } = place
    return { path, readStatus: () => place.readStatus(), look: () => lookAt(place, spec, null, lookRun) }
  }
  const beside = Promise.all([
    keepAlive(service, ending.signal),
    followFreshness(
      { suspensions: () => box.suspensions(), open: openWatched, loop, late: notices.late, clock, warn },
      lookRun,
    ),
    beats.keep(() => beatOf(loop, follower.now(), source.label, clock), ending.signal, warn),
    verifyIdle({ loop, verify: idleShare(() => workspaceOf(loaded), shareRun), clock, warn }, ending.signal),
    followState({ left: () => box, loop, heldBy, clock, warn }, ending.signal),
    drills.run(loop, clock, ending.signal),
    first.specs.kind === 'git' ? lookEvery(first.specs.interval * 1000, loop, clock, ending.signal) : null,
  ])
  try {
    await loop.run(active, run.signal)
  } finally {
    ending.abort()
    await watching?.close()
    await beside
    await notices.ended(null)
  }
}

/** The new settings, or why they are rejected. */
function judgeSettings(
  { settings, faults }: Awaited<ReturnType<typeof openSettings>>,
  first: Settings,
): Settings | string {
  const fault = faults.find(({ severity }) => severity === 'error')
  if (fault !== undefined)
    return `${fault.file}:${fault.line}:${fault.column}: ${fault.message}; the previous settings stay in force`
  const isElsewhere =
    settings.state !== first.state || JSON.stringify(settings.specs) !== JSON.stringify(first.specs)
  if (isElsewhere)
    return 'the location of specs or state has changed, which needs a restart; the previous settings stay in force'
  return settings
}

const isRunning = (state: string, holders: readonly { readonly pid: number }[]): Failure =>
  new Failure({
    code: 'watch-running',
    message: `another reconcile watch uses ${state}${holders[0] === undefined ? '' : ` (pid ${holders[0].pid})`}`,
    hint: 'Stop it first, or give this one its own --state.',
  })

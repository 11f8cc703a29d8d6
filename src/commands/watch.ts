import { openBox } from '../box/box.ts'
import { openWatchMemory, type WatchMemory } from '../box/watch-memory.ts'
import { codeOfDiagnostics } from '../decide/status/exit-code.ts'
import { isOverSpecs } from '../decide/status/over-specs.ts'
import { firstDue } from '../decide/time/next-run.ts'
import type { Clock } from '../model/clock.ts'
import { Failure } from '../model/failure.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import type { Hold } from '../model/trouble.ts'
import type { ActiveSpec } from '../model/watched-specs.ts'
import { orFailed } from '../reconcile/failed-outcome.ts'
import { reconcileBackup } from '../reconcile/pass.ts'
import type { PassOptions } from '../reconcile/pass-terms.ts'
import { fingerprintSpecs, SPEC_FILE } from '../specs/fingerprint-specs.ts'
import { type LoadedSpecs, nothingObeyed } from '../specs/load-specs.ts'
import { renderDiagnostics } from '../view/diagnostics.ts'
import { followSpecs } from '../watch/follow-specs.ts'
import { type LoopPorts, watchLoop } from '../watch/loop.ts'
import type { ServiceManager } from '../watch/systemd.ts'
import { watchFolder } from '../watch/watch-folder.ts'
import type { Console } from './argv/console.ts'
import { settleDefaults } from './run.ts'
import { beatOf, heartbeats } from './watch-beat.ts'
import { followFreshness } from './watch-fresh.ts'
import { keepAlive, watchNotices } from './watch-notices.ts'
import { boxContext, findSpecs, lastGoodOf } from './watch-specs.ts'
import { followState, lookEvery, orSetAside } from './watch-state.ts'
import type { Watchers } from './watchers.ts'
import {
  openCommonHolds,
  openPlace,
  openPorts,
  type openSettings,
  passOptions,
  specSource,
  type Workspace,
} from './workspace.ts'

export interface WatchTerms {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** Reads the box's settings, flags over them. */
  readonly settings: () => ReturnType<typeof openSettings>
  /** Calls this when settings and specs are to be read again. */
  readonly onHangup: (act: () => void) => void
  readonly service: (warn: (text: string) => void) => ServiceManager
}

/** `reconcile watch`: follows the specs, and runs each backup when it is due, until it is told to stop. */
export async function watch(
  terms: WatchTerms,
  console: Console,
  run: Run,
  watchers: Watchers,
): Promise<number> {
  const { settings, faults } = await terms.settings()
  if (faults.length > 0) console.tell(renderDiagnostics(faults, { color: console.color.tell }))
  if (codeOfDiagnostics(faults) !== 0) return codeOfDiagnostics(faults)
  const memory = openWatchMemory(settings.state)
  const lock = await memory.lock(run.signal)
  if (lock.state === 'busy') throw isRunning(settings.state, lock.holders)
  try {
    await watchLocked(settings, memory, terms, run, watchers)
    return 0
  } finally {
    lock.close()
    watchers.end()
  }
}

async function watchLocked(
  first: Settings,
  memory: WatchMemory,
  terms: WatchTerms,
  run: Run,
  watchers: Watchers,
): Promise<void> {
  const { clock } = terms
  const beats = heartbeats(memory, clock)
  const emit: Watchers['onWatch'] = (event) => {
    watchers.onWatch(event)
    beats.heed(event)
  }
  const warn = (message: string): void => emit({ type: 'warning', message })
  let settings = first
  let box = openBox(first.state, first)
  const source = specSource(first, box, 'obey')
  /** What the last look read; it counts once it has been decided what of it is obeyed. */
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
  const find = async () => {
    found = await source.load(run)
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
  // Where nothing is known from before, specs that cannot be read end it at once, as they end every other command.
  if (kept === null) await source.load(run)
  const { rebuildSpecs } = await import('../specs/spec/rebuild.ts')
  const before = await rebuildSpecs(kept?.specs ?? [], boxContext({ settings, box }))
  for (const { file, message } of before.refused)
    warn(`the spec that was kept of ${file} counts no more: ${message}`)
  const active = before.specs.map((one): ActiveSpec => ({ ...one, instead: null }))
  const follower = followSpecs(
    { active, orphans: kept?.orphans ?? [] },
    {
      find,
      released: () => box.releases(),
      consume: (id) => box.consume(id),
      settle: () => settleDefaults(workspaceOf(found)),
      keep: (word) => mendKept(() => memory.keep(source.label, word)),
      now: clock.now,
      emit,
    },
  )

  const notices = watchNotices(() => settings, {
    revision: () => loaded.revision,
    now: clock.now,
    signal: run.signal,
    warn,
  })
  /** The fingerprint of the folder that is obeyed. */
  let obeyed: string | null = null
  const look = async () => {
    const decided = await follower.look()
    obeyed = decided === null ? null : found.fingerprint
    if (decided === null) return null
    loaded = found
    await notices.looked(decided, loaded)
    return decided
  }

  const heldBy = new Map<string, string>()
  const pass: LoopPorts['pass'] = async (one, { signal, promise }) => {
    const { spec } = one
    const passRun: Run = { now: clock.now, signal, emit: watchers.onEvent }
    const outcome = await runOne(one, workspaceOf(loaded), follower.now().holds, promise, passRun)
    for (const [id, name] of heldBy) if (name === spec.name) heldBy.delete(id)
    for (const { id, code } of outcome.holds) if (!isOverSpecs(code)) heldBy.set(id, spec.name)
    await notices.finished(outcome)
    return outcome
  }
  const loop = watchLoop({
    clock,
    random: terms.random,
    concurrency: () => settings.concurrency,
    look,
    pass,
    async firstDue({ spec }) {
      const place = await openPlace(spec.destination, spec.name, box)
      const last = await place.readStatus().catch(() => null)
      notices.remember(spec.name, last)
      return firstDue(spec, last, clock.now())
    },
    emit,
    revision: () => follower.now().revision,
    notTaken: () => loaded.lastGood?.newer ?? null,
  })

  terms.onHangup(() => {
    emit({ type: 'reloading' })
    void terms.settings().then(
      (read) => {
        const next = judgeSettings(read, first)
        if (typeof next === 'string') warn(next)
        else {
          settings = next
          box = openBox(next.state, next)
          notices.reopened()
        }
        loop.look()
        loop.trigger(null, 'hangup')
      },
      (error: unknown) => warn(`the settings cannot be read: ${String(error)}`),
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
  const service = terms.service(warn)
  const stopping = (): void => void service.stopping()
  run.signal.addEventListener('abort', stopping, { once: true })
  await service.ready(`watching ${source.label}`)
  const beside = Promise.all([
    keepAlive(service, ending.signal),
    followFreshness(
      { box: () => box, loop, late: notices.late, clock, warn },
      { now: clock.now, signal: ending.signal, emit: () => {} },
    ),
    beats.keep(() => beatOf(loop, follower.now(), source.label, clock), ending.signal, warn),
    followState(() => box, loop, heldBy, clock, ending.signal, warn),
    first.specs.kind === 'git' ? lookEvery(first.specs.interval * 1000, loop, clock, ending.signal) : null,
  ])
  try {
    await loop.run(active, run.signal)
  } finally {
    ending.abort()
    await watching?.close()
    await beside
    await notices.ended()
  }
}

/** New settings, or why they are not taken. */
function judgeSettings(
  { settings, faults }: Awaited<ReturnType<typeof openSettings>>,
  first: Settings,
): Settings | string {
  const fault = faults.find(({ severity }) => severity === 'error')
  if (fault !== undefined)
    return `${fault.file}:${fault.line}:${fault.column}: ${fault.message}; the settings from before count on`
  const isElsewhere =
    settings.state !== first.state || JSON.stringify(settings.specs) !== JSON.stringify(first.specs)
  if (isElsewhere)
    return 'where specs or state lie has changed, which takes a restart; the settings from before count on'
  return settings
}

const isRunning = (state: string, holders: readonly { readonly pid: number }[]): Failure =>
  new Failure({
    code: 'watch-running',
    message: `another reconcile watch uses ${state}${holders[0] === undefined ? '' : ` (pid ${holders[0].pid})`}`,
    hint: 'Stop it first, or give this one a --state of its own.',
    retryable: false,
  })

/** The pass that `reconcile` runs. What fails before it begins is that backup's failure as well. */
async function runOne(
  one: ActiveSpec,
  workspace: Workspace,
  specHolds: readonly Hold[],
  promise: PassOptions['promise'],
  run: Run,
): Promise<BackupOutcome> {
  const { spec } = one
  return orFailed(spec, false, run, async () => {
    const holds = await openCommonHolds(workspace)
    const options = passOptions(spec, workspace, { lockWait: 0, all: false, named: false, holds, promise })
    const policy = {
      holds: [...new Map([...options.policy.holds, ...specHolds].map((hold) => [hold.id, hold])).values()],
      lastGood: lastGoodOf(one) ?? options.policy.lastGood,
    }
    const ports = await openPorts(spec, workspace)
    return (await reconcileBackup(ports, spec, { ...options, policy }, run)).outcome
  })
}

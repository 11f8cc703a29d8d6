import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { openNoticeMemory } from '../box/notice-memory.ts'
import { openWatchMemory } from '../box/watch-memory.ts'
import { planIdOf } from '../decide/plan/assemble.ts'
import { faultyNames, specFaults } from '../decide/specs/faults.ts'
import { apartFromBox } from '../decide/status/box-problems.ts'
import { codeOfResult } from '../decide/status/exit-code.ts'
import { isNotSeen } from '../decide/status/over-specs.ts'
import { marked, mayBeShared, type SharedTroubles } from '../decide/status/shared-troubles.ts'
import { problemOf } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import type { BackupOutcome, Result } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Diagnostic, Hold } from '../model/trouble.ts'
import { failedOutcome } from '../reconcile/failed-outcome.ts'
import { type ProofFound, reconcileBackup } from '../reconcile/pass.ts'
import { escapeProse } from '../view/escape-text.ts'
import { type Brief, renderResult } from '../view/render-result.ts'
import { foldText } from '../view/wrap-text.ts'
import type { NoticeOptions, Notices, NoticeUse } from '../watch/notices.ts'
import { type Console, printDocument } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { commonHolds, openCommonHolds, sharedBy } from './common-holds.ts'
import { inParallel } from './in-parallel.ts'
import type { Changes } from './on-change.ts'
import { deafTo, liveBeat, refusals } from './over-specs.ts'
import { type Due, drillGround, proveAfter } from './prove.ts'
import { verifyAfter } from './verify-share.ts'
import { openWatchers } from './watchers.ts'
import {
  faultyConfig,
  filesOf,
  type GlobalFlags,
  openPorts,
  openSettings,
  type PassTerms,
  passOptions,
  plainDiagnostics,
  printSpecs,
  type Workspace,
} from './workspace.ts'

/** What passes run on, and where they report. */
export interface PassContext {
  readonly workspace: Workspace
  readonly console: Console
  readonly run: Run
  readonly log: Pick<SharedFlags, 'logLevel' | 'logFile'>
  /** Prints only what changed since the pass before; null: all. */
  readonly changes?: Changes
}

/** With holds that are still being read: if that fails, each backup fails, and each failure is in the result. */
type RunTerms = Omit<PassTerms, 'holds'> & { readonly holds: Promise<readonly Hold[]> }

/** One pass over one backup. A failure before it begins is that backup's failure too; a bug is thrown. */
export async function runPass(
  spec: Spec,
  workspace: Workspace,
  terms: RunTerms,
  run: Run,
): Promise<{
  readonly outcome: BackupOutcome
  readonly plan: BackupPlan | null
  readonly proof?: ProofFound
  readonly isToRead?: boolean
}> {
  try {
    const isProving = spec.prove !== null && terms.work !== 'prune'
    const proving = isProving ? { proving: await drillGround(workspace) } : {}
    const options = passOptions(spec, workspace, { ...terms, ...proving, holds: await terms.holds })
    return await reconcileBackup(await openPorts(spec, workspace), spec, options, run)
  } catch (error) {
    return { outcome: failedOutcome(error, spec, terms.named, run), plan: null }
  }
}

/** Runs one pass over each of these backups, prints the result and returns its exit code. */
export const passOver = (
  specs: readonly Spec[],
  terms: Pick<PassTerms, 'named' | 'lockWait'> & { readonly work: 'all' | 'prune' },
  context: PassContext,
): Promise<number> => {
  const { workspace } = context
  const isWhole = terms.work === 'all'
  const use = terms.named || !isWhole ? 'some' : 'all'
  return reportPasses(context, use, terms.named, async (run, notices) => {
    const holds = settledHolds(workspace, openCommonHolds(workspace))
    // A daemon that ran here may come back; one whose heartbeat was removed from the state folder will not.
    const heard = await openWatchMemory(workspace.settings.state).lastHeard()
    const promise = heard === null ? 'drop' : 'keep'
    const plans: BackupPlan[] = []
    const found: Due[] = []
    const toRead = new Set<Spec>()
    const outcomes = await inParallel(specs, workspace.settings.concurrency, async (spec) => {
      const onLocked = isWhole ? () => notices.locked(spec.name) : () => {}
      const options: RunTerms = { ...terms, holds, promise, onLocked }
      const { outcome, plan, proof, isToRead } = await runPass(spec, workspace, options, run)
      if (plan !== null) plans.push(plan)
      if (proof !== undefined) found.push({ spec, ...proof })
      if (isWhole && isToRead === true) toRead.add(spec)
      await notices.finished(outcome, isWhole ? 'whole' : 'part')
      return outcome
    })
    const again = async (spec: Spec) => {
      const { outcome } = await runPass(spec, workspace, { ...terms, holds, promise }, run)
      await notices.finished(outcome, 'whole')
      return outcome
    }
    const share = { workspace, toRead, again, named: terms.named }
    const verified = await verifyAfter(specs, outcomes, share, run)
    const proven = await proveAfter(found, verified, terms.named, context, run)
    for (const one of proven)
      if (!verified.includes(one)) await notices.finished(one, isWhole ? 'whole' : 'part')
    return { planId: planIdOf(plans, workspace.loaded.revision), outcomes: proven }
  })
}

/** Runs `work` with progress, sends notices and heartbeat, prints the result and returns its exit code. */
export async function reportPasses(
  context: PassContext,
  use: Exclude<NoticeUse, 'watch'>,
  named: boolean,
  work: (
    run: Run,
    notices: Pick<Notices, 'locked' | 'finished'>,
  ) => Promise<{ readonly planId: string; readonly outcomes: readonly BackupOutcome[] }>,
): Promise<number> {
  const { workspace, console, run, log, changes } = context
  const { loaded, diagnostics } = workspace
  const started = run.now()
  const watchers = await openWatchers(console, log, run.now, loaded.revision)
  const notices = await beginPassNotices(context, use, watchers.warn)
  const { planId, outcomes } = await work({ ...run, emit: watchers.onEvent }, notices).finally(() =>
    watchers.end(),
  )
  const { backups: ended, problems } = apartFromBox(outcomes, named)
  const shared = await sharedBy(ended, workspace)
  const backups = ended.map((one) => marked(one, shared))
  const bare: Omit<Result, 'exitCode'> = {
    format: 'reconcile.result/1',
    planId,
    revision: loaded.revision,
    started: isoTime(started),
    finished: isoTime(run.now()),
    backups,
    problems: [...problems, ...deafTo(loaded, run.now()), ...shared.problems],
    diagnostics: plainDiagnostics(diagnostics),
  }
  const result: Result = { ...bare, exitCode: codeOfResult(bare) }
  const brief = changes === undefined ? briefOf(result, console) : await changes.since(result)
  if (changes !== undefined && brief?.box === 'shown') printSpecs(workspace, console)
  if (console.output === 'ndjson') printDocument(console, { time: result.finished, type: 'result', result })
  else if (console.output === 'json') {
    if (changes === undefined || saysAnything(brief)) printDocument(console, result)
  } else if (!(console.quiet && !saysAnything(brief))) {
    const shape = { color: console.color.write, width: console.width }
    console.write(renderResult(result, { ...shape, brief, config: faultyConfig(workspace) }))
  }
  await notices.ended(result, shared)
  return result.exitCode
}

/** With --quiet: the unwell alone. */
const briefOf = ({ backups, exitCode }: Result, { quiet }: Console): Brief | undefined =>
  quiet
    ? {
        unwell: new Set(
          backups.flatMap((one) => (one.exitCode === 0 && one.repaired.length === 0 ? [] : [one.backup])),
        ),
        recovered: new Set(),
        box: exitCode === 0 ? 'same' : 'shown',
      }
    : undefined

const saysAnything = (brief: Brief | undefined): boolean =>
  brief !== undefined && (brief.unwell.size > 0 || brief.recovered.size > 0 || brief.box !== 'same')

type PassNotices = Pick<Notices, 'locked' | 'finished'> & {
  /** Call after the result is printed. Waits a few seconds for requests under way. */
  ended(result: Result, shared: SharedTroubles): Promise<void>
}

const SILENT: PassNotices = { locked: () => {}, finished: async () => {}, ended: async () => {} }

async function passNotices(
  settings: Settings,
  use: Exclude<NoticeUse, 'watch'>,
  { now, signal }: Run,
  more: Pick<NoticeOptions, 'revision' | 'declared' | 'diskOf' | 'warn'>,
): Promise<Notices> {
  const { openNotices } = await import('../watch/notices.ts')
  const memory = openNoticeMemory(settings.state)
  return openNotices(() => settings, use, {
    memory,
    host: hostname(),
    now,
    signal,
    oneLine: escapeProse,
    ...more,
  })
}

/** Of a pass over all backups that ends before it begins, as its specs cannot be read: the settings still say who is to know. */
export async function reportUnread(
  error: unknown,
  given: GlobalFlags,
  console: Console,
  run: Run,
): Promise<void> {
  const failure = failureFrom(error)
  const { settings } = await openSettings(given)
  if (failure.code === 'usage' || (settings.notify.length === 0 && settings.heartbeat === null)) return
  const notices = await passNotices(settings, 'all', run, {
    revision: () => null,
    declared: () => 0,
    diskOf: () => null,
    warn: (text) => console.writeError(foldText(`warning: ${text}`, console.errorWidth)),
  })
  notices.began()
  await notices.stands(new Map(), { faults: [failure], holds: [] }, false)
  await notices.ended({ exitCode: 64, backups: [], problems: [problemOf(failure)], diagnostics: [] })
}

/** Starts notices and heartbeat for one pass. Loads nothing if the settings have neither. */
async function beginPassNotices(
  { workspace, console, run, changes }: PassContext,
  use: Exclude<NoticeUse, 'watch'>,
  log: (text: string) => void,
): Promise<PassNotices> {
  const { settings, loaded } = workspace
  if (settings.notify.length === 0 && settings.heartbeat === null) return SILENT
  const warnings = new Set<string>()
  const notices = await passNotices(settings, use, run, {
    revision: () => loaded.revision,
    declared: () => loaded.specs.length,
    diskOf: (name) => diskUnder(loaded.specs.find((spec) => spec.name === name)),
    warn(text) {
      warnings.add(text)
      log(text)
    },
  })
  notices.began()
  const faults = refusals(loaded, run.now())
  // If it cannot be read, each backup reports that.
  const gone = await openCommonHolds(workspace).catch((error: unknown) => {
    failureFrom(error)
    return null
  })
  const holds = [...loaded.holds, ...(gone ?? [])]
  // A running daemon knows more about the specs than one read shows.
  const live = await liveBeat(workspace, run)
  const isAll = live === null && gone !== null
  // What keeps a sound spec from counting, too, are the faults of files that declare none that is faulty.
  const isOwn = ({ file }: Diagnostic): boolean => loaded.faulty.some((one) => one.file === file)
  const common = loaded.faults.filter((one) => one.severity === 'error' && !isOwn(one))
  const overAll = { faults: [...faults, ...common], holds }
  const faultsOf = (name: string) => {
    const files = filesOf(name, loaded)
    const found = specFaults(files, loaded.faults)
    return overAll.faults.length === 0 ? found : found.filter(({ file }) => files.includes(file))
  }
  const overEach = new Map([
    ...loaded.specs.map(({ name }) => [name, []] as const),
    ...faultyNames(loaded).map((name) => [name, faultsOf(name)] as const),
  ])
  await notices.stands(overEach, overAll, isAll)
  const later: Parameters<Notices['finished']>[] = []
  return {
    ...notices,
    async finished(outcome, extent) {
      // Whether it is one trouble of many is known at the end.
      if (mayBeShared(outcome, settings.state)) later.push([outcome, extent])
      else await notices.finished(outcome, extent)
    },
    async ended(result, shared) {
      for (const [outcome, extent] of later) await notices.finished(marked(outcome, shared), extent)
      const ran = result.backups.some((one) => !['busy', 'cancelled', 'suspended'].includes(one.result))
      const problems = result.problems.filter(({ code }) => !isNotSeen(code))
      await notices.shared(problems, use === 'all' && ran)
      // A daemon's holds stay, however well this pass went.
      const isHeld = result.exitCode === 0 && live !== null && live.holds.length > 0
      await notices.ended(use === 'all' && !isHeld ? result : null)
      // Live progress is over by now. Printed even with --quiet: a message that never arrives is reported nowhere else.
      const shown = changes === undefined ? warnings : await changes.news(warnings)
      for (const text of shown) console.writeError(foldText(`warning: ${text}`, console.errorWidth))
    },
  }
}

/** What tells the disks under destinations apart, as far as specs do: the mount point, else the folder that they are in. */
export const diskUnder = (spec: Pick<Spec, 'destination'> | undefined): string | null =>
  spec === undefined ? null : (spec.destination.mount ?? dirname(spec.destination.path))

/** The holds over all backups; if there are none, first records which files underlie all specs. */
export const settledHolds = (
  workspace: Workspace,
  common: Promise<readonly Hold[]>,
): Promise<readonly Hold[]> => {
  const settled = common.then(async (holds) => {
    if (holds.length === 0) await settleShared(workspace)
    return holds
  })
  settled.catch(() => {})
  return settled
}

/** Records whether there are a `_defaults.yaml` and a `_hosts.yaml`. Called where no removal of one is held, or its release is used up. */
export async function settleShared(workspace: Workspace): Promise<void> {
  const { box, loaded } = workspace
  const { folder, shared } = loaded
  // For git, the last good commit is remembered instead.
  if (folder === null) return
  const released = await commonHolds(workspace)
  const seen: readonly string[] = await box.sharedFilesSeen(folder)
  const gone = seen.filter((file) => !shared.some((one) => one === file))
  await box.rememberSharedFiles(folder, { present: shared, gone })
  for (const hold of released) await box.consume(hold.id)
}

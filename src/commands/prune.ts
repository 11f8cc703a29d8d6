import { namedRemovals, thinSeries } from '../decide/prune/name-removals.ts'
import { codeOfPlan } from '../decide/status/exit-code.ts'
import { Failure } from '../model/failure.ts'
import type { Holding } from '../model/holding.ts'
import { isoSeconds } from '../model/instant.ts'
import type { LockHolder } from '../model/outcome.ts'
import { type RelPath, toRelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { underLock } from '../reconcile/under-lock.ts'
import { whoAmI } from '../system/who-am-i.ts'
import { escapeProse, escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { renderPlan } from '../view/render-plan.ts'
import { shellWords } from '../view/shell-words.ts'
import { type Console, printDocument } from './argv/console.ts'
import { planDocument, planEach } from './plan-each.ts'
import { passOver } from './run.ts'
import type { Watchers } from './watchers.ts'
import {
  chooseSpecs,
  openCommonHolds,
  openNear,
  runnableSpecs,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

export interface PruneFlags {
  readonly dryRun: boolean
  readonly all: boolean
  readonly detailedExitCode: boolean
  readonly lockTimeout: number
}

/** `reconcile prune [NAME…]`: removes what no rule keeps, where the spec lets it; the plan and its reasons come first. */
export async function prune(
  names: readonly string[],
  workspace: Workspace,
  flags: PruneFlags,
  console: Console,
  run: Run,
  openWatchers: () => Promise<Watchers>,
): Promise<number> {
  const specs = prunable(runnableSpecs(workspace, names), names)
  tellSpecs(workspace, console)
  const asOf = run.now()
  const given = { all: flags.all, named: names.length > 0, work: 'prune' } as const
  const holds = openCommonHolds(workspace)
  const planned = await planEach(specs, workspace, { ...given, holds }, asOf, run)
  const plans = planned.map(({ plan }) => plan)
  const document = planDocument(plans, workspace, asOf)
  const code = codeOfPlan(document, flags.detailedExitCode)
  if (console.output === 'text') {
    const { width } = console
    if (!console.quiet || (flags.dryRun && code !== 0))
      console.write(renderPlan(document, { color: console.color.write, width, all: flags.all }))
  } else if (flags.dryRun) printDocument(console, document)
  if (flags.dryRun) return code
  return passOver(specs, names.length > 0, workspace, flags, 'prune', console, run, await openWatchers())
}

/** Those whose specs let something be removed. Named ones that do not are told. */
function prunable(specs: readonly Spec[], names: readonly string[]): readonly Spec[] {
  const may = ({ retain, prune: { mode } }: Spec) => retain !== null && mode !== 'never'
  const refused = specs.filter((spec) => names.length > 0 && !may(spec))
  for (const { name, retain, file } of refused) {
    throw new Failure({
      code: 'prune-off',
      message:
        retain === null
          ? `${name} keeps everything: its spec has no retain`
          : `${name} removes nothing: its spec does not set prune.mode`,
      hint: `In ${file}, ${retain === null ? 'say with retain what is kept, and' : ''} set prune: { mode: manual }. To remove single files: reconcile prune ${name} PATH --reason "…".`,
      retryable: false,
    })
  }
  return specs.filter(may)
}

/** `reconcile prune NAME PATH… --reason R`: a person removes published files, on the record; they are not pulled again. */
export async function pruneByName(
  name: string,
  words: readonly string[],
  reason: string,
  workspace: Workspace,
  flags: PruneFlags,
  console: Console,
  run: Run,
): Promise<number> {
  if (reason.trim() === '') throw usage('a removal needs a reason: it goes on the record')
  const spec = chooseSpecs(workspace, [name])[0]
  if (spec === undefined) return 3
  const paths = words.map(pathOf)
  const destination = await openNear(spec, workspace)
  if (flags.dryRun) {
    const holding = await destination.inspect(run)
    if (holding.halt !== null) throw new Failure({ ...holding.halt, retryable: false })
    requireHeld(name, paths, holding)
    for (const path of paths) console.write(`would go to the trash: ${escapeText(path)}\n`)
    return 0
  }
  const done = await underLock(destination, flags.lockTimeout, run, async (locked, holding) => {
    requireHeld(name, paths, holding)
    const requests = namedRemovals(spec, holding, paths, `${reason} (${whoAmI()})`, run.now())
    const verdicts = await locked.prune(requests, run)
    const problems = paths.flatMap((path) => {
      const verdict = verdicts.get(path)
      return verdict?.verdict === 'problem' ? [verdict.problem] : []
    })
    const removed = new Set(paths.filter((path) => verdicts.get(path)?.verdict === 'done'))
    return { problems, removed, thin: thinSeries(spec, holding, removed, run.now()) }
  })
  if (done.state === 'busy') return tellBusy(name, done.holders, console)
  const { removed, problems, thin } = done.value
  const until = isoSeconds(Math.floor(run.now() / 1000) + spec.prune.trashFor)
  for (const path of removed)
    console.write(
      `removed ${escapeText(path)}: in the trash until ${until}, and not pulled again. To bring it back: ${escapeText(shellWords(['reconcile', 'prune', name, `--undo=${path}`]))}\n`,
    )
  for (const { series, left } of thin) {
    const of = escapeText(series)
    console.tell(`${of} has ${counted(left, 'complete point')} left, fewer than prune.keepAtLeast.\n`)
  }
  for (const { path, message, hint } of problems)
    console.tell(`${escapeText(path ?? '')}: ${escapeProse(message)}. ${escapeProse(hint)}\n`)
  return problems.length > 0 ? 1 : 0
}

/** `reconcile prune [NAME] --undo PATH…` or `--undo --last`: brings back what lies in the trash. */
export async function undoPrune(
  what: { readonly name: string | null; readonly paths: readonly string[]; readonly last: boolean },
  reason: string,
  workspace: Workspace,
  flags: PruneFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const paths = what.paths.map(pathOf)
  const spec = await backupWith(what.name, paths, workspace, run)
  if (spec === null) return 3
  const destination = await openNear(spec, workspace)
  const done = await underLock(destination, flags.lockTimeout, run, async (locked, holding) => {
    const chosen = what.last ? lastRemoved(spec.name, holding) : paths
    return { chosen, verdicts: await locked.undoPrune(chosen, { reason, by: whoAmI() }, run) }
  })
  if (done.state === 'busy') return tellBusy(spec.name, done.holders, console)
  let code = 0
  for (const path of done.value.chosen) {
    const verdict = done.value.verdicts.get(path)
    if (verdict?.verdict === 'done') {
      console.write(`brought back ${escapeText(path)}\n`)
      continue
    }
    code = 1
    const { message, hint } = verdict?.problem ?? { message: 'came to no verdict', hint: '' }
    console.tell(`${escapeText(path)}: ${escapeProse(message)}. ${escapeProse(hint)}\n`)
  }
  if (code === 0 && spec.retain !== null && spec.prune.mode === 'auto')
    console.tell(
      'A prune spares it for prune.minAge from now on. Pin it in retain.pin, or keep more, before that is over.\n',
    )
  return code
}

/** All files of the last event that is still in the trash. */
function lastRemoved(name: string, { pruned }: Holding): readonly RelPath[] {
  let last: { readonly at: number; readonly trash: string } | null = null
  for (const { at, trash } of pruned.values())
    if (trash !== null && (last === null || at >= last.at)) last = { at, trash }
  if (last === null) throw notInTrash(`the trash of ${name} is empty`)
  const { trash } = last
  return [...pruned].flatMap(([path, one]) => (one.trash === trash ? [path] : []))
}

/** The named backup, or the only one that has all these paths in its trash. */
async function backupWith(
  name: string | null,
  paths: readonly RelPath[],
  workspace: Workspace,
  run: Run,
): Promise<Spec | null> {
  const specs = chooseSpecs(workspace, name === null ? [] : [name])
  if (name !== null || specs.length === 1) return specs[0] ?? null
  const found: Spec[] = []
  for (const spec of specs) {
    const { pruned } = await (await openNear(spec, workspace)).inspect(run)
    if (paths.length > 0 && paths.every((path) => pruned.get(path)?.trash != null)) found.push(spec)
  }
  if (found.length === 1) return found[0]!
  if (found.length > 1)
    throw usage(
      `several backups have it in their trash: name one of ${found.map((spec) => spec.name).join(', ')}`,
    )
  throw notInTrash(
    paths.length === 0 ? 'which backup is meant is not said' : 'no backup has that in its trash',
  )
}

function requireHeld(name: string, paths: readonly RelPath[], { files, pruned }: Holding): void {
  for (const path of paths) {
    if (files.has(path)) continue
    throw new Failure({
      code: 'not-held',
      message: pruned.has(path)
        ? `${name} holds ${path} no more: it was removed before`
        : `${name} holds no file ${path}`,
      hint: 'Paths are relative to the destination, as plans show them.',
      retryable: false,
      path,
    })
  }
}

function pathOf(text: string): RelPath {
  const path = toRelPath(text)
  if (path === null) throw usage(`${JSON.stringify(text)} is no path in a destination`)
  return path
}

function tellBusy(name: string, holders: readonly LockHolder[], console: Console): number {
  const who = holders.map(({ pid, command }) => `${escapeText(command)} (pid ${pid})`).join(', ')
  console.tell(`${name} is busy: its destination is held by ${who || 'another process'}.\n`)
  return 5
}

const usage = (message: string): Failure =>
  new Failure({ code: 'usage', message, hint: 'reconcile prune --help shows its forms.', retryable: false })

const notInTrash = (message: string): Failure =>
  new Failure({
    code: 'not-in-trash',
    message,
    hint: 'reconcile explain NAME shows what lies in the trash, and until when.',
    retryable: false,
  })

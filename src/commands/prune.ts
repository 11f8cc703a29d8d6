import type { Command } from 'commander'
import { namedRemovals, thinSeries } from '../decide/prune/name-removals.ts'
import { mustBeMeant } from '../decide/specs/identity-hold.ts'
import { codeOfPlan } from '../decide/status/exit-code.ts'
import { Failure } from '../model/failure.ts'
import type { Holding, PrunedFile } from '../model/holding.ts'
import { humanSize } from '../model/human-size.ts'
import { isoSeconds, isoTime } from '../model/instant.ts'
import type { LockHolder } from '../model/outcome.ts'
import { type RelPath, toRelPath } from '../model/rel-path.ts'
import { shellWords } from '../model/shell-words.ts'
import type { Spec } from '../model/spec.ts'
import { withHint } from '../model/trouble.ts'
import { underLock } from '../reconcile/under-lock.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { whoAmI } from '../system/who-am-i.ts'
import { escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { inUse, localProse } from '../view/local-prose.ts'
import { MORE, SHOWN } from '../view/render-plan.ts'
import { ends, type Host, openConsole, usage as usageOf } from './argv/command-line.ts'
import { type Console, complain, printDocument, say } from './argv/console.ts'
import { flags, type PlanFlags } from './argv/flags.ts'
import { openCommonHolds } from './common-holds.ts'
import { passOver } from './passes.ts'
import { planDocument, planEach, printPlan } from './plan.ts'
import {
  type Context,
  chooseSpecs,
  declaredNames,
  faultyConfig,
  openNear,
  openToAct,
  openWorkspace,
  printSpecs,
  runnableSpecs,
} from './workspace.ts'

interface PruneFlags extends PlanFlags {
  readonly reason?: string
  readonly undo?: string | true
  readonly last?: boolean
}

export function add(command: Command, host: Host): void {
  command
    .description(
      'remove what no retain rule keeps, where prune.mode allows it; shows the plan and its reasons first.\n' +
        'With paths and --reason: remove those files. With --undo: bring back what is in the trash.',
    )
    .argument('[name]', 'the backup')
    .argument('[path...]', 'published files to remove by name (with --reason), or more backups')
    .option('--reason <text>', 'why; recorded in the ledger')
    .option('--undo [path]', 'bring a file of the backup back from the trash')
    .option('--last', 'with --undo: all that the last prune of the backup removed')
    .action(
      ends(host, async (name: string | undefined, rest: string[], given: PruneFlags) => {
        await checkTools()
        const { dryRun = false, reason, undo, last = false } = given
        const console = openConsole(given)
        const workspace = dryRun
          ? await openWorkspace(given, 'look', host.run)
          : await openToAct(given, 'obey', host.run)
        const context = { workspace, console, run: host.run }
        if (undo !== undefined) {
          if (dryRun) throw usage('--undo has no dry run')
          const paths = [...(undo === true ? [] : [undo]), ...rest]
          if (name === undefined)
            throw usage(
              '--undo needs the name of the backup',
              'For example: reconcile prune NAME --undo PATH',
            )
          if (last === paths.length > 0)
            throw usage(
              '--undo takes either paths or --last',
              last
                ? `reconcile prune ${name} --undo --last brings back all of the last prune.`
                : host.typed('PATH'),
            )
          return undoPrune(name, last ? 'last' : paths, given, context)
        }
        if (last) throw usage('--last needs --undo', host.typed('--undo'))
        if (reason !== undefined) {
          if (name === undefined || rest.length === 0)
            throw usage(
              '--reason needs the files to remove',
              host.typed(...(name === undefined ? ['NAME'] : []), 'PATH'),
            )
          return pruneByName(name, rest, reason, given, context)
        }
        const names = name === undefined ? [] : [name, ...rest]
        const known = declaredNames(workspace.loaded)
        const path = rest.find((word) => !known.includes(word))
        if (path !== undefined)
          throw usage(
            `${path} is not a backup. To remove a file of ${name}, say why`,
            host.typed('--reason "why they may go"'),
          )
        if (given.maxTime !== undefined) host.stopAfter(given.maxTime)
        return prune(names, given, context)
      }),
    )
  const { dryRun, all, detailedExitcode, maxTime, lockTimeout, concurrency } = flags
  for (const option of [dryRun, all, detailedExitcode, maxTime, lockTimeout, concurrency])
    command.addOption(option)
}

const usage = (message: string, hint = 'reconcile prune --help shows its forms.') => usageOf(message, hint)

/** `reconcile prune [NAME…]`: removes what no rule keeps, where the spec lets it; the plan and its reasons come first. */
async function prune(
  names: readonly string[],
  given: PlanFlags,
  { workspace, console, run }: Context,
): Promise<number> {
  const { dryRun = false, all = false, lockTimeout = 0 } = given
  const specs = prunable(runnableSpecs(workspace, names), names)
  printSpecs(workspace, console)
  const asOf = run.now()
  const terms = { named: names.length > 0, work: 'prune' } as const
  const holds = openCommonHolds(workspace)
  const planned = await planEach(specs, workspace, { ...terms, all, holds }, asOf, run)
  const plans = planned.map(({ plan }) => plan)
  const document = await planDocument(plans, workspace, asOf)
  const code = codeOfPlan(document, given.detailedExitcode === true)
  if (console.output === 'text') {
    if (!console.quiet || (dryRun && code !== 0)) printPlan(document, all, console, faultyConfig(workspace))
  } else if (dryRun) printDocument(console, document)
  if (dryRun) return code
  const { specs: declared } = workspace.loaded
  if (code <= 1 && console.output === 'text' && declared.length > 0 && prunable(declared, []).length === 0) {
    say(console, 'Result: nothing pruned (exit 1: no spec has both retain and prune.mode manual or auto).')
    return 1
  }
  return passOver(specs, { ...terms, lockWait: lockTimeout }, { workspace, console, run, log: given })
}

/** Those whose specs allow removals. Throws a Failure for a named one that does not. */
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
      hint: `In ${file}, ${retain === null ? 'set retain to what you want to keep, and' : ''} set prune: { mode: manual }. To remove single files: reconcile prune ${name} PATH --reason "…".`,
    })
  }
  return specs.filter(may)
}

/** `reconcile prune NAME PATH… --reason R`: a person removes published files, on the record; they are not pulled again. */
async function pruneByName(
  name: string,
  words: readonly string[],
  reason: string,
  { dryRun = false, all = false, lockTimeout = 0 }: PlanFlags,
  context: Context,
): Promise<number> {
  const { workspace, console, run } = context
  if (reason.trim() === '')
    throw usage(
      'a removal needs a reason: it goes on the record',
      'For example: reconcile prune NAME PATH --reason "why they may go"',
    )
  const spec = chooseSpecs(workspace, [name])[0]
  if (spec === undefined) return 3
  const paths = words.map(pathOf)
  const destination = await openNear(spec, workspace)
  if (dryRun) {
    const holding = await destination.inspect(run)
    mustBeMeant(destination.path, holding)
    requireHeld(name, paths, holding)
    sayEach(console, 'would move to the trash:', paths, all)
    if (paths.length > 1) say(console, `Result: ${ofFiles(paths, holding)} would be removed.`)
    return 0
  }
  const done = await underLock(destination, lockTimeout, run, async (locked, holding) => {
    requireHeld(name, paths, holding)
    const requests = namedRemovals(spec, holding, paths, `${reason} (${whoAmI()})`, run.now())
    const verdicts = await locked.prune(requests, run)
    const problems = paths.flatMap((path) => {
      const verdict = verdicts.get(path)
      return verdict?.verdict === 'problem' ? [verdict.problem] : []
    })
    const removed = new Set(paths.filter((path) => verdicts.get(path)?.verdict === 'done'))
    const sum = ofFiles([...removed], holding)
    return { problems, removed, sum, thin: thinSeries(spec, holding, removed, run.now()) }
  })
  if (done.state === 'busy') return printBusy(name, done.holders, context)
  const { removed, problems, thin, sum } = done.value
  const until = isoSeconds(Math.floor(run.now() / 1000) + spec.prune.trashFor)
  sayEach(console, 'removed', [...removed], all)
  if (removed.size > 0) {
    const one = removed.size === 1 ? [...removed][0] : null
    const undo = one === null ? ['--undo', '--last'] : [`--undo=${one}`]
    const how = escapeText(shellWords(['reconcile', 'prune', name, ...undo]))
    say(
      console,
      `Result: ${sum} removed: in the trash until ${localProse(until)}, and never pulled again. To restore ${one === null ? 'them, before the next removal' : 'it'}: ${how}`,
    )
  }
  for (const { series, left } of thin) {
    const points = counted(left, 'complete point')
    complain(console, `${escapeText(series)} has ${points} left, fewer than prune.keepAtLeast.`)
  }
  for (const problem of problems)
    complain(console, `${escapeText(problem.path ?? '')}: ${localProse(withHint(problem))}`)
  return problems.length > 0 ? 1 : 0
}

/** `reconcile prune NAME --undo PATH…` or `--undo --last`: restores files from the trash. */
async function undoPrune(
  name: string,
  words: readonly string[] | 'last',
  { reason = 'undone', all = false, lockTimeout = 0 }: PruneFlags,
  context: Context,
): Promise<number> {
  const { workspace, console, run } = context
  const paths = words === 'last' ? null : words.map(pathOf)
  const spec = chooseSpecs(workspace, [name])[0]
  if (spec === undefined) return 3
  const destination = await openNear(spec, workspace)
  const done = await underLock(destination, lockTimeout, run, async (locked, holding) => {
    const chosen = paths ?? lastRemoved(name, holding)
    return { chosen, verdicts: await locked.undoPrune(chosen, { reason, by: whoAmI() }, run) }
  })
  if (done.state === 'busy') return printBusy(name, done.holders, context)
  const { chosen, verdicts } = done.value
  const restored = chosen.filter((path) => verdicts.get(path)?.verdict === 'done')
  sayEach(console, 'restored', restored, all)
  if (restored.length > 1) say(console, `Result: ${counted(restored.length, 'file')} restored.`)
  for (const path of chosen.filter((one) => !restored.includes(one))) {
    const verdict = verdicts.get(path)
    const problem = verdict?.verdict === 'problem' ? verdict.problem : { message: 'no result', hint: '' }
    complain(console, `${escapeText(path)}: ${localProse(withHint(problem))}`)
  }
  const code = restored.length < chosen.length ? 1 : 0
  if (code === 0 && spec.retain !== null && spec.prune.mode === 'auto')
    complain(
      console,
      'No prune removes it for prune.minAge. Before that ends, pin it in retain.pin or keep more.',
    )
  return code
}

function sayEach(console: Console, what: string, paths: readonly RelPath[], all: boolean): void {
  const shown = all || paths.length <= SHOWN + 1 ? paths : paths.slice(0, SHOWN)
  for (const path of shown) say(console, `${what} ${escapeText(path)}`)
  if (shown.length < paths.length)
    say(console, `${what} ${counted(paths.length - shown.length, 'more file')}; ${MORE}`)
}

const ofFiles = (paths: readonly RelPath[], { files }: Holding): string => {
  const bytes = paths.reduce((sum, path) => sum + (files.get(path)?.size ?? 0), 0)
  return `${counted(paths.length, 'file')} (${humanSize(bytes)})`
}

/** All files of the last event that is still in the trash. */
function lastRemoved(name: string, { pruned }: Holding): readonly RelPath[] {
  const { trash = null } = [...pruned.values()]
    .filter((one) => one.trash !== null)
    .reduce<Partial<PrunedFile>>((last, one) => (one.at >= (last.at ?? 0) ? one : last), {})
  if (trash === null)
    throw new Failure({
      code: 'not-in-trash',
      message: `the trash of ${name} is empty`,
      hint: 'reconcile explain NAME shows what is in the trash, and until when.',
    })
  return [...pruned].flatMap(([path, one]) => (one.trash === trash ? [path] : []))
}

function requireHeld(name: string, paths: readonly RelPath[], { files, pruned }: Holding): void {
  for (const path of paths) {
    if (files.has(path)) continue
    throw new Failure({
      code: 'not-held',
      message: pruned.has(path)
        ? `${name} no longer holds ${path}: it was removed`
        : `${name} holds no file ${path}`,
      hint: /[*?[{]/.test(path)
        ? 'Patterns are not expanded here: name each file, as plans show them.'
        : 'Paths are relative to the destination, as plans show them.',
      path,
    })
  }
}

function pathOf(text: string): RelPath {
  const path = toRelPath(text)
  if (path === null) throw usage(`${JSON.stringify(text)} is not a path in a destination`)
  return path
}

function printBusy(name: string, holders: readonly LockHolder[], { console, run }: Context): number {
  const who = inUse(name, holders, isoTime(run.now()))
  complain(console, `${name} is busy: ${who}.`)
  return 5
}

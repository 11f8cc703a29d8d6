import type { SeriesProof } from '../decide/restore/points.ts'
import { codeOfProblems } from '../decide/status/exit-code.ts'
import type { Drilled, DrillReport } from '../model/drilled.ts'
import { Failure } from '../model/failure.ts'
import { humanSize } from '../model/human-size.ts'
import type { Run } from '../model/run.ts'
import type { Drill } from '../model/settings.ts'
import type { Problem } from '../model/trouble.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { escapeProse } from '../view/escape-text.ts'
import { renderDrills } from '../view/render-restore.ts'
import { usage } from './argv/command-line.ts'
import { type Console, complain, printEither } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { nearest } from './nearest.ts'
import { prove } from './prove.ts'
import { chooseSpecs, openToAct, printDiagnostics } from './workspace.ts'

/** `reconcile restore --drill NAME [BACKUP…]`: the newest point of each series now, due or not. */
export async function byHand(
  name: string,
  backups: readonly string[],
  given: SharedFlags,
  console: Console,
  run: Run,
): Promise<number> {
  for (const flag of ['to', 'at', 'series', 'publishedBefore', 'list'] as const)
    if (flag in given) throw usage(`--drill takes backups alone: the newest point of each series is restored`)
  await checkTools()
  const workspace = await openToAct(given, 'recall', run)
  if (!workspace.settingsAreSound) {
    printDiagnostics(workspace.diagnostics, console)
    return 3
  }
  const drill = drillNamed(name, workspace.settings.drills)
  const asked = chooseSpecs(workspace, backups)
  const specs = backups.length > 0 ? asked : asked.filter(({ prove: of }) => of?.drill === name)
  if (specs.length === 0)
    throw usage(`no backup asks for the drill ${name}`, `Name them: reconcile restore --drill ${name} BACKUP`)
  const drills: Drilled[] = []
  const problems: Problem[] = []
  for (const spec of specs) {
    const report = ({ series, bytes }: SeriesProof): void => {
      const text = `${spec.name}: restoring ${series} (${humanSize(bytes)}) for the drill ${name}`
      if (!console.quiet && console.output === 'text') complain(console, escapeProse(text))
    }
    const proven = await prove(spec, workspace, { drill, choose: (all) => all, report }, run)
    if (proven === null) throw isRunning(workspace.settings.state)
    drills.push(...proven.drilled)
    problems.push(...proven.problems.map((one) => ({ ...one, path: [spec.name, one.path ?? ''].join('/') })))
    if (proven.drilled.length + proven.problems.length === 0) problems.push(nothingThere(spec.name))
  }
  const exitCode = codeOfProblems(problems)
  const report: DrillReport = { format: 'reconcile.drills/1', drill: name, drills, problems, exitCode }
  printEither(console, report, (found) => renderDrills(found, console))
  return exitCode
}

function drillNamed(name: string, drills: readonly Drill[]): Drill {
  const found = drills.find((one) => one.name === name)
  if (found !== undefined) return found
  const names = drills.map((one) => one.name)
  const near = nearest(name, names)
  throw usage(
    `config.yaml has no drill ${name}.${near === null ? '' : ` Did you mean ${near}?`}`,
    names.length === 0 ? 'Name commands under "drills" there.' : `There are: ${names.join(', ')}.`,
  )
}

const isRunning = (state: string): Failure =>
  new Failure({
    code: 'drill-running',
    message: `another drill is running that uses ${state}: one runs at a time`,
    hint: 'Try again when it has ended.',
  })

const nothingThere = (path: string): Problem => ({
  code: 'nothing-to-restore',
  path,
  message: 'it holds nothing complete, so there is nothing to prove',
  hint: 'reconcile status says why.',
})

import type { Command } from 'commander'
import { explainBackup } from '../decide/explain/backup.ts'
import type { Look } from '../decide/explain/explained.ts'
import { explainFile, knownPaths, pathHere } from '../decide/explain/file.ts'
import { explainLostAt, momentsAt } from '../decide/explain/lost-at.ts'
import { codeOfDiagnostics, codeOfExplanation } from '../decide/status/exit-code.ts'
import type { Explanation } from '../model/explanation.ts'
import { Failure } from '../model/failure.ts'
import { markerOf } from '../model/marker-name.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { lookNow, lookOffline } from '../reconcile/look-to-explain.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { renderExplain } from '../view/render-explain.ts'
import { renderLostAt } from '../view/render-lost.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { type Console, printDocument, printEither } from './argv/console.ts'
import { flags, type PlanFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { openCommonHolds } from './common-holds.ts'
import { eachLine, openLedgerOf } from './look-at.ts'
import { nearestOf } from './nearest.ts'
import { readSnapshots } from './read-snapshots.ts'
import {
  type Context,
  openPorts,
  openWorkspace,
  passOptions,
  plainDiagnostics,
  printSpecs,
  runnableSpecs,
  sourceLabel,
} from './workspace.ts'

/** `offline`: a folder of snapshots to use instead of both sides. Without `asOf`: now, or when the snapshot was taken. */
type ExplainFlags = Pick<PlanFlags, 'offline' | 'asOf' | 'all'>

type LostFlags = PlanFlags & { readonly lostAt?: ReturnType<typeof parseFlag.past> }

export function add(command: Command, host: Host): void {
  command
    .description(
      'why a file is here or not, and what happens to it next; for a backup, its retention calendar',
    )
    .argument('<name[/path]>', 'a backup, or one of its files as NAME/PATH')
    .option('--all', 'show every point')
    .option(
      '--lost-at <time>',
      'had the source died then: what would be here, how old, and how long to bring it back',
      parseFlag.past,
    )
    .addOption(flags.offline)
    .addOption(flags.asOf)
    .action(
      ends(host, async (what: string, given: LostFlags) => {
        const console = openConsole(given)
        if (given.lostAt !== undefined) return lostAt(what, given.lostAt, given, console, host.run)
        if (given.offline === undefined) await checkTools()
        const workspace = await openWorkspace(
          given,
          given.offline === undefined ? 'look' : 'recall',
          host.run,
        )
        return explain(what, given, { workspace, console, run: host.run })
      }),
    )
}

/** `reconcile explain NAME[/PATH]`: why a file, or a backup's points, are here. Writes nothing and takes no lock. */
async function explain(
  what: string,
  given: ExplainFlags,
  { workspace, console, run }: Context,
): Promise<number> {
  // A backup's name has no slash.
  const [name = '', ...rest] = what.split('/')
  const path = rest.join('/') as RelPath
  const [spec] = runnableSpecs(workspace, [name])
  printSpecs(workspace, console)
  const diagnostics = plainDiagnostics(workspace.diagnostics)
  if (spec === undefined) {
    const none: Explanation = { format: 'reconcile.explain/1', kind: 'faulty', backup: name, diagnostics }
    if (console.output !== 'text') printDocument(console, none)
    return codeOfDiagnostics(diagnostics)
  }
  const asked = { path: path === '' ? null : path, diagnostics }
  const look = await lookAtSides(spec, asked, given, { workspace, run })
  const known = knownPaths(look, path)
  const isWhole = look.isKnown && look.observation.source.completeness === 'complete'
  // A side that could not be read may have the path.
  if (path !== '' && isWhole && !known.has(path)) throw unknownPath(spec, path, known)
  const explained = path === '' ? explainBackup(spec, look) : explainFile(spec, look, pathHere(look, path))
  if (console.output !== 'text') printDocument(console, explained)
  else {
    const { width } = console
    console.write(renderExplain(explained, { color: console.color.write, width, all: given.all === true }))
  }
  return codeOfExplanation(explained)
}

/** `reconcile explain NAME --lost-at T`: by the ledger alone; nothing is connected to. */
async function lostAt(
  name: string,
  when: NonNullable<LostFlags['lostAt']>,
  given: LostFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const other = (['offline', 'asOf', 'all'] as const).find((flag) => given[flag] !== undefined)
  if (other !== undefined || name.includes('/'))
    throw usage('--lost-at takes the name of a backup, and no other flag of explain')
  const workspace = await openWorkspace(given, 'recall', run)
  const [spec] = runnableSpecs(workspace, [name])
  printSpecs(workspace, console)
  if (spec === undefined) return codeOfDiagnostics(workspace.diagnostics)
  const at = when(run.now())
  const place = await openLedgerOf(spec, workspace)
  const moments = momentsAt(at)
  const { halt } = await eachLine(place.history(run), (line) => moments.enter(line))
  if (halt !== null) throw new Failure(halt)
  const { bandwidth } = passOptions(spec, workspace, { named: true, holds: [] })
  const lost = explainLostAt(spec, moments.found(), { lostAt: at, asOf: run.now(), bandwidth })
  printEither(console, lost, (found) =>
    renderLostAt(found, { color: console.color.write, width: console.width }),
  )
  return 0
}

interface Asked {
  readonly path: RelPath | null
  readonly diagnostics: Look['diagnostics']
}

async function lookAtSides(
  spec: Spec,
  asked: Asked,
  { offline, asOf: given }: ExplainFlags,
  { workspace, run }: Omit<Context, 'console'>,
): Promise<Look> {
  if (offline !== undefined) {
    const snapshot = (await readSnapshots(offline, [spec])).get(spec.name) ?? null
    const asOf = given ?? snapshot?.taken ?? run.now()
    return lookOffline(spec, snapshot, sourceLabel(spec), { ...asked, asOf })
  }
  const terms = { all: true, named: true, isSupposed: given !== undefined }
  const options = passOptions(spec, workspace, { ...terms, holds: await openCommonHolds(workspace) })
  const asOf = given ?? run.now()
  return lookNow(await openPorts(spec, workspace), spec, options, { ...asked, asOf }, run)
}

function unknownPath(spec: Spec, path: string, known: ReadonlySet<string>): Failure {
  const data = markerOf(path)?.data
  const isMarker = data !== undefined && known.has(data)
  const near = isMarker ? null : nearestOf(path, known)
  const guess = isMarker ? data : near !== null && near.edits <= 5 ? near.name : null
  return new Failure({
    code: 'unknown-path',
    message:
      (isMarker
        ? `${path} is the marker of a file, and is explained with it.`
        : `${spec.name} has no file ${path}: it is not here, not at the source, and never was.`) +
      (guess === null ? '' : ` Did you mean ${spec.name}/${guess}?`),
    hint: `reconcile explain ${spec.name} shows what there is.`,
  })
}

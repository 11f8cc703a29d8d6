import type { Command } from 'commander'
import { encodeSnapshot } from '../decide/documents/snapshot.ts'
import { codeOfDiagnostics, firstOf } from '../decide/status/exit-code.ts'
import { problemOf } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import { failureFrom } from '../model/system-error.ts'
import { type Problem, withHint } from '../model/trouble.ts'
import { takeSnapshot } from '../reconcile/plan-offline.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { localProse } from '../view/local-prose.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import { printDocument, say } from './argv/console.ts'
import { flags, type SharedFlags } from './argv/flags.ts'
import { openCommonHolds } from './common-holds.ts'
import { inParallel } from './in-parallel.ts'
import { mayWriteTo, writePrivately } from './private-file.ts'
import { snapshotFile } from './read-snapshots.ts'
import {
  type Context,
  openPorts,
  openWorkspace,
  passOptions,
  plainDiagnostics,
  printSpecs,
  runnableSpecs,
} from './workspace.ts'

interface Taken {
  readonly backup: string
  readonly file: string | null
  readonly files: { readonly source: number; readonly destination: number } | null
  readonly problems: readonly Problem[]
}

export function add(command: Command, host: Host): void {
  command
    .description('save what both sides hold now, for --offline plans without keys or network')
    .argument('[name...]')
    .requiredOption('--to <folder>', 'folder to write to, one file per backup')
    .addOption(flags.concurrency)
    .action(
      ends(host, async (names: string[], given: SharedFlags & { readonly to: string }) => {
        const console = openConsole(given)
        await checkTools()
        const workspace = await openWorkspace(given, 'look', host.run)
        return snapshot(names, given.to, { workspace, console, run: host.run })
      }),
    )
}

/** `reconcile snapshot --to DIR`: saves what both sides hold now, one file per backup, for plans without keys or network. */
async function snapshot(
  names: readonly string[],
  folder: string,
  { workspace, console, run }: Context,
): Promise<number> {
  const specs = runnableSpecs(workspace, names)
  await mayWriteTo(folder, workspace)
  printSpecs(workspace, console)
  const common = openCommonHolds(workspace)
  common.catch(() => {})
  const named = names.length > 0
  const backups = await inParallel(specs, workspace.settings.concurrency, async (spec): Promise<Taken> => {
    const look = async () => {
      const holds = await common
      const options = passOptions(spec, workspace, { named, holds })
      return takeSnapshot(await openPorts(spec, workspace), spec, options, run)
    }
    const taken = await look().catch((error: unknown) => ({
      problems: [problemOf(failureFrom(error, run.signal))],
    }))
    if ('problems' in taken) return { backup: spec.name, file: null, files: null, problems: taken.problems }
    const file = snapshotFile(folder, spec.name)
    await writePrivately(file, `${JSON.stringify(encodeSnapshot(taken.snapshot))}\n`)
    const { source, destination } = taken.snapshot.observation
    const files = { source: source.files.size, destination: destination.files.size }
    return { backup: spec.name, file, files, problems: [] }
  })
  const diagnostics = plainDiagnostics(workspace.diagnostics)
  if (console.output !== 'text') {
    const taken = isoTime(run.now())
    printDocument(console, { format: 'reconcile.snapshots/1', taken, backups, diagnostics })
  } else if (!console.quiet) for (const one of backups) say(console, line(one))
  const isMissing = backups.length === 0 || backups.some(({ file }) => file === null)
  return firstOf([codeOfDiagnostics(diagnostics), ...(isMissing ? [1] : [])])
}

function line({ backup, file, files, problems }: Taken): string {
  if (file === null || files === null) {
    const why = problems.map((one) => localProse(withHint(one))).join(' ')
    return `${escapeText(backup)}: no snapshot: ${why}`
  }
  const counts = `${counted(files.source, 'file')} at the source, ${counted(files.destination, 'file')} here`
  return `${escapeText(backup)}: ${escapeText(file)} (${counts})`
}

import type { Command } from 'commander'
import type { BoxFacts } from '../decide/doctor/box.ts'
import { unknownDrill } from '../decide/restore/proof.ts'
import { retained } from '../decide/retention/retained.ts'
import { Failure } from '../model/failure.ts'
import type { Diagnostic } from '../model/trouble.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'
import { renderDiagnostics } from '../view/diagnostics.ts'
import { escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { retainedText } from '../view/render-plan.ts'
import { foldText } from '../view/wrap-text.ts'
import { readTarget } from '../watch/deliver.ts'
import { heartbeatFiles } from '../watch/heartbeat.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import { type Console, printDocument } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { noSpecs, openWorkspace, plainDiagnostics, printDiagnostics, type Workspace } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description('check specs and settings; exit code 3 if one is faulty')
    .option('--effective <name>', "print one backup's spec with defaults merged in")
    .action(
      ends(host, async (given: SharedFlags & { readonly effective?: string }) => {
        const workspace = await openWorkspace(given, 'newest', host.run)
        const diagnostics = [
          ...workspace.diagnostics,
          ...(await urlFiles(workspace)).faults,
          ...unknownDrills(workspace),
        ]
        const how = { effective: given.effective ?? null, cwd: process.cwd() }
        return validate({ ...workspace, diagnostics }, how, openConsole(given))
      }),
    )
}

/** Warnings, as they stop no backup. */
function unknownDrills({ settings, loaded }: Workspace): readonly Diagnostic[] {
  const drills = settings.drills.map(({ name }) => name)
  return loaded.specs.flatMap(({ file, line, prove }): readonly Diagnostic[] =>
    prove === null || drills.includes(prove.drill)
      ? []
      : [{ file, line, column: 1, severity: 'warning', ...unknownDrill(prove.drill, drills) }],
  )
}

/** The URL files of notices and heartbeat, and their faults. Warnings, as they stop no backup. */
export async function urlFiles({ settings, loaded }: Workspace): Promise<BoxFacts['urls']> {
  const { heartbeat, notify } = settings
  const names = loaded.specs.map(({ name }) => name)
  const beats = heartbeat === null ? [] : heartbeatFiles(heartbeat, names)
  const faults = new Map<string, Diagnostic>()
  const files = new Set<string>()
  const targets = [
    ...notify,
    ...beats.map((file) => ({ kind: 'webhook', urlFile: file, caFile: heartbeat!.caFile }) as const),
  ]
  for (const target of targets) {
    if (target.kind === 'sendmail') continue
    const read = await readTarget(target)
    const { urlFile: file } = target
    files.add(file)
    if (!read.ok) faults.set(file, { file, line: 1, column: 1, severity: 'warning', ...read.fault })
  }
  return { count: files.size, faults: [...faults.values()] }
}

/**
 * `reconcile validate`: every fault of every spec and setting, or one line if there is none. `effective` names a backup whose merged
 * spec is printed instead. Exit code 3 with an error among the faults, 1 if there is no spec at all.
 */
export async function validate(
  { loaded, diagnostics }: Pick<Workspace, 'loaded' | 'diagnostics'>,
  flags: { readonly effective: string | null; readonly cwd: string },
  console: Console,
): Promise<number> {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const code = errors.length > 0 ? 3 : loaded.fileCount === 0 ? 1 : 0
  const effective = flags.effective === null ? null : effectiveSpec(loaded, flags.effective)

  const both = retainedOf(loaded)
  if (console.output !== 'text') {
    printDocument(console, {
      format: 'reconcile.validate/1',
      diagnostics: plainDiagnostics(diagnostics),
      ...(both.length === 0 ? {} : { retained: both }),
      ...(effective === null ? {} : { effective }),
    })
    return code
  }
  if (effective !== null) {
    printDiagnostics(diagnostics, console, flags.cwd)
    const { stringify } = await import('yaml')
    console.write(stringify(effective, { lineWidth: 0 }))
    return code
  }
  if (diagnostics.length > 0) {
    const how = { color: console.color.write, folder: flags.cwd, width: console.width }
    console.write(`${renderDiagnostics(diagnostics, how)}\n`)
  }
  const warnings = diagnostics.length - errors.length
  console.write(foldText(verdict(loaded, errors.length, warnings), console.width))
  for (const { backup, ...counts } of both)
    console.write(foldText(`${backup}: ${retainedText(counts)}`, console.width))
  return code
}

/** How many points the policy of each prunable backup keeps. */
const retainedOf = ({ specs }: LoadedSpecs) =>
  specs.flatMap((spec) => {
    const both = retained(spec)
    return both === null ? [] : [{ backup: spec.name, ...both }]
  })

function verdict(loaded: LoadedSpecs, errors: number, warnings: number): string {
  const { label, specs, fileCount } = loaded
  const where = escapeText(label)
  if (fileCount === 0 && errors > 0) return `${counted(errors, 'fault')}; no spec was read.`
  if (fileCount === 0) return noSpecs(loaded)
  const warned = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`
  if (errors > 0) {
    return `${counted(errors, 'fault')}${warned}; ${specs.length} of ${counted(fileCount, 'spec')} in ${where} valid.`
  }
  const names = specs.map(({ name }) => name).join(', ')
  return `${counted(specs.length, 'spec')} in ${where}, no fault${warned}: ${names}`
}

function effectiveSpec({ effective, label }: LoadedSpecs, name: string): unknown {
  if (effective.has(name)) return effective.get(name)
  const known = [...effective.keys()]
  throw new Failure({
    code: 'unknown-backup',
    message: `no readable backup is named ${name} in ${label}`,
    hint: known.length === 0 ? 'reconcile validate shows what is there.' : `There are: ${known.join(', ')}.`,
  })
}

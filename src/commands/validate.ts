import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
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
import {
  chooseSpecs,
  noSpecs,
  openWorkspace,
  plainDiagnostics,
  printDiagnostics,
  type Workspace,
} from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description('check specs and settings; exit code 3 if one is faulty')
    .argument('[name...]', 'of these backups, and of what all share; faults of others are only counted')
    .option('--effective <name>', "print one backup's spec with defaults merged in")
    .action(
      ends(host, async (names: string[], given: SharedFlags & { readonly effective?: string }) => {
        const workspace = await openWorkspace(given, 'newest', host.run)
        const diagnostics = [
          ...workspace.diagnostics,
          ...(await urlFiles(workspace)).faults,
          ...unknownDrills(workspace),
        ]
        const how = { effective: given.effective ?? null, cwd: process.cwd() }
        return validate(narrowed({ ...workspace, diagnostics }, names), how, openConsole(given))
      }),
    )
}

/** What concerns the named backups; all of it, where none is named. `others`: how many faults and warnings are of other specs alone. */
function narrowed(workspace: Workspace, names: readonly string[]) {
  const { loaded, diagnostics } = workspace
  if (names.length === 0) return workspace
  const specs = chooseSpecs(workspace, names)
  const all = [...loaded.specs, ...loaded.faulty]
  const isOwn = (file: string) => all.some((one) => one.file === file && names.includes(one.name))
  const files = new Set(all.flatMap(({ file }) => (isOwn(file) ? [] : file)))
  const own = diagnostics.filter(({ file }) => !files.has(file))
  const fileCount = new Set(all.flatMap(({ file }) => (isOwn(file) ? file : []))).size
  const others = diagnostics.length - own.length
  return { loaded: { ...loaded, specs, fileCount }, diagnostics: own, others }
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
  const config = settings.file === null ? '' : await readFile(settings.file, 'utf8').catch(() => '')
  for (const target of targets) {
    if (target.kind === 'sendmail') continue
    const read = await readTarget(target)
    const { urlFile: file } = target
    files.add(file)
    if (read.ok) continue
    const isBeat = beats.includes(file)
    const isEach = isBeat && file !== heartbeat?.urlFile
    const written = isEach ? heartbeat!.eachFile! : file
    const { code, message, hint } = read.fault
    // Of those only some need be there; with none of them the setting does nothing.
    const none =
      isEach && !existsSync(file) ? 'no file of heartbeat.eachFile is there, so no backup has one: ' : ''
    const place = { file: settings.file ?? file, ...placeOf(basename(written), config) }
    faults.set(file, { ...place, severity: 'warning', code, message: `${none}${message}`, hint })
  }
  return { count: files.size, faults: [...faults.values()] }
}

/** Where a text has this name, and no longer one; its beginning where it has not. */
function placeOf(name: string, text: string): Pick<Diagnostic, 'line' | 'column'> {
  let at = text.indexOf(name)
  while (at !== -1 && /[\w.-]/.test(text[at + name.length] ?? '')) at = text.indexOf(name, at + 1)
  const before = text.slice(0, Math.max(0, at)).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

/**
 * `reconcile validate`: every fault of every spec and setting, or one line if there is none. `effective` names a backup whose merged
 * spec is printed instead. Exit code 3 with an error among the faults, 1 if there is no spec at all.
 */
export async function validate(
  {
    loaded,
    diagnostics,
    others = 0,
  }: Pick<Workspace, 'loaded' | 'diagnostics'> & { readonly others?: number },
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
  if (others > 0)
    console.write(
      foldText(
        `Not shown: ${counted(others, 'fault or warning', 'faults and warnings')} of other specs.`,
        console.width,
      ),
    )
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

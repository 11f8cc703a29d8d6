import type { Command } from 'commander'
import { statementOf } from '../decide/history/statement.ts'
import { codeOfHistories } from '../decide/status/exit-code.ts'
import { freeBytes } from '../destination/look/holding.ts'
import type { LedgerEnd } from '../model/holding.ts'
import { instant, isoTime } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { BackupStatement, Statement } from '../model/statement.ts'
import { failureFrom } from '../model/system-error.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { printEither } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { eachLine, isFolder, openHistories, openLedgerOf } from './look-at.ts'
import type { Workspace } from './workspace.ts'

interface ReportFlags extends SharedFlags {
  readonly month?: string
}

export function add(command: Command, host: Host): void {
  command
    .description(
      'a statement of a month for owners and auditors, from the ledgers: what came, what was late and why, verified, removed by which rule, ' +
        'how it grows, and the head of the hash chain',
    )
    .argument('[name...]', 'backups; without one: all')
    .option('--month <month>', 'such as 2026-11 (default: the last whole month, in UTC)', parseFlag.month)
    .action(
      ends(host, async (names: string[], given: ReportFlags) => {
        const folder = names.find(isFolder)
        if (folder !== undefined)
          throw usage(
            `report takes names of backups, not the folder ${folder}`,
            'reconcile log FOLDER reads the ledger of one.',
          )
        const console = openConsole(given, 'html')
        const { workspace, specs, diagnostics } = await openHistories(names, given, console, host.run)
        const made = host.run.now()
        const month =
          given.month ??
          isoTime(instant(Date.parse(`${isoTime(made).slice(0, 7)}-01T00:00:00Z`) - 1)).slice(0, 7)
        // Somewhere a day begins 14 hours earlier.
        if (month > isoTime(instant(made + 14 * 3_600_000)).slice(0, 7)) throw usage(`${month} has not begun`)
        const backups: BackupStatement[] = []
        for (const spec of specs) backups.push(await stateBackup(spec, month, workspace, host.run))
        const exitCode = codeOfHistories(backups, diagnostics)
        const { revision } = workspace.loaded
        const statement: Statement = {
          format: 'reconcile.report/1',
          month,
          made: isoTime(made),
          revision,
          backups,
          diagnostics,
          exitCode,
        }
        if (console.output === 'html') {
          const { statementPage } = await import('../view/statement-page.ts')
          console.write(statementPage(statement))
        } else {
          const { renderStatement } = await import('../view/render-statement.ts')
          printEither(console, statement, (one) =>
            renderStatement(one, { color: console.color.write, width: console.width }),
          )
        }
        return exitCode
      }),
    )
}

/** A ledger that cannot be read, or not to its end, is stated as far as it could be. */
async function stateBackup(
  spec: Spec,
  month: string,
  workspace: Workspace,
  run: Run,
): Promise<BackupStatement> {
  const destination = await openLedgerOf(spec, workspace)
  const gathered = statementOf(spec, month, run.now())
  const ended = await eachLine(destination.history(run), (line) => gathered.enter(line)).catch(
    (error: unknown): Pick<LedgerEnd, 'head' | 'halt'> => {
      run.signal.throwIfAborted()
      const { code, message, hint } = failureFrom(error)
      return { head: null, halt: { code, message, hint } }
    },
  )
  const free = await freeBytes(destination.path)
  const { minFree } = spec.destination
  return gathered.end({
    destination: destination.path,
    free: free === null ? null : Math.max(0, free - minFree),
    ...ended,
  })
}

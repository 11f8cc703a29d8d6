import { Argument } from 'commander'
import type { UnitKind } from '../view/systemd-units.ts'
import {
  type CommandLine,
  type Options,
  refuseDryRun,
  refuseElsewhen,
  textOf,
  usage,
} from './argv/command-line.ts'

export function addService(line: CommandLine): void {
  const service = line.main.command('service').description('run as a service of systemd')
  service
    .command('print')
    .description('print a unit for this box: reconcile.service, reconcile-once.service or reconcile.timer')
    .addArgument(new Argument('[which]', 'of them').choices(['service', 'once', 'timer']).default('service'))
    .option('--user <name>', 'who runs it (default: reconcile, or you, if you are not root)')
    .action(
      line.ends(async (which: UnitKind, options: Options) => {
        refuseElsewhen(line, 'service print')
        refuseDryRun(line, 'service print')
        const user = textOf(options, 'user')
        if (user !== null && !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(user))
          throw usage(`${JSON.stringify(user)} is no user's name`)
        const { printUnit } = await import('./service.ts')
        return printUnit(which, user, await line.workspace(), line.globalFlags(), await line.console())
      }),
    )
}

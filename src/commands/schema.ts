import { Argument, type Command } from 'commander'
import { SCHEMAS, type SchemaName, schemaText } from '../specs/schema.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'

/** `reconcile schema [backup|hosts|config]`: the JSON Schema itself, for editors and CI. */
export function add(command: Command, host: Host): void {
  command
    .description('print the JSON Schema of specs, _hosts.yaml or config.yaml')
    .addArgument(new Argument('[which]', 'which file').choices(SCHEMAS).default('backup'))
    .action(
      ends(host, async (which: SchemaName, flags: SharedFlags) => {
        openConsole(flags).write(schemaText(which))
        return 0
      }),
    )
}

import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'

type Units = 'both' | 'service' | 'timer'

/** `reconcile source marker-script`: what a source runs that writes no markers of its own. */
export function add(command: Command, host: Host): void {
  command
    .command('marker-script')
    .description('print a POSIX shell script that writes X.md5 next to each finished file X at a source')
    .addOption(
      new Option('--systemd [unit]', 'print the systemd units that run it instead, or one of them')
        .choices(['service', 'timer', 'both'])
        .preset('both'),
    )
    .action(
      ends(host, async ({ systemd, ...given }: SharedFlags & { readonly systemd?: Units }) => {
        const files =
          systemd === undefined
            ? ['mark-finished']
            : (['service', 'timer'] as const)
                .filter((unit) => systemd === 'both' || systemd === unit)
                .map((unit) => `mark-finished.${unit}`)
        openConsole(given).write(files.map(packaged).join('\n'))
        return 0
      }),
    )
}

const packaged = (name: string): string =>
  readFileSync(new URL(`../../packaging/source/${name}`, import.meta.url), 'utf8')

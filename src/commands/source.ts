import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { concernOf } from '../decide/files/concern.ts'
import { openSource } from '../source/open-source.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { counted } from '../view/human-count.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'
import { firstLogin } from './first-login.ts'
import { nextCommand, openTalk, SET_UP_FLAGS, type SetUpFlags } from './open-talk.ts'
import { chooseSpecs, openToAct, printDiagnostics, sourceLabel } from './workspace.ts'

type Units = 'both' | 'service' | 'timer'

/** `reconcile source`: what a source needs. */
export function add(command: Command, host: Host): void {
  const init = command
    .command('init')
    .description('key, host key, line to paste, and the login, for a spec that is there')
    .argument('<name>')
    .action(ends(host, (name: string, given: SetUpFlags) => prepare(name, given, host)))
  for (const option of SET_UP_FLAGS) init.addOption(option)
  // What a source runs that writes no markers of its own.
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

/** From a spec to its first login. What is done already is left as it is. */
async function prepare(name: string, given: SetUpFlags, host: Host): Promise<number> {
  await checkTools()
  const workspace = await openToAct(given, 'look', host.run)
  const [spec] = chooseSpecs(workspace, [name])
  const talk = await openTalk(given, workspace.settings.state, host)
  try {
    if (spec === undefined) {
      printDiagnostics(workspace.diagnostics, talk.console)
      return 3
    }
    const { source, transfer } = spec
    const list = () =>
      openSource(source, { transferTimeout: transfer.timeout }).list(host.run, concernOf(spec))
    const { files } = source.kind === 'local' ? await list() : await firstLogin(source, list, talk)
    const next = await nextCommand(['--dry-run', name], given, talk.owner)
    talk.console.write(`${sourceLabel(spec)} shows ${counted(files.size, 'file')}.

Next, the plan:
  ${next}
`)
    return 0
  } finally {
    talk.asker?.close()
  }
}

const packaged = (name: string): string =>
  readFileSync(new URL(`../../packaging/source/${name}`, import.meta.url), 'utf8')

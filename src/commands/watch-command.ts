import { type CommandLine, type Host, refuseDryRun, refuseElsewhen, usage } from './argv/command-line.ts'
import { checkTools, limitTime, watchersOf } from './pass-options.ts'

export function addWatch(line: CommandLine, host: Host): void {
  line.main
    .command('watch')
    .description('the daemon: follow the specs and run each backup by its schedule; SIGHUP reads all anew')
    .action(
      line.ends(async () => {
        refuseElsewhen(line, 'watch')
        refuseDryRun(line, 'watch')
        const console = await line.console()
        if (console.output === 'json')
          throw usage('watch never ends by itself: --output ndjson streams what it does')
        let hangup = (): void => {}
        host.becomeDaemon(() => hangup())
        await checkTools()
        limitTime(line, host)
        const [{ watch }, { openSettings }, { realClock }, { openServiceManager }] = await Promise.all([
          import('./watch.ts'),
          import('./workspace.ts'),
          import('../system/real-clock.ts'),
          import('../watch/systemd.ts'),
        ])
        const terms = {
          clock: realClock,
          random: Math.random,
          settings: () => openSettings(line.globalFlags()),
          service: (warn: (text: string) => void) => openServiceManager(process.env, process.pid, warn),
          onHangup(act: () => void) {
            hangup = act
          },
        }
        return watch(terms, console, line.run, await watchersOf(line, { loaded: { revision: null } }, true))
      }),
    )
}

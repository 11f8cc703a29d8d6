import { join } from 'node:path'
import type { Command } from 'commander'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import { realDisk } from '../destination/disk/real-disk.ts'
import { layout } from '../destination/layout.ts'
import { rebuildLedger } from '../destination/ledger/rebuild.ts'
import { Failure } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import { takeLock } from '../system/lock.ts'
import { inUseBy } from '../view/local-prose.ts'
import { foldText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import type { Console } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { chooseSpecs, openNear, openWorkspace, type Workspace } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .requiredOption('--rebuild-ledger <name>', "set a backup's damaged ledger aside and start a new one")
    .action(
      ends(host, async (given: SharedFlags & { readonly rebuildLedger: string }) => {
        const workspace = await openWorkspace(given, 'recall', host.run)
        return rebuild(given.rebuildLedger, workspace, openConsole(given), host.run)
      }),
    )
}

/**
 * `reconcile doctor --rebuild-ledger NAME`: sets a damaged ledger aside and starts a new one that names the old head. Touches no data:
 * the next pass hashes every pair and records those that match.
 */
async function rebuild(name: string, workspace: Workspace, console: Console, run: Run): Promise<number> {
  const spec = chooseSpecs(workspace, [name])[0]
  if (spec === undefined) return 3
  const destination = await openNear(spec, workspace)
  const { path } = destination
  const files = layout(path)
  const { identity, halt } = await destination.identify(run)
  if (halt !== null) throw new Failure(halt)
  const hold = holdOfIdentity(path, identity)
  if (hold !== null) {
    throw new Failure({
      ...hold,
      hint: `If this is the right disk, first run a pass after: reconcile release ${hold.id} --reason "…"`,
    })
  }
  if (!identity.hasPrivateFolder) {
    throw new Failure({
      code: 'no-destination',
      message: `${path} has no .reconcile folder: there is no ledger to rebuild`,
      hint: `Run reconcile ${name}: it creates one.`,
    })
  }
  const lock = await takeLock(files.lock, 0, run.signal)
  if (lock.state === 'busy') {
    const who = inUseBy(lock.holders, isoTime(run.now()))
    console.writeError(
      foldText(`${name} is busy: in use by ${who}. Try again when that has ended.`, console.width),
    )
    return 5
  }
  try {
    const { recordHead } = workspace.box
    if ((await destination.inspect(run)).halt === null) {
      throw new Failure({
        code: 'ledger-sound',
        message: `the ledger of ${name} is sound: rebuilding it would only lose the record of files that are gone`,
        hint: `See reconcile status ${name}.`,
      })
    }
    const done = await rebuildLedger(realDisk, files, { now: run.now, recordHead })
    const old =
      done.oldHead === null
        ? 'There was no readable ledger.'
        : `The old one ended with line ${done.oldHead.seq}, ${done.oldHead.hash}.`
    const lines = [
      `Started a new ledger in ${path}.`,
      old,
      ...(done.quarantine === null ? [] : [`It is kept as ${join(files.quarantine, done.quarantine)}.`]),
      `No data was touched. The next pass hashes every file and records those that match: reconcile ${name}`,
    ]
    for (const line of lines) console.write(foldText(line, console.width))
    return 0
  } finally {
    lock.close()
  }
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isLossAccepted } from '../decide/files/facts.ts'
import { codeOfDiagnostics, firstOf } from '../decide/status/exit-code.ts'
import { chooseToRead } from '../decide/verify/turn.ts'
import type { LedgerHead } from '../model/holding.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import { failureFrom } from '../model/system-error.ts'
import type { VerifiedBackup } from '../model/verified.ts'
import { paceOf } from '../reconcile/pace.ts'
import { type VerifyWish, verifyBackup } from '../reconcile/verify-backup.ts'
import { verifyHead } from '../reconcile/verify-head.ts'
import { failedVerify, renderVerified, verifyProgress } from '../view/render-verify.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { type Console, printEither } from './argv/console.ts'
import { flags, type SharedFlags } from './argv/flags.ts'
import { parseFlag } from './argv/parse-flag.ts'
import { isFolder, noDestination, openGiven, openLedgerAt, openLedgerOf } from './look-at.ts'
import { chooseSpecs, openPlace, openToAct, openWorkspace, printSpecs } from './workspace.ts'

interface VerifyFlags extends SharedFlags {
  /** Seconds. */
  readonly olderThan?: number
  /** Bytes. */
  readonly limit?: number
  /** Bytes a second; infinite: unlimited. */
  readonly rate?: number
  readonly maxTime?: number
  readonly lockTimeout?: number
  readonly head?: LedgerHead
}

export function add(command: Command, host: Host): void {
  command
    .description(
      'read published files again, past the page cache, and check each against the ledger and its marker.\n' +
        'Takes backup names, or folders of destinations: the disk alone is enough.',
    )
    .argument('[name...]')
    .option('--older-than <time>', 'only what was last read longer ago, such as 30d', parseFlag.duration)
    .option('--limit <size>', 'read so much of each at most, the longest unread first', parseFlag.size)
    .option('--rate <rate>', 'read no faster, such as 50MiB/s', parseFlag.rate)
    .option(
      '--head <seq:hash>',
      'check the ledger of one backup against a head that was kept elsewhere, from the heartbeat or a report; reads no file',
      parseFlag.head,
    )
    .addOption(flags.maxTime)
    .addOption(flags.lockTimeout)
    .action(
      ends(host, async (names: string[], given: VerifyFlags) => {
        const console = openConsole(given)
        const { run } = host
        if (given.maxTime !== undefined) host.stopAfter(given.maxTime)
        if (given.head !== undefined) return checkHead(given.head, names, given, console, run)
        const {
          olderThan = 0,
          limit = Number.POSITIVE_INFINITY,
          rate = Number.POSITIVE_INFINITY,
          lockTimeout = 0,
        } = given
        const { targets, code } = await targetsOf(names, given, host, (workspace) =>
          printSpecs(workspace, console),
        )
        const backups: VerifiedBackup[] = []
        for (const { name, destination, accepted, by } of targets) {
          if (run.signal.aborted) break
          const progress = verifyProgress(console.quiet ? null : console.stderr)
          const wish: VerifyWish = {
            backup: name,
            choose: (holding) => chooseToRead(holding, { olderThan, limit }, run.now()),
            accepted,
            pace: paceOf(Number.isFinite(rate) ? rate : null, run.signal),
            goesOn: () => true,
            lockWait: lockTimeout,
            by,
            report: progress.add,
          }
          const verified = await destination
            .inspect(run)
            .then((holding) => verifyBackup(destination, holding, wish, run))
            .catch((error: unknown) => {
              if (run.signal.aborted) throw error
              return failedVerify(name, destination.path, failureFrom(error))
            })
            .finally(progress.end)
          backups.push(verified)
        }
        const none = targets.length === 0 ? [1] : []
        const exitCode = firstOf([...backups.map((one) => one.exitCode), code, ...none])
        printEither(console, { format: 'reconcile.verify/1' as const, backups, exitCode }, (report) =>
          renderVerified(report, { ...console, now: run.now() }),
        )
        return exitCode
      }),
    )
}

/** `--head`: of one ledger, which is read and nothing else. */
async function checkHead(
  head: LedgerHead,
  names: readonly string[],
  given: VerifyFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const other = (['olderThan', 'limit', 'rate', 'lockTimeout'] as const).find(
    (flag) => given[flag] !== undefined,
  )
  if (other !== undefined)
    throw usage('--head reads the ledger alone, so it takes no flag about reading files')
  const { backup, destination } = await ledgerOf(names, given, console, run)
  const verified = await verifyHead(destination, { backup, head }, run).catch((error: unknown) => {
    if (run.signal.aborted) throw error
    return failedVerify(backup, destination.path, failureFrom(error))
  })
  const { exitCode } = verified
  printEither(console, { format: 'reconcile.verify/1' as const, backups: [verified], exitCode }, (report) =>
    renderVerified(report, { ...console, now: run.now() }),
  )
  return exitCode
}

/** The one backup, or folder, whose ledger a head is of. */
async function ledgerOf(names: readonly string[], given: VerifyFlags, console: Console, run: Run) {
  const [folder] = names
  if (names.length === 1 && isFolder(folder!))
    return { backup: folder!, destination: await openLedgerAt(folder!, given, run) }
  const workspace = await openWorkspace(given, 'recall', run)
  printSpecs(workspace, console)
  const [spec, ...more] = names.some(isFolder) ? [] : chooseSpecs(workspace, names)
  if (spec === undefined || more.length > 0)
    throw usage(
      '--head is of one ledger',
      'reconcile verify NAME --head SEQ:HASH, or the folder of its destination.',
    )
  return { backup: spec.name, destination: await openLedgerOf(spec, workspace) }
}

type Target = Pick<VerifyWish, 'accepted' | 'by'> & {
  readonly name: string
  readonly destination: Destination
}

async function targetsOf(
  names: readonly string[],
  given: VerifyFlags,
  { run }: Host,
  print: (workspace: Awaited<ReturnType<typeof openToAct>>) => void,
): Promise<{ readonly targets: readonly Target[]; readonly code: number }> {
  const folders = names.filter(isFolder)
  const targets: Target[] = []
  let code = 0
  if (folders.length < names.length || names.length === 0) {
    const workspace = await openToAct(given, 'recall', run)
    print(workspace)
    code = codeOfDiagnostics(workspace.diagnostics)
    const named = names.filter((name) => !folders.includes(name))
    for (const spec of chooseSpecs(workspace, named)) {
      const destination = await openPlace(spec.destination, spec.name, workspace)
      const accepted: Target['accepted'] = (record) => isLossAccepted(spec, record.path, record)
      targets.push({ name: spec.name, destination, accepted, by: 'name' })
    }
  }
  if (folders.length === 0) return { targets, code }
  for (const folder of folders) {
    const { destination, isOthers } = await openGiven(folder, given, 'markers')
    await mustHoldFiles(destination, run)
    const by = isOthers ? 'reader' : 'folder'
    targets.push({ name: resolve(folder), destination, accepted: () => false, by })
  }
  return { targets, code }
}

/** Throws a Failure where nothing says of any file what its bytes must be. */
async function mustHoldFiles(destination: Destination, run: Run): Promise<void> {
  if ((await destination.identify(run)).identity.hasPrivateFolder) return
  const { files } = await destination.inspect(run)
  if (![...files.values()].some(({ marker }) => marker !== null))
    throw noDestination(`${destination.path} has neither a ledger (.reconcile) nor a file with its .md5`)
}

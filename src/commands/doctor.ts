import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readState } from '../box/state-file.ts'
import { judgeBox } from '../decide/doctor/box.ts'
import { exitCodeOfChecks, failedCheck } from '../decide/doctor/check.ts'
import { judgeDestination, SAMPLE_NAMES } from '../decide/doctor/destination.ts'
import {
  CONTENTS,
  gaveShell,
  judgeAccount,
  judgeContents,
  judgeKeys,
  judgeLogin,
  judgeSourceClock,
  type KeyFacts,
  notAsked,
} from '../decide/doctor/source.ts'
import { holdOfIdentity, mustBeMeant } from '../decide/specs/identity-hold.ts'
import { leapOf } from '../decide/time/box-clock.ts'
import { nearestFolder } from '../destination/disk/facts.ts'
import { realDisk } from '../destination/disk/real-disk.ts'
import { writeFault } from '../destination/disk/write-fault.ts'
import { layout } from '../destination/layout.ts'
import { rebuildLedger } from '../destination/ledger/rebuild.ts'
import { probeDestination, tryDisk } from '../destination/probe.ts'
import { matches, object, text } from '../model/check-json.ts'
import type { AccountFacts, Answer, Check, DoctorReport, SourceFacts, Tried } from '../model/doctor.ts'
import { Failure } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import type { Destination, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec, SshPlace } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Halt } from '../model/trouble.ts'
import { lookForDoctor } from '../reconcile/look-for-doctor.ts'
import { checkIdentity, checkKnownHosts, openToOthers } from '../source/check-keys.ts'
import { whyUnreached } from '../source/host-keys.ts'
import { openAccount, unpinnedHops } from '../source/probe-account.ts'
import { checkHostTools, gitHere, rsyncHere, sshHere } from '../system/check-host-tools.ts'
import { takeLock } from '../system/lock.ts'
import { inUseBy } from '../view/local-prose.ts'
import { renderDoctor } from '../view/render-doctor.ts'
import { foldText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { printEither } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { inParallel } from './in-parallel.ts'
import { urlFiles } from './validate.ts'
import {
  type Context,
  chooseSpecs,
  openNear,
  openPorts,
  openWorkspace,
  plainDiagnostics,
  printSpecs,
} from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description('prove that backups can run: this box, sources, destinations; or repair a ledger')
    .argument('[name...]')
    .option('--rebuild-ledger <name>', "set a backup's damaged ledger aside and start a new one")
    .action(
      ends(host, async (names: string[], given: SharedFlags & { readonly rebuildLedger?: string }) => {
        const { rebuildLedger } = given
        if (rebuildLedger !== undefined && names.length > 0)
          throw usage('--rebuild-ledger takes one name, and checks nothing', 'reconcile doctor NAME checks.')
        const console = openConsole(given)
        const whereNone = rebuildLedger === undefined ? 'report' : 'fail'
        const workspace = await openWorkspace(given, 'recall', host.run, whereNone)
        const context = { workspace, console, run: host.run }
        return rebuildLedger === undefined ? diagnose(names, context) : rebuild(rebuildLedger, context)
      }),
    )
}

/** Why this user cannot go on with what is in the state folder; null: they can. */
async function stateFault(folder: string): Promise<Halt | null> {
  const fault = await writeFault(folder, await nearestFolder(folder))
  if (fault !== null) return { ...fault, hint: OWN_STATE }
  const names = await readdir(folder).catch((): string[] => [])
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const failure = await readState(join(folder, name), matches(object({ format: text }))).then(
      () => null,
      (error: unknown) => failureFrom(error),
    )
    if (failure !== null) return { code: failure.code, message: failure.message, hint: failure.hint }
  }
  return null
}

const OWN_STATE = 'Run as the user who owns it, or give another folder (--state, `state` in config.yaml).'

/**
 * `reconcile doctor [NAME…]`: proves what a pass relies on. Nothing changes at a source or in the state, and at a destination only what
 * is tried under its lock and gone again. Exit code 1 if a check failed, 3 if a spec is faulty.
 */
export async function diagnose(
  names: readonly string[],
  { workspace, console, run }: Context,
): Promise<number> {
  printSpecs(workspace, console)
  const specs = chooseSpecs(workspace, names)
  const { settings } = workspace
  const [tools, rsync, ssh, git, fault, urls] = await Promise.all([
    checkHostTools(),
    rsyncHere(),
    sshHere(),
    settings.specs.kind === 'git' ? gitHere() : null,
    stateFault(settings.state),
    urlFiles(workspace),
  ])
  const missing = [tools, rsync, ssh].find((one) => one instanceof Failure) ?? null
  const accounts: Accounts = new Map()
  const found = await inParallel(specs, settings.concurrency, async (spec) => {
    const { source, destination } = await openPorts(spec, workspace)
    const far = await checkSource(spec, source, { missing, accounts }, run).catch((error: unknown) => {
      const login = failedCheck('login', failureFrom(error, run.signal))
      return { checks: [login, ...notAsked([login], 'see what failed before')], selected: [] }
    })
    const near = await checkDestination(spec, destination, far.selected, run)
    return { backup: spec.name, checks: [...far.checks, ...near.checks], recorded: near.recorded }
  })
  const backups = found.map(({ backup, checks }) => ({ backup, checks }))
  const box = judgeBox({
    ...{ tools, versions: { rsync, ssh, ...(git === null ? {} : { git }) }, urls },
    state: { path: settings.state, fault },
    now: run.now(),
    recorded: found.flatMap(({ recorded }) => recorded),
  })
  const diagnostics = plainDiagnostics(workspace.diagnostics)
  const exitCode = exitCodeOfChecks(backups, box, diagnostics)
  const report: DoctorReport = { format: 'reconcile.doctor/1', backups, box, diagnostics, exitCode }
  printEither(console, report, (found) => renderDoctor(found, { ...console, color: console.color.write }))
  return exitCode
}

/** What each account said, so that backups that share one ask once. */
type Accounts = Map<
  string,
  {
    shell?: AccountFacts['shell'] | Failure
    forward?: Answer
    confined?: Pick<AccountFacts, 'write' | 'outside'>
  }
>

/** `selected`: the source's selected names, as far as they are known. */
async function checkSource(
  spec: Spec,
  source: Source,
  { missing, accounts }: { readonly missing: Failure | null; readonly accounts: Accounts },
  run: Run,
): Promise<{ readonly checks: readonly Check[]; readonly selected: readonly string[] }> {
  const place = spec.source
  const without = missing === null ? null : 'a program is missing on this machine'
  const list = () =>
    source
      .connected(() => lookForDoctor(source, spec, run))
      .catch((error: unknown) => failureFrom(error, run.signal))
  if (place.kind === 'local') {
    if (without !== null) return { checks: notAsked([], without, CONTENTS), selected: [] }
    const facts = await list()
    return { checks: judgeContents(facts, spec), selected: selectedIn(facts) }
  }
  const keys = judgeKeys(place, await lookAtKeys(place, run.signal))
  const stopped = keys.some(({ state }) => state === 'failed') ? 'see what failed before' : without
  if (stopped !== null) return { checks: [...keys, ...notAsked(keys, stopped)], selected: [] }
  const id = JSON.stringify({ ...place, path: place.path.startsWith('/'), listing: null })
  const known = accounts.get(id) ?? {}
  accounts.set(id, known)
  const account = await openAccount(place)
  known.shell ??= await account.shell(run).catch((error: unknown) => failureFrom(error, run.signal))
  const login = judgeLogin(known.shell instanceof Failure ? known.shell : null, place)
  const before = [...keys.filter(({ code }) => code !== login.code), login]
  if (known.shell instanceof Failure)
    return { checks: [...before, ...notAsked(before, 'nobody could log in')], selected: [] }
  const [forward, facts] = await Promise.all([known.forward ?? account.forward(run), list()])
  known.forward = forward
  // A listing shows that rsync answers there, and obeys what it is sent.
  if (!(facts instanceof Failure) && !gaveShell(known.shell))
    known.confined ??= await Promise.all([account.write(run), account.outside(run)]).then(
      ([write, outside]) => ({ write, outside }),
    )
  const { shell, confined } = known
  const newest = facts instanceof Failure ? null : facts.newest
  return {
    checks: [
      ...before,
      ...judgeContents(facts, spec),
      ...judgeAccount({ shell, forward, write: null, outside: null, ...confined }),
      judgeSourceClock(shell, newest, run.now() / 1000),
    ],
    selected: selectedIn(facts),
  }
}

const selectedIn = (facts: SourceFacts | Failure): readonly string[] =>
  facts instanceof Failure ? [] : facts.selected

async function lookAtKeys(place: SshPlace, signal: AbortSignal): Promise<KeyFacts> {
  const whyNot = (check: Promise<void>) => check.then(() => null, failureFrom)
  const [identity, knownHosts] = [await whyNot(checkIdentity(place)), await whyNot(checkKnownHosts(place))]
  const unpinned = knownHosts === null ? await unpinnedHops(place) : []
  const [ask] = knownHosts === null ? unpinned : [...place.jump, place]
  const unreached = ask === undefined ? null : await whyUnreached(place, ask, signal)
  return { identity, knownHosts, open: await openToOthers(place), unpinned, unreached }
}

async function checkDestination(
  { destination: place, ...spec }: Spec,
  near: Destination,
  selected: readonly string[],
  run: Run,
) {
  const { path } = near
  try {
    const { identity, halt } = await near.identify(run)
    const { hasPrivateFolder } = identity
    const hold = halt === null ? holdOfIdentity(path, identity) : null
    const isOurs = halt === null && hold === null && hasPrivateFolder
    const holding = isOurs ? await near.inspect(run) : null
    const tried: Tried = isOurs
      ? await tryDisk(realDisk, path, [...SAMPLE_NAMES, ...(selected as RelPath[])], run.signal)
      : { not: hold === null ? 'nothing is written before the first pass' : 'it may be the wrong disk' }
    const refused = halt === null ? await near.refusedNames(selected as RelPath[]) : null
    const seen = await probeDestination(path)
    const facts = { ...seen, tried, halt, hold, holding, hasPrivateFolder, refused }
    const recorded = holding === null ? [] : [{ path, last: holding.lastTime, leap: leapOf(spec) }]
    return { checks: judgeDestination(place, facts), recorded }
  } catch (error) {
    return { checks: [failedCheck('destination', failureFrom(error, run.signal))], recorded: [] }
  }
}

/**
 * `reconcile doctor --rebuild-ledger NAME`: sets a damaged ledger aside and starts a new one that names the old head. Touches no data:
 * the next pass hashes every pair and records those that match.
 */
async function rebuild(name: string, { workspace, console, run }: Context): Promise<number> {
  const spec = chooseSpecs(workspace, [name])[0]
  if (spec === undefined) return 3
  const destination = await openNear(spec, workspace)
  const { path } = destination
  const files = layout(path)
  const { identity, halt } = await destination.identify(run)
  mustBeMeant(path, { identity, halt })
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

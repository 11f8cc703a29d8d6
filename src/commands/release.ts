import type { Command } from 'commander'
import { openWatchMemory } from '../box/watch-memory.ts'
import { holdOfIdentity, isUnknownDisk } from '../decide/specs/identity-hold.ts'
import type { KnownDisk } from '../model/box.ts'
import { Failure } from '../model/failure.ts'
import type { Destination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Hold } from '../model/trouble.ts'
import { whoAmI } from '../system/who-am-i.ts'
import { escapeProse, escapeText } from '../view/escape-text.ts'
import { counted } from '../view/human-count.ts'
import { foldText, wrapText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'
import { commonHolds } from './common-holds.ts'
import { planEach } from './plan.ts'
import { type Context, openPlace, openToAct, type Workspace } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .argument('[id...]', 'the ids printed with the holds')
    .option(
      '--all-destinations',
      'every destination that this box does not know: new disks, or its state folder was lost',
    )
    .option('--forget-disk <disk>', 'a disk that will not take its turn again: its label, UUID or id')
    .requiredOption('--reason <text>', 'why; on the record')
    .action(
      ends(host, async (ids: string[], given: ReleaseFlags) => {
        const { allDestinations = false, forgetDisk: disk, reason } = given
        if ([allDestinations, ids.length > 0, disk !== undefined].filter(Boolean).length !== 1)
          throw usage(
            'a release needs one of: the id of a hold, --all-destinations, --forget-disk',
            'For example: reconcile release ID --reason "what you have checked"; reconcile --dry-run shows the ids.',
          )
        if (reason.trim() === '') {
          throw usage(
            'a release needs a reason: it goes on the record',
            `reconcile release ${ids.join(' ') || (disk === undefined ? '--all-destinations' : `--forget-disk ${disk}`)} --reason "what you have checked"`,
          )
        }
        const workspace = await openToAct(given, 'obey', host.run)
        const context = { workspace, console: openConsole(given), run: host.run }
        if (disk !== undefined) return forgetDisk(disk, reason, context)
        return ids.length === 0 ? releaseDestinations(reason, context) : release(ids, reason, context)
      }),
    )
}

type ReleaseFlags = SharedFlags & {
  readonly reason: string
  readonly allDestinations?: true
  readonly forgetDisk?: string
}

/** Every disk that this box does not know is taken for the one that is meant. One that stands in for another is not. */
async function releaseDestinations(reason: string, { workspace, console, run }: Context): Promise<number> {
  const unknown = (await disksNow(workspace, run)).flatMap(({ name, destination, hold }) =>
    hold !== null && isUnknownDisk(hold) ? [{ name, path: destination.path, id: hold.id }] : [],
  )
  if (unknown.length === 0) {
    throw new Failure({
      code: 'no-such-hold',
      message: 'every destination that can be looked at is one that this box knows, or stands in for another',
      hint: 'reconcile --dry-run shows the holds; release one by its id.',
    })
  }
  const released = await workspace.box.releases()
  const held = unknown.filter(({ id }) => !released.has(id))
  for (const { id } of held) await workspace.box.writeRelease(id, reason, whoAmI(), run.now())
  for (const { name, path, id } of held)
    console.write(foldText(`Released ${id} (${name}): ${escapeText(path)}`, console.width))
  const what = `${counted(unknown.length, 'destination')} ${unknown.length === 1 ? 'is' : 'are'} released`
  console.write(
    held.length === 0
      ? `Nothing is held any more: ${what} already. The next pass looks.\n`
      : `${what}. The next pass looks.\n`,
  )
  return 0
}

/** A disk that is lost or retired is listed no more, for any backup. Nothing on it is touched: should it come again, it is unknown. */
async function forgetDisk(
  name: string,
  reason: string,
  { workspace: { loaded, box }, console, run }: Context,
): Promise<number> {
  const known: { readonly backup: string; readonly disk: KnownDisk; readonly isHere: boolean }[] = []
  for (const { name: backup, destination: place } of loaded.specs) {
    const destination = await openPlace(place, backup, { box, loaded })
    const rotation = await destination.rotation()
    if (rotation === null) continue
    const { found } = (await destination.identify(run)).identity
    for (const disk of rotation.disks) known.push({ backup, disk, isHere: disk.id === found })
  }
  const isMeant = ({ id, filesystem, disk }: KnownDisk): boolean =>
    [id, id.slice(0, SHORT_ID), filesystem, disk?.label].includes(name)
  const meant = known.filter(({ disk }) => isMeant(disk))
  const names = [...new Set(known.map(({ disk }) => disk.disk?.label ?? disk.id.slice(0, SHORT_ID)))]
  const noSuch = (message: string, hint: string) => new Failure({ code: 'no-such-disk', message, hint })
  if (meant.length === 0)
    throw noSuch(
      `no disk that takes turns is called ${name}`,
      names.length === 0
        ? 'No spec has destination.rotate, or no pass has run.'
        : `There are: ${names.join(', ')}.`,
    )
  const filesystems = new Set(meant.map(({ disk }) => disk.filesystem))
  if (filesystems.size > 1)
    throw noSuch(`several disks are called ${name}`, `Name one by its UUID: ${[...filesystems].join(', ')}.`)
  if (meant.some(({ isHere }) => isHere))
    throw noSuch(`${name} is mounted now, so its next pass would ask about it`, 'Unmount it first.')
  const why = { reason, by: whoAmI(), at: run.now() }
  for (const { backup, disk } of meant) {
    await box.forget(disk.id, why)
    console.write(`Forgot ${escapeText(name)} (${backup}): ${disk.id}\n`)
  }
  return 0
}

/** Of an id as much as status shows. */
const SHORT_ID = 8

/** `reconcile release ID… --reason R`: lets the next pass go past these holds, once, with the reason on the record. All of them or none. */
async function release(
  ids: readonly string[],
  reason: string,
  { workspace, console, run }: Context,
): Promise<number> {
  const holds = [...(await holdsNow(workspace, run))]
  const isOpen = (id: string): boolean => holds.some((one) => one.id === id)
  // A hold over pruning follows from what both sides hold: recorded by the last pass, or found by a plan made now.
  if (!ids.every(isOpen)) holds.push(...(await holdsBySight(workspace, run)))
  const unknown = ids.find((id) => !isOpen(id))
  if (unknown !== undefined) throw noSuchHold(unknown, holds)
  for (const id of new Set(ids)) {
    const { code, message } = holds.find((one) => one.id === id)!
    await workspace.box.writeRelease(id, reason, whoAmI(), run.now())
    const said = `Released ${id} (${code}) for the next pass: ${message}`
    console.write(`${wrapText(escapeProse(said), console.width).join('\n')}\n`)
  }
  return 0
}

/** A hold with the backup that it stops; null: all. */
type HoldOf = Pick<Hold, 'id' | 'code' | 'message'> & { readonly backup: string | null }

const holdsOf =
  (backup: string | null) =>
  (hold: Omit<HoldOf, 'backup'>): HoldOf => ({ ...hold, backup })

function noSuchHold(id: string, holds: readonly HoldOf[]): Failure {
  const found = new Set(holds.map((one) => `${one.id} (${one.backup ?? 'all backups'}: ${one.code})`))
  return new Failure({
    code: 'no-such-hold',
    message: `no hold has the id ${id} now`,
    hint:
      found.size === 0
        ? 'There are no holds: reconcile --dry-run shows what would happen.'
        : `Current holds: ${[...found].join(', ')}.`,
  })
}

/** Every hold that stops a whole backup, and those of each last pass; contacts no source. */
async function holdsNow(workspace: Workspace, run: Run): Promise<readonly HoldOf[]> {
  const { settings, loaded } = workspace
  const kept = await openWatchMemory(settings.state).kept(loaded.label)
  const common = [...loaded.holds, ...(await commonHolds(workspace)), ...(kept?.holds ?? [])]
  const holds = common.map(holdsOf(null))
  for (const { name, destination, hold } of await disksNow(workspace, run)) {
    const own = hold !== null ? [hold] : ((await destination.readStatus())?.holds ?? [])
    holds.push(...own.map(holdsOf(name)))
  }
  return holds
}

/** Each destination that can be looked at, with what is to be asked about its disk. */
export async function disksNow(workspace: Workspace, run: Run) {
  const found: { readonly name: string; readonly destination: Destination; readonly hold: Hold | null }[] = []
  for (const { name, destination: place } of workspace.loaded.specs) {
    const destination = await openPlace(place, name, workspace)
    const { identity, halt } = await destination.identify(run)
    if (halt === null) found.push({ name, destination, hold: holdOfIdentity(destination.path, identity) })
  }
  return found
}

/** Those that a plan made now would show. */
async function holdsBySight(workspace: Workspace, run: Run): Promise<readonly HoldOf[]> {
  const given = { named: false, holds: Promise.resolve([]), work: 'prune' } as const
  const plans = await planEach(workspace.loaded.specs, workspace, given, run.now(), run)
  return plans.flatMap(({ plan: { backup, holds, problems } }) =>
    [
      ...holds,
      ...problems.flatMap(({ release: id, code, message }) =>
        id === undefined ? [] : [{ id, code, message }],
      ),
    ].map(holdsOf(backup)),
  )
}

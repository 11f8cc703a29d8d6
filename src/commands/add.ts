import type { Command } from 'commander'
import type { Guess } from '../decide/guess/findings.ts'
import { guessSpec } from '../decide/guess/guess.ts'
import { firstOf } from '../decide/status/exit-code.ts'
import { Failure } from '../model/failure.ts'
import type { Listing } from '../model/listing.ts'
import type { Spec } from '../model/spec.ts'
import { openSource } from '../source/open-source.ts'
import { readTexts } from '../source/read-texts.ts'
import { mustOwnState } from '../specs/settings/load.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { escapeText } from '../view/escape-text.ts'
import { renderFiles } from '../view/render-setup.ts'
import { isYes } from './argv/ask.ts'
import { ends, type Host } from './argv/command-line.ts'
import { diagnose } from './doctor.ts'
import { firstLogin, say, type Talk } from './first-login.ts'
import { type AddFlags, newSpec } from './new-spec.ts'
import { makeFolder, nextCommand, openTalk, SET_UP_FLAGS } from './open-talk.ts'
import { makePlan } from './plan.ts'
import { validate } from './validate.ts'
import { openSettings, openWorkspace, printDiagnostics } from './workspace.ts'

/** `reconcile add`: from nothing to a spec and its first dry run. */
export function add(command: Command, host: Host): void {
  command
    .description('from nothing to a spec: key, host key, line to paste, a look, a guess, a first dry run')
    .argument('<source>', '[USER@]HOST[:PORT]:[PATH], or a folder on this machine')
    .requiredOption('--to <folder>', 'where the copies go: destination.path')
    .option('--name <name>', "the backup's name (default: the last part of --to)")
    .option('--identity <file>', 'use this private key (default: one is made)')
    .action(ends(host, (address: string, given: AddFlags) => addBackup(address, given, host)))
  for (const option of SET_UP_FLAGS) command.addOption(option)
}

async function addBackup(text: string, given: AddFlags, host: Host): Promise<number> {
  const { run } = host
  await checkTools()
  const { settings, faults } = await openSettings(given)
  mustOwnState(faults)
  const broken = faults.filter(({ severity }) => severity === 'error')
  const talk = await openTalk(given, settings.state, host)
  try {
    if (broken.length > 0) {
      printDiagnostics(broken, talk.console)
      return 3
    }
    const made = await newSpec(text, given, settings, host)
    const { spec, file } = made
    const { name } = spec
    say(talk, `Backup ${name}: ${text} -> ${spec.destination.path}`)
    const { place, listing } = await lookThere(spec, talk)
    const texts = await readTexts(place, listing, spec.transfer.timeout, run)
    const facts = { now: run.now(), texts, zone: Intl.DateTimeFormat().resolvedOptions().timeZone }
    const guess = guessSpec(listing.files, facts)
    talk.console.writeError(`\n${renderFiles(guess, talk.console.errorWidth)}`)
    if (place.path !== spec.source.path && !isVouched(guess))
      say(
        talk,
        `The folder is the one that rrsync serves, which does not say its name: it is taken for ${spec.source.path}. If other files are expected, see the DIR of command="rrsync -ro DIR" in authorized_keys there.`,
      )
    for (const { message } of listing.problems.slice(0, 5)) say(talk, message)
    const written = await made.textWith(guess, place.path)
    if (file === null) {
      say(talk, `\nSpecs come from git: put this into the repository as ${name}.yaml.`)
      talk.console.write(written)
      return 0
    }
    talk.console.writeError(`\n${written.split('\n').map(escapeText).join('\n')}\n`)
    say(talk, `To be written: ${file}`)
    if (talk.asker !== null && !(await isYes(talk.asker, 'Write it? [Y/n] '))) {
      say(
        talk,
        `Nothing is written.${spec.source.kind === 'ssh' ? ' The key and the pinned host key stay.' : ''}`,
      )
      return 0
    }
    await made.save(written)
    talk.console.writeError(`wrote ${escapeText(file)}\n\n`)
    talk.asker?.close()
    return await proveIt(spec, given, talk, host)
  } finally {
    talk.asker?.close()
  }
}

/** Whether something at the source says that these are finished backups. */
const isVouched = ({ findings }: Guess): boolean =>
  findings.some(
    ({ key, value }) => key === 'finished' && (value === 'marker' || Object.hasOwn(Object(value), 'sums')),
  )

/** Checks all specs and what a pass relies on, then shows the first plan, and what to type next. */
async function proveIt(
  { name, destination }: Spec,
  given: AddFlags,
  talk: Talk,
  host: Host,
): Promise<number> {
  const workspace = await openWorkspace(given, 'newest', host.run)
  const valid = await validate(workspace, { effective: null, cwd: process.cwd() }, talk.console)
  talk.console.write('\n')
  // Which specs these are, validate has said, and their faults.
  const brief = { ...talk.console, writeError: () => {} }
  const proven = await diagnose([name], { workspace, console: brief, run: host.run })
  talk.console.write('\n')
  const planned = await makePlan([name], null, { ...given, dryRun: true }, host)
  const next = [
    ...(await makeFolder(destination.path, talk.owner)),
    await nextCommand([name], given, talk.owner),
  ]
  talk.console.write(`\nNext, the first pass:\n${next.map((line) => `  ${line}\n`).join('')}`)
  return firstOf([valid, proven, planned])
}

/** The source's listing, once it can be had; and where it was had. */
async function lookThere(
  spec: Spec,
  talk: Talk,
): Promise<{ readonly place: Spec['source']; readonly listing: Listing }> {
  const listAt = async (place: Spec['source']) => ({
    place,
    listing: await openSource(place, { transferTimeout: spec.transfer.timeout }).list(talk.run),
  })
  const { source } = spec
  if (source.kind === 'local') return listAt(source)
  return firstLogin(
    source,
    () =>
      listAt(source).catch((error: unknown) => {
        // rrsync takes a path below the folder that it serves: that is the one which was named, and it stands for itself.
        const isServed =
          source.path.startsWith('/') && error instanceof Failure && error.message.includes('rrsync')
        if (!isServed) throw error
        return listAt({ ...source, path: '.' }).then((seen) => {
          checkServed(source.path, seen.listing)
          return seen
        })
      }),
    talk,
  )
}

/** Throws where a key may read more than the folder that was named: all of it would be taken for that folder. */
function checkServed(named: string, { files }: Listing): void {
  const folders = named.split('/').filter((one) => one !== '')
  const below = folders.map((_, i) => folders.slice(i).join('/'))
  const found = below.find((path) => [...files.keys()].some((file) => file.startsWith(`${path}/`)))
  if (found === undefined) return
  throw new Failure({
    code: 'usage',
    message: `this key's rrsync does not serve ${named} itself, but a folder that holds ${found}`,
    hint: `To copy ${found} alone, end the address in :${found} instead of :${named}; to copy all that this key can read, in a bare colon.`,
  })
}

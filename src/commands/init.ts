import { readdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { Failure } from '../model/failure.ts'
import { shellWords } from '../model/shell-words.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { usualConfigs } from '../specs/settings/load.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { makeWithParents } from '../system/make-with-parents.ts'
import { escapeText } from '../view/escape-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import type { SharedFlags } from './argv/flags.ts'

/** `reconcile init`: a folder of specs and a config.yaml to begin with. Replaces nothing. */
export function add(command: Command, host: Host): void {
  command
    .description('write a folder of specs (--specs, default ./backups.d) and a config.yaml to begin with')
    .action(
      ends(host, async (given: SharedFlags) => {
        if (given.git !== undefined)
          throw usage('init writes a folder, and takes no --git', 'Run it in a clone of the repository.')
        const console = openConsole(given)
        const folder = resolve(given.specs ?? 'backups.d')
        const config = configFor(folder, given)
        const texts = [
          ...((await holdsSpecs(folder)) ? [] : [[join(folder, EXAMPLE), EXAMPLE_SPEC] as const]),
          [join(folder, '_defaults.yaml'), DEFAULTS] as const,
          [config, settingsText(folder)] as const,
        ]
        const lines: string[] = []
        for (const [file, text] of texts) {
          const isNew = await writeNew(file, text)
          lines.push(`${isNew ? 'wrote' : 'left as it is:'} ${escapeText(file)}`)
        }
        // A config.yaml that was here may name other specs.
        const isFound = given.config === undefined && given.specs === undefined
        const flags = [
          ...(isFound ? [] : ['--config', config]),
          ...(lines.at(-1)!.startsWith('wrote') ? [] : ['--specs', folder]),
        ]
        const next = shellWords(['reconcile', 'validate', ...flags])
        console.write(`${lines.join('\n')}\n\nNext: edit ${EXAMPLE}, then check it:\n  ${next}\n`)
        return 0
      }),
    )
}

const EXAMPLE = 'example.yaml'

/** Next to a folder that is named; else where every later command looks for it. */
function configFor(folder: string, { config, specs }: SharedFlags): string {
  if (config !== undefined) return resolve(config)
  if (specs !== undefined) return join(dirname(folder), 'config.yaml')
  const uid = process.getuid?.() ?? 0
  return usualConfigs({ home: homedir(), uid, env: process.env }, '/etc/reconcile')[0]!
}

/** Whoever has specs needs no example. */
async function holdsSpecs(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => [])
  return names.some((name) => /^[^._].*\.ya?ml$/.test(name) && name !== EXAMPLE)
}

/** Whether it was written: what is there stays as it is. Throws a Failure (`bad-target`) where it cannot be written. */
export async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await makeWithParents(dirname(file), 0o777)
    await writeFile(file, text, { flag: 'wx', mode: 0o644 })
    return true
  } catch (cause) {
    const why = systemErrorOf(cause)?.name
    if (why === 'EEXIST' && (cause as NodeJS.ErrnoException).syscall === 'open') return false
    throw new Failure({
      code: 'bad-target',
      message: `cannot write ${file}: ${whyNoFolder(dirname(file)) ?? why ?? String(cause)}`,
      hint: 'Choose another place with --specs and --config.',
      cause,
    })
  }
}

const EXAMPLE_SPEC = `# One backup. Name the file after it, fill in what differs, and remove the line \`suspend\`.
# All keys: docs/spec.md, or reconcile schema. What is left out has a default: reconcile validate --effective example
version: 1
suspend: { reason: "an example, written by reconcile init" }

source:
  host: db1.example.net            # leave out host and user for a folder on this machine
  user: backup
  # port: 222
  # path: .                        # the folder, as the source's rrsync shows it
  # identity: /etc/reconcile/keys/{name}

# finished: { quiet: 30m }         # if the source writes no X.md5 next to X; see docs/no-markers.md

# select: { include: ["*.tar.gz"], exclude: ["tmp-*"] }

# series: { pattern: "{series}-{YYYY}-{MM}-{DD}.tar.gz", timezone: Europe/Oslo }
# retain: { daily: 7, weekly: 4, monthly: 12 }   # without it everything is kept
# expect: { every: 24h, grace: 2h }              # later than this is a failure
# anomaly: { size: [0.5, 2], kind: true }        # so is what is unlike the files before it; see docs/monitoring.md

destination:
  path: /srv/offsite/{name}
  # mount: /srv/offsite            # refuse to write unless a disk is mounted there
  # rotate: true                   # several disks take turns there; see docs/rotation.md
  # minFree: 10GiB

# transfer: { bandwidth: 25KiB/s }
`

const DEFAULTS = `# What all specs in this folder have in common. A spec's own keys win. reconcile validate --effective NAME prints the result.
# Once in use, do not remove this file: everything would be held until it is back.
#
# source: { user: backup, knownHosts: /etc/reconcile/known_hosts }
# transfer: { bandwidth: 25KiB/s }
# destination: { minFree: 10GiB }
`

export const settingsText = (
  folder: string,
): string => `# Settings of this box. All keys: docs/spec.md, or reconcile schema config. Flags win over them.
specs: ${JSON.stringify(folder)}

# concurrency: 2                   # backups that run at once
# bandwidth: 1MiB/s                # of all of them together
# roots: [/srv/offsite]            # destinations must be below one of these
# state: /var/lib/reconcile        # what this box remembers

# A file holds the URL, so that no secret is written here. See docs/notices.md.
# notify: [{ kind: webhook, urlFile: keys/notify-url }]
# heartbeat: { urlFile: keys/heartbeat-url }
`

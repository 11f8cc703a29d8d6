import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Argument, type Command } from 'commander'
import { openNoticeMemory } from '../box/notice-memory.ts'
import { inTrouble } from '../decide/notices/due.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import { codeOfDiagnostics } from '../decide/status/exit-code.ts'
import { isoTime } from '../model/instant.ts'
import { type TestNotice, URL_KINDS } from '../model/notice.ts'
import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import { withHint } from '../model/trouble.ts'
import { mustOwnState } from '../specs/settings/load.ts'
import { escapeProse } from '../view/escape-text.ts'
import { foldText } from '../view/wrap-text.ts'
import { deliver, nameOf, type Place } from '../watch/deliver.ts'
import { heartbeatFiles, testHeartbeat } from '../watch/heartbeat.ts'
import type { Delivery } from '../watch/post.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { printDocument } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { openSettings, openWorkspace, printDiagnostics } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .command('test')
    .description(
      'send a test to each entry of notify and each heartbeat, or to those of one kind; show the answers',
    )
    .addArgument(new Argument('[kind]', 'only these').choices([...URL_KINDS, 'sendmail', HEARTBEAT]))
    .action(
      ends(host, async (kind: string | undefined, given: SharedFlags) => {
        const console = openConsole(given)
        const { settings, faults } = await openSettings(given)
        mustOwnState(faults)
        printDiagnostics(faults, console)
        const code = codeOfDiagnostics(faults)
        if (code !== 0) return code
        const { signal } = host.run
        const hooks = settings.notify.filter((hook) => kind === undefined || hook.kind === kind)
        const beats =
          kind === undefined || kind === HEARTBEAT ? await heartbeats(settings, given, host.run) : []
        if (hooks.length + beats.length === 0) throw nothingToTest(kind, settings.file)
        const notice = testNotice(isoTime(host.run.now()))
        const book = await openNoticeMemory(settings.state).read()
        const sent = await Promise.all([
          ...hooks.map(async (hook) => {
            const open = inTrouble(book, hook.id)
            return toRow(hook.kind, nameOf(hook), await deliver(hook, notice, open, signal))
          }),
          ...beats.map(async (beat) =>
            toRow(HEARTBEAT, nameOf(beat), await testHeartbeat(beat, notice.text, signal)),
          ),
        ])
        if (console.output !== 'text') printDocument(console, { format: 'reconcile.notify/1', sent })
        else for (const row of sent) console.write(linesOf(row, console.width))
        return sent.every(({ accepted }) => accepted) ? 0 : 1
      }),
    )
}

const HEARTBEAT = 'heartbeat'

/** Those of passes over all backups, and of each backup that has one. */
async function heartbeats({ heartbeat }: Settings, given: SharedFlags, run: Run): Promise<readonly Place[]> {
  if (heartbeat === null) return []
  const loaded = heartbeat.eachFile === null ? null : (await openWorkspace(given, 'recall', run)).loaded
  const names = loaded === null ? [] : [...loaded.specs.map(({ name }) => name), ...faultyNames(loaded)]
  return heartbeatFiles(heartbeat, names).map((urlFile) => ({ urlFile, caFile: heartbeat.caFile }))
}

const nothingToTest = (kind: string | undefined, file: string | null) =>
  usage(
    kind === undefined
      ? 'no notify is configured, and no heartbeat'
      : kind === HEARTBEAT
        ? 'no heartbeat is configured'
        : `no entry of notify has kind ${kind}`,
    file === null
      ? 'There is no config.yaml: see docs/notices.md.'
      : `Write it into ${file}: see docs/notices.md.`,
  )

function testNotice(at: string): TestNotice {
  const [host, message] = [hostname(), 'this is a test of notify; all is as it was']
  return {
    format: 'reconcile.notice/1',
    id: `${randomUUID()}-test`,
    backup: 'test',
    kind: 'test',
    message,
    text: `test on ${host}: ${message}`,
    since: at,
    at,
    host,
    revision: null,
    count: 0,
    details: [],
  }
}

/** What one of them answered. Never a part of the URL but its host. */
function toRow(kind: string, target: string, sent: Delivery) {
  const line = sent.answer?.line ?? ''
  const isAccepted = sent.state === 'delivered'
  const why = sent.state === 'unusable' ? withHint(sent.fault) : isAccepted ? '' : sent.why
  return {
    kind,
    /** The file's name, or the address. */
    target,
    accepted: isAccepted,
    host: sent.host,
    status: sent.answer?.status ?? null,
    /** The first line of its body. */
    answer: line === '' ? null : escapeProse(line),
    /** Why it was not accepted. */
    why: isAccepted ? null : escapeProse(why),
  }
}

function linesOf(
  { kind, target, accepted, host, status, answer, why }: ReturnType<typeof toRow>,
  width: number,
): string {
  const where = host === null ? target : `${host} (${target})`
  const answered = status === null ? '' : ` ${status}${answer === null ? '' : `: ${answer}`}`
  const said = accepted
    ? `accepted${answered}`
    : `not accepted: ${why?.replace(`cannot use ${target}: `, '')}`
  return foldText(`${kind}: ${where}: ${said}`, width)
}

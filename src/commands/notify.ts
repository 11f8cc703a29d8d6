import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Argument, type Command } from 'commander'
import { openNoticeMemory } from '../box/notice-memory.ts'
import { inTrouble } from '../decide/notices/due.ts'
import { codeOfDiagnostics } from '../decide/status/exit-code.ts'
import { isoTime } from '../model/instant.ts'
import { type NoticeHook, type TestNotice, URL_KINDS } from '../model/notice.ts'
import { withHint } from '../model/trouble.ts'
import { escapeProse } from '../view/escape-text.ts'
import { foldText } from '../view/wrap-text.ts'
import { deliver, nameOf } from '../watch/deliver.ts'
import type { Delivery } from '../watch/post.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { printDocument } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { openSettings, printDiagnostics } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .command('test')
    .description('send a test message to each entry of notify, or to those of one kind, and show the answers')
    .addArgument(new Argument('[kind]', 'only these').choices([...URL_KINDS, 'sendmail']))
    .action(
      ends(host, async (kind: string | undefined, given: SharedFlags) => {
        const console = openConsole(given)
        const { settings, faults } = await openSettings(given)
        printDiagnostics(faults, console)
        const code = codeOfDiagnostics(faults)
        if (code !== 0) return code
        const hooks = settings.notify.filter((hook) => kind === undefined || hook.kind === kind)
        if (hooks.length === 0) throw nothingToTest(kind, settings.file)
        const notice = testNotice(isoTime(host.run.now()))
        const book = await openNoticeMemory(settings.state).read()
        const sent = await Promise.all(
          hooks.map(async (hook) => {
            const open = inTrouble(book, hook.id)
            return toRow(hook, await deliver(hook, notice, open, host.run.signal))
          }),
        )
        if (console.output !== 'text') printDocument(console, { format: 'reconcile.notify/1', sent })
        else for (const row of sent) console.write(linesOf(row, console.width))
        return sent.every(({ accepted }) => accepted) ? 0 : 1
      }),
    )
}

const nothingToTest = (kind: string | undefined, file: string | null) =>
  usage(
    kind === undefined ? 'no notify is configured' : `no entry of notify has kind ${kind}`,
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
function toRow(hook: NoticeHook, sent: Delivery) {
  const line = sent.answer?.line ?? ''
  const isAccepted = sent.state === 'delivered'
  const why = sent.state === 'unusable' ? withHint(sent.fault) : isAccepted ? '' : sent.why
  return {
    kind: hook.kind,
    /** The file's name, or the address. */
    target: nameOf(hook),
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
  const said = accepted ? `accepted${answered}` : `not accepted: ${why}`
  return foldText(`${kind}: ${where}: ${said}`, width)
}

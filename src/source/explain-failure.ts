import { connect } from 'node:net'
import { Failure } from '../model/failure.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { runChild } from '../system/child.ts'
import { whyNoFolder } from '../system/disk-failure.ts'
import { publicKeyOf } from '../system/public-key.ts'
import { hintFromSshConfig } from '../system/ssh-config.ts'
import { hopText, keyWords, type Peer, SSH_FAILURES, wordsAbout } from '../system/ssh-failures.ts'
import { diskSaid } from './explain-disk.ts'
import { printable } from './quote.ts'
import type { Far } from './rsync-command.ts'
import { BANNERS, RSYNC_FAILURES, RSYNC_WORDS, type RsyncFailure } from './rsync-failures.ts'
import type { RsyncEnd } from './run-rsync.ts'
import { unsupported } from './unsupported.ts'

export type Stage = 'list' | 'fetch' | 'look' | 'pull'

const STAGES: Record<Stage, string> = {
  list: 'listed its folder',
  fetch: 'read its list file and markers',
  look: 'asked for the digests of files',
  pull: 'pulled files',
}

const CAUSES: Readonly<Partial<Record<RsyncEnd['cause'], RsyncFailure>>> = {
  silent: 'source-silent',
  stalled: 'source-stalled',
  flood: 'source-flood',
  grown: 'source-grew',
}

/**
 * Explains a failure from the exit code and stderr; ssh's and rsync's exit codes alone say very little. Where something else than rsync
 * answered, it is asked once more for its words, which rsync keeps to itself; `signal` ends that.
 */
export async function explainFailure(
  stage: Stage,
  far: Far,
  ended: RsyncEnd,
  signal: AbortSignal,
  lacksInodes = false,
): Promise<Failure> {
  const { place } = far
  const end = ownEnd(ended)
  const text = end.stderr
  const ssh = place.kind === 'ssh' ? place : null
  const about: Readonly<Record<string, unknown>> = {
    ...ssh,
    where: ssh === null ? place.path : `${ssh.host} (port ${ssh.port})`,
    folder: `The folder ${place.path}${ssh === null ? '' : ` at ${ssh.host}`}`,
    noFolder:
      (ssh === null ? whyNoFolder(place.path) : null) ??
      `${place.path}${ssh === null ? '' : ` at ${ssh.host}`} is a file, not a folder, or leads through one`,
    doing: STAGES[stage],
    timeout: far.timeout,
    code: end.code,
  }
  const fail = (kind: RsyncFailure, detail = lastWords(text)): Failure => {
    const {
      says,
      hint,
      retryable,
      code = kind,
    }: (typeof RSYNC_WORDS)[RsyncFailure] & { code?: string } = RSYNC_WORDS[kind]
    const fill = (words: string): string => words.replace(/\{(\w+)\}/g, (_, key: string) => `${about[key]}`)
    const isPath = code.startsWith('path-') || code === 'refused-by-rrsync'
    const advice = isPath ? pathHint(place, text, fill(hint)) : fill(hint)
    return new Failure({ code, message: withDetail(fill(says), detail), hint: advice, retryable })
  }

  const cut = CAUSES[end.cause]
  if (cut !== undefined) {
    const failure = fail(cut)
    return ssh === null ? failure : onTheWay(ssh, failure, ` for ${far.timeout} s`, signal)
  }
  if (ssh !== null) {
    const unread = linesOf(text).find((line) => /^Load key /.test(line))
    const failure = await bySsh(ssh, end, signal, unread)
    if (failure?.code === 'key-refused' && unread !== undefined && UNREADABLE.test(unread))
      return fail('identity-no-key', `${printable(unread)}; ${lastWords(text)}`)
    if (failure !== null) return failure
  }
  // A disk error of the receiving rsync is a problem of this machine, not of the source.
  const into = stage === 'pull' ? 'staging' : 'the temporary folder (TMPDIR)'
  for (const line of text.split('\n')) {
    const said = diskSaid(line, into, lacksInodes)
    if (said !== null) return said
  }
  if (stage === 'look' && (end.code === 4 || /checksum/.test(text))) return unsupported()
  const [pattern, , kind] =
    RSYNC_FAILURES.find(
      ([words, codes]) => (codes === null || codes.includes(end.code ?? -1)) && words.test(text),
    ) ?? []
  if (pattern === undefined || kind === undefined)
    return fail(end.endedBy !== null || end.code === 20 || end.code === 19 ? 'rsync-killed' : 'rsync-failed')
  // The line that names the cause is seldom the last one.
  const line = pattern.test('')
    ? undefined
    : linesOf(text).find((one) => !NOISE.test(one) && pattern.test(one))
  if (kind === 'option-refused' && ssh?.protocol != null) return fail('option-refused-again', line)
  if (kind !== 'garbage-from-source' || ssh === null) return fail(kind, line && printable(line))
  const answer = await firstWords(ssh, far.ssh!, signal)
  const [banner] = linesOf(answer)
  if (banner === undefined || /[\0-\b\x0e-\x1a]/.test(banner)) return fail(kind, line && printable(line))
  const spoken = BANNERS.find(([words]) => words.test(answer))?.[1]
  return fail(spoken ?? kind, printable(banner))
}

/** What ssh ended with; null: it is not what failed. `unread`: why it had no key to show; that it was refused then says nothing. */
export async function bySsh(
  place: SshPlace,
  { code, stderr }: Pick<RsyncEnd, 'code' | 'stderr'>,
  signal: AbortSignal,
  unread?: string,
): Promise<Failure | null> {
  // If rsync sees the closed pipe before ssh exits, it exits with 10 or 12 instead of ssh's 255.
  const failed = SSH_FAILURES.find(
    ({ pattern, isVague }) =>
      pattern.test(stderr) && (code === 255 || ((code === 10 || code === 12) && isVague !== true)),
  )
  if (failed === undefined) return null
  const lines = linesOf(stderr)
  const way: readonly Peer[] = [...place.jump, place]
  const guess = whereItFailed(lines, place.jump.length)
  const isMute = guess === 1 && failed.code === 'connection-lost' && !(await saysWhoItIs(way[0]!, signal))
  const at = isMute ? 0 : guess
  const peer = way[at]!
  // When a jump host fails, the last line is from our own ssh and is not the one that matters.
  const line = place.jump.length === 0 ? undefined : lines.find((one) => failed.pattern.test(one))
  const said = line === undefined || failed.code === 'host-key-changed' ? lastWords(stderr) : printable(line)
  const detail = unread === undefined || said.includes(unread) ? said : `${printable(unread)}; ${said}`
  const key = failed.code === 'key-refused' ? await publicKeyOf(place.identity) : null
  const words = (text: string): string => wordsAbout(text, peer, keyWords(place.identity, key), way[at + 1])
  const configured =
    at === place.jump.length && CONFIGURED.has(failed.code)
      ? await hintFromSshConfig(peer.host, peer.user)
      : null
  // A jump host that breaks off after it said who it is says no more than the machine after it would.
  const before = failed.code === 'connection-lost' ? way[at - 1] : undefined
  const doubt =
    before === undefined
      ? ''
      : ` Or the jump host ${hopText(before)} broke the connection: see source.jump, and the log of sshd there.`
  const failure = new Failure({
    code: failed.code,
    message: withDetail(words(failed.says), detail),
    hint: configured ?? `${words(failed.hint)}${doubt}`,
    retryable: failed.retryable,
  })
  return at === place.jump.length ? onTheWay(place, failure, '', signal) : failure
}

const SILENCE: ReadonlySet<string> = new Set(['source-silent', 'source-stalled'])

/**
 * Over jump hosts, silence may be any machine's of the way. The first, which alone can be asked from here, is named where it does not even
 * say who it is; else all that may be it are. `time`: for how long nothing came; '' where it was not measured.
 */
async function onTheWay(
  { jump, host, port }: SshPlace,
  failure: Failure,
  time: string,
  signal: AbortSignal,
): Promise<Failure> {
  const [first] = jump
  if (first === undefined || !SILENCE.has(failure.code)) return failure
  const { code, retryable } = failure
  const [more, kept] = code === 'source-stalled' ? ['more ', ' What arrived is kept.'] : ['', '']
  const nothing = `othing ${more}came from ${host} (port ${port})${time}`
  if (await saysWhoItIs(first, signal)) {
    const message = `N${nothing}: it is silent, or a jump host on the way there (${jump.map(hopText).join(', ')}).${kept}`
    return new Failure({ code, message, hint: `${failure.hint} See source.jump too.`, retryable })
  }
  return new Failure({
    code,
    message: `The jump host ${hopText(first)} does not answer: n${nothing}.${kept}`,
    hint: 'See source.jump: check whether sshd answers there, and whether the machine is overloaded.',
    retryable,
  })
}

/** Milliseconds. */
const BANNER_WAIT = 5_000

/** Whether a machine's sshd sends its first line. */
const saysWhoItIs = ({ host, port }: Hop, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, signal })
    const end = (said: boolean): void => {
      resolve(said)
      socket.destroy()
    }
    socket.setTimeout(BANNER_WAIT, () => end(false))
    socket.once('data', () => end(true))
    for (const event of ['error', 'close']) socket.on(event, () => end(false))
  })

/** What ssh's own configuration may be the answer to. */
const CONFIGURED: ReadonlySet<string> = new Set([
  'host-unresolvable',
  'host-unreachable',
  'connection-refused',
])

/**
 * Which machine of the way failed, from 0. Each ssh that goes on through the one that failed sees its connection end before it has
 * begun, and says so in one line of its own; so does the one that failed where the machine hung up on it, and then says nothing else.
 * Where the machine reset the connection, the one that failed may say nothing at all: the next machine is named then.
 */
function whereItFailed(lines: readonly string[], jumps: number): number {
  const cut = lines.flatMap((line, i) => (/^(?:kex|ssh)_exchange_identification: /.test(line) ? i : []))
  const isSaid = lines
    .slice(0, cut[0])
    .some((line) => SSH_FAILURES.some(({ pattern }) => !pattern.test('') && pattern.test(line)))
  return Math.min(jumps, Math.max(0, jumps - cut.length + (isSaid ? 0 : 1)))
}

const MOST_WORDS = 4096

/** What the source prints where rsync should speak, one character a byte. One more session, which asks for what rsync asks for. */
async function firstWords(place: SshPlace, ssh: readonly string[], signal: AbortSignal): Promise<string> {
  let heard = ''
  const [program, ...words] = ssh
  await runChild({
    program: program!,
    arguments: [...words, '-l', place.user, place.host, 'rsync --server --sender -tre.LsfxCIvu . ./'],
    input: '',
    limits: { total: 20 },
    signal,
    hear: (chunk) => {
      heard += chunk.toString('latin1')
      return heard.length < MOST_WORDS
    },
  })
  return heard.slice(0, MOST_WORDS)
}

/**
 * How rsync would have ended by itself. Where ssh's end is known before its own, it exits with the higher code of the two, and a receiver
 * that could not write (11) looks like a connection that broke (255).
 */
function ownEnd(end: RsyncEnd): RsyncEnd {
  const unwritten = end.stderr.match(/^.*\[receiver\] write failed.*$/gim)
  return end.code === 255 && unwritten !== null ? { ...end, code: 11, stderr: unwritten.join('\n') } : end
}

const withDetail = (message: string, detail: string): string =>
  detail === '' ? message : `${message} It said: ${detail}`

/** rrsync puts the folder that it serves before every path, also before an absolute one. */
function pathHint({ kind, path }: Far['place'], stderr: string, hint: string): string {
  if (kind !== 'ssh' || !path.startsWith('/')) return hint
  const relative = 'write source.path relative to the folder that rrsync serves ("." for that folder itself).'
  return stderr.includes('rrsync')
    ? `rrsync answers there and takes no absolute path: ${relative}`
    : `${hint} If rrsync serves that account, ${relative}`
}

const UNREADABLE = /invalid format|error in libcrypto/

// What ssh and rsync say after the line that matters.
const NOISE =
  /^(rsync error: |rsync: connection unexpectedly closed|rsync: \[\w+\] write error|@{5}|\(see the rsync|It is required|This private key)/

const linesOf = (text: string): readonly string[] =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** The last meaningful line; for a changed host key the fingerprint, which people compare. */
function lastWords(stderr: string): string {
  const lines = linesOf(stderr)
  const line =
    lines.find((one) => /^SHA256:\S+\.$/.test(one)) ?? lines.filter((one) => !NOISE.test(one)).at(-1)
  return printable(line ?? '')
}

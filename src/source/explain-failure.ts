import { Failure } from '../model/failure.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { SSH_FAILURES } from '../system/ssh-failures.ts'
import { diskSaid } from './explain-disk.ts'
import { printable } from './quote.ts'
import type { Place } from './rsync-command.ts'
import { RSYNC_FAILURES } from './rsync-failures.ts'
import type { RsyncEnd } from './run-rsync.ts'
import { hintFromSshConfig } from './ssh-config.ts'
import { unsupported } from './unsupported.ts'

export type Stage = 'list' | 'fetch' | 'look' | 'pull'

/** Explains a failure from the exit code and stderr; ssh's and rsync's exit codes alone say very little. */
export function explainFailure(
  stage: Stage,
  place: Place,
  ended: RsyncEnd,
  timeout: number,
  lacksInodes = false,
): Failure {
  const end = ownEnd(ended)
  const where = place.kind === 'ssh' ? `${place.host} (port ${place.port})` : place.path
  const folder =
    place.kind === 'ssh' ? `The folder ${place.path} at ${place.host}` : `The folder ${place.path}`
  const text = end.stderr
  let detail = lastWords(text)
  const fail = (code: string, message: string, hint: string, retryable = false): Failure =>
    new Failure({ code, message: detail === '' ? message : `${message} It said: ${detail}`, hint, retryable })

  switch (end.cause) {
    case 'silent':
      return fail(
        'source-silent',
        `${where} accepted the connection and then sent nothing for ${timeout} s.`,
        'Check whether the machine is overloaded or its disk hangs; raise transfer.timeout if it is only slow.',
        true,
      )
    case 'stalled':
      return fail(
        'source-stalled',
        `${where} stopped sending: no progress for ${timeout} s. What arrived is kept.`,
        'It is retried. If this persists, check the network and rsync on the source, or raise transfer.timeout.',
        true,
      )
    case 'flood':
      return fail(
        'source-flood',
        `${where} sent far more than allowed while we ${STAGES[stage]}; it was cut off.`,
        'Check what is in the folder; the limit is 2,000,000 entries. Or the source cannot be trusted.',
      )
    case 'grown':
      return fail(
        'source-grew',
        `${where} sent more of a file than it had listed; it was cut off.`,
        'The file is still being written, or the source cannot be trusted. The next run checks it again.',
        true,
      )
    case 'stopped':
    case 'itself':
  }

  if (place.kind === 'ssh') {
    // If rsync sees the closed pipe before ssh exits, it exits with 10 or 12 instead of ssh's 255.
    const failed = SSH_FAILURES.find(
      ({ pattern, isVague }) =>
        pattern.test(text) &&
        (end.code === 255 || ((end.code === 10 || end.code === 12) && isVague !== true)),
    )
    if (failed !== undefined) {
      const { pattern, code, says, hint, retryable } = failed
      const line = text.split(/[\r\n]+/).find((one) => pattern.test(one)) ?? ''
      // When a jump host fails, the last line is from our own ssh and is not the one that matters.
      if (place.jump.length > 0) detail = printable(line.trim())
      // Why ssh had no key to show; that it was refused then says nothing.
      const unread = text.split(/[\r\n]+/).find((one) => /^Load key /.test(one))
      if (unread !== undefined && !detail.includes(unread.trim()))
        detail = `${printable(unread.trim())}; ${detail}`
      if (code === 'key-refused' && unread !== undefined && /invalid format|error in libcrypto/.test(unread))
        return fail(
          'identity-no-key',
          `The private key ${place.identity} is not one that ssh can read, so none was offered.`,
          `Write it again, whole and as ssh-keygen made it. This shows its public half once it can be read: ssh-keygen -y -f ${place.identity}`,
        )
      const { host, port, user } = machineNamed(line, place)
      const configured = code === 'host-unresolvable' ? hintFromSshConfig(host) : null
      return fail(code, says(host, port, user), configured ?? hint, retryable)
    }
  }
  // A disk error of the receiving rsync is a problem of this machine, not of the source.
  const into = stage === 'pull' ? 'staging' : 'the temporary folder (TMPDIR)'
  for (const line of text.split('\n')) {
    const said = diskSaid(line, into, lacksInodes)
    if (said !== null) return said
  }
  if (stage === 'look' && (end.code === 4 || /checksum/.test(text))) return unsupported()
  const pair = RSYNC_FAILURES.find(
    ([pattern, codes]) => (codes === null || codes.includes(end.code ?? -1)) && pattern.test(text),
  )
  if (pair !== undefined) {
    const [pattern, , code, says, hint, retryable] = pair
    // The line that names the cause is seldom the last one.
    const line = text
      .split(/[\r\n]+/)
      .find((one) => one.trim() !== '' && !NOISE.test(one) && pattern.test(one))
    if (line !== undefined && !isCatchAll(pattern)) detail = printable(line.trim())
    const protocol = place.kind === 'ssh' ? place.protocol : null
    const advice = typeof hint === 'string' ? hint : hint(protocol)
    const isPath = code.startsWith('path-') || code === 'refused-by-rrsync'
    return fail(code, says(where, folder), isPath ? pathHint(place, text, advice) : advice, retryable)
  }
  if (end.endedBy !== null || end.code === 20 || end.code === 19)
    return fail(
      'rsync-killed',
      `rsync was killed on this machine while we ${STAGES[stage]}.`,
      "It is retried. If nobody killed it, look for the OOM killer in the kernel's log.",
      true,
    )
  return fail(
    'rsync-failed',
    `rsync ended with code ${end.code} while we ${STAGES[stage]} at ${where}.`,
    'Run the same by hand with rsync -v to see more; "EXIT VALUES" in rsync(1) explains the code.',
    true,
  )
}

/** The machine that ssh's line is about: the jump host it names, else the source itself. */
function machineNamed(line: string, place: SshPlace): Hop | SshPlace {
  const machines = [place, ...place.jump]
  return (
    machines.find(({ host, port }) => line.includes(`[${host}]:${port}`)) ??
    machines.find(({ host }) => line.includes(host)) ??
    place
  )
}

/**
 * How rsync would have ended by itself. Where ssh's end is known before its own, it exits with the higher code of the two, and a receiver
 * that could not write (11) looks like a connection that broke (255).
 */
function ownEnd(end: RsyncEnd): RsyncEnd {
  const unwritten = end.stderr.match(/^.*\[receiver\] write failed.*$/gim)
  return end.code === 255 && unwritten !== null ? { ...end, code: 11, stderr: unwritten.join('\n') } : end
}

/** rrsync puts the folder that it serves before every path, also before an absolute one. */
function pathHint({ kind, path }: Place, stderr: string, hint: string): string {
  if (kind !== 'ssh' || !path.startsWith('/')) return hint
  const relative = 'write source.path relative to the folder that rrsync serves ("." for that folder itself).'
  return stderr.includes('rrsync')
    ? `rrsync answers there and takes no absolute path: ${relative}`
    : `${hint} If rrsync serves that account, ${relative}`
}

const STAGES: Record<Stage, string> = {
  list: 'listed its folder',
  fetch: 'read its list file and markers',
  look: 'asked for the digests of files',
  pull: 'pulled files',
}

const isCatchAll = (pattern: RegExp): boolean => pattern.test('')

// What ssh and rsync say after the line that matters.
const NOISE =
  /^(rsync error: |rsync: connection unexpectedly closed|rsync: \[\w+\] write error|@{5}|\(see the rsync|It is required|This private key|\s*$)/

/** The last meaningful line. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/)
  // For a changed host key, people compare the fingerprint.
  const fingerprint = lines.find((line) => /^SHA256:\S+\.$/.test(line))
  if (fingerprint !== undefined) return printable(fingerprint)
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!
    if (!NOISE.test(line)) return printable(line.trim())
  }
  return ''
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountFacts, Answer } from '../model/doctor.ts'
import { Failure } from '../model/failure.ts'
import type { Run } from '../model/run.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { runChild, runTool } from '../system/child.ts'
import { hopText } from '../system/ssh-failures.ts'
import { inTemporaryFolder } from '../system/temporary-folder.ts'
import { bySsh } from './explain-failure.ts'
import { probeSsh } from './probe-ssh.ts'
import { namesArguments, writeArguments } from './rsync-command.ts'
import { sshCommand } from './ssh-command.ts'

/** Seconds for one question. ssh gives up connecting before that. */
const PATIENCE = 30
const MOST = 64 * 1024

/** A shell prints what is after `echo`, as a rule without the quotes; a command that only repeats what it was sent prints all of it. */
const ECHO = "echo reconcile''-probe; date +%s"

/** Machines on the way to a source, and the source itself, for which no key is pinned. Connects to nothing. */
export async function unpinnedHops({ jump, knownHosts, ...place }: SshPlace): Promise<readonly Hop[]> {
  const found: Hop[] = []
  for (const hop of [...jump, place]) {
    const host = hop.host.toLowerCase()
    // ssh takes the line of port 22 for another port too.
    const names = hop.port === 22 ? [host] : [`[${host}]:${hop.port}`, host]
    const are = await Promise.all(names.map((name) => runTool('ssh-keygen', ['-F', name, '-f', knownHosts])))
    if (are.every(({ exitCode }) => exitCode !== 0)) found.push(hop)
  }
  return found
}

/** What an account lets our key do, asked so that nothing at the source changes. */
export async function openAccount(place: SshPlace) {
  const ssh = sshCommand(place, await probeSsh(place.algorithms === 'legacy'))
  const login = ['-l', place.user]
  return {
    /** Logs in and sends a command. Throws a Failure where it cannot log in. */
    async shell(run: Run): Promise<AccountFacts['shell']> {
      const asked = run.now() / 1000
      const answer = await ask(ssh, [...login, place.host, ECHO], run)
      if (answer.isCut)
        throw new Failure({
          code: 'source-silent',
          message: `${hopText(place)} did not answer within ${PATIENCE} s.`,
          hint: 'Check whether the machine is overloaded, and the log of sshd there.',
          retryable: true,
        })
      const failure = answer.stdout === '' ? await bySsh(place, answer, run.signal) : null
      if (failure !== null) throw failure
      return { ...answer, asked }
    },
    forward: (run: Run) => ask(ssh, [...login, '-W', `127.0.0.1:${place.port}`, place.host], run, /^SSH-/),
    /** Only of an account that gave no shell: there `-n` is the far rsync's to obey. */
    write: (run: Run) =>
      inTemporaryFolder(async (folder) => {
        const file = join(folder, 'probe')
        await writeFile(file, 'reconcile doctor\n')
        const name = `.reconcile-doctor-${process.pid}-${run.now()}`
        return ask(['rsync'], writeArguments({ place, ssh }, file, name), run)
      }),
    async outside(run: Run): Promise<NonNullable<AccountFacts['outside']>> {
      const names = (below: '' | '../') => ask(['rsync'], namesArguments({ place, ssh }, below), run)
      const answer = await names('../')
      return { ...answer, isInside: answer.stdout !== '' && (await names('')).stdout === answer.stdout }
    },
  }
}

/** Starts it with nothing to read. `until`: ended once it has said this. Throws the signal's reason. */
async function ask(
  [program, ...first]: readonly string[],
  words: readonly string[],
  { signal }: Run,
  until: RegExp | null = null,
): Promise<Answer> {
  let stdout = ''
  const { cause, code, stderr } = await runChild({
    program: program!,
    arguments: [...first, ...words],
    input: '',
    fileLimit: 0,
    limits: { total: PATIENCE },
    signal,
    hear: (chunk) => {
      stdout += chunk.toString('latin1')
      return stdout.length < MOST && until?.test(stdout) !== true
    },
  })
  signal.throwIfAborted()
  return { code, stdout: stdout.slice(0, MOST), stderr: stderr.slice(-MOST), isCut: cause === 'slow' }
}

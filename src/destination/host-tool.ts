import { execa } from 'execa'
import { Failure } from '../model/failure.ts'

/** Where the tools of util-linux and coreutils are looked for. */
export const TOOL_PATH = process.env['PATH'] || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The fixed environment of every child on this side. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: TOOL_PATH,
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
}

/**
 * Runs one short tool without a shell, in a process group of its own, so that a Ctrl-C is ours to answer and not its. Its exit code is
 * the caller's to judge; one that was killed counts as failed. Throws a Failure where it cannot be started.
 */
export async function runTool(
  file: string,
  argv: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const ended = await execa(file, argv, {
    env: TOOL_ENVIRONMENT,
    extendEnv: false,
    stdin: 'ignore',
    detached: true,
    reject: false,
    maxBuffer: 1 << 20,
  })
  if (ended.exitCode !== undefined)
    return { exitCode: ended.exitCode, stdout: ended.stdout, stderr: ended.stderr }
  if (ended.signal !== undefined)
    return { exitCode: KILLED, stdout: '', stderr: `${file} was killed by ${ended.signal}` }
  throw missingTool(file, ended.cause)
}

const KILLED = 128

/** A tool that could not be started. */
export const missingTool = (tool: string, cause: unknown): Failure =>
  new Failure({
    code: 'missing-tool',
    message: `cannot start ${tool}: ${cause instanceof Error ? cause.message : 'unknown'}`,
    hint: 'Install util-linux and coreutils, or mend PATH.',
    retryable: false,
    cause,
  })
